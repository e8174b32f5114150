"""The board's pages in headless Chromium: what a person does with them, and how they look."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import CONTRASTS, Tab
from parameters import few

from benchmarks.tracks.tasks import TASKS as TASK_NAMES

pytestmark = pytest.mark.thorough
KINDS = ("methods.html", "methods/cues.html", "tasks.html")
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1400, "height": 900}
# No page is longer than so many screens.
SCREENS = 12
OPEN = "for (const d of document.querySelectorAll('details')) d.open = true"

# What the cells of a column are sorted by, in each body of a table.
VALUES = """([table, key]) => [...document.querySelectorAll(`${table} tbody`)].map((body) =>
  [...body.rows].map((row) => row.querySelector(`[data-key="${CSS.escape(key)}"]`))
    .map((cell) => cell.dataset.value ?? cell.textContent))"""


@pytest.fixture
def tabs(browser, rendered: Path) -> Iterator[Callable[..., Tab]]:
    """Makes tabs, and holds them to what a tab must not do."""
    made: list[Tab] = []

    def tab(**look: Any) -> Tab:
        made.append(Tab(browser, rendered, **look))
        return made[-1]

    yield tab
    for each in made:
        each.close()


def in_order(values: list[str], ascending: bool) -> bool:
    """Whether sorted, with what lacks at the end."""
    there = [value for value in values if value not in ("none", "")]
    numbers = all(re.fullmatch(r"-?[\d.]+(e-?\d+)?", value) for value in there)
    keys = sorted(there, key=float if numbers else str.lower, reverse=not ascending)
    return values[: len(there)] == keys


INDEX, METHOD, TASKS = KINDS
TABLES = [(INDEX, "#closed table"), (METHOD, "#values table"), (TASKS, "table")]


@pytest.mark.parametrize("where", few(TABLES, *TABLES[:2]), ids=str)
def test_a_table_is_sorted_by_each_of_its_columns(tabs, where: tuple[str, str]) -> None:
    address, table = where
    page = tabs().open(address)

    def column(key: str) -> list[list[str]]:
        """Return the values that a column is sorted by, by group of rows."""
        return page.evaluate(VALUES, [table, key])

    heads = f"[...document.querySelectorAll('{table} thead th')]"
    keys = page.evaluate(f"{heads}.map((head) => head.dataset.key)")
    assert len(keys) >= 5
    for key in keys:
        head = page.locator(f'{table} thead th[data-key="{key}"]')
        whole = [sorted(group) for group in column(key)]
        for _ in range(2):
            head.locator("button").click()
            ascending = head.get_attribute("aria-sort") == "ascending"
            assert all(in_order(group, ascending) for group in column(key)), key
            assert [sorted(group) for group in column(key)] == whole
        assert page.locator(f"{table} th[aria-sort]").count() == 1


def test_the_keyboard_alone_sorts(tabs) -> None:
    page = tabs().open(TASKS)
    focused = "document.activeElement.id || document.activeElement.textContent"
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "Skip to the content"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    for _ in range(12):
        if page.evaluate(focused) == "task":
            break
        page.keyboard.press("Tab")
    assert page.evaluate(focused) == "task"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    head = page.locator('thead th[data-key="task"]')
    for key, order in (("Enter", "ascending"), ("Space", "descending")):
        page.keyboard.press(key)
        assert head.get_attribute("aria-sort") == order


def test_without_script_everything_is_there_but_the_controls(tabs) -> None:
    page = tabs(java_script_enabled=False).open(TASKS)
    assert page.locator("thead button").count() == 0
    assert page.locator("tbody tr:visible").count() == len(TASK_NAMES)
    row = tabs(java_script_enabled=False, viewport=PHONE).open(INDEX).locator("#closed tbody tr")
    row.first.locator("summary").click()
    assert row.first.locator("td:visible").count() == 10


@pytest.mark.parametrize("address", KINDS)
def test_on_a_phone_a_row_has_three_cells_and_a_touch_or_a_key_opens_the_others(
    tabs, address: str
) -> None:
    page = tabs(viewport=PHONE, is_mobile=True, has_touch=True).open(address)
    page.evaluate(OPEN.replace("'details'", "'details:not(.more)'"))
    for body in page.locator("table tbody:visible").all():
        row = body.locator("tr").first
        cells = row.locator("th, td").count()
        assert row.locator("th:visible, td:visible").count() == min(cells, 3)
        if cells > 3:
            row.locator("summary").tap()
            assert row.locator("th:visible, td:visible").count() >= cells - 1  # some are empty
            row.locator("summary").press("Enter")
            assert row.locator("th:visible, td:visible").count() == 3


def test_no_page_is_longer_than_twelve_screens(tabs, rendered: Path) -> None:
    every = (rendered / "board").rglob("*.html")
    addresses = [str(x.relative_to(rendered / "board")) for x in every]
    for view in (PHONE, DESK):
        tab = tabs(viewport=view, is_mobile=view == PHONE)
        heights = {}
        for address in addresses:
            heights[address] = tab.open(address).evaluate("document.documentElement.scrollHeight")
        longest = max(heights, key=heights.__getitem__)
        print(f"{view['width']} px: {longest} is {heights[longest]} px high, the longest")
        assert heights[longest] <= SCREENS * view["height"]


def test_the_first_screen_shows_question_picture_curves_and_table(tabs) -> None:
    page = tabs(viewport=DESK).open(INDEX)
    for part in ("h1", ".task img", ".curves svg", "#closed tbody tr"):
        box = page.locator(part).first.bounding_box()
        assert 0 <= box["y"] < box["y"] + box["height"] < DESK["height"], part


@pytest.mark.parametrize("view", [PHONE, DESK], ids=str)
def test_no_column_is_clipped(tabs, rendered: Path, view: dict[str, int]) -> None:
    tab = tabs(viewport=view, is_mobile=view == PHONE)
    for address in KINDS:
        page = tab.open(address)
        page.evaluate(OPEN)
        assert page.evaluate("document.documentElement.scrollWidth") == view["width"], address
        boxes = page.evaluate(
            "[...document.querySelectorAll('.scroll')].map((s) => [s.scrollWidth, s.clientWidth])"
        )
        assert boxes
        assert [box for box in boxes if box[0] > box[1]] == [], address


@pytest.mark.parametrize("address", few(KINDS, INDEX))
def test_text_can_be_read_in_both_schemes_and_on_paper(tabs, address: str) -> None:
    backgrounds = []
    for scheme, media in (("light", "screen"), ("dark", "screen"), ("dark", "print")):
        # A4 across, less its margins, in pixels of CSS.
        page = tabs(viewport={"width": 1046, "height": 718}, color_scheme=scheme).open(address)
        page.emulate_media(media=media)
        page.evaluate(OPEN)
        contrasts = page.evaluate(CONTRASTS)
        assert len(contrasts) > 50
        assert [found for found in contrasts if found[1] < 4.5] == []
        backgrounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        if media == "print":  # whole tables in light colours, and no controls
            assert page.locator(".skip:visible, header:visible").count() == 0
            arrow = "getComputedStyle(document.querySelector('thead button'), '::after').content"
            assert page.evaluate(arrow) == "none"
            right = "[...document.querySelectorAll('table')].map((t) => t.getBoundingClientRect())"
            assert max(page.evaluate(f"{right}.map((box) => box.right)")) <= 1046
    assert backgrounds[0] != backgrounds[1]
    assert backgrounds[2] == "rgb(255, 255, 255)"
