"""Planning on maps: the best paths of an agent, given the utility and cost of each cell.

Ending on a cell earns its *utility*; entering a cell costs its *cost*, which is above 0. The worth
of the best path from a cell, minus the cell's own cost, is

    L(s) = max(u(s), max over neighbours s' of L(s')) - c(s),

which is value iteration in max-plus algebra. It is the logarithm of the value propagation of
Nardelli et al. 2019 (section 3, with r = exp u and p = exp -c), and a value iteration network
(Tamar et al. 2016) with one option: to walk to a cell and stop there.

The last axis of a map contains its cells, row by row. Paths end on the border of the grid.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from mesa_gym.engine import Ints

# A function that repeats a step on a tuple of arrays until the first array stays the same.
# ``settle`` compares the arrays; compiled loops take as many steps as a path can have.
Loop = Callable[[Any, Callable[[Any], Any], Any], Any]
STEPS = 4  # steps between two comparisons


def settle(xp: Any, step: Callable[[Any], Any], carry: Any) -> Any:
    """Repeat ``step`` on ``carry`` until its first array stays the same; return the last carry."""
    while True:
        before = carry[0]
        for _ in range(STEPS):
            carry = step(carry)
        if bool(xp.all(before == carry[0])):
            return carry


def list_ways(width: int) -> Ints:
    """Return the change of a cell index for left, down, right and up, int64 (4,)."""
    return np.array([-1, width, 1, -width])


def compute_worth(xp: Any, utility: Any, cost: Any, width: int, loop: Loop = settle) -> Any:
    """Return the worth of the best path from each cell, minus the cell's own cost.

    Utility and cost are float32 (..., cells); costs are above 0, so that best paths are finite.
    """
    worth = utility - cost
    _, inner = _number_band(xp, utility.shape[-1], width)
    ends, pays, stays = (_cut(grid, width) for grid in (utility, cost, worth))

    def sweep(carry: Any) -> Any:
        best = ends
        for move in list_ways(width).tolist():
            best = xp.maximum(best, _cut(carry[0], width, move))
        return (_put(xp, carry[0], width, xp.where(inner, best - pays, stays)),)

    return loop(xp, sweep, (worth,))[0]


def find_onward(xp: Any, utility: Any, worth: Any, width: int) -> Any:
    """Return the next cell on the best path from each cell, or the cell, int64 (..., cells)."""
    numbers, inner = _number_band(xp, utility.shape[-1], width)
    best = _cut(utility, width)
    onward = xp.broadcast_to(numbers, best.shape)
    for move in list_ways(width).tolist():
        neighbour = _cut(worth, width, move)
        onward = xp.where(inner & (neighbour > best), numbers + move, onward)
        best = xp.maximum(best, neighbour)
    return _put(xp, xp.broadcast_to(xp.arange(utility.shape[-1]), utility.shape), width, onward)


def follow_ways(xp: Any, onward: Any, cost: Any, first: Any, loop: Loop = settle) -> Any:
    """Return the last cells and total costs of paths, (..., k); gradients flow through the costs.

    The first cells are int64 (..., k); ``onward`` is the result of ``find_onward``.
    """

    def walk(carry: Any) -> Any:
        cell, payment = carry
        after = look_up(xp, onward, cell)
        return after, payment + xp.where(
            after != cell, look_up(xp, cost, after), xp.zeros_like(payment)
        )

    return loop(xp, walk, (first, look_up(xp, cost, first)))


def look_up(xp: Any, maps: Any, cells: Any) -> Any:
    """Return the values of maps (..., cells) at the given cells, int64 (..., k)."""
    first = np.arange(0, math.prod(maps.shape), maps.shape[-1]).reshape(*maps.shape[:-1], 1)
    places = xp.reshape(xp.asarray(first) + cells, (-1,))
    return xp.reshape(xp.take(xp.reshape(maps, (-1,)), places, axis=0), cells.shape)


def _number_band(xp: Any, cells: int, width: int) -> tuple[Any, Any]:
    """Return the indices from the first to the last inner cell, and whether each is inner."""
    numbers = xp.arange(width + 1, cells - width - 1)
    column = numbers % width
    return numbers, (column > 0) & (column < width - 1)


def _cut(maps: Any, width: int, move: int = 0) -> Any:
    """Return the map values ``move`` cells away from each cell in the band of ``_number_band``."""
    return maps[..., width + 1 + move : maps.shape[-1] - width - 1 + move]


def _put(xp: Any, maps: Any, width: int, values: Any) -> Any:
    """Return maps with ``values`` in the band of ``_number_band``."""
    return xp.concat([maps[..., : width + 1], values, maps[..., -width - 1 :]], axis=-1)
