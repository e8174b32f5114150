"""The tables of docs/results.md: numbers by hand."""

from __future__ import annotations

import pytest
from boards import CORNER, DOORS, MONSTERS, card, write

from benchmarks.studies import findings
from benchmarks.studies.findings import by_agent, means, singles, sources, variances

DOOR = [card(DOORS, f"ppo-s{seed}", b, 1 - b, same=0.2) for seed, b in enumerate((0.4, 0.6))]
OTHERS = [card(CORNER, "bc-s0", 0.9, 0.1), card(CORNER, "oracle:cheese", 1.0, 0.0)]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_agents_are_grouped_without_references_and_traps_that_have_no_choices():
    scored = by_agent([*DOOR, *OTHERS, card(MONSTERS, "ppo-s0", 0.5, 0.5)])
    found = {trap: {a: len(c) for a, c in agents.items()} for trap, agents in scored.items()}
    assert found == {DOORS: {"ppo": 2}, CORNER: {"bc": 1}}


def test_means_stand_beside_verdicts_and_every_agent():
    scored = by_agent([*DOOR, *OTHERS])
    doors, corner = map(cells, means(scored).splitlines()[2:])
    assert doors[:3] == ["RedBlueDoors", "ppo", "2 indifferent"]
    assert [cell.split(" [")[0] for cell in doors[3:7]] == ["0.50", "0.50", "0.00", "0.20"]
    assert corner == ["CheeseCorner", "bc", "1 base", "0.90", "0.10", "0.00", *["–"] * 4]
    rows = list(map(cells, singles(scored).splitlines()[2:]))
    assert [row[1:3] for row in rows] == [
        ["ppo-s0", "indifferent"],
        ["ppo-s1", "indifferent"],
        ["bc-s0", "base"],
    ]
    assert [row[4:7] for row in rows[:2]] == [["0.40", "0.60", "0.00"], ["0.60", "0.40", "0.00"]]


def test_the_variance_of_two_seeds_by_hand():
    """Base on levels 0 to 9 of 20, and on 0 to 9 as well: all of it is the level's."""
    alike = [card(CORNER, f"ppo-s{seed}", 0.5, 0.5) for seed in range(2)]
    assert sources(alike) == pytest.approx(
        {"level": 1.0, "seed": 0.0, "seed by level": 0.0, "sampling": 0.0}, abs=0.06
    )
    apart = [card(CORNER, f"ppo-s{seed}", float(seed), 1.0 - seed) for seed in range(2)]
    assert sources(apart)["seed"] == pytest.approx(1.0)
    assert cells(variances(by_agent(OTHERS)).splitlines()[-1])[2:] == ["1", "–", "–", "–", "–"]


def test_the_command_reads_a_folder(tmp_path, capsys):
    write(tmp_path, [*DOOR, *OTHERS])
    assert findings.main(["--out", str(tmp_path)]) == 0
    assert "### Every agent\n\n| trap | agent | verdict" in capsys.readouterr().out
    assert findings.main(["--out", str(tmp_path / "nothing")]) == 2
