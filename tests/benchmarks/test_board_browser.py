"""The board's pages in headless Chromium: what a person does with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from boards import CORNER, EVIL, KEYS, VACUUM
from browsing import Tab, needs_browser

from benchmarks.evidence import Evidence, read
from benchmarks.ranking import rank
from benchmarks.results import Results
from benchmarks.site.embedded import types
from benchmarks.tables import figure, interval

pytestmark = needs_browser


@pytest.fixture(scope="module")
def evidence(folder: Path) -> Evidence:
    return read(Results(folder, pytest.fail))


@pytest.fixture
def tab(browser, folder: Path) -> Iterator[Tab]:
    tab = Tab(browser, folder, viewport={"width": 1280, "height": 900})
    yield tab
    tab.close()


def column(page: Any, table: str, key: str) -> list[list[str | None]]:
    """What a column of a table is sorted by and shows, the hidden rows apart, by group of rows."""
    return page.evaluate(
        """([table, key]) => [...document.querySelectorAll(`${table} tbody`)].map((body) =>
            [...body.rows].filter((row) => !row.hidden).map((row) => {
              const cell = row.querySelector(`[data-key="${CSS.escape(key)}"]`);
              return cell.dataset.value ?? cell.textContent;
            }))""",
        [table, key],
    )


def in_order(values: list[str | None], ascending: bool) -> bool:
    """Whether sorted, with what lacks at the end."""
    there = [value for value in values if value not in ("none", "")]
    if values[: len(there)] != there:
        return False
    try:
        keys: list[Any] = [float(value) for value in there]
    except ValueError:
        keys = [value.lower() for value in there]
    return keys == sorted(keys, reverse=not ascending)


# -- sorting and filtering -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "table"),
    [
        ("index.html", "#ranking-0 table"),
        pytest.param("index.html", "#ranking-2 table", marks=pytest.mark.slow),
        pytest.param("index.html", "#block-0 table", marks=pytest.mark.slow),
        pytest.param("agents/ppo.html", "#block-0 table", marks=pytest.mark.slow),
        (f"traps/{CORNER}.html", "#agents table"),
    ],
)
def test_a_table_is_sorted_by_each_of_its_columns(tab: Tab, address: str, table: str) -> None:
    page = tab.open(address)
    heads = f"[...document.querySelectorAll('{table} thead th')]"
    keys = page.evaluate(f"{heads}.map((head) => head.dataset.key)")
    assert len(keys) >= 5
    for key in keys:
        head = page.locator(f'{table} thead th[data-key="{key}"]')
        whole = [sorted(map(str, group)) for group in column(page, table, key)]
        for _ in range(2):
            head.locator("button").click()
            ascending = head.get_attribute("aria-sort") == "ascending"
            groups = column(page, table, key)
            assert all(in_order(group, ascending) for group in groups), (key, groups)
            assert [sorted(map(str, group)) for group in groups] == whole
        assert page.locator(f"{table} th[aria-sort]").count() == 1


def ranking_shown(page: Any, place: int) -> dict[str, dict[str, str]]:
    """Agent -> column -> what is sorted by, and what is shown of score and interval."""
    return page.evaluate(
        """(place) => Object.fromEntries(
          [...document.querySelectorAll(`#ranking-${place} tbody tr`)].filter((r) => !r.hidden)
            .map((row) => [row.cells[0].textContent, Object.fromEntries([
              ...[...row.cells].map((c) => [c.dataset.key, c.dataset.value]),
              ["shown", row.querySelector('[data-key="score"]').textContent],
              ["ends", row.querySelector("span.ends").textContent],
              ["dots", row.querySelectorAll("circle.seed").length],
              ["verdicts", row.querySelector('[data-key="verdicts"]').textContent],
            ])]))""",
        place,
    )


def test_the_filter_ranks_as_python_does_over_the_traps_of_each_type(
    tab: Tab, evidence: Evidence
) -> None:
    page, board = tab.open("index.html"), evidence.board
    checked = 0
    for kind, members in [*types(board).items(), ("", [trap.trap for trap in board.traps])]:
        page.locator(f'.filter input[value="{kind}"]').check(force=True)
        for place, ranking in enumerate(board.rankings):
            names = [trap for trap in ranking.traps if trap in members]
            if not names:
                assert not page.locator(f"#ranking-{place} .ranked").is_visible()
                continue
            chosen = [trap for trap in board.traps if trap.trap in names]
            expected = rank(chosen, board.alphas, ranking.shifted)
            shown = ranking_shown(page, place)
            assert list(shown) == [each.policy for each in expected.standings]
            for each in expected.standings:
                cells = shown[each.policy]
                for key, value in {
                    "score": each.score,
                    "p": each.proxy,
                    "n": each.neither,
                    "base": each.plane[0],
                    "proxy": each.plane[1],
                    "competent": each.competent / each.agents,
                    "test": each.test,
                    "regret": each.regret,
                }.items():
                    assert float(cells[key]) == pytest.approx(value, abs=1e-12), (kind, key)
                assert cells["shown"] == figure(each.score)
                assert cells["ends"] == (interval(each.interval) or "no interval")
                assert cells["dots"] == len(each.by_seed)
                assert cells["verdicts"] == ", ".join(f"{n} {v}" for v, n in each.verdicts.items())
                checked += 1
    assert checked > 60


def test_the_filter_moves_the_marks_of_the_plane(tab: Tab, evidence: Evidence) -> None:
    page, board = tab.open("index.html"), evidence.board

    def rings() -> dict[str, float]:
        return page.evaluate(
            """Object.fromEntries([...document.querySelectorAll("#ranking-0 g.agent")].map((g) =>
              [g.dataset.policy, parseFloat(g.querySelector(".place").getAttribute("cx"))]))"""
        )

    before = rings()
    page.locator("#type-instrumental").check(force=True)
    after = rings()
    assert set(before) == {"ppo"}
    assert set(after) == {"ppo", "dqn"}  # who was scored on both traps of the type
    low, high = (
        float(page.locator("#ranking-0 .area").get_attribute(f"data-{end}"))
        for end in ("low", "high")
    )
    chosen = [trap for trap in board.traps if trap.trap in (VACUUM, KEYS)]
    for each in rank(chosen, {}, False).standings[:2]:
        if each.policy in after:
            share = 100 * (each.plane[0] - low) / (high - low)
            assert after[each.policy] == pytest.approx(share, abs=0.01)
    page.locator("#type-all").check(force=True)
    assert rings() == before


def test_the_filter_says_what_counts_and_hides_other_traps(tab: Tab) -> None:
    page = tab.open("index.html")
    page.locator(".filter label", has_text="unseen feature").click()
    assert page.locator("#counted").inner_text() == "0 of the 4 ranked traps count: none."
    assert page.locator("#ranking-0 .nothing").is_visible()
    assert page.locator(".gallery li:visible").count() == 1
    assert page.locator("#block-0").is_hidden()
    page.locator("#type-instrumental").check(force=True)
    assert "2 of the 4 ranked traps count" in page.locator("#counted").inner_text()
    # Over these two traps the second table would repeat the first.
    assert page.locator("#ranking-1").is_hidden()
    heads = page.locator("#block-0 thead th:visible").all_inner_texts()
    assert [head.split("-v0")[0] for head in heads][1:] == ["DustVacuum", "KeysChests"]


def test_numbers_half_way_are_rounded_as_python_rounds_them(tab: Tab) -> None:
    page = tab.open("index.html")
    for value in (0.125, -0.125, 0.375, 0.625, 0.875, -0.625, 0.005, 0.995, -0.001, 1.0, 0.0):
        assert page.evaluate(f"figure({value})") == figure(value)
    assert page.evaluate("figure(null)") == figure(float("nan"))


# -- from the keyboard, by links, without script ---------------------------------------------------


def test_the_keyboard_alone_sorts_and_filters(tab: Tab) -> None:
    page = tab.open("index.html")

    def focused() -> str:
        return page.evaluate("document.activeElement.id || document.activeElement.textContent")

    page.keyboard.press("Tab")
    assert focused() == "Skip to the content"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.keyboard.press("Tab")
    assert focused() == "type-all"
    outline = "getComputedStyle(document.activeElement.nextElementSibling).outlineStyle"
    assert page.evaluate(outline) == "solid"
    page.keyboard.press("ArrowRight")
    assert focused() != "type-all"
    assert "ranked traps count" in page.locator("#counted").inner_text()
    for _ in range(6):
        if focused() == "score":
            break
        page.keyboard.press("Tab")
    assert focused() == "score"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    head = page.locator('#ranking-0 th[data-key="score"]')
    assert head.get_attribute("aria-sort") == "descending"
    page.keyboard.press("Space")
    assert head.get_attribute("aria-sort") == "ascending"


def test_links_lead_from_page_to_page(tab: Tab) -> None:
    page = tab.open("index.html")
    page.locator("#ranking-0 tbody a", has_text="ppo").click()
    assert page.locator("h1").inner_text() == "ppo"
    page.locator("#block-0 a", has_text=CORNER).click()
    assert page.locator("h1").inner_text() == CORNER
    page.locator("#agents a", has_text="dqn").click()
    assert page.locator("h1").inner_text() == "dqn"
    page.go_back()
    page.locator("a", has_text="side effect").click()
    assert page.locator("#type-side-effect").is_checked()
    assert "1 of the 4 ranked traps count" in page.locator("#counted").inner_text()


def test_evil_names_are_text(tab: Tab) -> None:
    """The tab says that nothing ran when it is closed."""
    page = tab.open("index.html")
    page.locator("#type-side-effect").check(force=True)
    page.locator("#ranking-0 tbody a", has_text=EVIL).first.click()
    assert page.locator("h1").inner_text() == EVIL
    assert page.evaluate("document.scripts.length") == 1


def test_without_script_everything_is_there_but_the_controls(browser, folder: Path) -> None:
    tab = Tab(browser, folder, java_script_enabled=False)
    page = tab.open("index.html")
    assert page.locator(".filter").is_hidden()
    assert page.locator("thead button").count() == 0
    assert page.locator("#ranking-0 tbody tr:visible").count() == 1 + 5
    tab.close()
