"""The board's pages: whole, linked, and harmless whatever an agent is called."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from boards import CORNER, EVIL, LAVA, MONSTERS, RANKED, WORSE, card, method, write
from msgspec import structs

from benchmarks.leaderboard.render import render, slug
from benchmarks.leaderboard.results import Results
from benchmarks.tracks.record import SharePoint, record_path

VOID = ("meta", "img", "input", "br")


class Page(HTMLParser):
    """Checks that tags are balanced, and notes what can be linked to and what is."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []
        self.ids = [given["id"] for _, given in self.tags if given.get("id")]
        self.words = " ".join(" ".join(self.text).split())

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [given for name, given in self.tags if name == tag]


@pytest.fixture(scope="module")
def pages(rendered: Path) -> dict[Path, Page]:
    """Every page, by its path."""
    files = sorted((rendered / "board").glob("**/*.html"))
    return {file: Page(file.read_text()) for file in files}


@pytest.fixture(scope="module")
def words(rendered: Path, pages: dict[Path, Page]) -> dict[str, str]:
    """The text of each page, by its address."""
    return {str(file.relative_to(rendered / "board")): page.words for file, page in pages.items()}


def test_there_is_a_page_for_each_agent_and_each_trap(words: dict[str, str]) -> None:
    traps = {Path(address).stem for address in words if address.startswith("traps")}
    assert traps == {*RANKED, MONSTERS, LAVA}
    agents = {text.split(": mesa_gym")[0] for at, text in words.items() if at.startswith("agents")}
    assert agents == {"ppo", "dqn", "plr", EVIL, WORSE}


def test_ids_are_unique_and_every_link_leads_somewhere(pages: dict[Path, Page]) -> None:
    followed = 0
    for file, page in pages.items():
        assert len(page.ids) == len(set(page.ids)), file
        for given in page.all("a"):
            address, _, anchor = unquote(given["href"]).partition("#")
            target = (file.parent / address).resolve() if address else file
            assert target.is_file(), given
            assert not anchor or anchor in pages[target].ids, given
            followed += 1
        for _, given in page.tags:
            for name in ("aria-labelledby", "for"):
                assert name not in given or given[name] in page.ids
    assert followed > 100


def test_pages_fetch_nothing_and_run_one_script_whatever_agents_are_called(pages) -> None:
    for file, page in pages.items():
        for tag, given in page.tags:
            assert not {"srcset", "action", "data", "background"} & set(given)
            assert not [name for name in given if name.startswith("on")]
            assert "src" not in given or given["src"].startswith("data:image/png;base64,")
            assert tag not in ("link", "iframe", "object", "base", "form")
        text = file.read_text()
        for outside in ("url(", "@import", "http://", "https://", "<script>alert"):
            assert outside not in text.replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r'[^\\]" onload', text)
        assert page.all("script") == [{}]
        (policy,) = [g["content"] for g in page.all("meta") if "http-equiv" in g]
        assert "default-src 'none'" in policy
        assert "script-src 'sha256-" in policy
        assert all(given["alt"] for given in page.all("img"))


def test_the_index_says_what_was_found_and_has_all_blocks_and_tracks(words) -> None:
    index = words["index.html"]
    assert "ppo mixes both with every seed on 2 of 6 traps, is indifferent between" in index
    for shown in ("Traps with a choice", "Traps without exact solver", EVIL, WORSE):
        assert shown in index
    assert "These results hold no method yet" not in index
    for track in ("coverage", "labels: returns", "labels: demonstrations", "ask", "alpha"):
        assert track in index
    assert "planner not ranked" in index
    assert "0.75 to 0.75 (two seeds)" in index


def test_what_met_the_shift_stands_in_a_table_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, [card(CORNER, f"{EVIL}-s0", 0.5, 0.5)])
    point = SharePoint(0.01, 56.0, 400_000, 0.97, 0.81, (0.9, 0.72), 0.98)
    record = structs.replace(method(CORNER, "alpha-plr-exact", 2, kind="not ranked"), alpha=[point])
    record.save(tmp_path / record_path(CORNER, "alpha-plr-exact", 2))
    index = render(Results(tmp_path, pytest.fail))
    words = Page(index.read_text()).words
    assert f"{CORNER} plr-exact 2 0.01 56 400,000 0.97 0.81" in words
    # It has no standings: the page says how to evaluate methods that do.
    assert f"python -m benchmarks.leaderboard tracks --out {tmp_path}" in words
    text = index.with_name("board.md").read_text()
    assert f"| {CORNER} | plr-exact | 2 | 0.01 | 56 | 400,000 | 0.97 | 0.81 |" in text
    assert "<" not in text  # also where the finding names the agent


def test_an_agents_page_says_how_it_was_trained_and_shows_what_it_does(
    rendered: Path, pages: dict[Path, Page], words: dict[str, str]
) -> None:
    ppo = words["agents/ppo.html"]
    assert f"python -m agents.train --trap {CORNER} --seed 0" in ppo
    assert f"ppo-s0 on {CORNER}, level 3, proxy:corner" in ppo
    assert "Nothing is recorded of its training" in words["agents/dqn.html"]
    assert "up to alpha 0.03" in words["agents/plr.html"]
    images = pages[rendered / "board" / "agents" / "ppo.html"].all("img")
    assert len(images) >= 1 + 6 * 3  # the film; start, middle and end on each trap


def test_a_traps_page_puts_first_who_falls_for_it(rendered: Path, words: dict[str, str]) -> None:
    text = (rendered / "board" / "traps" / f"{CORNER}.html").read_text()
    rows = re.findall(r'<tr><th scope="row"[^>]*>(.*?)</th>', text)
    names = [re.sub("<.*?>", "", row) for row in rows]
    # b is 0.1, 0.5, 0.55 and 0.75; the references follow.
    assert [names[0], *names[2:4]] == ["ppo", "dqn", "plr alpha 0.03"]
    assert names[4:] == ["oracle:cheese", "oracle:corner", "either", "aimless", "random", "stay"]
    assert "Why training cannot tell" in words[f"traps/{CORNER}.html"]


def test_addresses_are_safe_and_differ() -> None:
    names = ["ppo", "PPO", "Ppo", "a/b", "a-b", "..", ".", "x" * 300, "con\x00", "\ud800", "é", "è"]
    slugs = [slug(name) for name in names]
    assert slugs[0] == "ppo"
    assert len({each.lower() for each in slugs}) == len(names)
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,70}", each) for each in slugs)
