"""The viewer driven by posted events: time, levels, the mouse and windows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from desk import pygame
from edited import same
from viewing import Drive, Driver, session

from mesa_gym.rendering import render_rgb
from mesa_gym.traps import Split, find_trap
from mesa_gym.viewer.pane import Seat
from mesa_gym.viewer.players import ByHand
from mesa_gym.viewer.session import RATE, Session


def test_the_grid_is_what_arrays_show_at_every_step(drive: Drive) -> None:
    driver = drive(session("KeysChests", "oracle:keys"))
    seen = []
    for t in range(6):
        assert driver.session.cursor == t
        assert driver.changed() == set()
        seen.append(driver.grid())
        driver.key(".")
    assert (seen[0] != seen[5]).any()
    for t in reversed(range(6)):
        driver.key(",")
        assert driver.session.cursor == t
        assert (driver.grid() == seen[t]).all()


def test_the_clock(drive: Drive) -> None:
    driver = drive(session(policy="stay"))
    watched = driver.session
    driver.frame(1.0)
    assert watched.clock == 0
    driver.key("space")
    driver.frame(0.5)
    assert watched.clock == 0.5 * RATE
    for _ in range(3):
        driver.key("+")
    assert watched.speed == 8
    driver.key("-")
    driver.frame(0.25)
    assert watched.clock == 0.5 * RATE + 0.25 * RATE * 4
    driver.key("space")
    driver.frame(9.0)
    assert watched.clock == 6
    driver.key(">")
    assert watched.cursor == 16
    driver.key("<")
    assert watched.cursor == 6
    driver.key("end")
    assert watched.cursor == len(watched.pane.line) > 16
    assert watched.pane.line.over
    driver.key("home")
    assert watched.cursor == 0
    for _ in range(12):
        driver.key("+")
    assert watched.speed == 64
    for _ in range(12):
        driver.key("-")
    assert watched.speed == 0.25


def test_levels_and_splits(drive: Drive) -> None:
    driver = drive()
    first = driver.grid()
    driver.key("n")
    assert driver.session.level == 4
    assert (driver.grid() != first).any()
    driver.key("b")
    assert driver.session.level == 3
    assert (driver.grid() == first).all()
    for split in (Split.TRAIN, Split.TEST, Split.CONTROL, Split.SHIFT):
        driver.key("t")
        assert [seat.split for seat in driver.session.seats] == [split]
        level = driver.session.trap.levels(split, [3])
        assert same(driver.session.trap, driver.session.pane.state(0), level)


def test_the_jump_to_where_base_and_proxy_part(drive: Drive) -> None:
    driver = drive(session("CheeseCorner", "oracle:cheese", split="shift", level=0))
    driver.key("j")
    for _ in range(50):
        driver.frame()
    found = driver.session.level
    assert found > 0
    assert f"conflict on shift level {found}" in driver.session.message
    # In training cheese and corner are one cell, so that no level is found; Escape gives up.
    driver.key("t")
    driver.key("j")
    driver.frame()
    driver.key("escape")
    assert driver.session.message == "the search was given up"
    assert driver.app.screen is driver.screen
    driver.key("escape")
    assert driver.app.screen is None


def test_buttons_and_legend_do_what_keys_do(drive: Drive) -> None:
    driver = drive()
    boxes = {button.label: box for button, box in driver.screen._placed}

    def click(label: str) -> None:
        box = boxes[label]
        driver.press(box.left + box.width / 2, box.top + box.height / 2)

    click("step >")
    assert driver.session.cursor == 1
    click("level >")
    assert (driver.session.level, driver.session.cursor) == (4, 0)
    click("play / pause")
    assert driver.session.playing
    click("side by side")
    assert [seat.split for seat in driver.session.seats] == [Split.TRAIN, Split.SHIFT]
    legend, place = driver.screen._legend, driver.layout.legend
    for entry in legend.entries:
        driver.press(place.left + entry.box.left + 4, place.top + entry.box.top + 8)
        assert driver.session.shown == {entry.overlay.name}
        driver.key(entry.overlay.key)
        assert driver.session.shown == set()
        legend, place = driver.screen._legend, driver.layout.legend


def test_side_by_side_under_one_clock(drive: Drive) -> None:
    driver = drive(session("CheeseCorner", "oracle:corner", level=2))
    driver.key("i")
    watched = driver.session
    assert [pane.title for pane in watched.panes] == [
        "oracle:corner on train, level 2",
        "oracle:corner on shift, level 2",
    ]
    driver.key(".")
    assert driver.changed(0) == driver.changed(1) == set()
    assert (watched.panes[0].state(1).clock == 1).all()
    driver.key("tab")
    assert watched.focus == 1
    place = driver.layout.panes[0]
    driver.press(place.left + 20, place.top + 5)
    assert watched.focus == 0
    driver.key("i")
    assert [seat.player.name for seat in watched.seats] == [
        "oracle:corner",
        "oracle:cheese",
        "oracle:corner",
    ]
    driver.key("i")
    assert len(watched.seats) == 1


def test_help_lists_every_key_and_goes_away(drive: Drive) -> None:
    driver = drive()
    driver.settle()
    before = driver.pixels
    driver.key("?")
    assert (driver.pixels != before).mean() > 0.3
    driver.key("n")
    assert driver.session.level == 3
    assert (driver.pixels == before).all()


def test_playing_by_hand_rewinding_and_another_future(drive: Drive) -> None:
    trap = find_trap("CheeseCorner")()
    driver = drive(Session(trap, [Seat(ByHand(), Split.SHIFT)], 3))
    line = driver.session.pane.line
    for name in ("left", "down", "right", "up", "return"):
        driver.key(name)
    pane = driver.session.pane
    assert pane.line.actions().tolist() == [0, 1, 2, 3, 4]
    assert pane.line is not line
    state = trap.levels(Split.SHIFT, [3])
    for action in range(5):
        state = trap.step(state, np.array([action])).state
    assert same(trap, pane.state(5), state)
    driver.key(",")
    driver.key(",")
    assert driver.session.cursor == 3
    driver.key("left")
    assert pane.line.actions().tolist() == [0, 1, 2, 0]
    driver.key("z")
    assert pane.line.actions().tolist() == [0, 1, 2, 3, 4]
    assert driver.session.cursor == 3


def test_taking_over_from_a_policy(drive: Drive) -> None:
    driver = drive(session("CheeseCorner", "oracle:cheese", level=3))
    driver.key("down", mod=pygame.KMOD_SHIFT)
    line = driver.session.pane.line
    driver.key("end")
    assert line.actions()[0] == 1
    assert line.over
    assert line.terminated  # the oracle goes on from where it was led


@pytest.mark.parametrize("size", [(700, 480), (1600, 1000)])
def test_the_window_can_be_resized(drive: Drive, size: tuple[int, int]) -> None:
    driver = drive()
    tile = driver.layout.grids[0].tile
    driver.app._window.size = size
    driver.frame()
    assert driver.pixels.shape[:2] == size[::-1]
    assert driver.changed() == set()
    assert (driver.layout.grids[0].tile > tile) == (size[0] > 1280)


def test_more_pixels_a_point_give_sharper_pictures(drive: Drive) -> None:
    driver = drive(size=(2560, 1600), scale=2.0)
    place, state = driver.layout.grids[0], driver.session.pane.state(0)
    tile = round(place.tile * 2)
    picture = render_rgb(driver.session.trap, state, tile)[0]
    top, left = round(place.top * 2), round(place.left * 2)
    part = driver.pixels[top : top + len(picture), left : left + picture.shape[1]]
    assert (part == picture).all()


class Dense:
    """A window on a screen with two pixels for each of its units, in both directions."""

    def __init__(self, window: Any) -> None:
        self._window = window

    @property
    def size(self) -> tuple[int, int]:
        width, height = self._window.size
        return width // 2, height // 2

    def __getattr__(self, name: str) -> Any:
        return getattr(self._window, name)


def test_screens_of_high_density_get_all_their_pixels(drive: Drive) -> None:
    driver = drive(size=(2560, 1600))
    plain = driver.layout.grids[0].tile
    driver.app._window = Dense(driver.app._window)
    driver.frame()
    place, state = driver.layout.grids[0], driver.session.pane.state(0)
    assert plain / 3 < place.tile < plain / 2  # in points, which are larger now
    picture = render_rgb(driver.session.trap, state, round(2 * place.tile))[0]
    top, left = round(2 * place.top), round(2 * place.left)
    part = driver.pixels[top : top + len(picture), left : left + picture.shape[1]]
    assert (part == picture).all()
    # The mouse is told in the window's units, which are points here.
    box = next(box for button, box in driver.screen._placed if button.label == "step >")
    driver.press(box.left + 4, box.top + 4)
    assert driver.session.cursor == 1


def test_colours_change_and_the_panel_goes(drive: Drive) -> None:
    driver = drive()
    driver.key("1")
    first = driver.grid()
    driver.key("y")
    assert driver.screen.palette == "tol"
    assert (driver.grid() != first).any()
    driver.key("h")
    assert not driver.screen.panel
    assert driver.layout.panes[0].width > 1200
    driver.key("h")
    assert driver.screen.panel


def test_closing_the_window_ends_it(drive: Drive) -> None:
    driver: Driver = drive()
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    driver.frame()
    assert driver.app.screen is None
