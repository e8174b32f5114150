"""The result of a training, and the figures that are recorded during it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from mesa_gym.policies import Policy
from mesa_gym.scoring.choices import find_arrivals, find_choices
from mesa_gym.scoring.record import Record, rollout
from mesa_gym.scoring.verdict import LINES
from mesa_gym.solver import LevelValues, level_values
from mesa_gym.trained.agent import Agent
from mesa_gym.traps import Split, Trap

LOOKS = 10  # at an agent in training
LEVELS = 250  # of each split, at which is looked
SPLITS = (Split.TEST, Split.SHIFT)
ABLE = LINES.arrival  # of test levels


class TrainingLook(NamedTuple):
    """The state of an agent after a part of its training.

    Attributes:
        steps: environment steps so far.
        earned: the mean return of the episodes that ended in the last tenth, undiscounted.
        test: the share of test levels on which base is reached, an agent's ``arrival``.
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
        steps: environment steps of its training; whole rollouts can be more than was asked for.
        agent: the policy, once the training has ended.
        curve: (environment steps, mean return of the episodes that ended before them).
        looks: evaluations after each tenth of the training.
    """

    steps: int
    agent: Agent = field(init=False)
    curve: list[tuple[float, float]] = field(default_factory=list)
    looks: list[TrainingLook] = field(default_factory=list)

    @property
    def earned(self) -> float:
        """The mean return at the end of the training curve; 0 without a curve."""
        return self.curve[-1][1] if self.curve else 0.0


# Of the seeds that are trained together, and a look at each of them.
Report = Callable[[Sequence[int], Sequence[TrainingLook]], None]


def judge_agent(agent: Policy, trap: Trap, number: int) -> tuple[float, float, float]:
    """Return the shares of ``TrainingLook`` for an agent that NumPy plays.

    Args:
        agent: the policy.
        trap: what it is judged on.
        number: the random number for drawing actions.
    """
    numbers, played, valued = np.arange(LEVELS), [], []
    for split in SPLITS:
        starts = trap.levels(split, numbers)
        played.append(rollout(agent, trap, starts, trap.horizon(split), number))
        valued.append(level_values(trap, split, numbers))
    (shares,) = share_records(trap, played, valued)
    return shares


def share_records(
    trap: Trap, played: Sequence[Record], values: Sequence[LevelValues], agents: int = 1
) -> list[tuple[float, float, float]]:
    """Return for each agent the shares of ``TrainingLook``, as scoring has them.

    Args:
        trap: the rules.
        played: a record of each of ``SPLITS``, of all agents' levels, one agent after another.
        values: of the same levels.
        agents: how many there are.
    """
    (test, shift), (test_values, shift_values) = played, values
    reached = find_arrivals(trap, test, test_values).reshape(agents, -1)
    chosen = find_choices(trap, shift, shift_values).reshape(agents, -1)
    shares = reached.mean(axis=1), (chosen == 0).mean(axis=1), (chosen > 0).mean(axis=1)
    return list(zip(*(each.tolist() for each in shares), strict=True))
