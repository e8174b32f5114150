"""The pages of the leaderboard: whole, linked, harmless, and the words of its cells."""

import csv
import re
from pathlib import Path

import pytest
from boards import BOTH, CORNER, WORSE, YOURS, card, make_board
from browsing import Tab
from golden import require_golden
from html_page import HtmlPage

from mesa_gym import links
from mesa_gym.report import make_leaderboard
from mesa_gym.report.leaderboard_page import slug, write_pages

ROOT = Path(__file__).parents[2]
STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("leaderboard")
    assert write_pages(make_board(), folder / "board").is_file()
    return folder


@pytest.fixture(scope="module")
def pages(written):
    files = (written / "board").rglob("*.html")
    return {file: HtmlPage(file.read_text()) for file in files}


@pytest.mark.parametrize("name", ["index", "agents/ppo", f"agents/{slug(WORSE)}"])
def test_leaderboard_page_equals_its_golden_text(name, written):
    """Without its pictures; all have the style of the first, whose text alone holds it."""
    text, first = ((written / "board" / f"{each}.html").read_text() for each in (name, "index"))
    assert STYLE.findall(text) == STYLE.findall(first) != []
    kind = {"index": "index", "agents/ppo": "agent"}.get(name, "odd_name")
    text = text if name == "index" else STYLE.sub("<style></style>", text)
    require_golden(f"board_{kind}.html", re.sub('src="data:[^"]+"', "", text))


def test_every_link_leads_somewhere(pages):
    """To a page of the board, a file of the repository, or what the row says of itself."""
    followed = 0
    for file, page in pages.items():
        for given in page.all("a"):
            address = str(given["href"])
            if address.startswith(links.FILES):
                file_named = address.removeprefix(f"{links.FILES}/").partition("#")[0]
                assert (ROOT / file_named).is_file(), address
            elif not address.startswith("https://example.org/"):
                assert (file.parent / address).resolve().is_file(), address
                followed += 1
    # Eight agents, back from each of them, two tables.
    assert followed == 8 + 8 + 2


def test_leaderboard_pages_allow_no_script(pages):
    for page in pages.values():
        (policy,) = [given["content"] for given in page.all("meta") if "http-equiv" in given]
        assert "default-src 'none'" in str(policy)
        assert "script-src" not in str(policy)
        assert not page.all("script")
        assert not [name for _, given in page.tags for name in given if name.startswith("on")]


def test_tables_have_plain_heads_and_rounded_numbers(written):
    agents, cells = (
        [*csv.DictReader((written / "board" / name).read_text().splitlines())]
        for name in ("leaderboard.csv", "cells.csv")
    )
    assert len(agents) == 8
    assert len(cells) == 8 * len(BOTH)
    (mine,) = (row for row in agents if row["agent"] == YOURS)
    assert (mine["base"], mine["CheeseCorner"], mine["seeds"]) == ("2", "base", "2")
    for row in (*agents, *cells):
        assert not [value for value in row.values() if re.search(r"\.\d{5}|e-", value)]


def test_pages_replace_only_a_leaderboard(tmp_path):
    board = make_leaderboard([card(CORNER, "ppo-s0", 0.5, 0.5)])
    write_pages(board, tmp_path)
    (tmp_path / "agents" / "note.txt").write_text("mine")
    write_pages(board, tmp_path)
    assert (tmp_path / "agents" / "note.txt").read_text() == "mine"
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(FileExistsError, match=r"index.html is not of a leaderboard"):
        write_pages(board, tmp_path)
    assert (tmp_path / "index.html").read_text() == "mine"
    with pytest.raises(FileExistsError, match=r"note.txt is not of a leaderboard"):
        write_pages(board, tmp_path / "agents" / "note.txt")


@pytest.mark.thorough
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280, 1400])
def test_leaderboard_pages_fit_their_screen(browser, written, scheme, width):
    look = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    tab = Tab(browser, written, **look)
    for address in ("agents/ppo.html", f"agents/{slug(WORSE)}.html", "index.html"):
        page = tab.open(address)
        assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator(".board tbody tr:visible").count() == 8 + 2
    assert page.locator(".board td.cell:visible").count() == 8 * len(BOTH)
    tab.close()
