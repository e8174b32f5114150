"""What the editor draws: its bar, its cursor, and what is carried."""

from __future__ import annotations

import numpy as np
import pytest
from workbench import TILE, Workbench

from mesa_gym.grid import BLUE, DOOR, KEY, RED
from mesa_gym.rendering import render_rgb
from mesa_gym.traps import all_traps
from mesa_gym.viewer import editing
from mesa_gym.viewer.inputs import Drag, Press
from mesa_gym.viewer.pen import Box
from mesa_gym.viewer.theme import CARD, INK


def expected(bench: Workbench, content: tuple, side: int) -> np.ndarray:
    planes = bench.trap.schema.planes
    return render_rgb(planes, np.array([[[p in content for p in planes]]], np.uint8), side)


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_the_bar_shows_a_picture_of_each_entry(scale: float) -> None:
    bench = Workbench(scale=scale)
    contents = [(DOOR, RED), (DOOR, BLUE), (KEY, RED), (KEY, BLUE)]
    for box, content in zip(bench.editor.palette._placed[1:5], contents, strict=True):
        icon = Box(box.left + 4, box.top + 4, 24, 24).inset(2)
        edge = bench.pen.pixels(2)
        picture = expected(bench, content, bench.pen.pixels(24))[edge:-edge, edge:-edge]
        assert (bench.pixels(icon) == picture).all()


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
    picture = expected(bench, (KEY, RED), side)[2:-2, 2:-2]
    assert (lifted == picture).all()


def test_the_agent_that_is_lifted_shows_what_it_stands_on() -> None:
    bench = Workbench("CheeseDish")
    state = bench.state.copy()
    dish = int(state.planes[0, ..., 2].argmax())
    state.hidden[:] = 0  # it has paid
    bench.session.replace(editing.move(bench.trap, state, int(state.cell[0]), dish))
    bench.editor.cursor = dish
    bench.keys("return")
    bench.editor.cursor = 10
    bench.draw()
    box = bench.place.box_of(dish).inset(6)
    picture = expected(bench, (bench.trap.schema.planes[2],), TILE)[6:-6, 6:-6]
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
