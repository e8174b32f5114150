"""The cards of the start screen: is every one what it says, and where keys look for it?"""

from __future__ import annotations

import numpy as np
import pytest
from desk import Desk
from screens import NAMES, Begun, lit, picture, place, places, settled

from mesa_gym.traps import Split, add_trap
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.viewer.cards import LEAST_TILE, arrange
from mesa_gym.viewer.start import StartScreen


@pytest.mark.parametrize(
    ("size", "scale"), [((1280, 800), 1.0), ((640, 420), 1.0), ((1280, 800), 2.0)]
)
def test_every_card_shows_train_beside_shift(size: tuple[int, int], scale: float) -> None:
    screen = StartScreen(Begun())
    with Desk(screen, size, scale) as desk:
        for index, name in enumerate(NAMES):
            assert screen.cards.highlighted == index
            pixels, room = settled(desk, screen), screen.cards.sheet.picture
            left, top, right, bottom = lit(pixels)
            card = pixels[top:bottom, left:right]
            (train,) = places(picture(name, Split.TRAIN, room, scale), card)
            (shift,) = places(picture(name, Split.SHIFT, room, scale), card)
            assert train[1] == shift[1]
            assert shift[0] > train[0]
            desk.key("right")
        assert screen.cards.highlighted == len(NAMES) - 1


def test_all_cards_are_seen_in_a_large_window_and_none_twice() -> None:
    screen = StartScreen(Begun())
    with Desk(screen) as desk:
        corners = [place(desk, screen, name) for name in NAMES]
    assert sorted(corners, key=lambda corner: (corner[1], corner[0])) == corners
    assert len(set(corners)) == len(NAMES)


@pytest.mark.parametrize("size", [(1280, 800), (640, 420), (2560, 1440), (500, 1000), (1600, 500)])
def test_a_sheet_fills_its_room_and_cells_can_be_told_apart(size: tuple[int, int]) -> None:
    sheet = arrange(*size, cards=17, cells=9)
    assert sheet.columns * sheet.width + (sheet.columns - 1) * 8 == pytest.approx(size[0])
    assert sheet.rows * sheet.height + (sheet.rows - 1) * 8 == pytest.approx(size[1])
    assert min(sheet.picture) / 9 >= LEAST_TILE
    assert (sheet.rows - 1) * sheet.columns < 17


def test_arrows_move_in_two_dimensions() -> None:
    screen = StartScreen(Begun())
    with Desk(screen) as desk:
        columns, last = screen.cards.sheet.columns, len(NAMES) - 1
        seen = []
        for name in ("right", "down", "left", "up", "up", "left", "end", "down", "home"):
            desk.key(name)
            seen.append(screen.cards.highlighted)
        assert seen == [1, 1 + columns, columns, 0, 0, 0, last, last, 0]
        desk.key(*["right"] * (columns - 1))
        before = lit(desk.pixels)
        desk.key("right")
        after = lit(desk.pixels)
        assert after[0] < before[0], "from the end of a row to the beginning of the next"
        assert after[1] > before[1]
        desk.key("end", "up", "right")
        assert screen.cards.highlighted == last - columns + 1


def test_the_highlighted_card_alone_has_a_frame() -> None:
    screen = StartScreen(Begun())
    with Desk(screen) as desk:
        left, top, right, bottom = lit(settled(desk, screen))
        x, y = place(desk, screen, NAMES[0])
        assert left < x < right
        assert top < y < bottom
        before = desk.pixels
        desk.key("down")
        changed = (desk.pixels != before).any(axis=-1)
        assert changed[top:bottom, left : left + 3].all()
        x, y = place(desk, screen, NAMES[screen.cards.sheet.columns])
        left, top, right, bottom = lit(desk.pixels)
        assert left < x < right
        assert top < y < bottom


def test_letters_lead_to_names() -> None:
    screen = StartScreen(Begun())
    with Desk(screen) as desk:
        desk.key("r")
        assert NAMES[screen.cards.highlighted] == "RedBlueDoors-v0"
        desk.key("home", "d", "u", "s", "t", "v")
        assert NAMES[screen.cards.highlighted] == "DustVacuum-v0"


def test_a_small_window_is_scrolled() -> None:
    screen = StartScreen(Begun())
    with Desk(screen, (640, 420)) as desk:
        first = picture(NAMES[0], Split.TRAIN, screen.cards.sheet.picture)
        last = picture(NAMES[-1], Split.TRAIN, screen.cards.sheet.picture)
        pixels = settled(desk, screen)
        assert places(first, pixels)
        assert not places(last, pixels)
        desk.wheel(-50)
        assert not places(first, desk.pixels)
        assert places(last, desk.pixels)
        lit(desk.pixels)  # what Enter picks is seen
        desk.key("home")
        assert places(first, desk.pixels)


def test_the_first_frame_leaves_pictures_for_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mesa_gym.viewer.cards.BUDGET", 0.0)
    screen = StartScreen(Begun())
    with Desk(screen) as desk:
        room = screen.cards.sheet.picture
        drawn = [picture(name, Split.SHIFT, room) for name in NAMES]
        first = sum(bool(places(each, desk.pixels)) for each in drawn)
        assert first == 0
        assert not screen.cards.ready


@pytest.mark.usefixtures("registry")
def test_traps_from_elsewhere_are_among_them() -> None:
    class ZebraCorner(CheeseCorner):
        default_size = (7, 41)

    def fails(*_: object) -> None:
        raise RuntimeError("the muse is absent")

    add_trap(ZebraCorner)
    add_trap(type("Broken", (CheeseCorner,), {"draw": fails}))
    begun = Begun()
    screen = StartScreen(begun)
    with Desk(screen) as desk:
        left, top, right, bottom = lit(settled(desk, screen))
        desk.key("z")
        left, top, right, bottom = lit(desk.pixels)
        card = desk.pixels[top + 60 : bottom - 3, left + 3 : right - 3]
        assert len(np.unique(card.reshape(-1, 3), axis=0)) > 20, "a wide grid is drawn, but small"
        desk.key("enter", "enter")
        desk.app.screen = screen
        desk.key("escape", "b", "enter", "enter")
    assert begun.calls == [("ZebraCorner-v0", "play"), ("Broken-v0", "play")]
