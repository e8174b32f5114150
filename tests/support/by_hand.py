"""Playing small maps by hand."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mesa_gym.engine import Bools, Ints, State
from mesa_gym.engine.maps import from_map
from mesa_gym.traps import Trap

LEFT, DOWN, RIGHT, UP, ACT = range(5)


def walled(trap: Trap, *lines: str) -> str:
    """Return a map with some rows in its top left corner, wall around them, and a legend."""
    rows = [line for line in lines if " = " not in line]
    wall = "#" * trap.width
    grid = [wall, *(f"#{row}".ljust(trap.width, "#") for row in rows)]
    return "\n".join([*grid, *[wall] * (trap.height - len(grid)), *lines[len(rows) :]])


class Played(NamedTuple):
    """What some actions led to.

    Attributes:
        paid: objective -> its payment in each step.
        ended: whether each step ended the episode.
        states: the state after each step, batches of one.
    """

    paid: dict[str, list[float]]
    ended: list[bool]
    states: list[State]


def play(trap: Trap, text: str, *actions: int) -> Played:
    """Take some actions from the state of a map, past an ending too."""
    state = from_map(trap, text)
    played = Played({name: [] for name in trap.objectives}, [], [])
    for action in actions:
        state, paid, ended = trap.step(state, np.array([action]))
        for name, amount in paid.items():
            played.paid[name].append(amount.item())
        played.ended.append(ended.item())
        played.states.append(state)
    return played


def assert_as_far(steps: Ints, some: Bools, others: Bools) -> None:
    """Fail unless some cells are as far as others in the mean over levels, and as scattered.

    Args:
        steps: int64 (n, cells), from each level's start.
        some, others: bool (n, cells), as many in every level.
    """
    n = len(steps)
    one, other = steps[some].reshape(n, -1), steps[others].reshape(n, -1)
    assert one.min() == other.min() == 1
    for moment in (1, 2):
        gap = (one**moment).mean(axis=1) - (other**moment).mean(axis=1)
        assert abs(gap.mean()) < 3 * gap.std() / np.sqrt(n)
