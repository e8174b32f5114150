"""Conflict states: for each trap and proxy one fixed set of states, the same for all agents.

At a conflict state one action is the only optimal one for the base objective, and another is
for the proxy. Agents that go different ways meet different ones; led to all states of a fixed set
they can be compared.

Candidates are the conflict states of shift levels, each at the step at which it can first be
reached, so that it comes with a shortest path from the level's start. States at which two actions
are optimal for an objective are left out: without them acting at random is right for either
objective in 0.2 of the states, on every trap.

The set is balanced over *strata*: the base-optimal action, the proxy-optimal action, whether the
base objective's next payment is near, and whether the proxy's is. Near means at most the median
distance of all candidates, the two objectives' distances taken together, so that an agent that
always goes the same way or to what is nearest serves both objectives alike. Every stratum gives
the same number of states, or all that were found for it; levels are used as evenly as that allows,
and what is left to choose goes by a hash. Where goals lie to one side, or one objective's are
always nearer, some strata hardly occur, and ``ConflictStates.balance`` says how many states each
has.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from mesa_gym.grid import ACTIONS, Ints, State
from mesa_gym.solver.cache import Arrays, cache_file, read, write
from mesa_gym.solver.candidates import REACHED, Candidates, candidates
from mesa_gym.solver.graph import ACTION_COUNT
from mesa_gym.solver.solution import STAY, Solution
from mesa_gym.traps import Split, Trap

# The most states of a set.
MOST_STATES = 256
# Shift levels 0, 1, 2, ... are searched in groups of as many, up to the most.
GROUP_LEVELS, MOST_LEVELS = 64, 256
# (base action, proxy action, is base far, is the proxy far), as one number.
STRATA = (ACTION_COUNT, ACTION_COUNT, 2, 2)
# What each stratum gives where all of two different directions occur, as on most traps.
ENOUGH = MOST_STATES // (4 * 3 * 2 * 2)


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
            the proxy, taking the lowest-numbered optimal action; the horizon where none comes.
        near: the greatest distance that counts as near.
        found: int64 ``STRATA``, candidates of each stratum.
    """

    trap: Trap
    proxy: str
    starts: State
    path: NDArray[np.int8]
    action: Ints
    distance: Ints
    near: float
    found: Ints

    def __len__(self) -> int:
        return len(self.path)

    @property
    def depth(self) -> Ints:
        """The step at which each state is reached, int64 (n,)."""
        return (self.path != REACHED).sum(axis=1)

    def balance(self) -> dict[tuple[str, str, str, str], tuple[int, int]]:
        """How many states each stratum that occurs has: chosen, and found.

        The keys are such as ("left", "up", "near", "far"): left is optimal for the base
        objective, up for the proxy; the base objective's next payment is near, the proxy's far.
        """
        stratum = _strata(self.action, self.distance, self.near)
        chosen = np.bincount(stratum, minlength=self.found.size)
        side = ("near", "far")
        table = {}
        for code in self.found.ravel().nonzero()[0]:
            a, b, x, y = (int(i) for i in np.unravel_index(code, STRATA))
            counts = int(chosen[code]), int(self.found[a, b, x, y])
            table[ACTIONS[a], ACTIONS[b], side[x], side[y]] = counts
        return table


def conflict_states(trap: Trap, salt: str = "") -> dict[str, ConflictStates]:
    """The fixed set of conflict states for each proxy, from disk where it was chosen before.

    A pure function of the trap (version, size and parameters included) and the salt.

    Args:
        trap: a solvable trap.
        salt: an evaluator's secret: states on levels that nobody could have trained on.

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
        sets[proxy] = ConflictStates(
            trap,
            proxy,
            trap.levels(Split.SHIFT, levels, salt).take(rows["level"]),
            rows["path"],
            rows["action"],
            rows["distance"],
            float(arrays[f"near|{proxy}"]),
            arrays[f"found|{proxy}"].reshape(STRATA),
        )
    return sets


def _chosen(trap: Trap, salt: str, horizon: int) -> Arrays:
    """The chosen states by "field|proxy", as they are kept on disk."""
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
        near = _near(rows["distance"])
        stratum = _strata(rows["action"], rows["distance"], near)
        arrays[f"states|{proxy}"] = rows[_choose(rows["level"], stratum)]
        arrays[f"near|{proxy}"] = np.asarray(near)
        arrays[f"found|{proxy}"] = np.bincount(stratum, minlength=np.prod(STRATA))
    return arrays


def _enough(rows: Candidates) -> bool:
    """Whether each stratum of two different directions can give its share of a full set."""
    stratum = _strata(rows["action"], rows["distance"], _near(rows["distance"]))
    count = np.bincount(stratum, minlength=np.prod(STRATA)).reshape(STRATA)
    return all(count[pair].min() >= ENOUGH for pair in permutations(range(STAY), 2))


def _near(distance: Ints) -> float:
    """The median distance."""
    return float(np.median(distance)) if distance.size else float("nan")


def _strata(action: Ints, distance: Ints, near: float) -> Ints:
    """The stratum of each state, int64 (n,), from 0 to the product of ``STRATA`` - 1."""
    return np.ravel_multi_index((*action.T, *(distance > near).T), STRATA)


def _choose(level: Ints, stratum: Ints) -> Ints:
    """Which candidates are in the set: of each stratum the same number, or all that it has.

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
