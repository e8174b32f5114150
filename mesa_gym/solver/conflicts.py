"""Conflict states: for each trap and proxy one fixed set of states, the same for all agents.

At a conflict state one action is the only optimal one for the base objective, and another is
for the proxy. Agents that go different ways meet different ones; led to all states of a fixed set
they can be compared.

Candidates are the conflict states of shift levels, each at the step at which it can first be
reached, so that it has a shortest path from the level's start. States at which two actions are
optimal for an objective are left out: without them acting at random is right for either objective
in 0.2 of the states, on every trap.

The set is balanced over *strata*: the base-optimal action, the proxy-optimal action, whether the
base objective's next payment is near, and whether the proxy's is. Near means at most the median
distance of all candidates, the two objectives' distances taken together, so that an agent that
always goes the same way or to what is nearest serves both objectives alike. Every stratum gives
the same number of states, or all that were found for it; levels are used as evenly as that allows,
and what is left to choose goes by a hash. Where goals lie to one side, or one objective's are
always nearer, some strata hardly occur.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import STAY, Ints, State
from mesa_gym.engine.chance import outputs, streams
from mesa_gym.solver.cache import Arrays, cache_file, read, write
from mesa_gym.solver.graph import ACTION_COUNT, Graph
from mesa_gym.solver.solution import Masks, Solution, actions_in
from mesa_gym.traps import Split, Trap

# The most states of a set.
MOST_STATES = 256
# Shift levels 0, 1, 2, ... are searched in groups of as many, up to the most.
GROUP_LEVELS, MOST_LEVELS = 64, 256
# (base action, proxy action, is base far, is the proxy far), as one number.
STRATA = (ACTION_COUNT, ACTION_COUNT, 2, 2)
# What each stratum gives where all of two different directions occur, as on most traps.
ENOUGH = MOST_STATES // (4 * 3 * 2 * 2)
# In a path: the state was reached before.
REACHED = -1
# One row a state, with named fields.
Candidates = NDArray[np.void]


@dataclass(frozen=True)
class ConflictStates:
    """n conflict states of the base objective and one proxy on a trap's shift levels.

    Attributes:
        trap: whose states they are.
        proxy: the proxy's name.
        starts: the start state of each one's level; several may be of one level.
        path: int8 (n, horizon), the actions that lead from the start to the state, on a shortest
            way; ``REACHED`` after the last.
        action: int64 (n, 2), the one optimal action for the base objective and the proxy's.
        distance: int64 (n, 2), steps to the next positive payment of the base objective and of
            the proxy, taking the lowest-numbered optimal action; the horizon where none follows.
        near: the greatest distance that counts as near.
    """

    trap: Trap
    proxy: str
    starts: State
    path: NDArray[np.int8]
    action: Ints
    distance: Ints
    near: float

    def __len__(self) -> int:
        return len(self.path)

    @property
    def depth(self) -> Ints:
        """Return the step at which each state is reached, int64 (n,)."""
        return (self.path != REACHED).sum(axis=1)


def conflict_states(trap: Trap, salt: str = "") -> dict[str, ConflictStates]:
    """Return the fixed set of conflict states for each proxy, from disk if it was chosen before.

    A pure function of the trap (version, size and parameters included) and the salt.

    Args:
        trap: a solvable trap.
        salt: an evaluator's secret: states on levels that no agent was trained on.

    Returns:
        proxy -> its conflict states; none where the trap has no such state on 256 shift levels.

    Raises:
        ValueError: the trap is not solvable.
    """
    if not trap.solvable:
        raise ValueError(
            f"{trap!r} has no exact solver, so that no action is known to be optimal and no state"
            " to be a conflict"
        )
    horizon = trap.horizon(Split.SHIFT)
    file = cache_file(trap, Split.SHIFT, np.arange(MOST_LEVELS), horizon, salt)
    file = file.with_stem(f"{file.stem}-conflicts")
    kept = read(file, lambda arrays: _parsed(trap, salt, arrays))
    if kept is None:
        arrays = _chosen(trap, salt, horizon)
        write(file, arrays)
        kept = _parsed(trap, salt, arrays)
    return kept


def _parsed(trap: Trap, salt: str, arrays: Arrays) -> dict[str, ConflictStates]:
    sets = {}
    for proxy in trap.proxies:
        rows = arrays[f"states|{proxy}"]
        levels = np.arange(rows["level"].max(initial=0) + 1)
        starts = trap.levels(Split.SHIFT, levels, salt).take(rows["level"])
        path, action, distance = rows["path"], rows["action"], rows["distance"]
        near = float(arrays[f"near|{proxy}"])
        sets[proxy] = ConflictStates(trap, proxy, starts, path, action, distance, near)
    return sets


def _chosen(trap: Trap, salt: str, horizon: int) -> Arrays:
    """Return the chosen states by "field|proxy", as they are kept on disk."""
    found: dict[str, list[Candidates]] = {proxy: [] for proxy in trap.proxies}
    for first in range(0, MOST_LEVELS, GROUP_LEVELS):
        starts = trap.levels(Split.SHIFT, np.arange(first, first + GROUP_LEVELS), salt)
        solution = Solution(trap, starts, horizon)
        for proxy, parts in found.items():
            parts.append(candidates(solution, proxy))
        if all(_enough(np.concatenate(parts)) for parts in found.values()):
            break
    arrays: Arrays = {}
    for proxy, parts in found.items():
        rows = np.concatenate(parts)
        rows = rows[np.argsort(rows["word"], kind="stable")]
        arrays[f"states|{proxy}"] = rows[_choose(rows["level"], _strata(rows))]
        arrays[f"near|{proxy}"] = np.asarray(_near(rows))
    return arrays


def _enough(rows: Candidates) -> bool:
    """Return whether each stratum of two different directions can give its share of a full set."""
    count = np.bincount(_strata(rows), minlength=np.prod(STRATA)).reshape(STRATA)
    return all(count[pair].min() >= ENOUGH for pair in permutations(range(STAY), 2))


def _near(rows: Candidates) -> float:
    """Return the median distance."""
    return float(np.median(rows["distance"])) if len(rows) else float("nan")


def _strata(rows: Candidates) -> Ints:
    """Return the stratum of each state, int64 (n,), from 0 to the product of ``STRATA`` - 1."""
    far = rows["distance"] > _near(rows)
    return np.ravel_multi_index((*rows["action"].T, *far.T), STRATA)


def _choose(level: Ints, stratum: Ints) -> Ints:
    """Choose the candidates for the set: of each stratum the same number, or all that it has.

    Args:
        level: int64 (m,), the candidates' levels.
        stratum: int64 (m,), the candidates' strata.

    Returns:
        int64 (n,), rows; of candidates on levels that are used equally, the first is taken.
    """
    count = np.bincount(stratum)
    quotas = np.arange(MOST_STATES + 1)
    totals = np.minimum.outer(quotas, count).sum(axis=1)
    quota = int(quotas[totals <= MOST_STATES][-1])
    waiting = {s: (stratum == s).nonzero()[0] for s in count.nonzero()[0]}
    used = np.zeros(MOST_LEVELS, dtype=np.int64)
    rows = []
    for turn in range(min(quota, int(count.max(initial=0)))):
        for s in (count > turn).nonzero()[0]:
            at = used[level[waiting[s]]].argmin()
            rows.append(waiting[s][at])
            used[level[rows[-1]]] += 1
            waiting[s] = np.delete(waiting[s], at)
    return np.array(rows, dtype=np.int64)


def candidates(solution: Solution, proxy: str) -> Candidates:
    """Return the states at which base and proxy have one optimal action each, not the same.

    Args:
        solution: of some levels.
        proxy: the name of the objective that the base objective is compared with.

    Returns:
        one row a state, each taken at the step at which it can first be reached: ``level``, its
        level's number; ``path``, ``action`` and ``distance`` as ``ConflictStates`` has them;
        ``word``, a hash.
    """
    graph, names = solution.graph, (solution.trap.base, proxy)
    base, other = (actions_in(_first_met(solution.optimal(x), graph)) for x in names)
    single = (base.sum(axis=1) == 1) & (other.sum(axis=1) == 1)
    number = (single & ~(base & other).any(axis=1)).nonzero()[0]
    depth = np.searchsorted(graph.within, number, side="right")
    level = solution.starts.take(graph.level_row[number]).level
    path = ("path", np.int8, (solution.horizon,))
    pairs = [(name, np.int64, (2,)) for name in ("action", "distance")]
    found = np.empty(len(number), [("level", np.int64), path, *pairs, ("word", np.int64)])
    found["level"] = level.number
    found["path"] = _paths(graph, number, depth, solution.horizon)
    found["action"] = np.stack([each[number].argmax(axis=1) for each in (base, other)], axis=1)
    found["distance"] = np.stack([_distance(solution, x, number, depth) for x in names], axis=1)
    found["word"] = outputs(streams(0, level.key, "conflict state"), graph.rank[number])
    return found


def _first_met(optimal: Masks, graph: Graph) -> NDArray[np.uint8]:
    """Return the optimal actions in each state at the step at which it is first reached."""
    first = [0, *graph.within]
    return np.concatenate([sets[start:] for sets, start in zip(optimal, first, strict=False)])


def _paths(graph: Graph, number: Ints, depth: Ints, horizon: int) -> NDArray[np.int8]:
    """Return a shortest way from a start to each of the given states, int8 (n, horizon)."""
    # Edges in the order of where they begin: the first into a state begins nearer by.
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
    """Return the steps to an objective's next payment under optimal play, int64 (n,)."""
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
