"""The playground as a visitor uses it in headless Chromium: keys, taps, layers, edits, looks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import Tab, launched, needs_browser, sync_api
from edited import cells_of

from mesa_gym.files import write_text
from mesa_gym.traps import find_trap
from mesa_gym.viewer.playground import Guest, list_levels, make_playground

pytestmark = [needs_browser, pytest.mark.thorough]
TRAP = find_trap("CheeseCorner")()
SHIFT = TRAP.levels("shift", [0])
START, (CHEESE,), CORNER = int(SHIFT.agent[0]), cells_of(TRAP, SHIFT, "cheese"), TRAP.width + 1
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1000, "height": 500}
CANVAS, SAID = "#boards canvas", "#said"
INCOMPLETE = "This page is incomplete"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Three agents: an oracle, a planner of the library, and one that acts at random."""
    library = pytest.importorskip("agents.library")
    folder = tmp_path_factory.mktemp("playground")
    policies = {"oracle": "oracle:cheese", "planner": library.load(TRAP, kind="planner")}
    policies |= {"restless": lambda seen: [[0.2] * 5] * len(seen)}
    guests = [Guest(name, policy) for name, policy in policies.items()]
    levels = list_levels(TRAP, None, [0, 1])
    write_text(folder / "board" / "page.html", make_playground(TRAP, levels, guests))
    write_text(folder / "board" / "alone.html", make_playground(TRAP, levels, []))
    return folder


class Visit:
    """A page in a tab, and what its script knows."""

    def __init__(self, browser: Any, folder: Path, address: str = "page.html", **look: Any) -> None:
        self.tab = Tab(browser, folder, has_touch=True, **{"viewport": DESK} | look)
        self.page = self.tab.open(address)
        self.wait()

    def wait(self) -> None:
        while not self.page.evaluate("document.body.dataset.ready"):
            self.page.wait_for_timeout(20)

    def ask(self, code: str) -> Any:
        return self.page.evaluate(code)

    @property
    def cell(self) -> int:
        return self.ask("level.cell[boards[0].run.state]")

    @property
    def steps(self) -> int:
        return self.ask("boards[0].run.t")

    def press(self, *keys: str) -> None:
        self.page.focus(CANVAS)
        for key in keys:
            self.page.keyboard.press(key)

    def tap(self, cell: int, board: int = 0) -> None:
        canvas = self.page.locator(CANVAS).nth(board)
        side = canvas.bounding_box()["width"] / TRAP.width
        row, column = divmod(cell, TRAP.width)
        canvas.tap(position={"x": (column + 0.5) * side, "y": (row + 0.5) * side})

    def button(self, name: str) -> Any:
        return self.page.get_by_role("button", name=name, exact=True)

    def picture(self, board: int = 0) -> str:
        return self.ask(f"boards[{board}].canvas.toDataURL()")

    def text(self, selector: str = SAID) -> str:
        return self.page.locator(selector).inner_text()


@pytest.fixture
def visit(browser, folder: Path) -> Iterator[Any]:
    opened: list[Visit] = []

    def do(address: str = "page.html", **look: Any) -> Visit:
        opened.append(Visit(browser, folder, address, **look))
        return opened[-1]

    yield do
    for each in opened:
        each.tab.close()


# -- moving ------------------------------------------------------------------------------------


def test_arrow_keys_scroll_the_page_until_the_board_has_the_focus(visit) -> None:
    here = visit()
    for _ in range(3):
        here.page.keyboard.press("ArrowDown")
    here.page.wait_for_timeout(300)
    scrolled = here.ask("scrollY")
    assert scrolled > 0
    assert here.steps == 0
    here.page.focus(CANVAS)
    scrolled = here.ask("scrollY")
    here.page.keyboard.press("ArrowDown")
    here.page.keyboard.press("Control+ArrowRight")
    here.page.wait_for_timeout(300)
    assert (here.steps, here.ask("scrollY")) == (1, scrolled)


def test_keys_step_wait_go_back_begin_again_and_put_the_agent_beside(visit) -> None:
    here = visit()
    here.press("ArrowRight", "ArrowUp", " ")
    assert (here.cell, here.steps) == (START + 1 - TRAP.width, 3)
    here.press("Backspace", "Backspace")
    assert (here.cell, here.steps) == (START + 1, 1)
    # To put the agent elsewhere begins an episode.
    here.press("Shift+ArrowRight")
    assert (here.cell, here.steps) == (START + 2, 0)
    here.press("ArrowLeft", "Home")
    assert (here.cell, here.steps) == (START, 0)
    here.press("Backspace")
    assert (here.cell, here.steps) == (START, 0)


def test_taps_step_to_neighbours_and_put_the_agent_anywhere_else(visit) -> None:
    here = visit(viewport=PHONE)
    here.tap(START + 1)
    assert (here.cell, here.steps) == (START + 1, 1)
    here.tap(CORNER + 2)
    assert (here.cell, here.steps) == (CORNER + 2, 0)
    here.tap(0)  # a wall
    assert (here.cell, here.steps) == (CORNER + 2, 0)
    # On a thing it is the step into it.
    here.tap(CHEESE)
    assert (here.cell, here.steps) == (CHEESE, 1)
    assert "Paid: cheese +1. The episode ended. You went to cheese first." in here.text()
    here.tap(START)
    assert (here.cell, here.steps) == (START, 0)


def test_buttons_do_what_keys_do(visit) -> None:
    here = visit(viewport=PHONE)
    for name, cell in (("right", START + 1), ("up", START + 1 - TRAP.width), ("Wait", None)):
        here.button(name).tap()
        assert cell in (here.cell, None)
    for name, cell in (("left", START - TRAP.width), ("down", START)):
        here.button(name).tap()
        assert here.cell == cell
    assert here.steps == 5
    here.button("Step back").tap()
    assert (here.cell, here.steps) == (START - TRAP.width, 4)
    here.button("Start again").tap()
    assert (here.cell, here.steps) == (START, 0)
    boxes = [each.bounding_box() for each in here.page.locator("button:visible").all()]
    assert min(min(box["width"], box["height"]) for box in boxes) >= 44


def test_what_happened_is_said_and_so_is_the_board(visit) -> None:
    here = visit("alone.html")
    board, row, column = here.page.locator(CANVAS), START // TRAP.width, START % TRAP.width
    label = board.get_attribute("aria-label")
    assert label.startswith(f"The robot is in row {row}, column {column}. left: floor")
    cheese = divmod(CHEESE, TRAP.width)
    assert f"cheese in row {cheese[0]}, column {cheese[1]}" in label
    here.tap(CORNER + 1)
    here.press("ArrowLeft")
    assert here.text() == "Step 1 of 64. Paid: corner +1. You went to corner first."
    here.press(*[" "] * 63)
    assert here.text() == "Step 64 of 64. Time is up. You went to corner first."
    here.press("ArrowRight")
    assert here.steps == 64
    # In training both pay together, and nobody is said to have chosen.
    here.button("training 0").click()
    sync_api.expect(here.page.locator(SAID)).to_have_text("Step 0 of 64. ")
    here.tap(CORNER)
    assert here.text() == "Step 1 of 64. Paid: cheese +1, corner +1. The episode ended."


# -- levels, addresses, who moves ------------------------------------------------------------------


def test_the_address_brings_back_level_position_agent_and_who_moves(visit) -> None:
    here = visit()
    here.page.locator("#agent").select_option(label="planner")
    here.button("shift 1").click()
    sync_api.expect(here.button("shift 1")).to_have_attribute("aria-pressed", "true")
    here.button("The agent").click()
    here.tap(CORNER + 1)
    address = here.page.url.split("#")[1]
    rank = here.ask("level.rank[level.world[boards[0].run.state]] * game.cells") + CORNER + 1
    assert address == f"level=shift:1&at={rank}&who=it&agent=1"
    seen = here.picture()
    here.page.reload()
    here.wait()
    assert (here.cell, here.steps, here.picture()) == (CORNER + 1, 0, seen)
    assert here.page.locator("#agent").evaluate("(box) => box.selectedOptions[0].text") == "planner"
    for name in ("shift 1", "The agent"):
        assert here.button(name).get_attribute("aria-pressed") == "true"


@pytest.mark.parametrize(
    "address", ["level=shift:99&at=99999999&who=she&agent=7", "at=-5", "level=&agent=x", "%"]
)
def test_an_address_that_means_nothing_opens_the_shift(visit, address: str) -> None:
    here = visit(f"page.html#{address}")
    assert (here.cell, here.ask("level.play"), here.ask("level.number")) == (START, "shift", 0)
    assert here.ask("[mover, agent.number]") == ["you", 0]


def test_the_agent_plays_until_its_choice_and_then_to_the_end(visit) -> None:
    here = visit()
    here.button("The agent").click()
    here.page.clock.install()
    here.button("Play").click()
    for _ in range(64):
        here.page.clock.run_for(200)
    assert here.cell == CHEESE
    assert "The agent went to cheese first" in here.text()
    here.button("Again").click()
    here.page.clock.run_for(200)
    assert (here.steps, here.button("Pause").count()) == (1, 1)
    # Whoever presses a key takes over, from where the agent is.
    here.press("ArrowLeft", "ArrowRight")
    assert (here.steps, here.ask("mover")) == (3, "you")


def test_two_boards_are_there_to_compare(visit) -> None:
    here = visit(viewport=PHONE)
    here.button("Both, side by side").tap()
    assert here.page.locator("figcaption").all_inner_texts() == ["You", "The agent"]
    here.tap(START + 1, 0)
    here.page.clock.install()
    here.button("Play").tap()
    here.page.clock.run_for(400)
    assert here.ask("boards.map((board) => board.run.t)") == [1, 2]
    assert here.text().count("Step") == 2
    assert here.ask("document.documentElement.scrollWidth") == 390
    here.button("Start again").tap()
    assert here.ask("boards.map((board) => board.run.t)") == [0, 0]
    here.button("You").tap()
    assert here.page.locator(CANVAS).count() == 1


# -- layers ----------------------------------------------------------------------------------------


def test_layers_are_drawn_one_colour_at_a_time(visit) -> None:
    here = visit()
    here.page.locator("#agent").select_option(label="planner")
    seen = {here.picture()}
    assert "Colours say what the agent takes first" in here.text("#legend")
    assert re.search(r"takes cheese first with \d+%, takes corner first with \d+%", here.text())
    here.page.locator("summary").click()
    for name in ("What it wants", "V* of cheese", "V* of corner", "Where it ends up"):
        here.button(name).click()
        pressed = here.page.locator("[data-layer][aria-pressed=true]").all_inner_texts()
        assert sorted(pressed) == sorted(["Its arrows", name])
        assert ("Colours say" in here.text("#legend")) == (name == "Where it ends up")
        seen.add(here.picture())
    assert len(seen) == 4
    for name in ("Its arrows", "Where it ends up"):
        here.button(name).click()
    assert here.page.locator("[data-layer][aria-pressed=true]").count() == 0
    # One that does not plan has no map.
    here.button("What it wants").click()
    here.page.locator("#agent").select_option(label="oracle")
    assert here.button("Where it ends up").get_attribute("aria-pressed") == "true"
    assert not here.button("What it wants").is_visible()


def test_one_click_on_what_a_planner_wants_changes_its_plan(visit) -> None:
    here = visit()
    here.page.locator("#agent").select_option(label="planner")
    here.button("What it wants").click()
    edited, trained = here.page.locator("#edited"), here.picture()
    assert edited.inner_text() == "Click a cell: the agent then wants it most."
    assert here.button("As trained").is_disabled()
    ends = "agent.plan(level, boards[0].run.state).way.at(-1)"
    goal = START - TRAP.width + 1
    assert here.ask(ends) != goal
    here.tap(goal)
    assert (here.ask(ends), here.cell) == (goal, START)
    assert edited.inner_text() == "1 cell edited; no weight of the network was touched."
    # Of two equally good ways each.
    stays, *others = sorted(here.ask("agent.chances(level, boards[0].run.state)"))
    assert sum(others[-2:]) > 0.98
    assert stays < 1e-6
    # The slider lowers it below everything; picked again, the cell is as it was trained.
    slider = here.page.locator("#worth")
    slider.fill(slider.get_attribute("min"))
    assert here.ask(ends) != goal
    here.tap(goal)
    assert (edited.inner_text()[:5], here.picture()) == ("Click", trained)
    assert slider.is_disabled()
    for cell in (goal, CORNER):
        here.tap(cell)
    assert edited.inner_text().startswith("2 cells edited")
    here.button("As trained").click()
    assert here.picture() == trained
    here.tap(0)  # a wall can be no goal
    assert here.picture() == trained


# -- looks and mishaps -----------------------------------------------------------------------------


def test_nothing_is_wider_than_a_phone(visit) -> None:
    for address in ("page.html", "alone.html"):
        here = visit(address, viewport=PHONE)
        assert here.ask("document.documentElement.scrollWidth") == 390
        here.page.locator("summary").tap()
        if address == "page.html":
            here.page.locator("#agent").select_option(label="planner")
            here.button("What it wants").tap()
            here.tap(CHEESE)
        assert here.ask("document.documentElement.scrollWidth") == 390
    assert not here.page.locator("#agent").is_visible()
    assert not here.button("The agent").is_visible()


def test_looks_follow_what_the_reader_asked_for(visit) -> None:
    seen = []
    for scheme, motion in (("light", "no-preference"), ("dark", "reduce")):
        here = visit(color_scheme=scheme, reduced_motion=motion)
        back, front = (
            here.ask(f"getComputedStyle(document.body).{name}")
            for name in ("backgroundColor", "color")
        )
        seen.append((back, front, here.ask("PACE"), here.picture()))
    (*light, pace, one), (*dark, calm, other) = seen
    assert [sum(map(int, re.findall(r"\d+", each))) > 380 for each in light] == [True, False]
    assert [sum(map(int, re.findall(r"\d+", each))) > 380 for each in dark] == [False, True]
    assert calm > pace
    assert one == other  # the pictures are those of the environments


@pytest.mark.parametrize("part", [0.3, 0.5, 0.9, 0.999])
def test_a_page_that_was_cut_off_says_so_below_its_first_picture(
    browser, folder: Path, part: float
) -> None:
    text = (folder / "board" / "page.html").read_text()
    write_text(folder / "board" / "cut.html", text[: int(len(text) * part)])
    tab = Tab(browser, folder, viewport=PHONE)
    page = tab.open("cut.html")
    assert page.locator("#incomplete").inner_text().startswith(INCOMPLETE)
    picture = page.locator("#boards img")
    assert picture.is_visible()
    assert picture.evaluate("(img) => img.naturalWidth") == 32 * TRAP.width
    tab.close()


def test_so_does_a_page_without_javascript(browser, folder: Path) -> None:
    tab = Tab(browser, folder, viewport=PHONE, java_script_enabled=False)
    page = tab.open("page.html")
    assert page.locator("#incomplete").is_visible()
    assert page.locator("#boards img").is_visible()
    assert INCOMPLETE in page.locator("body").inner_text()
    tab.close()


def test_a_whole_page_is_ready_soon_and_says_no_such_thing(visit) -> None:
    here = visit()
    assert INCOMPLETE not in here.text("body")
    assert here.page.locator("#boards img").count() == 0
    assert float(here.ask("document.body.dataset.ready")) < 2000  # 0.2 s on a machine at rest


def test_what_was_not_declared_is_said(visit) -> None:
    here = visit()
    assert "not declared" not in here.text("#tried")
    here.page.locator("#agent").select_option(label="restless")
    assert "Whether this agent remembers is not declared" in here.text("#tried")


def test_a_name_cannot_become_markup(browser, folder: Path) -> None:
    name = "</script><script>alert(1)</script>\x1b<b>bold</b>"
    page = make_playground(TRAP, [("shift", 0)], [Guest(name, "stay", "<i>words</i>")])
    assert "<script>alert" not in page
    assert "\x1b" not in page
    write_text(folder / "board" / "named.html", page)
    here = Visit(browser, folder, "named.html")
    assert here.page.locator("b:text('bold'), i").count() == 0
    assert "<i>words</i>" in here.text("#legend")
    here.tab.close()
