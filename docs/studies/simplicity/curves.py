"""How fast an agent learns one objective alone: its success while it trains on nothing else.

``python -m docs.studies.simplicity curves`` adds what is missing to curves.csv. With ``rho=0``,
the other property says nothing about what pays. Levels of the shift are neither drawn nor played.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from agents.alone import CURVE_LEVELS, Point, count_steps, train_watched
from docs.studies.simplicity.design import Alone, list_alone
from mesa_gym.files import format_csv, write_text
from mesa_gym.policies import Policy
from mesa_gym.scoring.record import rollout
from mesa_gym.traps import Split, Trap

FILE = Path(__file__).parent / "curves.csv"


def measure_success(policy: Policy, trap: Trap, split: Split, objective: str) -> float:
    """Return the share of ``CURVE_LEVELS`` levels on which a policy is paid by an objective."""
    starts = trap.levels(split, np.arange(CURVE_LEVELS))
    payments = rollout(policy, trap, starts, trap.horizon(split)).paid[objective]
    return float((payments > 0).any(axis=0).mean())


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


def add_curves(file: Path = FILE) -> Iterator[tuple[Alone, float]]:
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
        yield alone, count_steps(curves[alone])
