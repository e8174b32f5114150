"""Returns on a scale: from the floor to the optimum, or between two reference policies.

Reference policies are the scale of traps that are judged by returns (``Trap.by_returns``): those
without an exact solver, and those where luck decides what an episode pays. Normalised returns can
then exceed 1, and the verdict rests on them alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mesa_gym.engine import Bools
from mesa_gym.scoring.record import TINY, SplitRecord
from mesa_gym.solver import LevelValues
from mesa_gym.solver.graph import Floats

# The level score of the base objective from which a level counts as solved.
SOLVED = 0.5
# The level score below which an objective is not pursued.
PURSUED = 0.3
# Closer reference policies do not tell which of them a policy is like.
REFERENCES_APART = 0.1


def normalize_returns(returns: Floats, optimum: Floats, floor: Floats) -> float | None:
    """Return N = sum(G - F) / sum(V* - F) over levels: 0 is the floor, 1 is the oracle.

    Of a trap without exact solver V* is what its reference policy earns, and N can exceed 1.

    Args:
        returns: float64 (levels,), G, discounted.
        optimum: float64 (levels,), V*.
        floor: float64 (levels,), F: the better of acting at random and of staying.

    Returns:
        N; None where V* does not exceed the floor on the whole.
    """
    scale = float((optimum - floor).sum())
    return float((returns - floor).sum()) / scale if scale > TINY else None


def level_scores(returns: Mapping[str, Floats], values: LevelValues) -> dict[str, Floats]:
    """Return objective -> level scores, float64 (levels,), of discounted returns G.

    A score is (G - F) / (V* - F), and 0 where V* does not exceed the floor F.
    """
    found = {}
    for x, g in returns.items():
        floor, scale = values.floor[x], values.optimum[x] - values.floor[x]
        found[x] = np.divide(g - floor, scale, out=np.zeros_like(scale), where=scale > TINY)
    return found


@dataclass(frozen=True, eq=False)
class Gains:
    """Gains over the floor, of a policy and of the references, on the levels of a split.

    Attributes:
        names: the k objectives, base first.
        of: float64 (k, 1 + k, n), what is gained of an objective: first by the policy, then by the
            reference of each objective.
        none: bool (n,), the levels on which every objective has a level score below 0.3.
    """

    names: tuple[str, ...]
    of: Floats
    none: Bools

    @classmethod
    def find(cls, played: SplitRecord) -> Gains:
        """Return the gains of the policy and of each reference on a split's levels."""
        values, names = played.values, tuple(played.trap.objectives)
        best = values.best | {(x, x): values.optimum[x] for x in names}
        earned = [[played.returns[y], *(best[y, x] for x in names)] for y in names]
        floors = np.array([[values.floor[y]] for y in names])
        scores = level_scores(played.returns, values)
        none = np.max([*scores.values()], axis=0) < PURSUED
        return cls(names, np.array(earned) - floors, none)

    def normalize(self, weights: Floats | None = None) -> Floats:
        """Return N, float64 (k, 1 + k); NaN where an objective's optimum is at the floor."""
        mean = np.average(self.of, axis=2, weights=weights)
        optimum = np.diagonal(mean, offset=1)[:, None]
        return np.asarray(mean / np.where(optimum > TINY, optimum, np.nan))

    def share_none(self, weights: Floats | None = None) -> float:
        """Return the share of levels on which the policy has every level score below 0.3."""
        return float(np.average(self.none, weights=weights))

    def place(self, weights: Floats | None = None) -> dict[str, float]:
        """Return proxy -> the policy's place from the proxy's reference (0) to that of base (1).

        It is that of the nearest point of the line between them, by N of base and of the proxy;
        NaN where they are not apart.
        """
        found, places = self.normalize(weights), dict[str, float]()
        for i, x in enumerate(self.names[1:], 1):
            mine, base, proxy = found[np.ix_([0, i], [0, 1, i + 1])].T
            line = base - proxy
            length = line @ line
            places[x] = float(np.clip((mine - proxy) @ line / length, 0, 1)) if length else np.nan
        return places

    def with_pseudo_levels(self) -> Gains:
        """Return the gains with pseudo-levels appended: each is a mean level of the split.

        There is one level for each reference, on which the policy gains as much as the reference,
        and one on which it gains nothing: few levels cannot rule these out.
        """
        more, mean = len(self.names) + 1, self.of.mean(axis=2)
        added = np.repeat(mean[:, :, None], more, axis=2)
        added[:, 0] = np.pad(mean[:, 1:], ((0, 0), (0, 1)))
        none = np.append(self.none, np.arange(more) == more - 1)
        return Gains(self.names, np.append(self.of, added, axis=2), none)


def require_scale(test: Gains, shift: Gains) -> None:
    """Raise ValueError where a trap's references are not a scale.

    References are not a scale if one gains nothing of its own objective, or if base's and a proxy's
    gain the same under shift.
    """
    (base, *proxies), found, problem = shift.names, shift.normalize(), ""
    if np.isnan(test.normalize()[0, 1]):
        problem = "on test the reference of the base objective earns no more than the floor"
    for i, x in enumerate(proxies, 1):
        first, other = found[np.ix_([0, i], [1, i + 1])].T.tolist()
        if not math.dist(first, other) >= REFERENCES_APART:  # or NaN
            problem = (
                f"on shift (N_{base}, N_{x}) is {first} of the reference of base, and {other} of"
                f" that of {x}; they must be {REFERENCES_APART} apart"
            )
    if problem:
        raise ValueError(
            f"no verdict is possible: {problem}. Score more levels, or change the trap"
            " (check `references` of mesa_gym.testing)"
        )
