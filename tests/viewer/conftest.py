"""Fixtures of the viewer's tests; Playwright is imported where it is used."""

import pytest


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Tests write files here."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def playground(tmp_path_factory):
    """A folder with the pages of ``visiting.write_pages``."""
    from tests.support.visiting import write_pages

    return write_pages(tmp_path_factory.mktemp("playground"))


@pytest.fixture
def visit(browser, playground):
    """A function that opens a page as a visitor does; it is closed at the end."""
    from tests.support.visiting import Visit

    opened = []

    def open_page(address="page.html", **look):
        opened.append(Visit(browser, playground, address, **look))
        return opened[-1]

    yield open_page
    for each in opened:
        each.tab.close()
