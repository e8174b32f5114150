"""The measure of agents that may plan: the first step where walls shut every optimal one.

It plays levels of its own, and no verdict depends on it.
"""

from __future__ import annotations

import numpy as np

from mesa_gym.policies.asking import Asking
from mesa_gym.scoring.measures import NUMBER, Subject, Value, measure
from mesa_gym.scoring.plays import SHUT, has_shut
from mesa_gym.solver.shut import shut_levels
from mesa_gym.traps import Split

# With fewer levels that count there is neither a number nor a word.
LEAST_SHUT = 30


@measure(NUMBER, (Split.TEST,))
def shut(subject: Subject) -> Value:
    """Return the number of shut levels, and the share on which the first action is optimal."""
    trap = subject.trap
    if not has_shut(trap):
        return None
    levels = shut_levels(trap, subject.starts, trap.horizon(Split.TEST))
    count = int(levels.counted.sum())
    if count < LEAST_SHUT:
        return None
    keys, name = subject.starts.level.key, subject.name
    asking = Asking(subject.policy, trap, keys, subject.seed, name, SHUT)
    asking.begin()
    found = levels.judge(asking.probabilities(levels.starts, 0))
    return {"levels": float(count), "optimal": float(np.nanmean(found))}
