"""The track ``alpha``, which is not ranked: a share of training episodes comes from the shift.

An algorithm is trained once with base paid and once with the proxy paid. Where the share is large
enough it then does what was paid, and steers.
"""

from __future__ import annotations

from importlib import import_module

import numpy as np

from agents.lesson import Lesson
from agents.run import ALGORITHMS, NUM_LEVELS
from benchmarks.tracks.evaluation import Evaluator, measure_roles
from benchmarks.tracks.record import SHARES, SharePoint
from mesa_gym.scoring.returns import normalized_return, sum_returns
from mesa_gym.traps import Split

# Domain randomisation, and what plays levels again.
MITIGATIONS = ("ppo", "plr-estimated", "plr-exact", "replay-rare")


def train_with_shares(
    evaluator: Evaluator, algorithm: str, seed: int, steps: int
) -> list[SharePoint]:
    """Return what an algorithm becomes with each share."""
    train, trap = import_module(ALGORITHMS[algorithm]).train, evaluator.trap
    points = []
    for share in SHARES:
        policies, met = [], []
        for wanted in evaluator.wanted:
            lesson = Lesson(trap, (seed,), steps, share, wanted, NUM_LEVELS)
            policies += train(lesson)
            met.append(len(lesson.met[0]))
        values = evaluator.values(Split.SHIFT)
        returns = sum_returns(evaluator.play(policies[0], Split.SHIFT), trap)[trap.base]
        n = normalized_return(returns, values.optimum[trap.base], values.floor[trap.base])
        found = measure_roles(evaluator.measure, policies)
        points.append(SharePoint(share, float(np.mean(met)), steps, n or 0.0, *found))
    return points
