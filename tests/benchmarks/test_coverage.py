"""Coverage of the intervals by simulation, and the documented table against its command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.studies import interval_coverage as coverage
from mesa_gym.scoring import mean_over_traps, probability_of_improvement

DOCS = Path(__file__).parents[2] / "docs" / "statistics.md"
NORMAL = coverage.Case("mean", "normal", mean_over_traps, [coverage.LAWS["normal"][0]], 0.0)
SAME = coverage.Case(
    "improvement, none", "any", probability_of_improvement, [NORMAL.draws[0]] * 2, 0.5, (0, 1)
)


@pytest.mark.parametrize("case", [NORMAL, SAME], ids=["mean", "improvement"])
@pytest.mark.parametrize(("traps", "seeds"), [(1, 5), (8, 5)])
def test_intervals_cover(case: coverage.Case, traps: int, seeds: int) -> None:
    """93 to 97% of 1,000, give or take two standard errors of 0.7%."""
    assert 0.93 - 0.014 < coverage.coverage(case, traps, seeds, 1_000) < 0.97 + 0.014


def test_the_documented_table_is_that_of_the_command() -> None:
    lines = re.findall(r"^\| ([^|]+) \| ([^|]+) \| (.+) \|$", DOCS.read_text(), re.MULTILINE)
    rows = {(statistic, law): cells.split(" | ") for statistic, law, cells in lines}
    for case in (NORMAL, SAME):
        cell = rows[case.statistic, case.law][0].strip("*")
        assert float(cell) == pytest.approx(100 * coverage.coverage(case, 1, 5), abs=0.3)


def test_the_table_has_a_line_for_each_case(monkeypatch, capsys) -> None:
    monkeypatch.setattr(coverage, "LARGE", 1_000)
    monkeypatch.setattr(coverage, "RESAMPLES", 20)
    monkeypatch.setattr(coverage, "SIMULATIONS", 2)
    assert coverage.main() == 0
    printed, documented = (
        [line.rsplit("|", 5)[0] for line in text.splitlines() if line.startswith("| ")]
        for text in (capsys.readouterr().out, DOCS.read_text())
    )
    heads = [line for line in printed if "---" not in line]
    assert heads == documented
    assert len(heads) == 1 + len(list(coverage.cases()))
