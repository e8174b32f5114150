"""Editing, maps, questions and recordings, from the keys to the files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from desk import pygame
from viewing import Drive, Driver, session

from mesa_gym.grid import AGENT, BLUE, DOOR, RED
from mesa_gym.scoring import Trace
from mesa_gym.testing.explored import arrays_of, difference
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


def door(driver: Driver) -> int:
    state = driver.session.pane.state(driver.session.cursor)
    return int(state.layer(DOOR)[0].argmax())


def floor(driver: Driver) -> list[int]:
    """Bare inner cells."""
    state = driver.session.pane.state(driver.session.cursor)
    bare = ~state.planes[0].any(axis=2)
    bare[[0, -1]] = bare[:, [0, -1]] = False
    return bare.ravel().nonzero()[0].tolist()


def test_what_if_the_door_were_red(drive: Drive) -> None:
    """With the mouse: the palette's red door on the blue one, and play goes on from there."""
    driver = drive(session("RedBlueDoors", "oracle:red"))
    driver.settle()
    before = driver.session.pane.line
    assert before.states[0].layer(BLUE)[0].ravel()[door(driver)]
    driver.key("e")
    editor = driver.screen.editor
    entry = next(i for i, e in enumerate(editor.palette.entries) if e.content == (DOOR, RED))
    box = editor.palette._placed[entry]
    driver.press(box.left + 5, box.top + 5)
    assert editor.palette.chosen == entry
    driver.press(*middle(driver, door(driver)))
    pane = driver.session.pane
    assert pane.edited
    assert pane.line.states[0].layer(RED)[0].ravel()[door(driver)]
    driver.key("e")
    assert driver.screen.editor is None
    driver.settle()
    # The door is red as four keys are, so it pays in red too.
    assert sum(pay for _, pay in pane.line.payments("red")) == 5
    assert sum(pay for _, pay in before.payments("red")) == 4
    driver.key("z")
    assert driver.session.pane.line is before


def test_dragging_an_object_and_playing_on_from_its_map(drive: Drive) -> None:
    driver = drive(session("CheeseCorner", "oracle:cheese", level=2))
    driver.key(".")
    driver.key(".")
    driver.key("e")
    state = driver.session.pane.state(2)
    cheese = int(state.layer(driver.session.trap.planes[2])[0].argmax())
    there = floor(driver)[-1]
    driver.drag(middle(driver, cheese), middle(driver, there))
    moved = driver.session.pane.state(0)
    assert int(moved.layer(driver.session.trap.planes[2])[0].argmax()) == there
    assert int(moved.clock[0]) == 2
    driver.key("e")
    driver.key("s", mod=pygame.KMOD_CTRL)
    (path,) = Path.cwd().glob("*.map")
    assert str(path.absolute()) in driver.session.message
    trap, split, loaded = load_map(path)
    assert difference(arrays_of(loaded), arrays_of(moved)) is None
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
        assert difference(arrays_of(mine), arrays_of(theirs)) is None
    assert line.terminated
    assert (repr(trap), split) == (repr(driver.session.trap), Split.SHIFT)


def test_refusals_are_said_and_change_nothing(drive: Drive) -> None:
    driver = drive()
    driver.settle()
    line = driver.session.pane.line
    driver.key("e")
    driver.drag(middle(driver, door(driver)), middle(driver, 0))
    assert "not possible" in driver.session.message
    assert driver.session.pane.line is line
    driver.press(*middle(driver, door(driver)), button=3)
    assert "door" in driver.session.message
    assert driver.session.pane.line is line
    driver.key("escape")
    assert driver.screen.editor is None
    assert driver.app.screen is driver.screen


def test_editing_by_keyboard_alone(drive: Drive) -> None:
    driver = drive(session("CheeseCorner", "stay", level=2))
    driver.key("e")
    start = int(driver.session.pane.state(0).cell[0])
    assert driver.screen.editor.cursor == start
    step = next(
        (name, cell)
        for name, cell in (("left", start - 1), ("right", start + 1), ("up", start - 9))
        if cell in floor(driver)
    )
    driver.key("return")
    driver.key(step[0])
    driver.key("return")
    state = driver.session.pane.state(0)
    assert int(state.cell[0]) == step[1] == int(state.layer(AGENT)[0].argmax())


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
    driver = drive(session("DustVacuum", "stay"), size=(640, 420))
    driver.key("e")
    assert "DustVacuum keeps pots beside the grid" in driver.session.message
    assert driver.session.message.endswith("only the agent can be moved")


def test_comparing_with_another_policy(drive: Drive) -> None:
    driver = drive(session("RedBlueDoors", "oracle:red"))
    driver.key("k")
    assert driver.screen.dialog is not None
    driver.key("down")
    driver.key("down")
    driver.key("down")
    driver.key("return")
    assert driver.screen.dialog is None
    assert [seat.player.name for seat in driver.session.seats] == ["oracle:red", "random"]
    driver.key("k")
    driver.key("escape")
    assert driver.screen.dialog is None
    assert len(driver.session.seats) == 2


def test_oracles_begin_where_an_edited_episode_does(drive: Drive) -> None:
    driver = drive(session("CheeseCorner", "stay", level=2))
    driver.key("e")
    there = floor(driver)[-1]
    driver.drag(middle(driver, int(driver.session.pane.state(0).cell[0])), middle(driver, there))
    driver.key("e")
    driver.key("k")
    driver.key("return")
    assert [pane.edited for pane in driver.session.panes] == [True, True]
    assert [int(pane.state(0).cell[0]) for pane in driver.session.panes] == [there, there]


RECORDED = {
    "picture": ".png",
    "film": ".mp4",
    "film that goes on for ever": ".gif",
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
    assert "is no map" in driver.session.message
    assert driver.session.level == 3


def test_escape_goes_back_to_the_start_screen() -> None:
    start = StartScreen(lambda trap, policy: start)
    watched = Session(find_trap("CoinRun")(), [Seat(ByHand(), Split.SHIFT)])
    screen = WatchScreen(watched, back=start)
    assert screen.handle(Key("n")) is screen
    assert screen.handle(Key("escape")) is start
