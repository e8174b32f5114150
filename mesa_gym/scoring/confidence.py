"""Confidence: the share of Bayesian bootstraps of the levels that give the same verdict."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from mesa_gym.scoring.evidence import Evidence
from mesa_gym.scoring.rollout import Floats
from mesa_gym.scoring.verdict import LINES, LevelWeights, Lines, judge, judge_each

RESAMPLES = 200
# Below so many levels of a split a card carries a warning.
FEW_LEVELS = 100
# And with less confidence than this the verdict counts as undecided.
DECIDED = 0.8


def confidence(evidence: Evidence, seed: int, lines: Lines = LINES) -> float:
    """Return the share of 200 Bayesian bootstraps that lead to the same verdict.

    Levels are weighted at random (Rubin 1981, "The Bayesian Bootstrap": exponential weights), a
    level alike in all plays of it. Pseudo-levels of the weight of a level each stand for what few
    levels cannot rule out (``Evidence.with_pseudo_levels``). What other trained seeds would do, or
    whether the verdict is right, it does not say.

    Args:
        evidence: of the policy.
        seed: of the resampling.
        lines: where the verdict draws its lines.
    """
    more = evidence.with_pseudo_levels()
    weights = LevelWeights(
        bootstrap_weights(len(more.arrived), seed, "test"),
        bootstrap_weights(len(more.shift), seed, "shift"),
    )
    told = judge(evidence, lines).word
    return float(np.mean([each.word == told for each in judge_each(more, weights, lines)]))


@lru_cache(maxsize=4)  # a board's cards all take the same
def bootstrap_weights(n: int, seed: int, split: str) -> Floats:
    """Draw the weights of n levels, float64 (200, n), a function of seed and split."""
    rng = np.random.default_rng([seed, *split.encode()])
    weights = rng.standard_exponential((RESAMPLES, n))
    weights.flags.writeable = False
    return weights
