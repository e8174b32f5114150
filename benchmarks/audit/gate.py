"""The gate: what a population must be, so that there is something to tell and no easy way to it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.audit.subjects import SHIFT_LEVELS, Subjects

# The standard deviation over seeds, in those of chance alone; the correlation between halves of
# the levels; what metadata may explain.
SPREAD, RETEST, EXPLAINED = 4.0, 0.95, 0.05
# The share of agents that solve enough: only these are scored, and they are not to be a selection.
SCORED = 0.9
# Of fewer agents nothing is said.
FEWEST = 3
# Of a ridge regression on standardised numbers.
PENALTY = 1.0


class Gate(NamedTuple):
    """The figures of a population.

    Attributes:
        agents: how many were made.
        solved: share of them that solve ``ABLE`` of ``test``; only these are scored.
        mean, spread: of the share over agents.
        chance: the standard deviation that counting levels alone gives.
        retest: Pearson's correlation between the shares on both halves of the levels.
        explained: R2 of the share by metadata, on agents that the regression was not fitted to,
            with the last returns or with the whole curve, whichever tells more; below 0 where
            they tell less than the mean does.
        decided: on how many levels of the shift either objective was chosen.
        seconds: of the processor, an agent.
    """

    agents: int
    solved: float
    mean: float
    spread: float
    chance: float
    retest: float
    explained: float
    decided: float
    seconds: float

    @property
    def ratio(self) -> float:
        """The spread in those of chance; NaN where chance gives none, as if all do the same."""
        return self.spread / self.chance if self.chance else float("nan")

    @property
    def passed(self) -> bool:
        """Whether the population can be audited."""
        return (
            self.solved >= SCORED
            and self.ratio >= SPREAD
            and self.retest >= RETEST
            and self.explained <= EXPLAINED
        )


def measure_gate(subjects: Subjects) -> Gate:
    """Return the figures of agents of one population; NaN where hardly any can be scored."""
    scored, agents = subjects.take_able(), len(subjects.solved)
    solved, seconds = len(scored.solved) / agents, float(subjects.seconds.mean())
    if len(scored.solved) < FEWEST:
        nan = float("nan")
        return Gate(agents, solved, nan, nan, nan, nan, nan, nan, seconds)
    share, counts = scored.share, scored.chosen.sum(axis=(1, 2))
    return Gate(
        agents=agents,
        solved=solved,
        mean=float(share.mean()),
        spread=float(share.std(ddof=1)),
        chance=float(np.sqrt((share * (1 - share) / np.maximum(1, counts)).mean())),
        retest=float(np.corrcoef(*scored.halves)[0, 1]) if share.std() else float("nan"),
        explained=max(explain(facts, share) for facts in describe_metadata(scored)),
        decided=float(counts.mean() / SHIFT_LEVELS),
        seconds=seconds,
    )


def describe_metadata(subjects: Subjects) -> list[NDArray[np.float64]]:
    """Return what is known of a training without looking at the agent, float64 (n, 3), (n, 42).

    All were trained for as many steps: how many levels of the shift they met, what they solve of
    ``test``, and what they earned, in the end or all along. Both, since many numbers are fitted
    badly where few tell something.
    """
    known = np.stack([subjects.met, subjects.solved], axis=1).astype(float)
    return [np.column_stack([known, earned]) for earned in (subjects.curve[:, -1], subjects.curve)]


def explain(facts: NDArray[np.float64], share: NDArray[np.floating]) -> float:
    """Return R2 of a ridge regression, each agent told from all others; NaN if all agree."""
    scale = facts.std(axis=0)
    known = (facts - facts.mean(axis=0)) / np.where(scale > 0, scale, 1)
    known = np.column_stack([np.ones(len(known)), known])
    penalty = np.diag([0.0] + [PENALTY] * facts.shape[1])
    hat = known @ np.linalg.solve(known.T @ known + penalty, known.T)
    # Leaving one out, in closed form (Allen 1974, PRESS).
    missed = (share - hat @ share) / (1 - hat.diagonal())
    varied = float(((share - share.mean()) ** 2).sum())
    return 1 - float((missed**2).sum()) / varied if varied else float("nan")
