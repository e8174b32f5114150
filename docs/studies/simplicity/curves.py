"""How fast an agent learns one objective alone: its success while it trains on nothing else.

``python -m docs.studies.simplicity curves`` adds what is missing to curves.csv. With ``rho=0``,
the other property says nothing about what pays. Levels of the shift are neither drawn nor played.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from agents.ppo import PPO
from agents.run import Run
from docs.studies.simplicity.design import Alone, list_alone
from mesa_gym.files import format_csv, write_text
from mesa_gym.policies import Policy
from mesa_gym.scoring.record import rollout
from mesa_gym.traps import Split, Trap

FILE = Path(__file__).parent / "curves.csv"
LOOKS = 40  # measurements during a training, besides one before it
LEVELS = 500  # levels of each measurement


class Point(NamedTuple):
    """The success of an agent after a part of its training.

    Attributes:
        seed: the training's seed.
        steps: environment steps so far.
        success: the share of levels on which the agent is paid by the objective.
    """

    seed: int
    steps: int
    success: float


def measure_success(policy: Policy, trap: Trap, split: Split, objective: str) -> float:
    """Return the share of ``LEVELS`` levels on which a policy is paid by an objective."""
    starts = trap.levels(split, np.arange(LEVELS))
    payments = rollout(policy, trap, starts, trap.horizon(split)).paid[objective]
    return float((payments > 0).any(axis=0).mean())


def train_watched(runs: Sequence[Run], measure: Callable[[Policy], float]) -> list[Point]:
    """Train agents and return their curves: a point before the first update, and ``LOOKS`` more.

    Args:
        runs: the trainings, as for ``agents.train.train_runs``.
        measure: computes the success of an agent; it does not affect the training.
    """
    settings, function = runs[0].settings, runs[0].algorithm.find_function()
    make_trainer = getattr(function, "keywords", {}).get("trainer", PPO)
    assert settings is not None  # all algorithms of this study have PPO's settings
    size, points = settings.rollout_steps, list[Point]()
    updates = -(-runs[0].steps // size)
    looks = {updates * i // LOOKS + 1 for i in range(LOOKS)}  # the updates after a measurement

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


def count_steps(points: Iterable[Point], threshold: float) -> float:
    """Return N: the median over seeds of the steps until success reaches a threshold."""
    return median(find_crossing(curve, threshold) for curve in split_seeds(points))


def read_curves(file: Path = FILE) -> dict[Alone, list[Point]]:
    """Return the stored curves of each rule."""
    curves = dict[Alone, list[Point]]()
    if file.exists():
        with file.open(newline="") as lines:
            for row in csv.DictReader(lines):
                algo, objective, rule, *numbers, success = row.values()
                planes, other_planes, seed, steps = map(int, numbers)
                alone = Alone(algo, objective, rule, planes, other_planes)
                curves.setdefault(alone, []).append(Point(seed, steps, float(success)))
    return curves


def add_curves(threshold: float, file: Path = FILE) -> Iterator[tuple[Alone, float]]:
    """Train what has no curve yet, add it to the file, and yield it with its N."""
    curves = read_curves(file)
    for alone in list_alone():
        if alone in curves:
            continue
        runs = alone.list_runs()
        measure = partial(
            measure_success, trap=runs[0].make_trap(), split=Split.TEST, objective=alone.objective
        )
        curves[alone] = train_watched(runs, measure)
        rows = [x._asdict() | y._asdict() for x, points in curves.items() for y in points]
        write_text(file, format_csv(rows))
        yield alone, count_steps(curves[alone], threshold)
