"""Slow and obvious implementations that tests check the quick ones against."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import State, World
from mesa_gym.traps import Split, Trap

Cell = tuple[int, int]


def neighbours(cell: Cell) -> list[Cell]:
    """The four cells beside one, in the order of the actions."""
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


def arrays(value: Any, name: str = "") -> dict[str, NDArray[Any]]:
    """Everything that a state holds, its tables included, by name."""
    if isinstance(value, tuple):
        value = value._asdict()  # type: ignore[attr-defined]
    if not isinstance(value, dict):
        return {name: np.asarray(value)}
    found = {}
    for key, inner in value.items():
        found |= arrays(inner, f"{name}.{key}".removeprefix("."))
    return found


def assert_same(world: World, a: State, b: State) -> None:
    """Fail unless two batches (n,) hold the same levels bit for bit, wherever their tables are."""
    left, right = (arrays(world.joined([state])) for state in (a, b))
    assert left.keys() == right.keys()
    for name, array in left.items():
        assert array.dtype == right[name].dtype, name
        assert array.shape == right[name].shape, name
        assert array.tobytes() == right[name].tobytes(), name


def rollout(trap: Trap, split: Split, n: int = 64, steps: int = 40) -> Iterator[State]:
    """States met by acting at random from n levels, ended episodes left out."""
    rng = np.random.default_rng(0)
    state = trap.levels(split, np.arange(n))
    yield state
    for _ in range(steps):
        state, _, ended = trap.step(state, rng.integers(0, 5, state.n))
        state = state.take(~ended)
        if not state.n:
            return
        yield state


def wandered(trap: Trap, levels: int = 300, steps: int = 12) -> State:
    """States some random steps into their episodes."""
    state, rng = trap.levels(Split.TEST, np.arange(levels)), np.random.default_rng(0)
    for _ in range(steps):
        after, _, ended = trap.step(state, rng.integers(0, 4, levels))
        state = state.replaced(~ended, after)
    return state
