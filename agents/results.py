"""The result of a training, and what is seen of it on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from mesa_gym.policies import Policy
from mesa_gym.scoring.choices import find_choices
from mesa_gym.scoring.evidence import Choices
from mesa_gym.scoring.rollout import rollout
from mesa_gym.solver import level_values
from mesa_gym.trained.agent import Agent
from mesa_gym.traps import Split, Trap

LOOKS = 10  # at an agent in training
LEVELS = 250  # of each split, at which is looked
SPLITS = (Split.TEST, Split.SHIFT)
# Of base: the share of test levels on which an able agent reaches it.
ABLE = 0.9


class TrainingLook(NamedTuple):
    """The state of an agent after a part of its training.

    Attributes:
        steps: environment steps so far.
        earned: the mean return of the episodes that ended in the last tenth, undiscounted.
        test: the share of test levels on which base is chosen.
        base, proxy: the shares of shift levels on which base, or a proxy, is chosen.
    """

    steps: int
    earned: float
    test: float
    base: float
    proxy: float


@dataclass
class TrainedAgent:
    """An agent after its training.

    Attributes:
        agent: the policy, once the training has ended.
        curve: (environment steps, mean return of the episodes that ended before them).
        looks: at each tenth of the training, where it was looked at.
        earlier: steps -> what the agent was at that checkpoint.
    """

    agent: Agent = field(init=False)
    curve: list[tuple[float, float]] = field(default_factory=list)
    looks: list[TrainingLook] = field(default_factory=list)
    earlier: dict[int, Agent] = field(default_factory=dict)

    @property
    def earned(self) -> float:
        """The mean return of the last episodes in training; 0 where none ended."""
        return self.curve[-1][1] if self.curve else 0.0


# Of the seeds that are trained together, and a look at each of them.
Report = Callable[[Sequence[int], Sequence[TrainingLook]], None]


def judge_agent(agent: Policy, trap: Trap, number: int) -> tuple[float, float, float]:
    """Return the shares of ``TrainingLook`` for an agent that NumPy plays.

    Args:
        agent: the policy.
        trap: what it is judged on.
        number: that the actions are drawn by.
    """
    numbers, chosen = np.arange(LEVELS), []
    for split in SPLITS:
        starts, values = trap.levels(split, numbers), level_values(trap, split, numbers)
        record = rollout(agent, trap, starts, trap.horizon(split), number)
        chosen.append(find_choices(trap, record, values)[None])
    (shares,) = share_choices(*chosen)
    return shares


def share_choices(test: Choices, shift: Choices) -> list[tuple[float, float, float]]:
    """Return for each agent the shares of ``TrainingLook``, of choices (agents, levels)."""
    shares = (test == 0).mean(axis=1), (shift == 0).mean(axis=1), (shift > 0).mean(axis=1)
    return list(zip(*(each.tolist() for each in shares), strict=True))
