"""ColourShape: what entering the line or the gem does, and which is of what colour."""

from __future__ import annotations

import numpy as np
import pytest
from reference import cells_of, steps_from

from mesa_gym.grid import RED, WALL, YELLOW, State, from_map, to_map
from mesa_gym.traps import Split
from mesa_gym.traps.colour_shape import LINE, THING, ColourShape

LEFT, DOWN, RIGHT, UP, ACT = range(5)
MAP = """
    #######
    #.1A2.#
    #######
    #######
    #######
    #######
    #######
"""
TRAINING = MAP + "1 = thing line yellow\n2 = thing red"
SHIFTED = MAP + "1 = thing line red\n2 = thing yellow"


def start(text: str) -> tuple[ColourShape, State]:
    trap = ColourShape(7)
    state = from_map(text, trap.schema)
    state.mark_once()
    return trap, state


def test_the_yellow_line_pays_both_and_is_taken() -> None:
    trap, state = start(TRAINING)
    outcome = trap.advance(state, np.array([LEFT]))
    assert {name: paid.tolist() for name, paid in outcome.paid.items()} == {
        "line": [1.0],
        "yellow": [1.0],
    }
    assert outcome.ended.tolist() == [True]
    assert to_map(state).splitlines()[1] == "#.A.1.#"


@pytest.mark.parametrize(("text", "proxy"), [(TRAINING, 0), (SHIFTED, 1)])
def test_the_gem_is_inert_and_pays_the_proxy_once_where_it_is_yellow(text: str, proxy: int) -> None:
    trap, state = start(text)
    before = state.count.copy()
    steps = [trap.advance(state, np.array([a])) for a in (RIGHT, RIGHT, LEFT, ACT, LEFT)]
    assert [outcome.paid["yellow"].item() for outcome in steps] == [proxy, 0, 0, 0, 0]
    assert not any(outcome.paid["line"].item() or outcome.ended.item() for outcome in steps)
    np.testing.assert_array_equal(state.count, before)
    outcome = trap.advance(state, np.array([LEFT]))
    assert (outcome.paid["line"].item(), outcome.paid["yellow"].item()) == (1, 1 - proxy)
    assert outcome.ended.item()


@pytest.mark.parametrize("split", Split)
def test_colours_are_swapped_under_shift_alone(split: Split) -> None:
    state = ColourShape().levels(split, np.arange(300))
    for i in range(300):
        things, lines, yellow, red, walls = (
            cells_of(state.layer(plane)[i]) for plane in (THING, LINE, YELLOW, RED, WALL)
        )
        assert (len(things), len(lines)) == (2, 1)
        assert lines == (red if split.shifted else yellow)
        assert things - lines == (yellow if split.shifted else red)
        if split.shifted:
            every = {(y, x) for y in range(9) for x in range(9)}
            steps = steps_from(divmod(int(state.cell[i]), 9), every - walls)
            assert len({steps[thing] for thing in things}) == 1
