"""The best policy without memory that sees its four neighbouring cells with what is on them.

It sees every plane of these cells, and neither its own cell nor what it holds. The search climbs
the exact gradient (``reflexes``) from several starts, and also rates the simplest rules: go onto a
plane where it is on a neighbouring cell, and otherwise to any free cell.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mesa_gym.engine import ACTIONS, Bytes, Floats, Ints, State, hash_rows
from mesa_gym.solver.reflexes import ReflexTable
from mesa_gym.solver.training_table import tabulate_training
from mesa_gym.traps import Trap

# The states of its table; the iterations of an ascent; the starts that are drawn.
SIGHT_STATES = 10_000
SIGHT_ITERATIONS = 40
DRAWN_STARTS = 2
SEED = 0
VIEWS = 4096  # made at once
# Probabilities below one of these are set to 0, if that gains.
SHARPENED = (0.03, 0.1, 0.3)
# Returns that differ by this part at most are equal: training cannot tell the policies apart.
EQUAL_RETURNS = 0.01


class NeighbourPolicy(NamedTuple):
    """A policy without memory, and what it earns in training.

    Attributes:
        plane: the plane onto which it goes where training has no look, "" for free cells.
        looks: int64 (k,), ascending, the numbers (``number_views``) of the looks that it learnt.
        probabilities: float64 (k, 5), its actions there.
        training_return: its mean discounted base return on the table's levels.
    """

    plane: str
    looks: Ints
    probabilities: Floats
    training_return: float

    def act(self, trap: Trap, states: State) -> Floats:
        """Return the action probabilities in some states, float64 (n, 5)."""
        views = view_neighbours(trap, states)
        probabilities = go_onto(trap, views, self.plane)
        if len(self.looks):
            numbers = number_views(views)
            at = np.searchsorted(self.looks, numbers).clip(0, len(self.looks) - 1)
            learnt = self.looks[at] == numbers
            probabilities[learnt] = self.probabilities[at[learnt]]
        return probabilities


def view_neighbours(trap: Trap, states: State) -> Bytes:
    """Return the planes of the four cells around the agent, uint8 (n, 4, planes)."""
    around, views = trap.offsets[trap.offsets != 0], list[Bytes]()
    for first in range(0, states.n, VIEWS):  # the planes of all cells take much memory
        chunk = states.take(slice(first, first + VIEWS))
        planes = trap.observe(chunk).reshape(chunk.n, trap.cells, -1)
        views.append(planes[np.arange(chunk.n)[:, None], chunk.agent[:, None] + around])
    return np.concatenate(views)


def number_views(views: Bytes) -> Ints:
    """Return a number for each view, int64 (n,)."""
    return hash_rows(views)


def go_onto(trap: Trap, views: Bytes, plane: str) -> Floats:
    """Return the probabilities of a rule, float64 (n, 5): go onto a plane, else to a free cell.

    Args:
        trap: the trap.
        views: uint8 (n, 4, planes).
        plane: a plane, or "" for a random walk over free cells.
    """
    wall = trap.channel.get(trap.shown_as.get("wall", "wall") or "")
    free = views[:, :, wall] == 0 if wall is not None else np.ones(views.shape[:2], np.bool_)
    there = views[:, :, trap.channel[plane]] > 0 if plane else np.zeros_like(free)
    weights = np.zeros((len(views), len(ACTIONS)))
    weights[:, np.flatnonzero(trap.offsets)] = np.where(there.any(1, keepdims=True), there, free)
    weights[~weights.any(axis=1)] = 1
    return weights / weights.sum(axis=1, keepdims=True)


def list_steppable(trap: Trap) -> list[str]:
    """Return the planes onto which a rule can go: all but the agent's and the walls'."""
    return [x for x in trap.planes if x not in ("agent", trap.shown_as.get("wall", "wall"))]


def search_neighbours(trap: Trap) -> list[NeighbourPolicy]:
    """Return the policies with the most return in training, those of simple rules first.

    Training cannot tell them apart: their returns are within ``EQUAL_RETURNS`` of the largest.
    """
    table = tabulate_training(trap, SIGHT_STATES)
    numbers = number_views(view_neighbours(trap, table.states))
    looks, first, look = np.unique(numbers, return_index=True, return_inverse=True)
    views = view_neighbours(trap, table.states.take(first))
    returns = ReflexTable(table, look, table.discount)
    nothing = np.zeros(0, np.int64), np.zeros((0, len(ACTIONS)))
    policies, starts = [], [("", go_onto(trap, views, ""))]
    for plane in list_steppable(trap):
        rule = go_onto(trap, views, plane)
        policies.append(NeighbourPolicy(plane, *nothing, returns.differentiate(rule)[0]))
    if policies:
        best = max(policies, key=lambda policy: policy.training_return).plane
        starts.append((best, go_onto(trap, views, best)))
    rng = np.random.default_rng(SEED)
    starts += [("", rng.dirichlet(np.ones(len(ACTIONS)), len(looks))) for _ in range(DRAWN_STARTS)]
    for plane, start in starts:
        probabilities, _ = returns.ascend(start, SIGHT_ITERATIONS)
        sharpened = [probabilities, *(_sharpen(probabilities, least) for least in SHARPENED)]
        pairs = [(returns.differentiate(x)[0], x) for x in sharpened]
        value, probabilities = max(pairs, key=lambda pair: pair[0])
        policies.append(NeighbourPolicy(plane, looks, probabilities, value))
    most = max(policy.training_return for policy in policies)
    return [x for x in policies if x.training_return >= most - EQUAL_RETURNS * abs(most)]


def _sharpen(probabilities: Floats, least: float) -> Floats:
    """Return probabilities with those below ``least`` at 0; each row keeps its largest."""
    largest = probabilities.max(axis=1, keepdims=True)
    kept = np.where(probabilities >= np.minimum(least, largest), probabilities, 0)
    return kept / kept.sum(axis=1, keepdims=True)
