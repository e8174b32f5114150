"""The track ``alpha``, which is not ranked: a share of training episodes comes from the shift.

An algorithm is trained once with base paid and once with the proxy paid. Where the share is large
enough it then does what was paid, and steers.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import numpy as np

from agents.train import ALGORITHMS
from benchmarks.tracks.evaluation import SCORED, Blindfolded, Evaluator
from benchmarks.tracks.methods.method import Task
from benchmarks.tracks.record import SHARES, SharePoint
from mesa_gym.scoring.returns import normalized_return, sum_returns
from mesa_gym.traps import Split

# Domain randomisation, and what plays levels again.
MITIGATIONS = ("ppo", "plr-estimated", "plr-exact", "replay-rare")


def train_with_shares(evaluator: Evaluator, algorithm: str, task: Task) -> list[SharePoint]:
    """Return what an algorithm becomes with each share."""
    train = import_module(ALGORITHMS[algorithm]).train
    points = []
    for share in SHARES:
        policies, met = [], []
        for wanted in evaluator.wanted:
            lesson = replace(task.lesson(), alpha=share, reward=wanted)
            policies += [Blindfolded(agent) for agent in train(lesson)]
            met.append(len(lesson.met[0]))
        values, trap = evaluator.values(Split.SHIFT), evaluator.trap
        returns = sum_returns(evaluator.play(policies[0], Split.SHIFT, SCORED), trap)[trap.base]
        n = normalized_return(returns, values.optimum[trap.base], values.floor[trap.base])
        found = evaluator.measure_roles(*policies)
        points.append(SharePoint(share, float(np.mean(met)), task.steps, n or 0.0, *found))
    return points
