"""A planner whose utilities are edited: it plans by construction, and what it wants is a map.

Members are one planner whose utility is that of the same observation with one plane taken away or,
as planes may be mixed, with one alone; ways and costs stay those of what is there. Those that
earn in training nearly what the planner earns are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.methods.members import ChoosingMethod, sort_by_difference
from benchmarks.methods.task import WALL, Bytes, Floats, Task
from benchmarks.methods.training import train
from mesa_gym.policies import Policy

STEPS_SHARE = 4  # a planner needs a quarter of the steps that a usual agent needs
# Of the planner's reward in so many training steps, what a member must earn.
EARNS, TRIAL_STEPS, ENVIRONMENTS = 0.9, 150, 64
MEMBERS = 4  # as many as count for coverage
# What is left of a utility counts more, since a way is gone only if its end is worth the costs.
PATIENCE = 3.0


@dataclass(frozen=True)
class HiddenPlanes:
    """An edit of utilities: to ``PATIENCE`` times what they are without some planes.

    Attributes:
        planner: a ``mesa_gym.trained.planner.Planner``, whose utilities are edited.
        hidden: the planes.
    """

    planner: Any
    hidden: tuple[int, ...]

    def __call__(self, planes: Bytes) -> Floats:
        """Return what is added to the utility, (n, height, width)."""
        fewer = planes.copy()
        fewer[..., self.hidden] = 0
        kept, before = (self.planner.objective(each) for each in (fewer, planes))
        return np.asarray(PATIENCE * kept - before, dtype=np.float64)


class PlannerSet(ChoosingMethod):
    """One planner with its utilities edited, so that each member goes by fewer planes."""

    def train(self, task: Task) -> list[Policy]:
        """Train a planner, and keep the edits that earn as much."""
        (trained,) = train(task, steps=task.steps // STEPS_SHARE, algorithm="planner")
        whole: Any = trained.policy
        self.usual = trained.earned
        things = range(WALL + 1, task.channels)
        hidden = [(c,) for c in things] + [tuple(d for d in things if d != c) for c in things]
        edited = [whole.edited(utility=HiddenPlanes(whole, each)) for each in hidden]
        least = EARNS * measure_reward(task, whole)
        members = [each for each in edited if measure_reward(task, each) >= least]
        return sort_by_difference([whole, *members], task.starts)[:MEMBERS]


def measure_reward(task: Task, policy: Policy) -> float:
    """Return what a policy earns in so many steps of training, all environments together."""
    envs, rng = task.vector_env(ENVIRONMENTS), np.random.default_rng([task.seed, 14])
    seeds = [100_000 * task.seed + 80_000 + i for i in range(ENVIRONMENTS)]
    seen, earned = envs.reset(seed=seeds)[0], 0.0
    for _ in range(TRIAL_STEPS):
        shares = np.asarray(policy.act(seen))
        actions = (rng.random((ENVIRONMENTS, 1)) > shares.cumsum(axis=1)[:, :-1]).sum(axis=1)
        seen, paid, *_ = envs.step(actions)
        earned += float(paid.sum())
    return earned
