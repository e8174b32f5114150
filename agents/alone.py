"""How fast agents learn one objective alone: its success while they train for nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from agents.ppo import PPO
from agents.run import Run
from mesa_gym.policies import Policy
from mesa_gym.scoring.record import rollout
from mesa_gym.solver import level_values
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.judged_by import SOLVED
from mesa_gym.traps.played_episodes import STRAIGHT

CURVE_LOOKS = 40  # measurements during a training, besides one before it
CURVE_LEVELS = 500  # levels of each measurement
THRESHOLD = 0.75  # the success at which an objective counts as learned
ALONE_SEEDS = range(3)  # of the trainings for each objective


class Point(NamedTuple):
    """The success of an agent after a part of its training.

    Attributes:
        seed: the training's seed.
        steps: environment steps so far.
        success: the share of levels on which the agent reaches the objective.
    """

    seed: int
    steps: int
    success: float


def train_watched(runs: Sequence[Run], measure: Callable[[Policy], float]) -> list[Point]:
    """Train agents and return their curves.

    A curve has a point before the first update, and ``CURVE_LOOKS`` more.

    Args:
        runs: the trainings, as for ``agents.train.train_runs``, by PPO with any of its networks.
        measure: computes the success of an agent; it does not affect the training.
    """
    settings, function = runs[0].settings, runs[0].algorithm.find_function()
    make_trainer = getattr(function, "keywords", {}).get("trainer", PPO)
    assert settings is not None  # all algorithms of PPO have its settings
    size, points = settings.rollout_steps, list[Point]()
    updates = -(-runs[0].steps // size)
    # The updates after a measurement.
    looks = {updates * i // CURVE_LOOKS + 1 for i in range(CURVE_LOOKS)}

    def make_watched(*arguments: Any) -> PPO:
        trainer: PPO = make_trainer(*arguments)
        prepare = trainer.prepare

        def look_and_prepare(train_state: Any, numbers: Any, number: int) -> Any:
            if number in looks:
                for i, seed in enumerate(np.asarray(numbers.seed).tolist()):
                    weights: Any = {
                        name: np.asarray(x[i]) for name, x in train_state.weights.items()
                    }
                    success = measure(trainer.learner.export(weights))
                    points.append(Point(seed, (number - 1) * size, success))
            return prepare(train_state, numbers, number)

        vars(trainer)["prepare"] = look_and_prepare
        return trainer

    for trained in partial(function, trainer=make_watched)(runs):
        points.append(Point(trained.run.seed, trained.steps, measure(trained.agent)))
    return sorted(points)


def find_crossing(points: Sequence[Point], threshold: float) -> float:
    """Return the steps until success first reaches a threshold; infinite if it never does.

    Between two measurements of the one seed, success is taken to be linear in steps.
    """
    before = points[0]
    for point in points:
        if point.success >= threshold:
            rise = point.success - before.success
            part = (threshold - before.success) / rise if rise else 1.0
            return before.steps + part * (point.steps - before.steps)
        before = point
    return np.inf


def split_seeds(points: Iterable[Point]) -> list[list[Point]]:
    """Return the curve of each seed."""
    by_seed = dict[int, list[Point]]()
    for point in sorted(points):
        by_seed.setdefault(point.seed, []).append(point)
    return list(by_seed.values())


def count_steps(points: Iterable[Point], threshold: float = THRESHOLD) -> float:
    """Return N: the median over seeds of the steps until success reaches a threshold."""
    return median(find_crossing(curve, threshold) for curve in split_seeds(points))


def list_alone_runs(
    trap: str, objective: str, steps: int = 0, keywords: Sequence[str] = ()
) -> list[Run]:
    """Return PPO's trainings for one objective of a trap, on levels of the shift alone.

    There the objectives conflict, so that an agent that is paid for one learns this one.
    """
    run = Run(trap, steps=steps, alpha=1.0, reward=objective, keywords=tuple(keywords))
    return run.repeat(ALONE_SEEDS)


def make_measure(trap: Trap, objective: str) -> Callable[[Policy], float]:
    """Return a function that measures on which share of shift levels a policy reaches an objective.

    It reaches the target first or later; on a trap without targets, it earns most of what the
    objective pays, as the score card counts it for base.
    """
    rows, limit = np.arange(CURVE_LEVELS), trap.horizon(Split.SHIFT)
    starts, values = trap.levels(Split.SHIFT, rows), level_values(trap, Split.SHIFT, rows)
    row = [*trap.objectives].index(objective)

    def measure_reached(policy: Policy) -> float:
        record = rollout(policy, trap, starts, limit)
        if trap.judging.places:
            contacts = record.paid[objective] > values.largest[objective] / 2
            return float(contacts.any(axis=0).mean())
        scores = trap.judging.watch(trap, record, values).paces / STRAIGHT
        return float((scores[row] >= SOLVED).mean())

    return measure_reached
