"""The window, from posted events to what is shown: keys, mouse, levels, a person's own play."""

import numpy as np
import pytest

from mesa_gym.traps import Split, all_traps, find_trap
from mesa_gym.viewer.app import Input, read_event
from mesa_gym.viewer.dialogs import Notice
from mesa_gym.viewer.keys import BINDINGS
from mesa_gym.viewer.mapfile import load_map
from mesa_gym.viewer.overlays import overlays_of
from mesa_gym.viewer.painter import Painter
from mesa_gym.viewer.panel import summary
from mesa_gym.viewer.playback import Session
from mesa_gym.viewer.players import Human, PolicyPlayer
from mesa_gym.viewer.seats import Seat
from tests.support.edited import cells_of
from tests.support.viewing import pygame, rgb, session

CTRL = pygame.KMOD_CTRL


@pytest.fixture
def texts(monkeypatch):
    """All texts on the window."""
    written, write = [], Painter.text

    def note(painter, text, *given, **more):
        written.append(text)
        return write(painter, text, *given, **more)

    monkeypatch.setattr(Painter, "text", note)
    return written


def by_hand(trap="CheeseCorner", level=2, split=Split.SHIFT):
    return Session(find_trap(trap)(), [Seat(Human(), split)], level)


def middle(driver, cell):
    return driver.layout.grids[driver.session.focus].box_of(cell).middle


def cells(driver, name):
    """Return the cell of a thing in the shown state."""
    shown = driver.session
    return cells_of(shown.trap, shown.pane.state(shown.clock.cursor), name)


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
def test_read_names_keys_by_typed_character(name, written, mod, meant):
    pressed = pygame.event.Event(
        pygame.KEYDOWN, key=getattr(pygame, name), mod=mod, unicode=written
    )
    assert read_event(pygame, pressed) == meant


# -- keys ------------------------------------------------------------------------------------------


def test_arrow_keys_move_through_steps(drive):
    driver, seen = drive(session(policy="stay")), []
    driver.settle()
    for key in (".", ".", ">", ",", "<", "right", "left", "end", "home"):
        driver.key(key)
        seen.append(driver.session.clock.cursor)
    assert seen == [1, 2, 12, 11, 1, 2, 1, 64, 0]
    driver.key("+", "up", "-", "+", "down")
    assert driver.session.clock.speed == 2
    driver.wheel(-1)
    assert driver.session.clock.cursor == 1


def test_keys_go_to_levels_and_splits(drive):
    driver = drive(session(policy="random"))
    driver.key("n", "n", "b")
    assert driver.session.level == 4
    plays = []
    for _ in range(8):
        driver.key("t")
        plays.append(driver.session.pane.seat.play)
    changed = ["twins", "bare", "alone:door", "alone:red"]
    assert plays == [*changed, "train", "test", "control", "shift"]
    # The second play of the shift is watched by who asks for it, and gone on from.
    driver.session.watch([Seat(PolicyPlayer("random"), "again")])
    driver.key("t")
    assert driver.session.pane.seat.play == "twins"


def test_comparison_key_cycles_through_all_pairs(drive):
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


def test_list_of_commands_scrolls_to_the_last(drive, texts):
    driver = drive(session(policy="random"), size=(640, 420))
    driver.key("?")
    for binding in BINDINGS:
        for _ in BINDINGS:
            if binding.doc in texts:
                break
            driver.key("down")
        assert binding.doc in texts
        assert driver.screen.dialog is not None


@pytest.mark.thorough
def test_overlays_toggle_by_key_and_legend(drive):
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


def test_words_are_explained_where_the_mouse_rests(drive):
    driver = drive(session())
    driver.settle()  # all that is found while time passes has been drawn
    driver.frame()
    plain = driver.pixels
    for words in ("The most that it can still pay", "as scoring would", "until now, discounted"):
        found = [box for box, text, _ in driver.screen.tips._tips if words in text]
        driver.hover(*found[0].middle)
        assert not np.array_equal(driver.pixels, plain)
    driver.hover(1, 1)
    assert np.array_equal(driver.pixels, plain)


@pytest.mark.parametrize("size", [(1280, 800), (640, 420)])
def test_tip_leaves_its_row_readable(drive, size):
    """The tip is beside the panel, and above or below the legend, the buttons or a cell."""
    driver = drive(session(), size=size)
    driver.key("1")
    driver.settle()
    driver.frame()
    plain, panel = driver.pixels, driver.layout.panel
    tips = driver.screen.tips._tips
    cells = [tip for tip in tips if tip[1].startswith("V of door: ")]
    for row, text, *_ in [tip for tip in tips if tip not in cells] + cells[::8]:
        driver.hover(*row.middle)
        assert not np.array_equal(driver.pixels, plain)
        kept = panel if panel.holds(*row.middle) else row
        corner, end = (int(kept.left), int(kept.top)), (int(kept.right), int(kept.bottom))
        part = slice(corner[1], end[1]), slice(corner[0], end[0])
        assert np.array_equal(driver.pixels[part], plain[part]), text


def test_timeline_track_moves_by_press_and_drag(drive):
    driver = drive(session(policy="stay"))
    driver.settle()
    box = driver.layout.strips["scrubber"]
    driver.press(box.middle[0], box.bottom - 20)
    assert driver.session.clock.cursor == 32
    driver.drag((box.middle[0], box.bottom - 20), (box.right - 1, box.top - 200))
    assert driver.session.clock.cursor == 64


def go_to(driver, objective):
    """Play by keys as an objective's oracle does, until it has been paid."""
    session, pane = driver.session, driver.session.pane
    oracle, start = PolicyPlayer(f"oracle:{objective}"), pane.line.states[0]
    decide = oracle.begin(session.trap, pane.seat.play, [start], pane.line.horizon)
    for t in range(pane.line.limit):
        action = decide(session.pane.state(t), t).action
        driver.key(("left", "down", "right", "up")[action])
        if session.pane.line.steps[-1].paid[objective]:
            return


def test_screen_marks_cells_that_pay_and_paid(drive):
    driver = drive(by_hand())
    driver.key("m")
    driver.key("d")
    (cheese,) = cells(driver, "cheese")
    targets = {driver.session.trap.width + 1, cheese}
    assert driver.changed() == targets
    for objective in ("corner", "cheese"):
        go_to(driver, objective)
        assert driver.changed() == targets  # what was taken, and what pays now
    assert "You went for corner, a proxy." in summary(driver.session.pane)
    driver.key("left")
    assert "over" in driver.message


def test_summary_of_training_names_no_goal(drive):
    for split in (Split.TRAIN, Split.SHIFT):
        driver = drive(by_hand("KeysChests", 0, split))
        go_to(driver, "chests")
        assert ("You went for" in summary(driver.session.pane)) == split.shifted


def test_shown_state_is_saved_as_a_map(drive, folder):
    driver = drive(session("CheeseCorner", "stay", level=2))
    driver.key(".")
    driver.key("s", mod=CTRL)
    driver.key("s", mod=CTRL)
    saved = [folder / f"CheeseCorner-v0-shift-2{more}.map" for more in ("", "-1")]
    assert driver.message == f"saved {saved[1]}"
    for path in saved:
        state = load_map(path, driver.session.trap, 50)
        assert (int(state.level.number[0]), int(state.clock[0])) == (2, 1)


# -- declarations ----------------------------------------------------------------------------------


def test_keys_have_one_command_each():
    for cls in all_traps().values():
        keys = [key for binding in BINDINGS for key in binding.keys]
        keys += [overlay.key for overlay in overlays_of(cls()).values()]
        assert len(set(keys)) == len(keys)


def test_every_overlay_draws_grid_and_legend():
    surface = pygame.Surface((20, 20))
    for cls in all_traps().values():
        for overlay in overlays_of(cls()).values():
            surface.fill((200, 200, 200))
            overlay.draw_swatch(Painter(surface), 10, 10)
            assert len(np.unique(rgb(surface).reshape(-1, 3), axis=0)) > 1, overlay.name


def test_dialogs_close_by_command_and_return_key(drive):
    driver = drive(session(policy="stay"))
    for key, level in (("return", 3), ("escape", 3), ("n", 4)):
        driver.session.level = 3
        driver.key("?")
        assert isinstance(driver.screen.dialog, Notice)
        driver.key(key)
        assert (driver.screen.dialog, driver.session.level) == (None, level)
        assert not driver.screen.leaving
