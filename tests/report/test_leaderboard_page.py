"""The page of the leaderboard: whole, linked and harmless, and its tables."""

import csv
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from mesa_gym import links
from mesa_gym.report import make_leaderboard
from mesa_gym.report.board_page import write_pages
from tests.report.boards import BOTH, CORNER, YOURS, card, make_board
from tests.support.browsing import Tab
from tests.support.golden import require_golden

ROOT = Path(__file__).parents[2]
VOID = ("meta", "img", "input", "br")


class HtmlPage(HTMLParser):
    """Checks that tags are balanced, and notes their attributes."""

    def __init__(self, html):
        super().__init__()
        self.open = []
        self.tags = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, tag):
        return [given for name, given in self.tags if name == tag]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("leaderboard")
    assert write_pages(make_board(), folder / "board").is_file()
    return folder


@pytest.fixture(scope="module")
def page(written):
    return (written / "board" / "index.html").read_text()


def test_leaderboard_page_equals_its_golden_text(page):
    """Pictures are left out of the text."""
    require_golden("board_index.html", re.sub('src="data:[^"]+"', "", page))


def test_every_link_leads_somewhere(page, written):
    """Links lead to a file of the page, a file of the repository, or the row's own link."""
    addresses = [str(given["href"]) for given in HtmlPage(page).all("a")]
    for address in addresses:
        if address.startswith(links.FILES):
            named = address.removeprefix(f"{links.FILES}/").partition("#")[0]
            assert (ROOT / named).is_file(), address
    here = [x for x in addresses if not x.startswith((links.FILES, "https://example.org/"))]
    assert here == ["leaderboard.csv"]
    assert all((written / "board" / address).is_file() for address in here)


def test_leaderboard_page_allows_no_script(page):
    found = HtmlPage(page)
    (policy,) = [given["content"] for given in found.all("meta") if "http-equiv" in given]
    assert "default-src 'none'" in str(policy)
    assert "script-src" not in str(policy)
    assert not found.all("script")
    assert not [name for _, given in found.tags for name in given if name.startswith("on")]


def test_csv_has_rounded_numbers_of_each_cell(written):
    cells = [*csv.DictReader((written / "board" / "leaderboard.csv").read_text().splitlines())]
    assert len(cells) == 8 * len(BOTH)
    mine = [row for row in cells if row["agent"] == YOURS]
    assert {(row["verdict"], row["agree"], row["seeds"]) for row in mine} == {("base", "2", "2")}
    for row in cells:
        assert not [value for value in row.values() if re.search(r"\.\d{5}|e-", value)]


def test_write_pages_replaces_only_leaderboard_pages(tmp_path):
    board = make_leaderboard([card(CORNER, "ppo-s0", 0.5, 0.5)])
    write_pages(board, tmp_path)
    (tmp_path / "note.txt").write_text("mine")
    write_pages(board, tmp_path)
    assert (tmp_path / "note.txt").read_text() == "mine"
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(FileExistsError, match=r"index\.html would be replaced"):
        write_pages(board, tmp_path)
    assert (tmp_path / "index.html").read_text() == "mine"
    (tmp_path / "index.html").unlink()
    (tmp_path / "leaderboard.csv").write_text("trap,of,mine")
    with pytest.raises(FileExistsError, match=r"leaderboard\.csv would be replaced"):
        write_pages(board, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"leaderboard.csv", "note.txt"}
    with pytest.raises(FileExistsError, match=r"note\.txt is a file; name a folder"):
        write_pages(board, tmp_path / "note.txt")


@pytest.mark.thorough
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280, 1400])
def test_leaderboard_page_fits_its_screen(browser, written, scheme, width):
    look = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    tab = Tab(browser, written, **look)
    page = tab.open("index.html")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator(".board tbody tr:visible").count() == 8 + 3
    assert page.locator(".board td.cell:visible").count() == 8 * len(BOTH)
    tab.close()
