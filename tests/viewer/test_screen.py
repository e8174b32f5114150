"""The window, from posted events to what is shown: keys, mouse, levels, editing, files."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from desk import pygame
from edited import bare_cells, cells_of
from viewing import Drive, Driver, session

from mesa_gym.scoring import Trace, score
from mesa_gym.traps import Split, find_trap
from mesa_gym.viewer.actors import Human, PolicyPlayer
from mesa_gym.viewer.app import AGAIN, DELAY, Input, read
from mesa_gym.viewer.compare import Seat, seats_for
from mesa_gym.viewer.drawing import Painter
from mesa_gym.viewer.keys import BINDINGS, BUTTONS, MORE
from mesa_gym.viewer.overlays import overlays_of
from mesa_gym.viewer.screen import WatchScreen
from mesa_gym.viewer.session import Session
from mesa_gym.viewer.widgets import Chooser, Notice

CTRL = pygame.KMOD_CTRL


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write files here."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def by_hand(trap: str = "CheeseCorner", level: int = 2) -> Session:
    return Session(find_trap(trap)(), [Seat(Human(), Split.SHIFT)], level)


def middle(driver: Driver, cell: int) -> tuple[float, float]:
    return driver.layout.grids[driver.session.focus].box_of(cell).middle


def cells(driver: Driver, name: str) -> list[int]:
    """Return the cell of something in the state that is shown."""
    shown = driver.session
    return cells_of(shown.trap, shown.pane.state(shown.cursor), name)


# -- the window ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "written", "mod", "meant"),
    [
        ("K_a", "A", pygame.KMOD_LSHIFT, Input("key", "a", shift=True)),
        ("K_a", "A", pygame.KMOD_CAPS, Input("key", "a")),
        # French keyboards write digits with Shift, German ones the question mark.
        ("K_AMPERSAND", "1", pygame.KMOD_RSHIFT, Input("key", "1", shift=True)),
        ("K_MINUS", "?", pygame.KMOD_LSHIFT, Input("key", "?", shift=True)),
        ("K_KP8", "", 0, Input("key", "8")),
        ("K_KP_ENTER", "\r", 0, Input("key", "enter")),
        ("K_SPACE", " ", 0, Input("key", "space")),
        ("K_PAGEUP", "", 0, Input("key", "page up")),
        ("K_z", "\x1a", pygame.KMOD_LCTRL, Input("key", "z", ctrl=True)),
        ("K_s", "s", pygame.KMOD_LMETA, Input("key", "s", ctrl=True)),
    ],
)
def test_a_key_is_called_what_is_written_on_it(name, written, mod, meant) -> None:
    pressed = pygame.event.Event(
        pygame.KEYDOWN, key=getattr(pygame, name), mod=mod, unicode=written
    )
    assert read(pygame, pressed) == meant


def test_the_mouse_is_where_it_is_in_points() -> None:
    down = pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=3, pos=(30, 41))
    assert read(pygame, down, 0.5) == Input("press", "", 15, 20.5, 3)
    other = pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=2, pos=(30, 41))
    assert read(pygame, other) is None


@pytest.mark.thorough
def test_one_press_in_a_slow_frame_is_one_press(drive: Drive, monkeypatch) -> None:
    """The key is down for 500 ms of a frame; on the old viewer `e` arrived up to seven times."""
    driver = drive(session())
    draw = WatchScreen.draw

    def slow(screen: WatchScreen, painter: object) -> None:
        time.sleep(0.5)
        draw(screen, painter)

    monkeypatch.setattr(WatchScreen, "draw", slow)
    edits = []
    for _ in range(3):
        driver.post(pygame.KEYDOWN, key=pygame.K_e, mod=0, unicode="e")
        driver.frame(0.5)
        driver.post(pygame.KEYUP, key=pygame.K_e, mod=0)
        driver.frame(0.5)
        edits.append(driver.screen.editor is not None)
    assert edits == [True, False, True]


def test_a_held_step_key_is_repeated_by_the_windows_clock(drive: Drive) -> None:
    driver = drive(session(policy="stay"))
    driver.post(pygame.KEYDOWN, key=pygame.K_PERIOD, mod=0, unicode=".")
    driver.frame(5.0)  # a long time had passed before the key was pressed
    assert driver.session.cursor == 1
    driver.frame(DELAY / 2)
    assert driver.session.cursor == 1
    driver.frame(DELAY)
    driver.frame(10 * AGAIN)  # a slow frame repeats it once
    assert driver.session.cursor == 3
    driver.post(pygame.KEYUP, key=pygame.K_PERIOD, mod=0)
    driver.frame(10.0)
    driver.frame(10.0)
    assert driver.session.cursor == 3


def test_it_is_drawn_when_something_has_changed(drive: Drive, monkeypatch) -> None:
    driver = drive(session(policy="stay"))
    driver.settle()
    for _ in range(5):
        driver.frame(0.1)
    drawn, draw = [], WatchScreen.draw
    monkeypatch.setattr(
        WatchScreen, "draw", lambda *given: (drawn.append(driver.session.cursor), draw(*given))
    )
    for _ in range(50):
        driver.frame(0.1)
    assert not drawn
    assert driver.screen.wait() is None
    driver.post(pygame.KEYDOWN, key=pygame.K_SPACE, mod=0, unicode=" ")
    driver.frame(20.0)  # nothing happened for long; that is not played
    assert driver.session.cursor == 0
    assert 0 < driver.screen.wait() <= 0.25
    for _ in range(20):
        driver.frame(0.05)
    assert drawn[-5:] == [0, 1, 2, 3, 4]  # a second of four steps, after the press
    assert len(drawn) <= 6


def test_the_windows_title_names_trap_and_policy(drive: Drive) -> None:
    driver = drive(session(policy="oracle:red"))
    assert driver.app._window.title == "RedBlueDoors-v0: oracle:red - mesa_gym"


@pytest.mark.parametrize(("size", "scale"), [((640, 420), 1), ((640, 480), 2), ((1280, 800), 2)])
@pytest.mark.parametrize("count", [1, 2])
def test_nothing_vanishes_and_nothing_lies_over_the_grid(drive: Drive, size, scale, count) -> None:
    seats = [Seat(PolicyPlayer("random"), split) for split in ("train", "shift")[:count]]
    driver = drive(Session(find_trap("KeysChests")(), seats), size=size, scale=scale)
    points = driver.screen.drawn[1]
    width, height = size[0] / points, size[1] / points
    assert width >= 639.9
    layout, placed = driver.layout, driver.screen._buttons
    assert list(placed) == list(BUTTONS)[:-1] or list(placed)[-1] == MORE
    below = [box.within(layout.strips["buttons"]) for box in placed.values()]
    below += [layout.strips["scrubber"], layout.strips["legend"]]
    for box in [*below, layout.panel, *(grid.box for grid in layout.grids)]:
        assert box.left >= 0
        assert box.right <= width + 0.1
        assert box.top >= 0
        assert box.bottom <= height + 0.1
    assert max(grid.box.bottom for grid in layout.grids) < min(box.top for box in below)
    assert all(grid.box.width > 100 for grid in layout.grids)


@pytest.mark.thorough
def test_the_panel_grows_with_the_window(drive: Drive) -> None:
    scales = []
    for size in ((1280, 800), (2560, 1600)):
        screen = drive(session(), size=size).screen
        scales.append(screen.drawn[1] * screen._panel.scale)
    assert scales[1] > 1.7 * scales[0]


# -- keys ------------------------------------------------------------------------------------------


def test_keys_move_in_time(drive: Drive) -> None:
    driver, seen = drive(session(policy="stay")), []
    driver.settle()
    for key in (".", ".", ">", ",", "<", "right", "left", "end", "home"):
        driver.key(key)
        seen.append(driver.session.cursor)
    assert seen == [1, 2, 12, 11, 1, 2, 1, 64, 0]
    driver.key("+", "up", "-", "+", "down")
    assert driver.session.speed == 2
    driver.wheel(-1)
    assert driver.session.cursor == 1


def test_keys_go_to_levels_splits_and_seeds(drive: Drive) -> None:
    driver = drive(session(policy="random"))
    driver.key("n", "n", "b")
    assert driver.session.level == 4
    driver.key("g", "1", "7", "backspace", "2", "return")
    assert driver.session.level == 12
    driver.key("g", "9", *"9" * 18, "return")
    assert driver.message.endswith("expected 0 to 2**48 - 1")
    assert driver.session.level == 12
    before = driver.session.pane.line
    driver.key("r", "5", "return")
    driver.settle()
    assert driver.session.pane.seat.player.seed == 5
    assert driver.session.pane.line.actions().tolist() != before.actions().tolist()
    plays = []
    for _ in range(9):
        driver.key("t")
        plays.append(driver.session.pane.seat.play)
    changed = ["twins", "bare", "alone:door", "alone:red", "shut"]
    assert plays == [*changed, "train", "test", "control", "shift"]
    driver.key("j")
    driver.settle()
    assert driver.message.startswith("base and proxy conflict on shift level")


def test_side_by_side_turns_through_all_comparisons(drive: Drive) -> None:
    driver, found = drive(session(policy="random")), []
    for _ in range(5):
        driver.key("i")
        panes = driver.session.panes
        found.append([pane.title.replace(", level 3", "") for pane in panes])
        if found[-1][0].startswith("train"):
            assert driver.session.focus == 1  # what matters is to be seen under shift
            driver.key("tab", "t")
            assert driver.session.focus == 0
            assert "side by side" in driver.message
    assert found == [
        ["train: random", "shift: random"],
        ["shift: random", "twins: random"],
        ["shift: random", "alone:door: random", "alone:red: random", "bare: random"],
        ["shift: random", "shift: oracle:door", "shift: oracle:red"],
        ["shift: random"],
    ]
    driver.key("k", "down", "return")
    assert [seat.player.name for seat in driver.session.seats][1] == "oracle:red"


def test_the_focus_goes_to_the_shift_when_the_other_episode_has_ended(drive: Drive) -> None:
    seats = [Seat(PolicyPlayer("oracle:base"), "train"), Seat(PolicyPlayer("stay"), "shift")]
    driver = drive(Session(find_trap("CheeseCorner")(), seats, 0))
    driver.key("tab", "space")
    assert driver.session.focus == 0
    length = len(driver.session.panes[0].line)
    for _ in range(40):
        driver.frame(0.25)
    assert driver.session.cursor > length
    assert driver.session.focus == 1


@pytest.mark.thorough
def test_every_command_can_be_picked_from_the_list(drive: Drive) -> None:
    driver = drive(session(policy="random"), size=(640, 420))
    for number, binding in enumerate(BINDINGS):
        driver.screen.dialog = driver.screen.editor = None
        driver.key("?")
        assert isinstance(driver.screen.dialog, Chooser)
        driver.key(*["down"] * number)
        assert driver.screen.dialog.highlighted == number
        driver.key("return")
        assert (driver.app.screen is None) == ("q" in binding.keys)


@pytest.mark.thorough
def test_overlays_are_toggled_by_key_and_by_the_legend(drive: Drive) -> None:
    driver = drive(session())
    plain = driver.pixels
    for overlay in overlays_of(driver.session.trap).values():
        driver.key(overlay.key)
        assert driver.session.shown == {overlay.name}
        assert driver.message == overlay.doc
        driver.settle()
        assert not np.array_equal(plain, driver.pixels), overlay.name
        driver.key(overlay.key)
        assert not driver.session.shown
    legend = driver.layout.strips["legend"]
    driver.press(legend.left + 8, legend.top + 8)
    assert driver.session.shown == {"pays"}


def test_what_pays_is_marked_where_it_pays(drive: Drive) -> None:
    driver = drive(session("RedBlueDoors", "stay"))
    driver.key("m")
    red, door = cells(driver, "red"), cells(driver, "door")
    assert driver.changed() == {*red, *door}


def test_words_are_explained_where_the_mouse_rests(drive: Drive) -> None:
    driver = drive(session())
    driver.settle()  # all that is found while time passes has been drawn
    driver.frame()
    plain = driver.pixels
    for words in ("The most that it can still pay", "exchanged", "no action would be optimal"):
        found = [box for box, text in driver.screen.tips._tips if words in text]
        driver.hover(*found[0].middle)
        assert not np.array_equal(driver.pixels, plain)
    driver.hover(1, 1)
    assert np.array_equal(driver.pixels, plain)


def test_the_track_is_pressed_and_dragged(drive: Drive) -> None:
    driver = drive(session(policy="stay"))
    driver.settle()
    box = driver.layout.strips["scrubber"]
    driver.press(box.middle[0], box.bottom - 20)
    assert driver.session.cursor == 32
    driver.drag((box.middle[0], box.bottom - 20), (box.right - 1, box.top - 200))
    assert driver.session.cursor == 64


def test_the_story_and_the_choices(drive: Drive) -> None:
    driver = drive(session("CheeseDish", "oracle:dish", level=0))
    driver.settle()
    driver.key("n")
    driver.settle()
    assert driver.session.choices.of(driver.session.pane) == {0: "dish", 1: "dish"}
    assert driver.session.choices.on_twin(driver.session.pane, threaded=False) == "dish"
    driver.key("w")
    assert isinstance(driver.screen.dialog, Notice)
    driver.key("return")
    assert driver.screen.dialog is None


def test_beside_what_was_chosen_stands_what_a_sweeper_chose(drive: Drive, monkeypatch) -> None:
    """The null of the counts is what scoring finds of the sweeper on the same levels."""
    written, write = [], Painter.text

    def note(painter: Painter, text: str, *given, **more) -> float:
        written.append(text)
        return write(painter, text, *given, **more)

    monkeypatch.setattr(Painter, "text", note)
    driver = drive(session("CheeseDish", "oracle:dish", level=0))
    for _ in range(3):
        driver.settle()
        driver.key("n")
    found = driver.session.choices.of_sweeper(driver.session.pane, threaded=False)
    letters = {"0": "cheese", "1": "dish", "-": "none"}
    scored = score("sweeper", "CheeseDish", levels=3).choices.shift
    assert found == Counter(letters[each] for each in scored)
    written.clear()
    driver.frame()
    row = written.index("a sweeper")
    counts = [str(found["cheese"]), str(found["dish"]), f"{found['none']} none"]
    assert written[row - 4 : row + 4] == ["3 levels", "0", "3", "0 none", "a sweeper", *counts]


def test_targets_are_taken_away_side_by_side(drive: Drive) -> None:
    trap = find_trap("CheeseDish")()
    seats = seats_for(PolicyPlayer("sweeper"), trap, Split.SHIFT, "targets")
    driver = drive(Session(trap, seats, 0))
    driver.settle()
    shift, cheese, dish, bare = driver.session.panes
    there = [
        [name for name in ("cheese", "dish") if pane.state(0).there[name].any()]
        for pane in driver.session.panes
    ]
    assert there == [["cheese", "dish"], ["cheese"], ["dish"], []]
    assert [pane.seat.split for pane in (shift, cheese, dish)] == [Split.SHIFT] * 3
    assert (bare.seat.split, driver.session.focus) == (Split.TEST, 0)
    for pane, kept in ((cheese, "cheese"), (dish, "dish")):
        chosen = {pane.name_choice(t) for t in range(len(pane.line) + 1)}
        other = "dish" if kept == "cheese" else "cheese"
        assert chosen <= {"none", kept, f"ghost of {other}"}


def test_who_plays_is_told_the_goal_first_and_the_outcome_last(drive: Drive) -> None:
    driver = drive(by_hand())
    driver.screen.greet()
    driver.frame()
    assert "1 for entering the cheese." in driver.screen.dialog.text
    driver.key("return")
    driver.session.threaded = False
    base = PolicyPlayer("oracle:base")
    trap, start = driver.session.trap, driver.session.pane.line.states[0]
    actor = base.actor(trap, "shift", start)
    actor.begin([start], 64)
    while not driver.session.pane.line.over:
        t = driver.session.cursor
        action = actor.decide(driver.session.pane.state(t), t).action
        driver.key(("left", "down", "right", "up")[action])
    assert "What you chose, as scoring sees it: cheese." in driver.screen.dialog.text
    driver.key("up", "right")  # a key that is still held does not close it unread
    assert driver.screen.dialog is not None
    driver.key("escape")
    driver.key("left")
    assert "over" in driver.message


# -- editing ---------------------------------------------------------------------------------------


def test_what_if_the_door_were_red(drive: Drive) -> None:
    driver = drive(session("RedBlueDoors", "oracle:red"))
    (door,) = cells(driver, "door")
    driver.key("e")
    editor = driver.screen.editor
    for colour in ("blue", "red"):
        number = [name for name, _ in editor.entries].index(colour)
        driver.press(*editor._placed[number].middle)
        driver.press(*middle(driver, door))
    assert door in cells(driver, "red")
    assert door not in cells(driver, "blue")
    assert driver.message.endswith("is now red; z takes it back")
    assert driver.session.pane.edited
    driver.key("e", "z", "z")
    assert door in cells(driver, "blue")
    assert not driver.session.pane.edited


def test_things_are_moved_by_keys_and_by_dragging(drive: Drive) -> None:
    driver = drive(session("CheeseCorner", "stay", level=2))
    driver.key("e")
    trap, state = driver.session.trap, driver.session.pane.state(0)
    (start,), bare = cells(driver, "agent"), bare_cells(trap, state)
    name, there = next(
        (n, start + by) for n, by in (("left", -1), ("right", 1), ("up", -9)) if start + by in bare
    )
    driver.key("return", name, "return")
    assert cells(driver, "agent") == [there]
    (cheese,) = cells(driver, "cheese")
    free = [cell for cell in bare if cell != there][-1]
    driver.drag(middle(driver, cheese), middle(driver, free))
    assert cells(driver, "cheese") == [free]
    driver.press(*middle(driver, there), button=3)
    assert driver.message.startswith("not possible: the agent stands")
    driver.key("tab", "escape")
    assert driver.screen.editor is None


def test_maps_are_saved_opened_and_dropped(drive: Drive, folder: Path) -> None:
    driver = drive(session("CheeseCorner", "stay", level=2))
    driver.key(".", "s", mod=0)
    driver.key("s")
    driver.key("s", mod=CTRL)
    saved = folder / "CheeseCorner-v0-shift-2.map"
    assert driver.message == f"saved {saved}"
    driver.key("n")
    driver.key("o", mod=CTRL)
    driver.key("return")
    assert driver.message == f"opened {saved.name}"
    assert (driver.session.level, int(driver.session.pane.state(0).clock[0])) == (2, 1)
    (folder / "wrong.map").write_text("hello")
    driver.post(pygame.DROPFILE, file=str(folder / "wrong.map"))
    driver.frame()
    assert "is not a map" in driver.message


@pytest.mark.parametrize(
    ("number", "suffix"),
    list(enumerate([".png", ".mp4", ".gif", ".trace", "-strip.png", "-strip.svg"])),
)
def test_recording_from_the_window(drive: Drive, number: int, suffix: str) -> None:
    driver = drive(session("CheeseCorner", "oracle:cheese", level=2), size=(640, 420))
    driver.key("r", mod=CTRL)
    driver.key(*["down"] * number, "return")
    for _ in range(60):
        driver.frame()
    name = f"CheeseCorner-v0-shift-2{suffix}"
    assert driver.message == f"wrote {Path(name).absolute()}"
    assert [path.name for path in Path().iterdir()] == [name]
    if suffix == ".trace":
        actions = Trace.load(name).actions_on(Split.SHIFT, [2])[0]
        assert actions[actions >= 0].tolist() == driver.session.pane.line.actions().tolist()
    else:
        magic = {".mp4": b"ftyp", ".gif": b"GIF89a"}.get(suffix, b"PNG")
        assert magic in Path(name).read_bytes()[:12] or suffix.endswith("svg")
