"""The law and its rivals: odds of the two targets, fits over combinations, and bootstraps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np

from agents.alone import THRESHOLD, Point, count_steps
from docs.studies.simplicity.design import CASES, Alone, Combination, find_alone
from docs.studies.simplicity.shares import AgentRow
from mesa_gym.engine import Floats

LEAST_SUCCESS = 0.9  # an agent with less is printed and not used
RESAMPLES = 10_000
TAILS = (2.5, 97.5)  # percentiles: the ends of a 95% interval


class Measured(NamedTuple):
    """A combination of rules, with the odds of its competent agents.

    Attributes:
        combination: the rules.
        steps: the steps that the shape's rule and the colour's take alone, in this order.
        odds: float64 (seeds,), the log odds of colour over shape of each competent agent.
    """

    combination: Combination
    steps: tuple[float, float]
    odds: Floats

    @property
    def speed(self) -> float:
        """Return log (N of shape / N of colour): above 0, colour is faster learned alone."""
        return float(np.log(self.steps[0] / self.steps[1]))


Predictor = Callable[[Measured], float]


def find_odds(row: AgentRow) -> float:
    """Return the log odds of colour over shape, over the levels on which either is reached."""
    return float(np.log((row.colour + 0.5) / (row.shape + 0.5)))


def measure(
    rows: Iterable[AgentRow], curves: Mapping[Alone, list[Point]], algo: str, alpha: float = 0.0
) -> list[Measured]:
    """Return the combinations of an algorithm's agents with at least one competent agent."""
    odds = dict[Combination, list[float]]()
    for row in rows:
        if (row.algo, row.alpha) == (algo, alpha) and row.success >= LEAST_SUCCESS:
            odds.setdefault(row.combination, []).append(find_odds(row))
    return [
        Measured(x, find_steps(curves, algo, x), np.array(values)) for x, values in odds.items()
    ]


def find_steps(
    curves: Mapping[Alone, list[Point]],
    algo: str,
    combination: Combination,
    threshold: float = THRESHOLD,
) -> tuple[float, float]:
    """Return the steps that the shape's rule and the colour's take alone."""
    shape, colour = find_alone(algo, combination)
    return count_steps(curves[shape], threshold), count_steps(curves[colour], threshold)


# -- what could decide instead of speed ------------------------------------------------------------


def count_cases(measured: Measured) -> float:
    """Return log (cases of the shape's rule / cases of the colour's)."""
    combination = measured.combination
    return float(np.log(CASES[combination.shape_rule] / CASES[combination.colour_rule]))


def compare_planes(measured: Measured) -> float:
    """Return log (planes of colour / planes of shape): above 0, colour is more salient."""
    return float(np.log(measured.combination.colour_planes / measured.combination.shape_planes))


def compare_speed(measured: Measured) -> float:
    """Return 1 if colour is faster learned alone, -1 if shape is, 0 if both have equal rules."""
    shape_rule, colour_rule, shape_planes, colour_planes = measured.combination
    equal = (shape_rule, shape_planes) == (colour_rule, colour_planes)
    return 0.0 if equal else float(np.sign(measured.speed))


PREDICTORS: dict[str, Predictor] = {
    "faster alone (the law)": lambda x: x.speed,
    "fewer cases": count_cases,
    "which is faster, not by how much": compare_speed,
    "more planes": compare_planes,
    "one preference for all": lambda x: 0.0,
}


# -- fits ------------------------------------------------------------------------------------------


def fit(table: list[Measured], *predictors: Predictor) -> Floats:
    """Return the least-squares intercept and slopes of mean odds, float64 (1 + predictors,)."""
    inputs = np.array([[1.0, *(f(x) for f in predictors)] for x in table])
    solution: Floats = np.linalg.lstsq(inputs, [x.odds.mean() for x in table], rcond=None)[0]
    return solution


def resample(table: list[Measured], *predictors: Predictor, seed: int = 0) -> Floats:
    """Return ``fit`` of bootstraps, over combinations and then seeds, float64 (resamples, ...)."""
    rng, count = np.random.default_rng(seed), len(table)
    chosen = rng.integers(count, size=(RESAMPLES, count))
    inputs = np.array([[1.0, *(f(x) for f in predictors)] for x in table])[chosen]
    odds = np.zeros(chosen.shape)
    for number, x in enumerate(table):
        here = chosen == number
        odds[here] = rng.choice(x.odds, size=(int(here.sum()), len(x.odds))).mean(axis=1)
    solutions: Floats = (np.linalg.pinv(inputs) @ odds[..., None])[..., 0]
    return solutions


def find_interval(values: Floats) -> tuple[float, float]:
    """Return the 95% interval of bootstraps."""
    low, high = np.percentile(values, TAILS)
    return float(low), float(high)


def find_left_out_error(table: list[Measured], predictor: Predictor) -> float:
    """Return the root mean square error of a combination's odds by a fit of the others."""
    errors = []
    for x in table:
        intercept, slope = fit([y for y in table if y is not x], predictor)
        errors.append(intercept + slope * predictor(x) - x.odds.mean())
    return float(np.sqrt(np.mean(np.square(errors))))
