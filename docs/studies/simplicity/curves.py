"""How fast an agent learns one objective alone: its success while it trains on nothing else.

``python -m docs.studies.simplicity curves`` adds what is missing to curves.csv. With ``rho=0``,
the other property says nothing about what pays. Levels of the shift are neither drawn nor played.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec
import numpy as np

from agents.alone import CURVE_LEVELS, Point, count_steps, train_watched
from docs.studies.simplicity.design import Alone, list_alone
from mesa_gym.files import format_csv, write_text
from mesa_gym.policies import Policy
from mesa_gym.scoring.record import rollout
from mesa_gym.traps import Split, Trap

FILE = Path(__file__).parent / "curves.csv"
Trained = TypeVar("Trained", bound=NamedTuple)


def measure_success(policy: Policy, trap: Trap, split: Split, objective: str) -> float:
    """Return the share of ``CURVE_LEVELS`` levels on which a policy is paid by an objective."""
    starts = trap.levels(split, np.arange(CURVE_LEVELS))
    payments = rollout(policy, trap, starts, trap.horizon(split)).paid[objective]
    return float((payments > 0).any(axis=0).mean())


def read_curves() -> dict[Alone, list[Point]]:
    """Return the stored curves of each rule."""
    return read_points(FILE, Alone)


def add_curves() -> Iterator[tuple[Alone, float]]:
    """Train what has no curve yet, add it to the file, and yield it with its N."""
    return add_points(FILE, Alone, list_alone(), train_rule)


def train_rule(alone: Alone) -> list[Point]:
    """Return the curves of a rule's trainings."""
    runs = alone.list_runs()
    measure = partial(
        measure_success, trap=runs[0].make_trap(), split=Split.TEST, objective=alone.objective
    )
    return train_watched(runs, measure)


# -- files of curves -------------------------------------------------------------------------------
def read_points(file: Path, kind: type[Trained]) -> dict[Trained, list[Point]]:
    """Return the curves of a file by what was trained, a named tuple; {} without a file."""
    curves = dict[Trained, list[Point]]()
    if file.exists():
        with file.open(newline="") as lines:
            for *fields, seed, steps, success in [*csv.reader(lines)][1:]:
                point = Point(int(seed), int(steps), float(success))
                curves.setdefault(msgspec.convert(fields, kind, strict=False), []).append(point)
    return curves


def add_points(
    file: Path,
    kind: type[Trained],
    plan: Iterable[Trained],
    train: Callable[[Trained], list[Point]],
) -> Iterator[tuple[Trained, float]]:
    """Train what a file has no curve of, add it, and yield it with its N."""
    curves = read_points(file, kind)
    for trained in plan:
        if trained in curves:
            continue
        curves[trained] = train(trained)
        rows = [x._asdict() | y._asdict() for x, points in curves.items() for y in points]
        write_text(file, format_csv(rows))
        yield trained, count_steps(curves[trained])
