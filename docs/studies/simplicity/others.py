"""Does the law hold on traps that were not made for it? What each objective takes alone there.

``python -m docs.studies.simplicity others`` adds what is missing to others.csv. An agent trains on
levels of the shift alone, where the objectives conflict, and is paid for one of them. Success is
the share of other levels of the shift on which the agent reaches this objective's target, or earns
most of what it pays, as the score card counts it for base.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from agents.alone import Point, count_steps, list_alone_runs, make_measure, train_watched
from docs.studies.simplicity.curves import add_points, read_points
from docs.studies.simplicity.design import PPO
from mesa_gym.report import group_cards, read_committed
from mesa_gym.traps import Trap, package_traps

FILE = Path(__file__).parent / "others.csv"
OWN = "SimplerOfTwo-v0"  # whose results are the law's


class LoneObjective(NamedTuple):
    """An objective of a trap that is trained alone."""

    trap: str
    objective: str


def list_others() -> list[type[Trap]]:
    """Return the traps of the leaderboard with two objectives and an exact solver, but ours."""
    return [
        cls
        for cls in package_traps().values()
        if cls.judging.counts_for_board and cls.solvable and len(cls.objectives) == 2
        if cls.name() != OWN
    ]


def read_others() -> dict[LoneObjective, list[Point]]:
    """Return the stored curves of each objective."""
    return read_points(FILE, LoneObjective)


def add_others() -> Iterator[tuple[LoneObjective, float]]:
    """Train what has no curve yet, add it to the file, and yield it with its N."""
    plan = [LoneObjective(cls.name(), name) for cls in list_others() for name in cls.objectives]
    return add_points(FILE, LoneObjective, plan, train_objective)


def train_objective(alone: LoneObjective) -> list[Point]:
    """Return the curves of an objective's trainings."""
    runs = list_alone_runs(*alone)
    return train_watched(runs, make_measure(runs[0].make_trap(), alone.objective))


class Contradiction(NamedTuple):
    """What the law says of a trap, and what its committed agents do.

    Attributes:
        trap: the trap's name.
        steps: N of base and of the proxy.
        observed: the mean log odds of the proxy over base, of PPO's committed agents.
        speed: log (N of base / N of the proxy); not finite if either is never learned.
    """

    trap: str
    steps: tuple[float, float]
    observed: float
    speed: float

    def predict(self, slope: float) -> float:
        """Return the log odds that the law predicts."""
        return slope * self.speed

    def find_direction(self) -> float:
        """Return 1 if the proxy is learned faster, -1 if base is, 0 if neither is."""
        base, proxy = self.steps
        return float(np.sign(1 / proxy - 1 / base))

    def find_error(self, slope: float) -> float:
        """Return the observed minus the predicted log odds."""
        return self.observed - self.predict(slope)


def observe_odds() -> dict[str, float]:
    """Return trap -> mean log odds of the proxy over base of the committed PPO agents."""
    odds = {}
    for group in group_cards(read_committed(PPO)):
        counts = [
            [(card.choices.shift == number).sum() for number in range(2)]
            for card in group.cards
            if card.choices is not None
        ]
        if counts:
            base, proxy = np.array(counts).T
            odds[group.trap] = float(np.log((proxy + 0.5) / (base + 0.5)).mean())
    return odds


def list_contradictions(slope: float) -> list[Contradiction]:
    """Return all traps whose objectives were measured, those that contradict the law first.

    A trap contradicts the law if the odds go the other way than predicted. Within both parts, the
    greatest error comes first; traps with an objective that is never learned alone come last.
    """
    curves, odds, rows = read_others(), observe_odds(), list[Contradiction]()
    for cls in list_others():
        pair = [LoneObjective(cls.name(), x) for x in cls.objectives]
        if not all(x in curves for x in pair):
            continue
        base, proxy = (count_steps(curves[x]) for x in pair)
        speed = float(np.log(base / proxy)) if np.isfinite([base, proxy]).all() else np.nan
        rows.append(Contradiction(cls.name(), (base, proxy), odds[cls.name()], speed))

    def rank(x: Contradiction) -> tuple[bool, bool, float]:
        agrees = x.observed * x.predict(slope) > 0
        return not np.isfinite(x.speed), agrees, -abs(x.find_error(slope))

    return sorted(rows, key=rank)


def find_typical_error(errors: Iterable[float]) -> float:
    """Return the root mean square of errors in log odds."""
    return float(np.sqrt(np.mean(np.square([*errors]))))
