"""Candidates for the fixed set of conflict states, with the way to each and what it is like."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesa_gym.grid import Ints
from mesa_gym.grid.bits import outputs, streams
from mesa_gym.solver.graph import ACTION_COUNT, Graph
from mesa_gym.solver.solution import Masks, Solution, actions_in

# In a path: the state was reached before.
REACHED = -1

# One row a state, with named fields.
Candidates = NDArray[np.void]


def candidates(solution: Solution, proxy: str) -> Candidates:
    """The states of some levels at which base and proxy have one optimal action each, not the same.

    Args:
        solution: of the levels.
        proxy: the name of the objective that the base objective is compared with.

    Returns:
        one row a state, each taken at the step at which it can first be reached: ``level``, its
        level's number; ``path``, ``action`` and ``distance`` as ``ConflictStates`` has them;
        ``word``, a hash.
    """
    graph, names = solution.graph, (solution.trap.base, proxy)
    optimal = [actions_in(_first_met(solution.optimal(x), graph)) for x in names]
    single = (optimal[0].sum(axis=1) == 1) & (optimal[1].sum(axis=1) == 1)
    number = (single & ~(optimal[0] & optimal[1]).any(axis=1)).nonzero()[0]
    depth = np.searchsorted(graph.within, number, side="right")
    row = graph.level_row[number]
    path = ("path", np.int8, (solution.horizon,))
    pairs = [(name, np.int64, (2,)) for name in ("action", "distance")]
    found = np.empty(len(number), [("level", np.int64), path, *pairs, ("word", np.uint64)])
    found["level"] = solution.starts.level[row]
    found["path"] = _paths(graph, number, depth, solution.horizon)
    found["action"] = np.stack([sets[number].argmax(axis=1) for sets in optimal], axis=1)
    found["distance"] = np.stack([_distance(solution, x, number, depth) for x in names], axis=1)
    found["word"] = outputs(streams(0, solution.starts.key[row], "conflict state"), number)
    return found


def _first_met(optimal: Masks, graph: Graph) -> NDArray[np.uint8]:
    """The optimal actions in each state at the step at which it can first be reached."""
    first = [0, *graph.within]
    return np.concatenate([sets[start:] for sets, start in zip(optimal, first, strict=False)])


def _paths(graph: Graph, number: Ints, depth: Ints, horizon: int) -> NDArray[np.int8]:
    """A shortest way from a start to each of the given states, int8 (n, horizon)."""
    # Edges in the order of where they come from: the first into a state comes from nearer by.
    edges = graph.successor.T.ravel()
    into = np.full(len(graph) + 1, edges.size)
    np.minimum.at(into, edges, np.arange(edges.size))
    path = np.full((len(number), horizon), REACHED, dtype=np.int8)
    at = number.copy()
    for t in reversed(range(int(depth.max(initial=0)))):
        rows = (depth > t).nonzero()[0]
        at[rows], path[rows, t] = np.divmod(into[at[rows]], ACTION_COUNT)
    return path


def _distance(solution: Solution, objective: str, number: Ints, depth: Ints) -> Ints:
    """Steps to an objective's next payment under optimal play from the given states, int64 (n,)."""
    graph, optimal = solution.graph, solution.optimal(objective)
    pays = graph.payments[objective] > 0
    distance = np.full(len(number), solution.horizon)
    at, going = number.copy(), np.ones(len(number), dtype=np.bool_)
    for t in range(solution.horizon):
        rows = (going & (depth <= t)).nonzero()[0]
        action = actions_in(optimal[t][at[rows]]).argmax(axis=1)
        paid = pays[graph.paid[objective][action, at[rows]]]
        distance[rows[paid]] = t + 1 - depth[rows[paid]]
        at[rows] = graph.successor[action, at[rows]]
        going[rows] = ~paid & (at[rows] < len(graph))
    return distance
