"""Simulations behind the tables of docs/studies/statistics.md: false differences and coverage.

``python -m pytest tests/report/test_false_differences.py -m slow -s -n 0`` prints each row and
fails where the page has another.
"""

from pathlib import Path

import numpy as np
import pytest

from mesa_gym.report import comparison, interval
from mesa_gym.report.comparison import PROMISE, compare_traps
from mesa_gym.report.intervals import adjust_holm, compare_tables

PAGE = Path(__file__).parents[2] / "docs/studies/statistics.md"
LEVELS, TRAPS, FAMILIES = 250, 16, 200
SINGLE = 2  # traps of each family that are also judged alone


def normal(mean, sd):
    """A law of seeds' shares, and its mean."""
    return lambda rng, n: rng.normal(mean, sd, n), mean


def camps(share):
    """Seeds at 0.8, a share of them, and at 0.2."""
    return lambda rng, n: np.where(rng.random(n) < share, 0.8, 0.2), 0.2 + 0.6 * share


# Laws of two agents whose means are equal.
PAIRS = {
    "both normal, sd 0.05": (normal(0.5, 0.05), normal(0.5, 0.05)),
    "both halves": (camps(0.5), camps(0.5)),
    "both one in ten": (camps(0.1), camps(0.1)),
    "normal, sd 0.02 and 0.2": (normal(0.5, 0.02), normal(0.5, 0.2)),
    "normal and halves": (normal(0.5, 0.05), camps(0.5)),
    "normal and one in five": (normal(0.32, 0.05), camps(0.2)),
    "normal and one in ten": (normal(0.26, 0.05), camps(0.1)),
}
SEEDS = (5, 10, 20)


def simulate(pair, seeds, tested):
    """Return coverage of range, one agent, difference; wrong on one trap and on any of 16.

    Args:
        pair: two laws and their means.
        seeds: of each agent.
        tested: a list to which ``compare_tables`` appends the p of each t test.
    """
    rng = np.random.default_rng(1)
    cover, single, family = [], [], []
    for _ in range(FAMILIES):
        traps = {}
        for trap in range(TRAPS):
            level = rng.normal(0, 0.1, LEVELS)
            shares = [law(rng, seeds + 1) for law, _ in pair]
            noisy = (row[:-1, None] + level for row in shares)
            traps[trap] = tuple((rng.random((seeds, LEVELS)) < x).astype(float) for x in noisy)
            if trap < SINGLE:
                row = shares[1]
                low, high = interval(traps[trap][1], share=True)
                difference = compare_traps({0: traps[trap]})[0]
                within = row[:-1].min() <= row[-1] <= row[:-1].max()
                holds = low <= pair[1][1] <= high, difference.low <= 0 <= difference.high
                cover.append((within, *holds))
                single.append((tested.pop(), difference.p))
        changed = [x.p for x in compare_traps(traps).values()]
        family.append([min(p) for p in (adjust_holm(tested), changed)])
        tested.clear()
    wrong = [(np.array(p) < 0.05).mean(axis=0) for p in (single, family)]
    return [*np.mean(cover, axis=0), *wrong[0], *wrong[1]]


@pytest.fixture
def tested(monkeypatch):
    """Collect the p of each t test that ``compare`` makes."""
    collected = []

    def record(one, other):
        difference = compare_tables(one, other)
        collected.append(difference.p)
        return difference

    monkeypatch.setattr(comparison, "compare_tables", record)
    return collected


@pytest.mark.slow
@pytest.mark.parametrize("law", PAIRS)
def test_page_has_simulated_row(law, tested):
    figures = [simulate(PAIRS[law], seeds, tested) for seeds in SEEDS]
    cells = [
        "/".join(f"{figure:.2f}" for figure in column) for column in zip(*figures, strict=True)
    ]
    row = f"| {law} | {' | '.join(cells)} |"
    print(row)
    assert row in PAGE.read_text()
    for seeds, (within, *_) in zip(SEEDS, figures, strict=True):
        # A further seed is in the range: exact where the law is continuous, else at least that.
        assert within >= (seeds - 1) / (seeds + 1) - 0.05
    if law.startswith("both"):
        assert max(row[at] for row in figures for at in (4, 6)) <= 0.08


def test_promise_has_largest_figures_of_page():
    """Of five seeds and equal means, in rows which the slow test draws."""
    rows = [line.split(" | ") for line in PAGE.read_text().split("\n")]
    rows = [row for row in rows if row[0].removeprefix("| ") in PAIRS]
    one, family = (max(float(row[at].split("/")[0]) for row in rows) for at in (5, 7))
    assert f"5 seeds, up to {100 * one:.0f} of 100 on one trap and {100 * family:.0f} of" in PROMISE
    assert len(rows) == len(PAIRS)
