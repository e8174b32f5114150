"""Coverage of the intervals, by simulation: ``python -m benchmarks study intervals``.

Draws seeds and levels from laws whose true value is known, makes the interval, and counts how
often it holds that; counts the boards of equal methods on which one stands apart; and finds the
error of the seed's share of the variance. ``--page docs/statistics.md`` puts the tables there.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.board.places import rank_places
from benchmarks.markdown import lay_out_table
from benchmarks.studies.commands import fill
from mesa_gym.command import DONE, run_command
from mesa_gym.scoring import (
    interquartile_mean,
    interval,
    mean_over_traps,
    probability_of_improvement,
    variance_shares,
)
from mesa_gym.scoring.intervals import Statistic
from mesa_gym.terminal import Progress

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Floats]
# Over seeds and levels: seeds and levels (the columns), true shares of base, and the shares of
# the variance of seed and level where base has one half; the rest is of both, and chance.
CROSSED = tuple((seeds, levels) for seeds in (3, 5, 20) for levels in (100, 1000))
SHARES = (0.5, 0.2, 0.05)
CHOICES = ((0.0, 0.40), (0.02, 0.39), (0.05, 0.38), (0.20, 0.32), (0.40, 0.20))
DRAWN = 2_000  # of each cell, whose standard error is then 0.5
# Over seeds alone: traps and seeds of each.
SETTINGS = ((1, 5), (1, 10), (8, 5))
SIMULATIONS = 1_000
# Boards: traps and seeds of each, the number of equal methods, and that of boards.
BOARDS, METHODS, SORTED = ((1, 3), (1, 5), (3, 3), (3, 5), (8, 3), (8, 5)), 12, 1_000
# What the true values that have no closed form are computed from.
LARGE = 2**22
# Of the seed's share: numbers of agents, and standard deviations, in logits, of what their seeds
# differ by (little, some, nearly everything), of what levels do, and of both together.
AGENTS, SPREADS = (2, 5, 10, 20), (0.5, 1.5, 5.0)
LEVEL_SPREAD, BOTH_SPREAD = 1.5, 1.0
LEVELS, ESTIMATES = 300, 400


# -- coverage over seeds and levels ----------------------------------------------------------------


def draw_choices(
    rng: np.random.Generator, seed: float, level: float, share: float, shape: tuple[int, int]
) -> Floats:
    """Return choices of seeds on levels, float64 ``shape``, 1 for base and 0 for another.

    Base is chosen where a sum of normal numbers, of the seed, the level and the cell, lies below
    a line.

    Args:
        rng: of the draws.
        seed: the seed's share of the variance, were ``share`` one half.
        level: the same of the level.
        share: of base, for seeds and levels in general.
        shape: how many seeds and levels.
    """
    # Of two normal numbers with correlation r the signs have arcsin(r) / (pi / 2).
    of_seed, of_level = np.sin(np.pi / 2 * seed), np.sin(np.pi / 2 * level)
    total = of_seed**0.5 * rng.standard_normal((shape[0], 1))
    total = total + of_level**0.5 * rng.standard_normal((1, shape[1]))
    total = total + (1 - of_seed - of_level) ** 0.5 * rng.standard_normal(shape)
    return (total < NormalDist().inv_cdf(share)).astype(np.float64)


def measure_crossed_coverage(
    seed: float, level: float, share: float, shape: tuple[int, int], simulations: int
) -> float:
    """Return how often the interval holds the share of seeds and levels in general."""
    rng = np.random.default_rng([*shape, *(int(1000 * x) for x in (seed, level, share))])
    held = 0
    for _ in range(simulations):
        table = draw_choices(rng, seed, level, share, shape)
        low, high = interval(mean_over_traps, [table], limits=(0, 1))
        held += low <= share <= high
    return held / simulations


def tabulate_crossed() -> str:
    """Return the coverage of intervals over seeds and levels, in percent."""
    heads = ["share of base", "of the seed", "of the level"]
    columns = [f"{seeds} seeds, {levels:,} levels" for seeds, levels in CROSSED]
    rows = []
    with Progress("levels", len(SHARES) * len(CHOICES) * len(CROSSED), "cells") as progress:
        for share in SHARES:
            for seed, level in CHOICES:
                row = [f"{share:.2f}", f"{seed:.2f}", f"{level:.2f}"]
                for shape in CROSSED:
                    covered = measure_crossed_coverage(seed, level, share, shape, DRAWN)
                    row.append(format_coverage(covered))
                    progress(1)
                rows.append(row)
    return lay_out_table([*heads, *columns], rows)


def format_coverage(share: float) -> str:
    """Return a share in percent, in bold outside 93 to 97."""
    text = f"{100 * share:.1f}"
    return text if 93 <= float(text) <= 97 else f"**{text}**"


# -- coverage over seeds alone ---------------------------------------------------------------------


def make_bimodal(high: float) -> Draw:
    """Seeds near 0.1 and, with this probability, near 0.9."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
        return rng.normal(0.1, 0.03, shape) + 0.8 * (rng.random(shape) < high)

    return draw


# Each law with its mean.
LAWS: dict[str, tuple[Draw, float]] = {
    "normal": (lambda rng, shape: rng.normal(size=shape), 0.0),
    "uniform": (lambda rng, shape: rng.random(shape), 0.5),
    "beta(2, 8)": (lambda rng, shape: rng.beta(2, 8, shape), 0.2),
    "beta(0.8, 4)": (lambda rng, shape: rng.beta(0.8, 4, shape), 0.8 / 4.8),
    "exponential": (lambda rng, shape: rng.exponential(size=shape), 1.0),
    "bimodal, half": (make_bimodal(0.5), 0.5),
    "bimodal, a fifth": (make_bimodal(0.2), 0.26),
}


class Case(NamedTuple):
    """A statistic of seeds that are drawn from a law: a line of the table.

    Attributes:
        statistic, law: their names.
        compute: the statistic.
        draws: the law of each of its samples.
        truth: what the intervals should hold.
        limits: of the statistic.
    """

    statistic: str
    law: str
    compute: Statistic
    draws: Sequence[Draw]
    truth: float
    limits: tuple[float, float] = (-np.inf, np.inf)


def cases() -> Iterator[Case]:
    """Yield the lines of the table."""
    for law, (draw, mean) in LAWS.items():
        yield Case("mean", law, mean_over_traps, [draw], mean)
    for law, (draw, _) in LAWS.items():
        middle = float(interquartile_mean(draw(np.random.default_rng(0), (LARGE,))))
        yield Case("interquartile mean", law, interquartile_mean, [draw], middle)
    same, better = "improvement, none", "improvement, by one deviation"
    # By ranks alone, so that every continuous law gives the same.
    draws = [LAWS["normal"][0]] * 2
    yield Case(same, "any", probability_of_improvement, draws, 0.5, (0, 1))
    for law, (draw, _) in LAWS.items():
        first, second = (draw(np.random.default_rng(seed), (LARGE,)) for seed in (0, 1))
        moved = _move_draws(draw, float(second.std()))
        share = float((first + second.std() > second).mean())
        yield Case(better, law, probability_of_improvement, [moved, draw], share, (0, 1))
    for law, share in (("half are above", 0.5), ("a tenth is above", 0.1)):
        yield Case("profile", law, mean_over_traps, [_make_indicator(share)], share, (0, 1))


def _move_draws(draw: Draw, by: float) -> Draw:
    return lambda rng, shape: draw(rng, shape) + by


def _make_indicator(share: float) -> Draw:
    return lambda rng, shape: (rng.random(shape) < share).astype(np.float64)


def measure_coverage(case: Case, traps: int, seeds: int, simulations: int = SIMULATIONS) -> float:
    """Return the share of the intervals that hold the true value."""
    rng = np.random.default_rng([traps, seeds, *case.statistic.encode(), *case.law.encode()])
    held = 0
    for _ in range(simulations):
        samples = [[draw(rng, (seeds,)) for _ in range(traps)] for draw in case.draws]
        low, high = interval(case.compute, *samples, limits=case.limits)
        # Shares such as 1/2 are met exactly, and must not be lost to rounding.
        held += low <= case.truth + 1e-9 and case.truth - 1e-9 <= high
    return held / simulations


def tabulate_coverage() -> str:
    """Return the coverage of intervals over seeds alone, in percent."""
    columns = [f"{traps} trap{'s' * (traps > 1)}, {seeds} seeds" for traps, seeds in SETTINGS]
    rows, every = [], list(cases())
    with Progress("seeds", len(every) * len(SETTINGS), "cells") as progress:
        for case in every:
            row = [case.statistic, case.law]
            for traps, seeds in SETTINGS:
                row.append(format_coverage(measure_coverage(case, traps, seeds, SIMULATIONS)))
                progress(1)
            rows.append(row)
    return lay_out_table(["statistic", "law", *columns], rows)


# -- boards of equal methods -----------------------------------------------------------------------


def measure_wrong_places(law: str, traps: int, seeds: int, boards: int) -> float:
    """Return the share of boards on which not all of ``METHODS`` equal methods share place 1."""
    rng = np.random.default_rng([traps, seeds, *law.encode()])
    wrong = 0
    for _ in range(boards):
        drawn = LAWS[law][0](rng, (METHODS, traps, seeds))
        drawn = drawn[np.argsort(-drawn.mean(axis=(1, 2)))]
        wrong += max(rank_places(list(drawn))) > 1
    return wrong / boards


def tabulate_boards() -> str:
    """Return the percentage of boards on which one of equal methods stands apart."""
    columns = [f"{traps} trap{'s' * (traps > 1)}, {seeds} seeds" for traps, seeds in BOARDS]
    rows = []
    with Progress("boards", len(LAWS) * len(BOARDS), "cells") as progress:
        for law in LAWS:
            row = [law]
            for traps, seeds in BOARDS:
                row.append(f"{100 * measure_wrong_places(law, traps, seeds, SORTED):.1f}")
                progress(1)
            rows.append(row)
    return lay_out_table(["law", *columns], rows)


# -- the seed's share of the variance --------------------------------------------------------------


def seed_shares(agents: int, spread: float, estimates: int, seed: int = 0) -> tuple[float, float]:
    """Return the mean and the standard deviation of the estimated share of the seed.

    Args:
        agents: how many agents an estimate takes.
        spread: standard deviation, in logits, of what seeds differ by.
        estimates: how many are made.
        seed: of the draws.
    """
    rng, found = np.random.default_rng(seed), []
    for _ in range(estimates):
        logits = rng.normal(0, LEVEL_SPREAD, (1, LEVELS)) + rng.normal(0, spread, (agents, 1))
        logits = logits + rng.normal(0, BOTH_SPREAD, (agents, LEVELS))
        base = 1 / (1 + np.exp(-logits))
        first, second = (rng.random((2, *base.shape)) < base).astype(np.float64)
        found.append(variance_shares(first, second)["seed"])
    return float(np.mean(found)), float(np.std(found))


def seed_errors() -> str:
    """Return the standard error of the seed's share, by its size and the number of agents."""
    rows = []
    for spread in SPREADS:
        found = [seed_shares(agents, spread, ESTIMATES) for agents in AGENTS]
        rows.append([f"{found[-1][0]:.2f}", *(f"{error:.2f}" for _, error in found)])
    return lay_out_table(["share of the seed", *(f"error, {n} agents" for n in AGENTS)], rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 2 bad usage, 130 interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks study intervals",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--page", type=Path, help="a page to put the tables into, at their marks")
    options = parser.parse_args(arguments)
    tables = {
        "crossed": tabulate_crossed,
        "boards": tabulate_boards,
        "seed errors": seed_errors,
        "coverage": tabulate_coverage,
    }

    def work() -> int:
        for name, made in tables.items():
            table = made()
            print(f"{table}\n")
            if options.page:
                fill(options.page, name, table)
        return DONE

    return run_command("intervals", work)
