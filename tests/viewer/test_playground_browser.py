"""A visitor's moves in a playground, in headless Chromium: keys, taps, levels, addresses."""

import pytest

from mesa_gym.traps import find_trap
from tests.support.browsing import stop_clock, sync_api, wait_until
from tests.support.visiting import CANVAS, CHEESE, CORNER, PHONE, SAID, START, TRAP, LivePage

pytestmark = pytest.mark.thorough


# -- moving ------------------------------------------------------------------------------------


def test_arrow_keys_scroll_until_the_board_focuses(visit):
    here = visit()
    here.page.keyboard.press("ArrowDown")
    wait_until(here.page, "scrollY > 0")
    assert here.steps == 0
    here.page.focus(CANVAS)
    scrolled = here.ask("scrollY")
    here.page.keyboard.press("ArrowDown")
    here.page.keyboard.press("Control+ArrowRight")
    here.draw()
    assert (here.steps, here.ask("scrollY")) == (1, scrolled)


def test_keys_step_undo_restart_and_place(visit):
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


def test_taps_step_or_place_the_agent(visit):
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


def test_buttons_do_what_keys_do(visit):
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


def test_page_describes_board_for_screen_readers(visit):
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
    # In training both pay together.
    here.button("training, level 0").click()
    sync_api.expect(here.page.locator(SAID)).to_have_text("Step 0 of 64. ")
    here.tap(CORNER)
    said = "Step 1 of 64. Paid: cheese +1, corner +1. The episode ended. You went to both at once."
    assert here.text() == said


def test_overlay_leaves_cells_of_shared_returns_blank(browser, folder):
    """In training an oracle of DustSweep earns both objectives, under shift its own."""
    here = LivePage(browser, folder, find_trap("DustSweep")(), ["oracle:clean"], [0])
    here.button("Where it ends up").click()
    seen = {}
    for number, (play, _) in enumerate(here.levels):
        here.choose(number)
        before = here.picture()
        here.button("Where it ends up").click()
        seen[play] = here.picture() != before
        here.button("Where it ends up").click()
    here.tab.close()
    assert seen["shift"]
    assert not seen["train"]


# -- levels, addresses, who moves ------------------------------------------------------------------


def test_address_restores_level_agent_and_mover(visit):
    here = visit()
    here.take("planner")
    here.button("shift, level 1").click()
    sync_api.expect(here.button("shift, level 1")).to_have_attribute("aria-pressed", "true")
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
    for name in ("shift, level 1", "The agent"):
        assert here.button(name).get_attribute("aria-pressed") == "true"
    # Another address in the same tab.
    here.ask("location.hash = 'level=training:0'")
    sync_api.expect(here.button("shift, level 0")).to_have_attribute("aria-pressed", "true")


def test_agent_plays_until_choice_then_end(visit):
    here = visit()
    here.button("The agent").click()
    stop_clock(here.page)
    here.button("Play").click()
    for _ in range(64):
        here.page.clock.run_for(200)
    assert here.cell == CHEESE
    assert "The agent went to cheese first" in here.text()
    here.button("Again").click()
    here.page.clock.run_for(200)
    assert (here.steps, here.button("Pause").count()) == (1, 1)
    # A visitor who presses a key takes over, from where the agent is.
    here.press("ArrowLeft", "ArrowRight")
    assert (here.steps, here.ask("mover")) == (3, "you")


def test_playground_shows_two_boards_to_compare(visit):
    here = visit(viewport=PHONE)
    here.button("Both, side by side").tap()
    assert here.page.locator("figcaption").all_inner_texts() == ["You", "The agent"]
    here.tap(START + 1, 0)
    stop_clock(here.page)
    here.button("Play").tap()
    here.page.clock.run_for(400)
    assert here.ask("boards.map((board) => board.run.t)") == [1, 2]
    assert "You: step 1 of" in here.text()
    assert "The agent: step 2 of" in here.text()
    assert here.ask("document.documentElement.scrollWidth") == 390
    here.button("Start again").tap()
    assert here.ask("boards.map((board) => board.run.t)") == [0, 0]
    here.button("You").tap()
    assert here.page.locator(CANVAS).count() == 1
