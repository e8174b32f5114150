"""Fixtures of the tests that look at the board's pages in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from boards import some_results

from benchmarks.render import render
from benchmarks.results import Results


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Results that are rendered."""
    results = some_results(tmp_path_factory.mktemp("results"))
    render(Results(results, pytest.fail))
    return results


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from browsing import launched  # it skips the module that imports it without Playwright

    with launched() as browser:
        yield browser
