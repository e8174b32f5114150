"""Editing, maps, questions and recordings, from the keys to the files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from desk import pygame
from edited import bare_cells, cells_of, same
from viewing import Drive, Driver, session

from mesa_gym.scoring import Trace
from mesa_gym.traps import Split, find_trap
from mesa_gym.viewer.inputs import Key
from mesa_gym.viewer.mapfile import load_map
from mesa_gym.viewer.pane import Seat
from mesa_gym.viewer.players import ByHand
from mesa_gym.viewer.session import Session
from mesa_gym.viewer.start import StartScreen
from mesa_gym.viewer.watching import WatchScreen


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is written lands here."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def middle(driver: Driver, cell: int, pane: int = 0) -> tuple[float, float]:
    return driver.layout.grids[pane].middle(cell)


def cells(driver: Driver, name: str) -> list[int]:
    """Where something is in the state that is shown."""
    session = driver.session
    return cells_of(session.trap, session.pane.state(session.cursor), name)


def floor(driver: Driver) -> list[int]:
    """Bare inner cells."""
    session = driver.session
    return bare_cells(session.trap, session.pane.state(session.cursor))


def choose(driver: Driver, name: str) -> None:
    """Press an entry of the palette."""
    palette = driver.screen.editor.palette
    number = [entry.name for entry in palette.entries].index(name)
    box = palette._placed[number]
    driver.press(box.left + 5, box.top + 5)
    assert palette.chosen == number


def test_what_if_the_door_were_red(drive: Drive) -> None:
    """With the mouse: blue is unticked and red is ticked, and play goes on from there."""
    driver = drive(session("RedBlueDoors", "oracle:red"))
    driver.settle()
    before = driver.session.pane.line
    (door,) = cells(driver, "door")
    red, blue = cells(driver, "red"), cells(driver, "blue")
    assert door in blue
    driver.key("e")
    for colour in ("blue", "red"):
        choose(driver, colour)
        driver.press(*middle(driver, door))
    pane = driver.session.pane
    assert pane.edited
    assert cells(driver, "red") == sorted([door, *red])
    assert cells(driver, "blue") == [cell for cell in blue if cell != door]
    assert driver.session.message == (
        f"what is at row {door // 9}, column {door % 9} is now red; z takes it back"
    )
    driver.key("e")
    assert driver.screen.editor is None
    driver.settle()
    # The door is red too, so it pays in red as well.
    assert sum(pay for _, pay in pane.line.payments("red")) == len(red) + 1
    assert sum(pay for _, pay in before.payments("red")) == len(red)
    driver.key("z")
    driver.key("z")
    assert driver.session.pane.line is before


def test_dragging_an_object_and_playing_on_from_its_map(drive: Drive) -> None:
    driver = drive(session("CheeseCorner", "oracle:cheese", level=2))
    driver.key(".")
    driver.key(".")
    driver.key("e")
    (cheese,) = cells(driver, "cheese")
    there = floor(driver)[-1]
    driver.drag(middle(driver, cheese), middle(driver, there))
    moved = driver.session.pane.state(0)
    assert cells(driver, "cheese") == [there]
    assert int(moved.clock[0]) == 2
    driver.key("e")
    driver.key("s", mod=pygame.KMOD_CTRL)
    (path,) = Path.cwd().glob("*.map")
    assert str(path.absolute()) in driver.session.message
    trap, split, loaded = load_map(path)
    assert same(trap, loaded, moved)
    driver.settle()
    played = driver.session.pane.line
    again = drive(session("CheeseCorner", "oracle:cheese", level=0))
    again.key("o", mod=pygame.KMOD_CTRL)
    again.key("return")
    assert again.session.message == f"opened {path.name}"
    again.settle()
    line = again.session.pane.line
    assert len(line) == len(played) > 0
    for mine, theirs in zip(line.states, played.states, strict=True):
        assert same(trap, mine, theirs)
    assert line.terminated
    assert (repr(trap), split) == (repr(driver.session.trap), Split.SHIFT)


def test_refusals_are_said_and_change_nothing(drive: Drive) -> None:
    driver = drive()
    driver.settle()
    line = driver.session.pane.line
    driver.key("e")
    (door,) = cells(driver, "door")
    driver.drag(middle(driver, door), middle(driver, 0))
    assert "not possible" in driver.session.message
    driver.press(*middle(driver, floor(driver)[0]), button=3)
    assert "there is nothing to remove" in driver.session.message
    assert driver.session.pane.line is line
    driver.key("escape")
    assert driver.screen.editor is None
    assert driver.app.screen is driver.screen


def test_editing_by_keyboard_alone(drive: Drive) -> None:
    driver = drive(session("CheeseCorner", "stay", level=2))
    driver.key("e")
    (start,) = cells(driver, "agent")
    assert driver.screen.editor.cursor == start
    step = next(
        (name, cell)
        for name, cell in (("left", start - 1), ("right", start + 1), ("up", start - 9))
        if cell in floor(driver)
    )
    driver.key("return")
    driver.key(step[0])
    driver.key("return")
    assert cells(driver, "agent") == [step[1]]


def test_the_editor_shows_its_palette_and_cursor(drive: Drive) -> None:
    driver = drive()
    high = driver.layout.grids[0].box.height
    driver.key("e")
    assert driver.layout.palette.height > 0
    assert driver.layout.grids[0].box.height < high
    assert driver.changed() == {driver.screen.editor.cursor}
    box = driver.screen.editor.palette._placed[1]
    part = driver.pixels[int(box.top) : int(box.bottom), int(box.left) : int(box.right)]
    assert len(np.unique(part.reshape(-1, 3), axis=0)) > 20


def test_who_edits_is_told_why_only_the_agent_can_be_moved(drive: Drive) -> None:
    driver = drive(session("FollowMe", "stay"), size=(640, 420))
    driver.key("e")
    assert "FollowMe keeps tour and reach beside the grid" in driver.session.message
    assert driver.session.message.endswith("only the agent can be moved")


def test_comparing_with_another_policy(drive: Drive) -> None:
    driver = drive(session("RedBlueDoors", "oracle:red"))
    driver.key("k")
    assert driver.screen.dialog is not None
    driver.key("down")
    driver.key("down")
    driver.key("return")
    assert driver.screen.dialog is None
    assert [seat.player.name for seat in driver.session.seats] == ["oracle:red", "either"]
    driver.key("k")
    driver.key("escape")
    assert driver.screen.dialog is None
    assert len(driver.session.seats) == 2


def test_oracles_begin_where_an_edited_episode_does(drive: Drive) -> None:
    driver = drive(session("CheeseCorner", "stay", level=2))
    driver.key("e")
    there = floor(driver)[-1]
    driver.drag(middle(driver, cells(driver, "agent")[0]), middle(driver, there))
    driver.key("e")
    driver.key("k")
    driver.key("return")
    assert [pane.edited for pane in driver.session.panes] == [True, True]
    assert [int(pane.state(0).agent[0]) for pane in driver.session.panes] == [there, there]


RECORDED = {
    "picture": ".png",
    "film": ".mp4",
    "film that repeats": ".gif",
    "actions": ".trace",
    "strip for papers": "-strip.png",
    "strip for papers, sharp at any size": "-strip.svg",
}


@pytest.mark.parametrize(("number", "kind"), list(enumerate(RECORDED)))
def test_recording_from_the_window(drive: Drive, number: int, kind: str) -> None:
    driver = drive(session("CheeseCorner", "oracle:cheese", level=2), size=(640, 420))
    for _ in range(2):
        driver.key("r", mod=pygame.KMOD_CTRL)
        for _ in range(number):
            driver.key("down")
        driver.key("return")
        assert driver.session.message.startswith("wrote"), driver.session.message
    stem = f"CheeseCorner-v0-shift-2{RECORDED[kind]}"
    again = stem.replace("-2", "-2-1", 1)
    assert {path.name for path in Path.cwd().iterdir()} == {stem, again}
    assert Path(stem).stat().st_size > 100
    if kind == "actions":
        driver.settle()
        actions = Trace.load(stem).actions_on(Split.SHIFT, [2])[0]
        assert actions[actions >= 0].tolist() == driver.session.pane.line.actions().tolist()


def test_a_dropped_file_that_is_no_map_is_refused(drive: Drive, tmp_path: Path) -> None:
    driver = drive()
    wrong = tmp_path / "wrong.map"
    wrong.write_text("hello")
    pygame.event.post(pygame.event.Event(pygame.DROPFILE, file=str(wrong)))
    driver.frame()
    assert "is not a map" in driver.session.message
    assert driver.session.level == 3


def test_escape_goes_back_to_the_start_screen() -> None:
    start = StartScreen(lambda trap, policy: start)
    watched = Session(find_trap("CoinRun")(), [Seat(ByHand(), Split.SHIFT)])
    screen = WatchScreen(watched, back=start)
    assert screen.handle(Key("n")) is screen
    assert screen.handle(Key("escape")) is start
