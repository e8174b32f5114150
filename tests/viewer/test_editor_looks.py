"""What the editor draws: its bar, its cursor, and what is carried."""

from __future__ import annotations

import numpy as np
import pytest
from edited import cells_of
from workbench import TILE, Workbench

from mesa_gym.engine import LevelBuilder
from mesa_gym.rendering import render_rgb
from mesa_gym.traps import all_traps
from mesa_gym.viewer.inputs import Drag, Press
from mesa_gym.viewer.pen import Box
from mesa_gym.viewer.theme import CARD, INK


def expected(bench: Workbench, content: tuple, side: int) -> np.ndarray:
    """The picture of a cell within the border of a bare level with something on it."""
    trap = bench.trap
    builder = LevelBuilder(trap, 0, np.zeros(1, dtype=np.int64))
    inside = np.zeros((1, *trap.size), dtype=np.bool_)
    inside[:, 1:-1, 1:-1] = True
    builder.carve(inside.reshape(1, -1))
    cell = trap.width * 3 + 3
    for name, *traits in content:
        builder.put(name, np.array([cell]), traits=tuple(traits))
    row = slice(3 * side, 4 * side)
    return render_rgb(trap, builder.states(), side)[0, row, row]


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_the_bar_shows_a_picture_of_each_entry(scale: float) -> None:
    bench = Workbench(scale=scale)
    contents = [("door",), ("key",), ("door", "red"), ("door", "blue"), ("wall",)]
    for box, content in zip(bench.editor.palette._placed[1:6], contents, strict=True):
        # Without the edge, and without the corner where check boxes are.
        icon, edge = Box(box.left + 6, box.top + 6, 20, 10), bench.pen.pixels(2)
        picture = expected(bench, (content,), bench.pen.pixels(24))
        assert (bench.pixels(icon) == picture[edge : 6 * edge, edge:-edge]).all()


def test_a_check_box_says_whether_what_is_at_the_cursor_has_a_trait() -> None:
    bench = Workbench()

    def boxes() -> list[np.ndarray]:
        bench.draw()
        placed = bench.editor.palette._placed[3:5]  # red, blue
        return [bench.pixels(Box(box.left + 17, box.top + 17, 11, 11)) for box in placed]

    red, blue = boxes()
    assert (red == blue).all()  # nothing at the agent's cell has either
    bench.keys("right", "right", "right")
    bare, ticked = boxes()
    assert (bare == red).all()
    assert (ticked != blue).any()
    bench.keys("down", "down", "left", "left")
    ticked_red, bare_blue = boxes()
    assert (ticked_red == ticked).all()
    assert (bare_blue == blue).all()


def test_the_choice_is_told_from_the_others_without_colour() -> None:
    bench = Workbench()
    bench.keys("tab")
    bench.draw()
    for number, box in enumerate(bench.editor.palette._placed):
        ground = INK if number == 1 else CARD
        assert (bench.pixels(Box(box.left + 10, box.top + 1, 10, 2)) == ground).all()


def test_the_cursor_is_a_frame_that_is_seen_on_anything() -> None:
    bench = Workbench()
    bench.keys("down", "right")  # a wall
    bench.draw()
    row = bench.pixels(bench.place.box_of(2 * 7 + 2))[TILE // 2, :6]
    assert (row == INK).all(axis=1).any()
    assert (row == CARD).all(axis=1).any()
    other = bench.pixels(bench.place.box_of(2 * 7 + 3))[TILE // 2, :6]
    assert not (other == CARD).all(axis=1).any()


def test_what_is_carried_leaves_its_cell_and_is_under_the_mouse() -> None:
    bench = Workbench()
    key = bench.cell(3, 2)
    bench.do(Press(*bench.at(3, 2)), Drag(*bench.at(5, 5)))
    bench.draw()
    assert (bench.cell(3, 2) == expected(bench, (), TILE)[6:-6, 6:-6]).all()
    assert (bench.cell(3, 2) != key).any()
    side = round(TILE * 0.84)
    x, y = bench.at(5, 5)
    lifted = bench.pixels(Box(x - TILE * 0.42, y - TILE * 0.42, side, side).inset(2))
    picture = expected(bench, (("key", "red"),), side)[2:-2, 2:-2]
    assert (lifted == picture).all()


def test_the_agent_that_is_lifted_shows_what_it_stands_on() -> None:
    bench = Workbench("CheeseDish")
    (dish,) = cells_of(bench.trap, bench.state, "dish")
    bench.session.replace(bench.state._replace(agent=np.array([dish])))
    bench.editor.cursor = dish
    bench.keys("return")
    bench.editor.cursor = 10
    bench.draw()
    box = bench.place.box_of(dish).inset(6)
    picture = expected(bench, (("dish",),), TILE)[6:-6, 6:-6]
    assert (bench.pixels(box) == picture).all()


@pytest.mark.parametrize("name", all_traps())
def test_the_bar_has_room_for_every_trap(name: str) -> None:
    bench = Workbench(name, width=640)
    palette, measure = bench.editor.palette, bench.pen.measure
    for _ in palette.entries:
        assert palette._placed[-1].right <= bench.bar.right
        assert measure(bench.editor._hint(bench.state), 16) <= bench.bar.width - 8
        bench.keys("tab")
        bench.draw()
    if palette.reason:
        assert [entry.name for entry in palette.entries] == ["move"]
        left = palette._placed[0].right + 8
        lines = measure(palette.reason, 16) / (bench.bar.right - left - 8)
        assert lines < 1.9  # of the two that there is room for
        bench.keys("delete")
        assert "only the agent can be moved" in bench.session.message
