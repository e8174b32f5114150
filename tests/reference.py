"""Slow and obvious implementations that tests check the quick ones against."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mesa_gym.grid import State
from mesa_gym.policies import Policy
from mesa_gym.traps import Split, Trap

Cell = tuple[int, int]


def neighbours(cell: Cell) -> list[Cell]:
    """The four cells beside one."""
    y, x = cell
    return [(y, x - 1), (y + 1, x), (y, x + 1), (y - 1, x)]


def steps_from(start: Cell, cells: set[Cell]) -> dict[Cell, int]:
    """Steps to every cell that can be reached over ``cells`` (the start need not be one)."""
    steps, queue = {start: 0}, deque([start])
    while queue:
        cell = queue.popleft()
        for beside in neighbours(cell):
            if beside in cells and beside not in steps:
                steps[beside] = steps[cell] + 1
                queue.append(beside)
    return steps


def cells_of(layer: NDArray[np.bool_]) -> set[Cell]:
    """Where a grid (height, width) is set."""
    return {(y, x) for y, x in np.argwhere(layer).tolist()}


def in_one_piece(open_cells: NDArray[np.bool_]) -> bool:
    """Whether a flood fill from one open cell reaches all; a grid is one integer, a bit a cell."""
    width = open_cells.shape[1]
    free = int.from_bytes(np.packbits(open_cells).tobytes())
    water, before = free & -free, 0
    while water != before:
        before = water
        water |= (water << 1 | water >> 1 | water << width | water >> width) & free
    return water == free != 0


def rollout(trap: Trap, split: Split, n: int = 64, steps: int = 40) -> Iterator[State]:
    """States met by acting at random from n levels, ended episodes left out."""
    rng = np.random.default_rng(0)
    state = trap.levels(split, np.arange(n))
    yield state
    for _ in range(steps):
        state, outcome = trap.step(state, rng.integers(0, 5, len(state)))
        state = state.take((~outcome.ended).nonzero()[0])
        if not len(state):
            return
        yield state


def arrays(state: State) -> dict[str, np.ndarray]:
    """Everything that a state holds, by name."""
    fixed = ("planes", "hidden", "cell", "clock", "level", "key", "count")
    named = {name: getattr(state, name) for name in fixed}
    return {
        **named,
        **{f"vars.{k}": v for k, v in state.vars.items()},
        **{f"const.{k}": v for k, v in state.const.items()},
    }


def assert_same(a: State, b: State) -> None:
    """Fail unless two states hold the same arrays, bit for bit."""
    for (name, left), right in zip(arrays(a).items(), arrays(b).values(), strict=True):
        assert left.dtype == right.dtype, name
        assert left.shape == right.shape, name
        assert left.tobytes() == right.tobytes(), name


def wandered(trap: Trap, levels: int = 300, steps: int = 12) -> State:
    """States some random steps into their episodes."""
    state, rng = trap.levels(Split.TEST, np.arange(levels)), np.random.default_rng(0)
    for _ in range(steps):
        after, outcome = trap.step(state, rng.integers(0, 4, levels))
        alive = (~outcome.ended).nonzero()[0]
        state.put(alive, after, alive)
    return state


def earned(trap: Trap, policy: Policy, objective: str, levels: int = 100) -> np.ndarray:
    """Discounted returns on shift levels, actions sampled; float64 (levels,)."""
    state, rng = trap.levels(Split.SHIFT, np.arange(levels)), np.random.default_rng(0)
    total, alive = np.zeros(levels), np.ones(levels, dtype=bool)
    for t in range(trap.horizon(Split.SHIFT)):
        p = np.asarray(policy.act(state.planes, state))
        actions = (p.cumsum(axis=1) > rng.random((levels, 1))).argmax(axis=1)
        paid, ended = trap.advance(state, actions)
        total += alive * paid[objective] * trap.discount(objective) ** t
        alive &= ~ended
    return total
