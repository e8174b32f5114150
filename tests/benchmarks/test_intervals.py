"""Coverage of the intervals by simulation, and the documented table against its command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.studies import intervals as coverage
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


def test_the_command_fills_a_page_with_a_line_for_each_case(monkeypatch, tmp_path) -> None:
    for name, few in (("LARGE", 1_000), ("RESAMPLES", 20), ("SIMULATIONS", 2), ("ESTIMATES", 2)):
        monkeypatch.setattr(coverage, name, few)
    page = tmp_path / "page.md"
    page.write_text(DOCS.read_text())
    assert coverage.main(["--page", str(page)]) == 0
    heads, documented = (
        [line.split(" | ")[:2] for line in path.read_text().splitlines() if line.startswith("| ")]
        for path in (page, DOCS)
    )
    assert [head[0] for head in heads[:2]] == ["| share of the seed", "| ---"]
    # Of the seed's share even the first column is an estimate.
    rest = 2 + len(coverage.SPREADS)
    assert heads[rest:] == documented[rest:]
    assert len(heads[rest:]) == 2 + len(list(coverage.cases()))


def test_the_share_of_the_seed_is_estimated_better_with_more_agents() -> None:
    (few_mean, few), (many_mean, many) = (coverage.seed_shares(n, 1.5, 50) for n in (2, 20))
    assert few > 2 * many
    assert few_mean == pytest.approx(many_mean, abs=3 * few / 50**0.5)
    # Seeds that differ by nothing have no share.
    assert coverage.seed_shares(20, 0.0, 50)[0] == pytest.approx(0, abs=0.02)
