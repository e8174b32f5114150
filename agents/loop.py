"""The loop of a training: it calls compiled updates, and looks on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.compiling import jax
from agents.judging import Judge
from agents.networks import Weights
from agents.results import LOOKS, Report, TrainedAgent, TrainingLook
from mesa_gym.trained.agent import Agent

POINTS = 40  # of a learning curve


class TrainingProgram(NamedTuple):
    """The compiled training of agents that differ in their seeds.

    Attributes:
        size: steps of an update.
        updates: the number of updates.
        begin, update: those of ``agents.ppo.PPO``, for several agents at once.
        export: makes an agent of weights.
        judge: evaluates agents, or None.
    """

    size: int
    updates: int
    begin: Callable[..., Any]
    update: Callable[..., Any]
    export: Callable[[Weights], Agent]
    judge: Judge | None

    def export_all(self, weights: Weights) -> list[Agent]:
        """Return one agent per entry of the weights' first axis."""
        own = {name: np.asarray(each) for name, each in weights.items()}
        count = len(next(iter(own.values())))
        return [self.export({x: each[i] for x, each in own.items()}) for i in range(count)]


def run_training(
    program: TrainingProgram, seeds: Sequence[int], report: Report | None
) -> list[TrainedAgent]:
    """Train agents together.

    Args:
        program: what is trained.
        seeds: of the agents.
        report: called with evaluations, or None.

    Raises:
        FloatingPointError: the loss is not a number, or infinite.
    """
    own, updates = np.array(seeds, np.uint32), program.updates
    found = [TrainedAgent(updates * program.size) for _ in seeds]
    learning, ended = program.begin(own), list[jax.Array]()
    looks = {-(-updates * i // LOOKS) for i in range(1, LOOKS + 1)}
    # Seldom, as the loop waits for the update; soon at first, where most mistakes show.
    checks = looks | {2**i for i in range(updates.bit_length())}
    for number in range(1, updates + 1):
        left = np.float32(1 - (number - 1) / updates)
        learning, sums = program.update(learning, own, np.uint32(number), left)
        ended.append(sums)
        if number in checks:
            require_finite(learning.weights, number * program.size)
        if report is not None and program.judge is not None and number in looks:
            recent = np.sum(ended[-max(1, updates // LOOKS) :], axis=0)
            judged = program.judge.judge(learning.weights, number)
            for each, (earned, episodes), shares in zip(found, recent, judged, strict=True):
                mean = float(earned / max(episodes, 1))
                each.looks.append(TrainingLook(number * program.size, mean, *shares))
            report(seeds, [each.looks[-1] for each in found])
    note_curves(found, np.asarray(ended), program.size)
    for each, agent in zip(found, program.export_all(learning.weights), strict=True):
        each.agent = agent
    return found


def require_finite(weights: Weights, step: int) -> None:
    """Raise FloatingPointError where a weight is not finite, as after a loss of NaN."""
    if not all(np.isfinite(each).all() for each in weights.values()):
        raise FloatingPointError(f"the loss is nan or infinite at step {step:,}")


def note_curves(found: Sequence[TrainedAgent], ended: NDArray[Any], size: int) -> None:
    """Write learning curves, in at most ``POINTS`` parts.

    Args:
        found: the agents.
        ended: of each update and agent the sum of the returns of episodes that ended and their
            number, (updates, agents, 2).
        size: steps of an update.
    """
    for rows in np.array_split(np.arange(len(ended)), min(POINTS, len(ended))):
        at = size * (int(rows[-1]) + 1)
        for each, (earned, count) in zip(found, ended[rows].sum(axis=0).tolist(), strict=True):
            if count:
                each.curve.append((at, earned / count))
