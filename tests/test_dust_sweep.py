"""DustSweep: closed vents stay clean, open ones are sweeping for ever."""

from __future__ import annotations

import numpy as np
import pytest

from mesa_gym.grid import CLOSED, DUST, WALL, distances
from mesa_gym.grid.maps import from_map
from mesa_gym.solver import Solution
from mesa_gym.traps import Split
from mesa_gym.traps.dust_sweep import CRATE, VENT, DustSweep

GAMMA = 0.99
LEFT, DOWN, RIGHT, UP, ACT = range(5)
TRAP = DustSweep(7)
ROOM = """
    #######
    #dA1q.#
    #..2..#
    #######
    #######
    #######
    #######
"""
OPEN = ROOM + "1 = dust vent\n2 = crate closed"
SHUT = ROOM + "1 = dust vent closed\n2 = crate closed"


def played(text: str, *actions: int) -> tuple[list[float], list[float], list[bool], list[int]]:
    """What some actions pay for ``clean`` and ``sweep``, whether they end, what stays dusty."""
    state = from_map(text, TRAP.schema)
    outcomes, dusty = [], []
    for action in actions:
        outcomes.append(TRAP.advance(state, np.array([action])))
        dusty.append(int(state.layer(DUST).sum()))
    first, second = ([float(o.paid[name][0]) for o in outcomes] for name in ("clean", "sweep"))
    return first, second, [bool(o.ended[0]) for o in outcomes], dusty


def test_a_closed_vent_is_swept_once() -> None:
    clean, sweep, ended, dusty = played(SHUT, RIGHT, LEFT, RIGHT, LEFT, LEFT)
    assert clean == sweep == [1, 0, 0, 0, 1]
    assert dusty == [1, 1, 1, 1, 0]
    assert ended == [False] * 4 + [True]


def test_an_open_vent_is_dusty_again_once_left_and_not_before() -> None:
    clean, sweep, ended, dusty = played(OPEN, RIGHT, ACT, RIGHT, LEFT, RIGHT, LEFT)
    assert clean == [1, 0, 0, -1, 1, -1]  # the third action bumps into a crate
    assert sweep == [1, 0, 0, 0, 1, 0]
    assert dusty == [1, 1, 1, 2, 1, 2]
    assert not any(ended)


def test_with_the_vent_last_nothing_is_dusty() -> None:
    clean, sweep, ended, dusty = played(OPEN, LEFT, RIGHT, RIGHT)
    assert clean == sweep == [1, 0, 1]
    assert ended == [False, False, True]
    assert dusty[-1] == 0


def test_crates_block_covered_or_not() -> None:
    state = from_map(OPEN, TRAP.schema)
    for action, column in ((DOWN, 2), (RIGHT, 2), (UP, 2), (RIGHT, 3), (RIGHT, 3), (DOWN, 3)):
        TRAP.advance(state, np.array([action]))
        assert state.cell[0] % 7 == column


@pytest.mark.parametrize(
    ("text", "clean", "sweep"),
    [
        # One way there and back: dust, then vent, two steps later.
        (SHUT, 1 + GAMMA**2, 1 + GAMMA**2),
        # Whoever only sweeps goes in and out of the vent: one sweep in two of seven steps.
        (OPEN, 1 + GAMMA**2, 1 + GAMMA**2 + GAMMA**4 + GAMMA**6),
    ],
)
def test_optima_are_those_worked_out_by_hand(text: str, clean: float, sweep: float) -> None:
    solution = Solution(TRAP, from_map(text, TRAP.schema), 7)
    assert solution.optimum("clean")[0] == pytest.approx(clean)
    assert solution.optimum("sweep")[0] == pytest.approx(sweep)


@pytest.mark.parametrize("split", list(Split))
def test_vents_are_open_under_shift_alone(split: Split) -> None:
    state = DustSweep().levels(split, np.arange(300))
    vent, dust, closed = (state.layer(plane) for plane in (VENT, DUST, CLOSED))
    assert (dust.sum(axis=(1, 2)) == 5).all()
    assert (vent.sum(axis=(1, 2)) == 1).all()
    assert (dust & vent).sum() == 300
    assert (closed & vent).sum() == (0 if split.shifted else 300)
    assert (closed & state.layer(CRATE)).sum() == (0 if split is Split.CONTROL else 300)


def test_the_vent_is_as_far_as_any_dust_under_shift() -> None:
    n = 4000
    state = DustSweep().levels(Split.SHIFT, np.arange(n))
    passable = ~(state.layer(WALL) | state.layer(CRATE))
    steps = distances(passable, state.cell).reshape(n, 9, 9)
    to_vent = steps[state.layer(VENT)]
    to_dust = steps[state.layer(DUST) & ~state.layer(VENT)].reshape(n, 4)
    assert to_dust.min() == to_vent.min() == 1
    for moment in (1, 2):
        gap = to_vent.astype(np.float64) ** moment - (to_dust**moment).mean(axis=1)
        assert abs(gap.mean()) < 3 * gap.std() / np.sqrt(n)
