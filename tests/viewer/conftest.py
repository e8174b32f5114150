"""Fixtures of the playground's browser tests; Playwright is imported where they are used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def playground(tmp_path_factory) -> Path:
    """A folder with the pages of ``visiting.write_pages``."""
    from visiting import write_pages

    return write_pages(tmp_path_factory.mktemp("playground"))


@pytest.fixture
def visit(browser, playground: Path) -> Iterator[Any]:
    """A function that opens a page as a visitor does; it is closed at the end."""
    from visiting import Visit

    opened: list[Visit] = []

    def open_page(address: str = "page.html", **look: Any) -> Visit:
        opened.append(Visit(browser, playground, address, **look))
        return opened[-1]

    yield open_page
    for each in opened:
        each.tab.close()
