"""The loop of a training: it calls compiled updates, stage by stage, and looks on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.compiling import Many, jax
from agents.judging import Judge
from agents.networks import Weights
from agents.results import LOOKS, Report, TrainedAgent, TrainingLook
from agents.settings import PPOSettings
from agents.stages import Stage
from mesa_gym.trained.agent import Agent

POINTS = 40  # of a learning curve


@dataclass(frozen=True)
class TrainingPlan:
    """A training, apart from the network.

    Attributes:
        stages: each goes on with what the one before has learnt.
        settings: of PPO.
        checkpoints: equal parts of a stage; what an agent is at the end of each is kept.
    """

    stages: Sequence[Stage]
    settings: PPOSettings
    checkpoints: int = 1


class StageProgram(NamedTuple):
    """The compiled training of a stage, for agents that differ in their seeds.

    Attributes:
        size: steps of an update.
        updates: how many a training has.
        begin, update: those of ``agents.ppo.PPO``, for several agents at once.
        export: makes an agent of weights.
        judge: looks at agents, or None.
    """

    size: int
    updates: int
    begin: Callable[..., Any]
    update: Callable[..., Any]
    export: Callable[[Weights], Agent]
    judge: Judge | None

    def export_all(self, weights: Weights) -> list[Agent]:
        """Return agents of weights that have an axis of agents in front."""
        own = {name: np.asarray(each) for name, each in weights.items()}
        count = len(next(iter(own.values())))
        return [self.export({x: each[i] for x, each in own.items()}) for i in range(count)]


def run_training(
    plan: TrainingPlan,
    programs: Sequence[StageProgram],
    many: Many,
    seeds: Sequence[int],
    report: Report | None,
) -> list[TrainedAgent]:
    """Train agents together.

    Args:
        plan: what is trained.
        programs: of its stages.
        many: puts arrays on the device.
        seeds: of the agents.
        report: told how they do, or None.
    """
    found, done, updates = [TrainedAgent() for _ in seeds], 0, 0
    weights: Weights | None = None
    own = np.array(seeds, np.uint32)
    for stage, program in zip(plan.stages, programs, strict=True):
        learning = many.place(program.begin(own))
        if weights is not None:
            learning = learning._replace(weights=weights)
            keep_agents(found, done, program.export_all(weights))
        # By the number of an update: the steps of a checkpoint, and where to look.
        parts = [stage.steps * i // plan.checkpoints for i in range(1, plan.checkpoints)]
        marks = {-(-at // program.size): at for at in parts}
        looks = {-(-program.updates * i // LOOKS) for i in range(1, LOOKS + 1)}
        ended: list[jax.Array] = []
        for number in range(1, program.updates + 1):
            left = 1 - (1 - plan.settings.rate_left) * (number - 1) / program.updates
            count = np.uint32(updates + number)
            learning, sums = program.update(learning, own, count, np.float32(left))
            ended.append(sums)
            if number in marks:
                keep_agents(found, done + marks[number], program.export_all(learning.weights))
            if report is not None and program.judge is not None and number in looks:
                recent = np.sum(ended[-max(1, program.updates // LOOKS) :], axis=0)
                judged = program.judge.judge(learning.weights, number)
                for each, (earned, episodes), shares in zip(found, recent, judged, strict=True):
                    mean = float(earned / max(episodes, 1))
                    each.looks.append(TrainingLook(done + number * program.size, mean, *shares))
                report(seeds, [each.looks[-1] for each in found])
        note_curves(found, np.asarray(ended), done, stage.steps)
        weights, updates, done = learning.weights, updates + program.updates, done + stage.steps
    for each, agent in zip(found, programs[-1].export_all(weights or {}), strict=True):
        each.agent = agent
    return found


def keep_agents(found: Sequence[TrainedAgent], steps: int, agents: Sequence[Agent]) -> None:
    """Keep a copy of the agents after so many steps."""
    for each, agent in zip(found, agents, strict=True):
        each.earlier[steps] = agent


def note_curves(found: Sequence[TrainedAgent], ended: NDArray[Any], done: int, steps: int) -> None:
    """Add a stage to learning curves, in at most ``POINTS`` parts.

    Args:
        found: the agents.
        ended: of each update and agent the sum of the returns of episodes that ended and their
            number, (updates, agents, 2).
        done, steps: of the stages before, and of this one.
    """
    parts = np.array_split(np.arange(len(ended)), min(POINTS, len(ended)))
    for rows in parts:
        at = done + steps * (int(rows[-1]) + 1) // len(ended)
        for each, (earned, count) in zip(found, ended[rows].sum(axis=0).tolist(), strict=True):
            if count:
                each.curve.append((at, earned / count))
