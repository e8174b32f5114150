"""Coverage of the intervals, by simulation: ``python -m docs.studies.intervals``.

Draws seeds and levels from laws whose true value is known, makes the interval, and counts how
often it holds that; counts the boards of equal methods on which one stands apart; and finds the
error of the seed's share of the variance. ``--page docs/studies/statistics.md`` puts the tables
there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.markdown import lay_out_table
from benchmarks.tracks.ranks import rank_places
from docs.studies.page_tables import make_parser, show
from docs.studies.variance import variance_shares
from mesa_gym.command import DONE, run_command
from mesa_gym.report import interval, mean_over_traps
from mesa_gym.terminal import Progress

Floats = NDArray[np.float64]
# Over seeds and levels: seeds and levels (the columns), true shares of base, and the shares of
# the variance of seed and level where base has one half; the rest is of both, and chance.
CROSSED = tuple((seeds, levels) for seeds in (3, 5, 20) for levels in (100, 1000))
SHARES = (0.5, 0.2, 0.05)
CHOICES = ((0.0, 0.40), (0.02, 0.39), (0.05, 0.38), (0.20, 0.32), (0.40, 0.20))
DRAWN = 2_000  # of each cell, whose standard error is then 0.5
# Over seeds alone, and boards of equal methods: traps and seeds of each.
ALONE, SIMULATIONS = ((1, 5), (1, 10), (8, 5)), 1_000
BOARDS, METHODS = ((1, 3), (1, 5), (3, 3), (3, 5), (8, 3), (8, 5)), 12
# Of the seed's share: numbers of agents, and standard deviations, in logits, of what their seeds
# differ by (little, some, nearly everything), of what levels do, and of both together.
AGENTS, SPREADS = (2, 5, 10, 20), (0.5, 1.5, 5.0)
LEVEL_SPREAD, BOTH_SPREAD = 1.5, 1.0
LEVELS, ESTIMATES = 300, 400


def _draw_bimodal(high: float) -> Callable[..., Floats]:
    """Return the law of seeds near 0.1 and, with this probability, near 0.9."""
    return lambda rng, shape: rng.normal(0.1, 0.03, shape) + 0.8 * (rng.random(shape) < high)


# Laws of seeds, each with its mean: (generator, shape) -> float64 of that shape.
LAWS: dict[str, tuple[Callable[..., Floats], float]] = {
    "normal": (lambda rng, shape: rng.normal(size=shape), 0.0),
    "uniform": (lambda rng, shape: rng.random(shape), 0.5),
    "beta(2, 8)": (lambda rng, shape: rng.beta(2, 8, shape), 0.2),
    "beta(0.8, 4)": (lambda rng, shape: rng.beta(0.8, 4, shape), 0.8 / 4.8),
    "exponential": (lambda rng, shape: rng.exponential(size=shape), 1.0),
    "bimodal, half": (_draw_bimodal(0.5), 0.5),
    "bimodal, a fifth": (_draw_bimodal(0.2), 0.26),
}
LAW_ROWS = {(law,): law for law in LAWS}


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
    seed: float, level: float, share: float, shape: tuple[int, int]
) -> float:
    """Return how often the interval holds the share of seeds and levels in general."""
    rng = np.random.default_rng([*shape, *(int(1000 * x) for x in (seed, level, share))])
    held = 0
    for _ in range(DRAWN):
        table = draw_choices(rng, seed, level, share, shape)
        low, high = interval(mean_over_traps, [table], limits=(0, 1))
        held += low <= share <= high
    return held / DRAWN


def measure_coverage(law: str, traps: int, seeds: int) -> float:
    """Return how often the interval over seeds alone holds the mean of a law."""
    rng = np.random.default_rng([traps, seeds, *b"mean", *law.encode()])
    (draw, mean), held = LAWS[law], 0
    for _ in range(SIMULATIONS):
        low, high = interval(mean_over_traps, [draw(rng, (seeds,)) for _ in range(traps)])
        held += low <= mean <= high
    return held / SIMULATIONS


def measure_wrong_places(law: str, traps: int, seeds: int) -> float:
    """Return the share of boards on which not all of ``METHODS`` equal methods share place 1."""
    rng = np.random.default_rng([traps, seeds, *law.encode()])
    wrong = 0
    for _ in range(SIMULATIONS):
        drawn = LAWS[law][0](rng, (METHODS, traps, seeds))
        drawn = drawn[np.argsort(-drawn.mean(axis=(1, 2)))]
        wrong += max(rank_places(list(drawn))) > 1
    return wrong / SIMULATIONS


def estimate_seed_share(agents: int, spread: float) -> tuple[float, float]:
    """Return the mean and the standard deviation of the estimated share of the seed.

    Args:
        agents: how many agents an estimate takes.
        spread: standard deviation, in logits, of what seeds differ by.
    """
    rng, found = np.random.default_rng(0), []
    for _ in range(ESTIMATES):
        logits = rng.normal(0, LEVEL_SPREAD, (1, LEVELS)) + rng.normal(0, spread, (agents, 1))
        logits = logits + rng.normal(0, BOTH_SPREAD, (agents, LEVELS))
        base = 1 / (1 + np.exp(-logits))
        first, second = (rng.random((2, *base.shape)) < base).astype(np.float64)
        found.append(variance_shares(first, second)["seed"])
    return float(np.mean(found)), float(np.std(found))


# -- tables ----------------------------------------------------------------------------------------


def tabulate_crossed() -> str:
    """Return the coverage of intervals over seeds and levels, in percent."""
    heads = ["share of base", "of the seed", "of the level"]
    heads += [f"{seeds} seeds, {levels:,} levels" for seeds, levels in CROSSED]
    rows = [(share, *choice) for share in SHARES for choice in CHOICES]

    def measure(row: tuple[float, float, float], shape: tuple[int, int]) -> str:
        share, seed, level = row
        return mark_coverage(measure_crossed_coverage(seed, level, share, shape))

    return _tabulate(heads, {tuple(f"{x:.2f}" for x in row): row for row in rows}, CROSSED, measure)


def tabulate_coverage() -> str:
    """Return the coverage of intervals over seeds alone, in percent."""
    heads = ["law", *map(_say_traps, ALONE)]
    return _tabulate(
        heads, LAW_ROWS, ALONE, lambda law, shape: mark_coverage(measure_coverage(law, *shape))
    )


def tabulate_boards() -> str:
    """Return the percentage of boards on which one of equal methods stands apart."""
    heads = ["law", *map(_say_traps, BOARDS)]
    return _tabulate(
        heads, LAW_ROWS, BOARDS, lambda law, shape: f"{100 * measure_wrong_places(law, *shape):.1f}"
    )


def tabulate_seed_errors() -> str:
    """Return the standard error of the seed's share, by its size and the number of agents."""
    heads = ["share of the seed", *(f"error, {n} agents" for n in AGENTS)]
    largest = {spread: estimate_seed_share(AGENTS[-1], spread)[0] for spread in SPREADS}
    rows = {(f"{share:.2f}",): spread for spread, share in largest.items()}
    return _tabulate(
        heads, rows, AGENTS, lambda spread, agents: f"{estimate_seed_share(agents, spread)[1]:.2f}"
    )


def _tabulate(
    heads: list[str],
    rows: dict[tuple[str, ...], Any],
    columns: Sequence[Any],
    measure: Callable[[Any, Any], str],
) -> str:
    """Return a table of a cell for each row, which begins with some texts, and each column."""
    lines = []
    with Progress("simulations", len(rows) * len(columns), "cells") as progress:
        for texts, row in rows.items():
            lines.append([*texts])
            for column in columns:
                lines[-1].append(measure(row, column))
                progress(1)
    return lay_out_table(heads, lines)


def _say_traps(shape: tuple[int, int]) -> str:
    traps, seeds = shape
    return f"{traps} trap{'s' * (traps > 1)}, {seeds} seeds"


def mark_coverage(share: float) -> str:
    """Return a share in percent, in bold outside 93 to 97."""
    text = f"{100 * share:.1f}"
    return text if 93 <= float(text) <= 97 else f"**{text}**"


TABLES = {
    "crossed": tabulate_crossed,
    "boards": tabulate_boards,
    "seed errors": tabulate_seed_errors,
    "coverage": tabulate_coverage,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script: 0 done, 2 bad usage, 130 interrupted."""
    options = make_parser("intervals", __doc__).parse_args(arguments)

    def work() -> int:
        for name, tabulate in TABLES.items():
            show(name, tabulate(), options.page)
        return DONE

    return run_command("intervals", work)


if __name__ == "__main__":
    sys.exit(main())
