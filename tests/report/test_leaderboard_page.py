"""The pages of the leaderboard: whole, linked, harmless, and the numbers of its rows."""

import re

import pytest
from boards import BOTH, CORNER, WORSE, card, make_leaderboard
from browsing import Tab
from golden import require_golden
from html_page import HtmlPage

from mesa_gym.report import rank_agents
from mesa_gym.report.leaderboard_page import slug, write_pages

STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("leaderboard")
    assert write_pages(make_leaderboard(), folder / "board", {"more.html": "more"}).is_file()
    (folder / "board" / "more.html").touch()
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
    followed = 0
    for file, page in pages.items():
        for given in page.all("a"):
            assert (file.parent / str(given["href"])).resolve().is_file(), given
            followed += 1
    assert followed == 8 + 8 + 2


def test_leaderboard_pages_allow_no_script(pages):
    for file, page in pages.items():
        if file.name == "more.html":
            continue
        (policy,) = [given["content"] for given in page.all("meta") if "http-equiv" in given]
        assert "default-src 'none'" in str(policy)
        assert "script-src" not in str(policy)
        assert not page.all("script")
        assert not [name for _, given in page.tags for name in given if name.startswith("on")]


def test_pages_of_an_earlier_leaderboard_go(tmp_path):
    board = rank_agents([card(CORNER, f"{name}-s0", 0.5, 0.5) for name in ("ppo", "old")])
    write_pages(board, tmp_path)
    (tmp_path / "agents" / "note.txt").write_text("mine")
    (tmp_path / "agents" / "foreign.html").write_text("mine")
    write_pages(rank_agents([card(CORNER, "ppo-s0", 0.5, 0.5)]), tmp_path)
    assert {path.name for path in (tmp_path / "agents").iterdir()} == {
        *("ppo.html", "note.txt", "foreign.html")
    }
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(FileExistsError, match=r"index.html is not of a leaderboard"):
        write_pages(board, tmp_path)
    assert (tmp_path / "index.html").read_text() == "mine"


def test_addresses_are_safe_and_differ():
    names = ["ppo", "PPO", "Ppo", "a/b", "a-b", "..", ".", "x" * 300, "con\x00", "\ud800", "é", "è"]
    slugs = [slug(name) for name in names]
    assert slugs[0] == "ppo"
    assert len({each.lower() for each in slugs}) == len(names)
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,70}", each) for each in slugs)


@pytest.mark.thorough
def test_leaderboard_pages_open_with_all_rows(browser, written):
    tab = Tab(browser, written)
    for address in ("agents/ppo.html", f"agents/{slug(WORSE)}.html", "index.html"):
        page = tab.open(address)
    assert page.locator(".board tbody tr:visible").count() == 8
    assert page.locator(".heat:not(.heads) span:visible").count() == 8 * len(BOTH)
    tab.close()
