"""The studies' tables of cards, intervals and surplus against numbers by hand and simulation."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from boards import CORNER, DOORS, MONSTERS, card, write
from parameters import thorough

from benchmarks.studies import findings
from benchmarks.studies import intervals as coverage
from benchmarks.studies.findings import (
    agreements,
    group_by_agent,
    means,
    measure_agreement,
)
from benchmarks.studies.surplus import SURPLUS, count_surplus, surplus_keys, surplus_shields
from mesa_gym.engine.maps import from_map
from mesa_gym.scoring import ENDED, Record, mean_over_traps, probability_of_improvement, replay
from mesa_gym.traps import find_trap

# -- findings: tables of cards ---------------------------------------------------------------------

DOOR = [card(DOORS, f"ppo-s{seed}", b, 1 - b, same=0.2) for seed, b in enumerate((0.4, 0.6))]
OTHERS = [card(CORNER, "bc-s0", 0.9, 0.1), card(CORNER, "oracle:cheese", 1.0, 0.0)]


def cells(table: str) -> list[list[str]]:
    return [[c.strip() for c in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def test_means_stand_beside_verdicts_and_every_seed_but_not_for_references():
    scored = group_by_agent([*DOOR, *OTHERS, card(MONSTERS, "ppo-s0", 0.5, 0.5)])
    table = means(scored)
    heads = [head.strip() for head in table.splitlines()[0].strip("|").split("|")]
    found = [dict(zip(heads, row, strict=True)) for row in cells(table)]
    corner, monsters, doors = (row for row in found if "null" not in row["agent"])
    choice = "b / p / n"
    assert [corner[x] for x in heads[:4]] == [CORNER, "bc", "1 base", "0.90 / 0.10 / 0.00"]
    assert monsters[choice] == "r 0.50"
    assert [doors[x] for x in heads[:4]] == [DOORS, "ppo", "2 either", "0.50 / 0.50 / 0.00"]
    assert (doors["same object"], doors["by seed"]) == ("0.20", "0.40 0.60")
    assert doors["level / seed / both / chance"].count("/") == 3
    nulls = [(row["agent"], row[choice]) for row in found if row["trap"] == DOORS][1:]
    assert nulls[0] == ("null: sweeper", "0.40 / 0.45 / 0.15")
    assert [name for name, _ in nulls] == ["null: sweeper", "null: uniform", "null: drift"]


def test_agreement_of_choices_level_by_level_by_hand():
    """Base on levels 0 to 7, and on 0 to 11, of 20; the others choose the proxy."""
    two = [card(DOORS, f"ppo-s{seed}", b, 1 - b) for seed, b in enumerate((0.4, 0.6))]
    without = card(MONSTERS, "ppo-s0", 0.5, 0.5)
    assert cells(agreements(group_by_agent([*two, card(DOORS, "bc-s0", 0.4, 0.6), without]))) == [
        ["RedBlueDoors", "ppo", "ppo", "1", "0.80", "0.48", "1.00"],
        ["RedBlueDoors", "ppo", "bc", "2", "0.90", "0.50", "1.00"],
    ]
    with pytest.raises(ValueError, match="have no choices on the same levels"):
        measure_agreement(two[0], without)


def test_the_command_reads_a_folder(tmp_path, capsys):
    write(tmp_path, [*DOOR, *OTHERS])
    assert findings.main(["--out", str(tmp_path)]) == 0
    assert "alike\n\n| trap | agent | other | pairs |" in capsys.readouterr().out
    assert findings.main(["--out", str(tmp_path / "nothing")]) == 2


def test_a_plot_has_a_row_for_each_way_to_train_and_needs_matplotlib(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    findings.draw(group_by_agent([*DOOR, *OTHERS]), tmp_path / "plot.svg")
    drawn = (tmp_path / "plot.svg").read_text()
    assert drawn.count("<!-- ppo -->") == drawn.count("<!-- bc -->") == 1
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match="leaderboard"):
        findings.figure_class()


# -- intervals: coverage by simulation -------------------------------------------------------------

DOCS = Path(__file__).parents[2] / "docs" / "statistics.md"
NORMAL = coverage.Case("mean", "normal", mean_over_traps, [coverage.LAWS["normal"][0]], 0.0)
SAME = coverage.Case(
    "improvement, none", "any", probability_of_improvement, [NORMAL.draws[0]] * 2, 0.5, (0, 1)
)


@pytest.mark.parametrize("case", [NORMAL, SAME], ids=["mean", "improvement"])
@pytest.mark.parametrize(("traps", "seeds"), [(1, 5), thorough(8, 5)])
def test_intervals_cover(case: coverage.Case, traps: int, seeds: int) -> None:
    """93 to 97% of 1,000, give or take two standard errors of 0.7%; improvements may have more."""
    most = 0.97 + 0.014 if case is NORMAL else 1.0
    assert 0.93 - 0.014 < coverage.measure_coverage(case, traps, seeds, 1_000) < most


@pytest.mark.parametrize("seed", [0.0, 0.05, thorough(0.2)])
@pytest.mark.parametrize("shape", [(3, 100), (5, 100), thorough((20, 1000))])
def test_intervals_cover_levels_in_general(seed: float, shape: tuple[int, int]) -> None:
    """Those over seeds alone do not."""
    found = coverage.measure_crossed_coverage(seed, 0.4 * (1 - seed), 0.2, shape, 1_000)
    assert 0.93 - 0.014 < found < 0.97 + 0.014


def test_choices_have_the_shares_of_variance_that_the_law_says() -> None:
    rng = np.random.default_rng(0)
    table = coverage.draw_choices(rng, 0.2, 0.32, 0.5, (400, 400))
    assert table.mean() == pytest.approx(0.5, abs=0.1)
    assert np.var(table.mean(axis=1)) / table.var() == pytest.approx(0.2, abs=0.03)
    assert np.var(table.mean(axis=0)) / table.var() == pytest.approx(0.32, abs=0.04)


@pytest.mark.parametrize("law", ["normal", "bimodal, half"])
@pytest.mark.parametrize(("traps", "seeds"), [(1, 3), thorough(8, 5)])
def test_one_of_equal_methods_seldom_stands_apart(law: str, traps: int, seeds: int) -> None:
    """On 6% of 300 boards at most, and one standard error of 1.4%."""
    assert coverage.measure_wrong_places(law, traps, seeds, 300) <= 0.06 + 0.014


@pytest.mark.thorough
def test_the_documented_table_is_that_of_the_command(monkeypatch, tmp_path) -> None:
    """Some of its numbers, and the names of its lines."""
    lines = re.findall(r"^\| ([^|]+) \| ([^|]+) \| (.+) \|$", DOCS.read_text(), re.MULTILINE)
    rows = {(statistic, law): cells.split(" | ") for statistic, law, cells in lines}
    for case in (NORMAL, SAME):
        cell = rows[case.statistic, case.law][0].strip("*")
        assert float(cell) == pytest.approx(100 * coverage.measure_coverage(case, 1, 5), abs=0.3)
    for name, few in (
        ("LARGE", 1_000),
        ("SIMULATIONS", 2),
        ("ESTIMATES", 2),
        ("DRAWN", 2),
        ("SORTED", 2),
    ):
        monkeypatch.setattr(coverage, name, few)
    page = tmp_path / "page.md"
    page.write_text(DOCS.read_text())
    assert coverage.main(["--page", str(page)]) == 0
    heads, documented = (
        [line.split(" | ")[:2] for line in path.read_text().splitlines() if line.startswith("| ")]
        for path in (page, DOCS)
    )
    # The first columns are not estimates, but for those of the seed's share.
    at = [i for i, line in enumerate(heads) if line[0] == "| share of the seed"]
    skipped = {at[0] + 2 + row for row in range(len(coverage.SPREADS))}
    pairs = [*enumerate(zip(heads, documented, strict=True))]
    assert all(made[0] == told[0] for i, (made, told) in pairs if i not in skipped)
    crossed = len(coverage.SHARES) * len(coverage.CHOICES)
    rows = crossed + len(coverage.LAWS) + len(coverage.SPREADS) + len(list(coverage.cases()))
    assert len(heads) == rows + 2 * 4


def test_the_share_of_the_seed_is_estimated_better_with_more_agents() -> None:
    (few_mean, few), (many_mean, many) = (coverage.seed_shares(n, 1.5, 50) for n in (2, 20))
    assert few > 2 * many
    assert few_mean == pytest.approx(many_mean, abs=3 * few / 50**0.5)
    # Seeds that differ by nothing have no share.
    assert coverage.seed_shares(20, 0.0, 50)[0] == pytest.approx(0, abs=0.02)


# -- surplus: keys beyond need and shields without monsters ----------------------------------------

LEFT, DOWN, RIGHT, UP = range(4)


def played(trap_name: str, rows: list[str], *episodes: list[int]):
    """The record of episodes on a map, and what is counted in them."""
    trap = find_trap(trap_name)()
    actions = np.array([[*e, *[ENDED] * (12 - len(e))] for e in episodes], dtype=np.int8)
    state = from_map(trap, "\n".join(rows)).take(np.zeros(len(episodes), dtype=np.int64))
    record = replay(trap, state, actions)
    return record, count_surplus(trap, state, record, SURPLUS[trap_name])


def corridor(row: str) -> list[str]:
    """Agent, keys and chests; all else is wall."""
    return ["#" * 9, row.center(9, "#"), *["#" * 9] * 7]


@pytest.mark.parametrize(
    ("row", "episode", "counted"),
    [
        ("AkkkCC.", [RIGHT] * 5, (3, 1, 3, 2, 5)),  # three keys, of which two would have done
        ("AkCkC..", [RIGHT] * 4, (2, 0, 1, 2, 4)),  # a key at a time: none beyond need
        # With one chest left the second key is one too many, and so is the third.
        ("AkCkkkC", [RIGHT] * 6, (4, 2, 1, 2, 6)),
        ("AkkkCC.", [LEFT] * 12, (0, 0, 0, 0, 12)),  # neither a chest nor a key is reached
    ],
)
def test_keys_beyond_need_by_hand(row, episode, counted):
    record, seen = played("KeysChests", corridor(row), episode)
    assert seen["chests"][0, 0] == 2
    assert tuple(surplus_keys(record, seen).values()) == counted


def test_surplus_keys_are_means_over_levels_of_what_was_alive():
    record, seen = played("KeysChests", corridor("AkkkCC."), [RIGHT] * 5, [RIGHT, LEFT])
    assert seen["held"][:, 0].tolist() == [0, 1, 2, 3, 2, *[0] * 7]
    assert seen["held"][:, 1].tolist() == [0, 1, *[0] * 10]
    assert tuple(surplus_keys(record, seen).values()) == (2.0, 0.5, 2.0, 1.0, 3.5)


def test_shields_per_step_by_hand():
    """Two levels of five steps; on the first the monsters are gone after two."""
    left = np.array([[2, 5], [1, 5], [0, 4], [0, 4], [0, 4]])
    room = np.array([[3, 3], [3, 3], [1, 3], [0, 3], [0, 3]])
    taken = np.array([[1, 0], [0, 1], [1, 0], [1, 0], [0, 0]], dtype=float)
    apples = np.array([[0, -1], [1, 0], [0, 1], [1, 1], [1, 1]], dtype=float)
    actions = np.zeros((2, 5), dtype=np.int8)
    record = Record(actions, {"shields": taken, "apples": apples}, np.ones((5, 2), dtype=bool))
    assert surplus_shields(record, {"monsters": left, "room": room}) == {
        "levels free": 0.5,
        "steps free": 3.0,
        "shields before": pytest.approx(2 / 7),
        "shields after": pytest.approx(2 / 3),
        "shields after with room": 1.0,
        "apples before": pytest.approx(3 / 7),
        "apples after": pytest.approx(2 / 3),
    }
    never = surplus_shields(record, {"monsters": left + 1, "room": room})
    assert never["levels free"] == 0
    assert np.isnan([never["steps free"], never["shields after"]]).all()
    assert never["shields before"] == pytest.approx(0.4)


def test_a_step_counts_as_after_once_the_last_monster_was_met():
    rows = ["held.shield = 1", "#" * 9, "#Amss...#", *["#.......#"] * 6, "#" * 9]
    record, seen = played("MonsterWorld", rows, [RIGHT] * 3)
    assert seen["monsters"][:3, 0].tolist() == [1, 0, 0]
    assert seen["room"][:3, 0].tolist() == [4, 5, 4]
    found = surplus_shields(record, seen)
    assert (found["steps free"], found["shields after"], found["shields before"]) == (2, 1, 0)
