"""A page of ``mesa-gym export`` in headless Chromium: what a person presses, and what changes."""

import numpy as np
import pytest
from browsing import Tab, stop_clock
from planners import known_map

from mesa_gym.files import write_text
from mesa_gym.policies import Memoryless, Oracle
from mesa_gym.traps import find_trap
from mesa_gym.viewer.actors import PolicyPlayer
from mesa_gym.viewer.export import panes_on, replay_page
from mesa_gym.viewer.seats import Seat

pytestmark = pytest.mark.thorough
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1400, "height": 900}
TIME, PLAY, EVENTS = "#time", "#play", ".event"


class BothInTurn(Memoryless):
    """Goes to the corner, and from there to the cheese."""

    def __init__(self, trap):
        self.first, self.then = (Oracle(trap, x, 64) for x in ("corner", "cheese"))

    def act(self, observation, state=None):
        first, then = (each.act(observation, state) for each in (self.first, self.then))
        return np.where(first[:, 4:] == 1, then, first)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Level 0: in training all is paid at step 10; under shift the corner at 3, the cheese at 9."""
    folder = tmp_path_factory.mktemp("export")
    seats = [Seat(PolicyPlayer(f"{__name__}:BothInTurn"), play) for play in ("train", "shift")]
    page = replay_page(panes_on(find_trap("CheeseCorner")(), seats, [0, 1, 2]))
    write_text(folder / "board" / "replay.html", page)
    return folder


@pytest.fixture(params=[PHONE, DESK], ids=["phone", "desk"])
def page(browser, folder, request):
    tab = Tab(browser, folder, viewport=request.param, has_touch=True)
    page = tab.open("replay.html")
    page.wait_for_selector(".pane")
    yield page
    assert page.evaluate("document.documentElement.scrollWidth") == request.param["width"]
    tab.close()


def shown(page):
    """Return the text of each pane: events, payments, values, choices."""
    panes = page.locator(".pane").all()
    parts = [pane.locator(".event, tbody tr, .choice").all_inner_texts() for pane in panes]
    return [" ".join(" ".join(texts).split()) for texts in parts]


def pictures(page):
    return page.evaluate("[...document.querySelectorAll('canvas')].map((c) => c.toDataURL())")


def test_page_plays_to_the_end_and_again(page):
    start = pictures(page)
    page.locator("#speed").select_option(label="×2")
    stop_clock(page)
    page.locator(PLAY).tap()
    assert page.locator(PLAY).inner_text() == "Pause"
    page.clock.run_for(1000)
    assert page.locator(PLAY).inner_text() == "Pause"
    page.clock.run_for(1000)
    assert page.locator(TIME).inner_text() == "step 10 of 10"
    assert page.locator(PLAY).inner_text() == "Play"
    ended = "the episode ended"
    assert page.locator(EVENTS).all_inner_texts() == [
        f"cheese +1, corner +1, {ended}",
        f"cheese +1, {ended}",
    ]
    assert all(a != b for a, b in zip(start, pictures(page), strict=True))
    page.keyboard.press("Space")
    page.keyboard.press("Home")
    assert pictures(page) == start


def test_page_slider_and_keys_lead_to_steps(page):
    start = "cheese 0.00 0.97 corner 0.00 0.97 chosen so far: none"
    assert shown(page)[1] == start
    page.locator("#scrubber").fill("4")
    assert page.locator(TIME).inner_text() == "step 4 of 10"
    # The corner is reached in four steps, and the cheese is six from there: 0.99 ** 3, 0.99 ** 5.
    there = "corner +1 cheese 0.00 0.95 corner 0.97 0.00 chosen so far: corner"
    assert shown(page)[1] == there
    said = "train, level 0: cheese +1, corner +1, the episode ended; shift, level 0: corner +1"
    assert page.locator("#spoken").text_content() == said
    seen = pictures(page)
    for key in ("ArrowRight", ".", "End", "<", "ArrowLeft", ">", "Home", ".", ".", ".", "."):
        page.keyboard.press(key)
    assert (shown(page)[1], pictures(page)) == (there, seen)
    page.locator("#tracks .track").nth(1).locator("span").last.click()
    assert page.locator(EVENTS).nth(1).inner_text() == "cheese +1, the episode ended"
    assert page.locator("#tracks .track").nth(0).locator("span .mark").count() == 2


def test_levels_are_chosen(page):
    first = pictures(page)
    page.locator("#level").select_option(label="level 2")
    assert page.locator(".pane h2").all_inner_texts() == ["1. train, level 2", "2. shift, level 2"]
    assert pictures(page) != first
    page.locator("h1").click()
    page.keyboard.press("b")
    page.keyboard.press("b")
    assert pictures(page) == first


def test_page_shows_planner_maps_as_layers(browser, folder):
    seats = [Seat(PolicyPlayer("planners:Pathfinder"), "shift")]
    trap = find_trap("CheeseCorner")()
    write_text(folder / "board" / "planner.html", replay_page(panes_on(trap, seats, [2])))
    tab = Tab(browser, folder, viewport=DESK)
    page = tab.open("planner.html")
    page.wait_for_selector(".pane")
    seen = {frozenset({"wants", "plan"}): pictures(page)}
    for key, on in (("u", {"plan"}), ("f", set()), ("u", {"wants"}), ("f", {"wants", "plan"})):
        page.keyboard.press(key)
        pressed = page.locator("[aria-pressed=true]").all_inner_texts()
        assert set(pressed) == on
        assert seen.setdefault(frozenset(on), pictures(page)) == pictures(page)
    assert len({tuple(each) for each in seen.values()}) == 4
    state, canvas = trap.levels("shift", [2]), page.locator("canvas")
    side = canvas.bounding_box()["width"] / trap.width
    for cell, worth in known_map(trap, state).items():
        row, column = divmod(cell, trap.width)
        canvas.hover(position={"x": (column + 0.5) * side, "y": (row + 0.5) * side})
        assert canvas.get_attribute("title") == f"what it wants: {worth:.2f}"
    canvas.hover(position={"x": 2, "y": 2})
    assert canvas.get_attribute("title") == ""
    tab.close()


def test_looks_follow_what_the_reader_asked_for(browser, folder):
    colours, motion = set(), {}
    for scheme, asked in (("light", "no-preference"), ("dark", "reduce")):
        tab = Tab(browser, folder, viewport=PHONE, color_scheme=scheme, reduced_motion=asked)
        page = tab.open("replay.html")
        page.wait_for_selector(".bar i")
        style = "getComputedStyle(document.querySelector('{}')).{}"
        colours.add(page.evaluate(style.format("body", "backgroundColor")))
        motion[asked] = page.evaluate(style.format(".bar i", "transitionDuration"))
        boxes = [pane.bounding_box() for pane in page.locator(".pane").all()]
        assert boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"]
        tab.close()
    assert len(colours) == 2
    assert (motion["reduce"], motion["no-preference"]) == ("0s", "0.12s")
