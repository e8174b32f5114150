"""Each row of the leaderboard is a name that every command and function takes."""

import pytest

from mesa_gym import evaluate, report, score
from mesa_gym.cli import main
from mesa_gym.policies.names import list_trained
from mesa_gym.report.committed import list_board_rows
from mesa_gym.traps import find_trap

TRAP = "CheeseCorner"
ROWS = list_board_rows()
PLAYED = {"ppo", "ppo-planner", "random", "sweeper", "oracle", "nearest"}
CARDS_ALONE = "there are score cards alone, which compare and leaderboard take; "
WEIGHTS = {
    "score": ["score", TRAP, "--levels", "2", "--policy"],
    "score several": ["score", TRAP, "--levels", "2", "--policy", "stay"],
    "watch": ["watch", TRAP, "--headless", "--record", "a.png", "--policy"],
    "watch beside": ["watch", TRAP, "--headless", "--record", "a.png", "--beside"],
    "export": ["export", TRAP, "--out", "a.html", "--policy"],
}
FUNCTIONS = {
    "score": lambda row: score(row, TRAP, levels=2),
    "evaluate": lambda row: evaluate({"x": row}, TRAP, levels=2),
}
each_row = pytest.mark.parametrize("row", ROWS)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_rows_are_those_of_the_leaderboard():
    assert {*ROWS} == {row.agent for row in report.join_committed([]).rows}


@pytest.mark.thorough
@pytest.mark.parametrize("command", WEIGHTS)
@each_row
def test_command_plays_row_or_names_its_cards(command, row, capsys):
    code = main([*WEIGHTS[command], row])
    said = capsys.readouterr().err
    if command == "export" and row in ("sweeper", "nearest"):  # no page can play them
        assert f"{row} remembers" in said
        return
    assert code == (0 if row in PLAYED else 2), said
    assert (f"of {row!r} {CARDS_ALONE}" in said) == (row not in PLAYED)


@pytest.mark.thorough
@pytest.mark.parametrize("name", FUNCTIONS)
@each_row
def test_function_plays_row_or_names_its_cards(name, row):
    if row in PLAYED:
        assert FUNCTIONS[name](row)
    else:
        with pytest.raises(ValueError, match=f"of '{row}' {CARDS_ALONE}"):
            FUNCTIONS[name](row)


@pytest.mark.thorough
@each_row
def test_compare_and_leaderboard_take_each_row(row, capsys):
    other = "ppo" if row != "ppo" else "taught"
    assert main(["compare", other, row, TRAP]) == 0
    assert main(["leaderboard", TRAP, "--policy", row]) == 0
    assert f"\n{row} " in capsys.readouterr().out


@each_row
def test_committed_cards_of_row_are_its_own(row):
    cards = report.read_committed(row)
    assert len({card.trap for card in cards}) > 10
    assert {card.policy.rpartition("-s")[0] or card.policy for card in cards} == {row}


def test_trained_name_is_agent_and_seed():
    names = list_trained(find_trap(TRAP))
    assert {"ppo:0", "ppo:4", "ppo-planner:0", "ppo-alpha0.5-corner:1"} <= {*names}
    cards = [score(name, TRAP, levels=2) for name in ("ppo", "ppo:3", "ppo-alpha0.5-corner:1")]
    assert [x.policy for x in cards] == ["ppo-s0", "ppo-s3", "ppo-alpha0.5-corner-s1"]
