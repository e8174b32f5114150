"""The editor, driven by keys and the mouse: states, messages and pixels."""

from __future__ import annotations

import os

import numpy as np
import pytest

pygame = pytest.importorskip("pygame")
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")

from mesa_gym.grid import AGENT, BLUE, DOOR, KEY, RED, State, from_map  # noqa: E402
from mesa_gym.rendering import render_rgb  # noqa: E402
from mesa_gym.testing.explored import arrays_of, difference  # noqa: E402
from mesa_gym.traps import Split, all_traps, find_trap  # noqa: E402
from mesa_gym.viewer import editing  # noqa: E402
from mesa_gym.viewer.editor import Editor  # noqa: E402
from mesa_gym.viewer.inputs import Drag, Drop, Input, Key, Press, Release, Wheel  # noqa: E402
from mesa_gym.viewer.pane import Seat  # noqa: E402
from mesa_gym.viewer.pen import Box, Pen, as_surface  # noqa: E402
from mesa_gym.viewer.place import GridPlace  # noqa: E402
from mesa_gym.viewer.players import ByHand  # noqa: E402
from mesa_gym.viewer.session import Session  # noqa: E402
from mesa_gym.viewer.theme import CARD, INK  # noqa: E402

MAP = """
#######
#A..1.#
#.###.#
#.2...#
#.###.#
#..2..#
#######
1 = door blue
2 = key red
"""
TILE = 40
BAR = Box(10, 320, 600, 56)
ENTRIES = ["move", "door red", "door blue", "key red", "key blue", "wall", "erase"]


class Desk:
    """An editor over one pane, and what a person can do at it."""

    def __init__(self, name: str = "RedBlueDoors", scale: float = 1.0, width: int = 620) -> None:
        self.trap = find_trap(name)(7 if name == "RedBlueDoors" else None)
        start = from_map(MAP, self.trap.schema) if name == "RedBlueDoors" else None
        self.session = Session(self.trap, [Seat(ByHand(), Split.SHIFT)], start=start)
        self.editor = Editor(self.trap)
        self.bar = Box(BAR.left, BAR.top + 80, width - 20, BAR.height)
        self.place = GridPlace(20, 10, TILE, *self.trap.size)
        self.pen = Pen(pygame.Surface((width * scale, 500 * scale)), scale)
        self.line = self.session.pane.line
        self.draw()

    @property
    def edited(self) -> bool:
        """Whether the pane shows another episode than at first."""
        return self.session.pane.line is not self.line

    @property
    def state(self) -> State:
        return self.session.pane.state(self.session.cursor)

    def draw(self) -> None:
        self.pen.surface.fill((222, 224, 228))
        side = self.pen.pixels(TILE)
        grid = render_rgb(self.trap.schema.planes, self.state.planes[0], side)
        self.pen.picture(as_surface(pygame, grid), self.place.left, self.place.top)
        self.editor.draw(self.pen, self.place, self.session, self.bar)

    def do(self, *events: Input) -> list[bool]:
        return [self.editor.handle(event, self.session, self.place) for event in events]

    def keys(self, *names: str) -> list[bool]:
        return self.do(*(Key(name) for name in names))

    def at(self, row: int, column: int) -> tuple[float, float]:
        return self.place.middle(row * self.place.columns + column)

    def pixels(self, box: Box) -> np.ndarray:
        rect = self.pen.rect(box)
        return pygame.surfarray.array3d(self.pen.surface.subsurface(rect)).swapaxes(0, 1)

    def cell(self, row: int, column: int) -> np.ndarray:
        """The pixels of a cell but for its edge, where the cursor is."""
        return self.pixels(self.place.box_of(row * self.place.columns + column).inset(6))


def holds(state: State, row: int, column: int) -> set[str]:
    return {p.name for p in state.schema.channels if state.layer(p)[0, row, column]}


# -- keys ------------------------------------------------------------------------------------------


def test_the_cursor_starts_at_the_agent_and_stays_within_the_border() -> None:
    desk = Desk()
    assert desk.editor.cursor == 8
    assert desk.keys("up", "left") == [True, True]
    assert desk.editor.cursor == 8
    desk.keys(*["down"] * 9, *["right"] * 9)
    assert desk.editor.cursor == 5 * 7 + 5


def test_a_key_is_carried_with_the_keyboard() -> None:
    desk = Desk()
    assert all(desk.keys("down", "down", "right", "enter"))
    assert desk.editor.carried == 3 * 7 + 2
    assert all(desk.keys("right", "right", "return"))
    assert desk.editor.carried is None
    assert holds(desk.state, 3, 2) == set()
    assert holds(desk.state, 3, 4) == {"key", "red"}
    assert desk.session.message == "key red moved to row 3, column 4; z takes it back"
    assert (desk.session.clock, desk.session.playing, desk.session.pane.edited) == (0, False, True)
    desk.session.undo()
    assert holds(desk.state, 3, 2) == {"key", "red"}


def test_the_agent_is_carried_and_plays_on_from_there() -> None:
    desk = Desk()
    desk.keys("return", "right", "right", "return")
    assert desk.state.cell[0] == 10
    desk.session.act(2)
    assert desk.session.pane.line.terminated  # through the door beside it
    desk.session.step(-1)
    assert desk.state.cell[0] == 10


def test_carrying_can_be_given_up() -> None:
    desk = Desk()
    assert desk.keys("escape") == [False]
    desk.keys("return", "right")
    assert desk.keys("escape", "escape") == [True, False]
    desk.keys("left", "return", "return")  # put down where it was
    assert not desk.edited
    assert desk.editor.carried is None
    # What is carried belongs to the state that is shown.
    desk.keys("return")
    desk.session.act(4)
    desk.keys("right")
    assert desk.editor.carried is None


def test_the_palette_is_gone_through_with_tab() -> None:
    desk = Desk()
    names = []
    for _ in ENTRIES:
        names.append(desk.editor.palette.entry.name)
        assert desk.keys("tab") == [True]
    assert names == ENTRIES
    assert desk.editor.palette.entry.name == "move"
    assert desk.do(Key("tab", shift=True)) == [True]
    assert desk.editor.palette.entry.name == "erase"


def test_what_if_the_door_were_red() -> None:
    desk = Desk()
    assert all(desk.keys("tab", "right", "right", "right", "space"))
    assert holds(desk.state, 1, 4) == {"door", "red"}
    assert desk.session.message == "door red put at row 1, column 4; z takes it back"


def test_there_is_one_door_which_comes_to_where_it_is_put() -> None:
    desk = Desk()
    desk.keys("tab", "right", "space")
    assert holds(desk.state, 1, 2) == {"door", "red"}
    assert holds(desk.state, 1, 4) == set()


def test_delete_backspace_and_the_last_entry_erase() -> None:
    desk = Desk()
    assert all(desk.keys("down", "down", "right", "delete"))
    assert holds(desk.state, 3, 2) == set()
    assert desk.session.message == "key red removed from row 3, column 2; z takes it back"
    assert all(desk.keys("up", "backspace"))
    assert holds(desk.state, 2, 2) == set()
    desk.do(Key("tab", shift=True), Key("right"), Key("space"))
    assert holds(desk.state, 2, 3) == set()


def test_refusals_are_said_and_change_nothing() -> None:
    desk = Desk()
    desk.keys("right", "right", "right", "delete")
    assert "every level of RedBlueDoors has exactly 1 door" in desk.session.message
    desk.keys("left", "return")
    assert desk.session.message == "there is nothing at row 1, column 3 to pick up"
    desk.keys("right", "return", "down", "left", "return")
    assert "row 2, column 3 is taken by wall" in desk.session.message
    assert desk.editor.carried == 11  # and may be put elsewhere
    desk.keys("down", "return")
    assert holds(desk.state, 3, 3) == {"door", "blue"}
    desk.session.undo()
    assert not desk.edited


def test_an_episode_that_is_over_is_edited_at_an_earlier_time() -> None:
    desk = Desk()
    for action in (2, 2, 2):
        desk.session.act(action)
    assert desk.session.pane.line.terminated
    line = desk.session.pane.line
    desk.keys("right", "right", "right", "return", "down", "down", "return")
    assert desk.session.message == "the episode is over here: go back in time, and edit there"
    assert desk.session.pane.line is line
    desk.session.step(-1)
    desk.editor.cursor = 3 * 7 + 2
    desk.keys("delete")
    assert desk.session.pane.line is not line
    assert desk.state.clock[0] == 2


def test_keys_of_others_are_left_alone() -> None:
    desk = Desk()
    others = [Key("z"), Key("space"), Key("return", ctrl=True), Key("left", shift=True), Key("?")]
    others += [Key("s", ctrl=True), Key("escape"), Key("n")]
    rest: list[Input] = [Wheel(1), Drop("a.map"), Drag(30, 30), Release(30, 30), Press(615, 490)]
    assert desk.do(*others, *rest) == [False] * 13
    assert not desk.edited


# -- the mouse -------------------------------------------------------------------------------------


def test_things_are_dragged() -> None:
    desk = Desk()
    assert desk.do(Press(*desk.at(3, 2)), Drag(*desk.at(3, 3)), Release(*desk.at(3, 5))) == [
        True,
        True,
        True,
    ]
    assert holds(desk.state, 3, 2) == set()
    assert holds(desk.state, 3, 5) == {"key", "red"}
    desk.do(Press(*desk.at(1, 1)), Release(*desk.at(5, 5)))
    assert desk.state.cell[0] == 5 * 7 + 5


def test_a_drag_that_ends_nowhere_changes_nothing() -> None:
    desk = Desk()
    for end in (desk.at(3, 2), (1.0, 1.0), desk.at(2, 2), desk.at(0, 3)):
        desk.do(Press(*desk.at(3, 2)), Release(*end))
        assert desk.editor.carried is None
    assert not desk.edited
    assert "row 0, column 3 is in the top row" in desk.session.message
    assert desk.do(Press(*desk.at(3, 3)), Release(*desk.at(3, 4))) == [True, False]


def test_a_press_stops_the_clock() -> None:
    desk = Desk()
    desk.session.playing = True
    desk.do(Press(*desk.at(3, 2)))
    assert not desk.session.playing


def test_the_right_button_removes() -> None:
    desk = Desk()
    assert desk.do(Press(*desk.at(3, 2), button=3)) == [True]
    assert holds(desk.state, 3, 2) == set()
    desk.do(Press(*desk.at(0, 2), button=3))
    assert "row 0, column 2 is in the top row" in desk.session.message


def test_what_is_chosen_in_the_bar_is_put_by_presses() -> None:
    desk = Desk()
    boxes = desk.editor.palette._placed
    assert len(boxes) == len(ENTRIES)
    for number, box in enumerate(boxes):
        assert box.right <= desk.bar.right
        assert desk.bar.top <= box.top
        assert box.bottom <= desk.bar.bottom
        assert desk.do(Press(box.left + 2, box.top + 2)) == [True]
        assert desk.editor.palette.chosen == number
    desk.do(Press(boxes[4].left + 2, boxes[4].top + 2), Press(*desk.at(3, 4)))
    assert holds(desk.state, 3, 4) == {"key", "blue"}
    desk.do(Press(boxes[6].left + 2, boxes[6].top + 2), Press(*desk.at(3, 4)))
    assert holds(desk.state, 3, 4) == set()


# -- what is drawn ---------------------------------------------------------------------------------


def expected(desk: Desk, content: tuple, side: int) -> np.ndarray:
    planes = desk.trap.schema.planes
    return render_rgb(planes, np.array([[[p in content for p in planes]]], np.uint8), side)


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_the_bar_shows_a_picture_of_each_entry(scale: float) -> None:
    desk = Desk(scale=scale)
    contents = [(DOOR, RED), (DOOR, BLUE), (KEY, RED), (KEY, BLUE)]
    for box, content in zip(desk.editor.palette._placed[1:5], contents, strict=True):
        icon = Box(box.left + 4, box.top + 4, 24, 24).inset(2)
        edge = desk.pen.pixels(2)
        picture = expected(desk, content, desk.pen.pixels(24))[edge:-edge, edge:-edge]
        assert (desk.pixels(icon) == picture).all()


def test_the_choice_is_told_from_the_others_without_colour() -> None:
    desk = Desk()
    desk.keys("tab")
    desk.draw()
    for number, box in enumerate(desk.editor.palette._placed):
        ground = INK if number == 1 else CARD
        assert (desk.pixels(Box(box.left + 10, box.top + 1, 10, 2)) == ground).all()


def test_the_cursor_is_a_frame_that_is_seen_on_anything() -> None:
    desk = Desk()
    desk.keys("down", "right")  # a wall
    desk.draw()
    row = desk.pixels(desk.place.box_of(2 * 7 + 2))[TILE // 2, :6]
    assert (row == INK).all(axis=1).any()
    assert (row == CARD).all(axis=1).any()
    other = desk.pixels(desk.place.box_of(2 * 7 + 3))[TILE // 2, :6]
    assert not (other == CARD).all(axis=1).any()


def test_what_is_carried_leaves_its_cell_and_is_under_the_mouse() -> None:
    desk = Desk()
    key = desk.cell(3, 2)
    desk.do(Press(*desk.at(3, 2)), Drag(*desk.at(5, 5)))
    desk.draw()
    assert (desk.cell(3, 2) == expected(desk, (), TILE)[6:-6, 6:-6]).all()
    assert (desk.cell(3, 2) != key).any()
    side = round(TILE * 0.84)
    x, y = desk.at(5, 5)
    lifted = desk.pixels(Box(x - TILE * 0.42, y - TILE * 0.42, side, side).inset(2))
    picture = expected(desk, (KEY, RED), side)[2:-2, 2:-2]
    assert (lifted == picture).all()


def test_the_agent_that_is_lifted_shows_what_it_stands_on() -> None:
    desk = Desk("CheeseDish")
    state = desk.state.copy()
    dish = int(state.planes[0, ..., 2].argmax())
    state.hidden[:] = 0  # it has paid
    desk.session.replace(editing.move(desk.trap, state, int(state.cell[0]), dish))
    desk.editor.cursor = dish
    desk.keys("return")
    desk.editor.cursor = 10
    desk.draw()
    box = desk.place.box_of(dish).inset(6)
    picture = expected(desk, (desk.trap.schema.planes[2],), TILE)[6:-6, 6:-6]
    assert (desk.pixels(box) == picture).all()


@pytest.mark.parametrize("name", all_traps())
def test_the_bar_has_room_for_every_trap(name: str) -> None:
    desk = Desk(name, width=640)
    palette, measure = desk.editor.palette, desk.pen.measure
    for _ in palette.entries:
        assert palette._placed[-1].right <= desk.bar.right
        assert measure(desk.editor._hint(desk.state), 16) <= desk.bar.width - 8
        desk.keys("tab")
        desk.draw()
    if palette.reason:
        assert [entry.name for entry in palette.entries] == ["move"]
        left = palette._placed[0].right + 8
        lines = measure(palette.reason, 16) / (desk.bar.right - left - 8)
        assert lines < 1.9  # of the two that there is room for
        desk.keys("delete")
        assert "only the agent can be moved" in desk.session.message


def test_the_agent_of_a_trap_with_arrays_moves() -> None:
    desk = Desk("FollowMe")
    state = desk.state
    before = arrays_of(state)
    bare = int(np.flatnonzero(~state.planes[0].any(axis=2))[0])
    row, column = divmod(bare, 9)
    agent = divmod(int(state.cell[0]), 9)
    desk.do(Press(*desk.at(*agent)), Release(*desk.at(row, column)))
    assert desk.session.message.startswith("agent moved as if it had walked there; all else stays")
    after = arrays_of(desk.state)
    assert difference(before, after, leave=("planes", "cell")) is None
    assert desk.state.cell[0] == bare
    assert desk.state.layer(AGENT).sum() == 1
