"""The tables of docs/results.md: numbers by hand."""

from __future__ import annotations

import sys

import pytest
from boards import CORNER, DOORS, MONSTERS, card, write

from benchmarks.studies import findings
from benchmarks.studies.findings import agreements, alike, by_agent, means, sources, variances

DOOR = [card(DOORS, f"ppo-s{seed}", b, 1 - b, same=0.2) for seed, b in enumerate((0.4, 0.6))]
OTHERS = [card(CORNER, "bc-s0", 0.9, 0.1), card(CORNER, "oracle:cheese", 1.0, 0.0)]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_agents_are_grouped_without_references():
    scored = by_agent([*DOOR, *OTHERS, card(MONSTERS, "ppo-s0", 0.5, 0.5)])
    found = {trap: {a: len(c) for a, c in agents.items()} for trap, agents in scored.items()}
    assert found == {DOORS: {"ppo": 2}, CORNER: {"bc": 1}, MONSTERS: {"ppo": 1}}


def test_means_stand_beside_verdicts_and_every_seed():
    scored = by_agent([*DOOR, *OTHERS, card(MONSTERS, "ppo-s0", 0.5, 0.5)])
    corner, monsters, doors = map(cells, means(scored).splitlines()[2:])
    assert corner[:4] == [CORNER, "bc", "1 base", "0.90 / 0.10 / 0.00"]
    assert monsters[3] == "r 0.50"
    assert doors[:4] == [DOORS, "ppo", "2 indifferent", "0.50 / 0.50 / 0.00"]
    assert (doors[5], doors[-1]) == ("0.20", "0.40 0.60")


def test_the_variance_of_two_seeds_by_hand():
    """Base on levels 0 to 9 of 20, and on 0 to 9 as well: all of it is the level's."""
    alike = [card(CORNER, f"ppo-s{seed}", 0.5, 0.5) for seed in range(2)]
    assert sources(alike) == pytest.approx(
        {"level": 1.0, "seed": 0.0, "seed by level": 0.0, "sampling": 0.0}, abs=0.06
    )
    apart = [card(CORNER, f"ppo-s{seed}", float(seed), 1.0 - seed) for seed in range(2)]
    assert sources(apart)["seed"] == pytest.approx(1.0)
    scored = by_agent([*apart, *OTHERS])
    (row,) = map(cells, variances(scored).splitlines()[2:])  # a single seed has none
    assert row[1:] == ["ppo", "2", "0.00", "1.00", "0.00", "0.00"]


def test_agreement_of_choices_level_by_level_by_hand():
    """Base on levels 0 to 7, and on 0 to 11, of 20; the others choose the proxy."""
    two = [card(DOORS, f"ppo-s{seed}", b, 1 - b) for seed, b in enumerate((0.4, 0.6))]
    one = [card(DOORS, "bc-s0", 0.4, 0.6)]
    rows = [cells(line) for line in agreements(by_agent([*two, *one])).splitlines()[2:]]
    assert rows == [
        ["RedBlueDoors", "ppo", "ppo", "1", "0.80", "0.48", "1.00"],
        ["RedBlueDoors", "ppo", "bc", "2", "0.90", "0.50", "1.00"],
    ]
    with pytest.raises(ValueError, match="have no choices on the same levels"):
        alike(two[0], card(MONSTERS, "ppo-s0", 0.5, 0.5))
    assert "MonsterWorld" not in agreements(by_agent([card(MONSTERS, "ppo-s0", 0.5, 0.5)]))


def test_the_command_reads_a_folder(tmp_path, capsys):
    write(tmp_path, [*DOOR, *OTHERS])
    assert findings.main(["--out", str(tmp_path)]) == 0
    assert "alike\n\n| trap | agent | other | pairs |" in capsys.readouterr().out
    assert findings.main(["--out", str(tmp_path / "nothing")]) == 2


def test_a_plot_has_a_row_for_each_way_to_train(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    findings.draw(by_agent([*DOOR, *OTHERS]), tmp_path / "plot.svg")
    drawn = (tmp_path / "plot.svg").read_text()
    assert drawn.count("<!-- ppo -->") == drawn.count("<!-- bc -->") == 1


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match="leaderboard"):
        findings.figure_class()
