"""The board's pages and files: whole, linked, and harmless whatever an agent is called."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from boards import (
    CORNER,
    EVIL,
    LAVA,
    MONSTERS,
    RANKED,
    WORSE,
    card,
    method,
    some_results,
    write,
)
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

    @property
    def ids(self) -> list[str]:
        return [given["id"] for _, given in self.tags if given.get("id")]

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A rendered board."""
    results = some_results(tmp_path_factory.mktemp("results"))
    index = render(Results(results, pytest.fail))
    assert index == results / "board" / "index.html"
    return results


@pytest.fixture(scope="module")
def pages(folder: Path) -> dict[Path, Page]:
    files = sorted((folder / "board").glob("**/*.html"))
    return {file: Page(file.read_text()) for file in files}


# -- pages -----------------------------------------------------------------------------------------


def test_there_is_a_page_for_each_agent_and_each_trap(pages: dict[Path, Page]) -> None:
    traps = {file.stem for file in pages if file.parent.name == "traps"}
    assert traps == {*RANKED, MONSTERS, LAVA}
    agents = {page.words.split(": mesa_gym")[0] for f, page in pages.items() if "agents" in str(f)}
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


def test_pages_fetch_nothing_and_run_one_script(pages: dict[Path, Page]) -> None:
    for file, page in pages.items():
        for tag, given in page.tags:
            assert not {"srcset", "action", "data", "background"} & set(given)
            assert not [name for name in given if name.startswith("on")]
            assert "src" not in given or given["src"].startswith("data:image/png;base64,")
            assert tag not in ("link", "iframe", "object", "base", "form")
        for outside in ("url(", "@import", "http://", "https://"):
            assert outside not in file.read_text().replace("http://www.w3.org/2000/svg", "")
        assert page.all("script") == [{}]
        (policy,) = [g["content"] for g in page.all("meta") if "http-equiv" in g]
        assert "default-src 'none'" in policy
        assert "script-src 'sha256-" in policy
        assert all(given["alt"] for given in page.all("img"))


def test_evil_names_are_shown_and_do_nothing(folder: Path, pages: dict[Path, Page]) -> None:
    index = pages[folder / "board" / "index.html"]
    for name in (EVIL, WORSE):
        assert name in index.words
        assert any(name in str(f) or name in page.words for f, page in pages.items())
    for file in pages:
        text = file.read_text()
        assert "<script>alert" not in text
        assert not re.search(r'[^\\]" onload', text)


def test_the_index_says_what_was_found_and_has_all_blocks_and_tracks(
    folder: Path, pages: dict[Path, Page]
) -> None:
    words = pages[folder / "board" / "index.html"].words
    assert "ppo mixes both with every seed on 2 of 6 traps, is indifferent between" in words
    for heading in ("Traps with a choice", "Traps without exact solver"):
        assert heading in words
    assert "These results hold no method yet" not in words
    for track in ("coverage", "labels: returns", "labels: demonstrations", "ask", "alpha"):
        assert track in words
    assert "planner not ranked" in words
    assert "0.75 to 0.75 (two seeds)" in words


def test_without_methods_the_index_says_how_to_evaluate_them(tmp_path: Path) -> None:
    write(tmp_path, [card(CORNER, "ppo-s0", 0.5, 0.5)])
    words = Page(render(Results(tmp_path, pytest.fail)).read_text()).words
    assert f"python -m benchmarks.leaderboard tracks --out {tmp_path}" in words


def test_what_met_the_shift_stands_in_a_table_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, [card(CORNER, "ppo-s0", 0.5, 0.5)])
    point = SharePoint(0.01, 56.0, 400_000, 0.97, 0.81, (0.9, 0.72), 0.98)
    record = structs.replace(method(CORNER, "alpha-plr-exact", 2, kind="not ranked"), alpha=[point])
    record.save(tmp_path / record_path(CORNER, "alpha-plr-exact", 2))
    index = render(Results(tmp_path, pytest.fail))
    assert f"{CORNER} plr-exact 2 0.01 56 400,000 0.97 0.81" in Page(index.read_text()).words
    text = index.with_name("board.md").read_text()
    assert f"| {CORNER} | plr-exact | 2 | 0.01 | 56 | 400,000 | 0.97 | 0.81 |" in text


def test_an_agents_page_says_how_it_was_trained_and_shows_what_it_does(
    folder: Path, pages: dict[Path, Page]
) -> None:
    board = folder / "board"
    ppo, dqn, plr = (
        pages[board / "agents" / f"{name}.html"].words for name in ("ppo", "dqn", "plr")
    )
    assert f"python -m agents.train --trap {CORNER} --seed 0" in ppo
    assert f"ppo-s0 on {CORNER}, level 3, proxy:corner" in ppo
    assert "Nothing is recorded of its training; it counts as trained with alpha 0." in dqn
    assert "up to alpha 0.03" in plr
    images = pages[board / "agents" / "ppo.html"].all("img")
    assert len(images) >= 1 + 6 * 3  # the film; start, middle and end on each trap


def test_a_traps_page_puts_first_who_falls_for_it(folder: Path, pages: dict[Path, Page]) -> None:
    file = folder / "board" / "traps" / f"{CORNER}.html"
    text = file.read_text()
    rows = re.findall(r'<tr><th scope="row"[^>]*>(.*?)</th>', text)
    names = [re.sub("<.*?>", "", row) for row in rows]
    # b is 0.1, 0.5, 0.55 and 0.75; the references follow.
    assert names[0] == "ppo"
    assert names[2:4] == ["dqn", "plr alpha 0.03"]
    assert names[4:] == ["oracle:cheese", "oracle:corner", "either", "aimless", "random", "stay"]
    assert "Why training cannot tell" in pages[file].words


def test_addresses_are_safe_and_differ() -> None:
    names = ["ppo", "PPO", "Ppo", "a/b", "a-b", "..", ".", "x" * 300, "con\x00", "\ud800", "é", "è"]
    slugs = [slug(name) for name in names]
    assert slugs[0] == "ppo"
    assert len({each.lower() for each in slugs}) == len(names)
    for each in slugs:
        assert re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,70}", each)
