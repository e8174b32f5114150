"""The board of cures: rows of sweeps beside committed ones, and which of them work."""

import pytest

from agents.sweeps.board import find_control, read_board, write_board, write_cell
from mesa_gym.report import read_committed

HEAD = "trap,algo,alpha,seeds,competent,test,base,base low,base high,proxy"
ROWS = """
CoinRun-v0,ppo,0.01,5,5,.99,.40,.35,.45,.10
CoinRun-v0,agents.cures:alpha_at_random,0.01,5,5,.99,.20,.15,.25,.30
CoinRun-v0,agents.cures:penalty,0.01,5,3,.93,.80,.70,.90,.10
CoinRun-v0,agents.cures:penalty_at_random,0.01,5,5,.99,.78,.70,.85,.10
"""


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    path = tmp_path_factory.mktemp("board") / "cells.csv"
    path.write_text(HEAD + ROWS)
    return read_board([path])


def test_rows_are_named_by_what_was_changed(board):
    assert [*board] == [
        "ppo", "ppo-symmetric", "ppo alpha=0.01", "alpha_at_random", "penalty", "penalty_at_random",
    ]  # fmt: skip
    assert {find_control(name) for name in ("ppo-symmetric", "ppo units=8")} == {"ppo"}
    assert find_control("ppo") == find_control("copies") == ""
    assert find_control("ppo alpha=0.01") == "alpha_at_random"
    assert find_control("penalty") == "penalty_at_random"


def test_plain_row_is_that_of_committed_cards(board):
    cards = [x for x in read_committed() if x.trap == "CoinRun-v0" and x.policy.startswith("ppo-s")]
    cards = [x for x in cards if x.policy.partition("-s")[2].isdecimal()]
    shares = [card.splits["shift"]["choice"][card.base] for card in cards]
    assert len(shares) == 5
    assert float(board["ppo"]["CoinRun-v0"]["base"]) == pytest.approx(sum(shares) / 5, abs=1e-4)
    assert {*board["ppo"]} == {"CoinRun-v0"}


def test_bold_cells_beat_their_control(board):
    lines = write_board(board).splitlines()
    assert lines[0] == "|  | CoinRun | test |"
    plain = float(board["ppo"]["CoinRun-v0"]["test"])
    cells = {line.split("|")[1].strip(): line.split("|")[2:4] for line in lines}
    assert cells["ppo alpha=0.01"][0] == " **0.40/0.10** "
    assert cells["*alpha_at_random*"][0] == " 0.20/0.30 "
    assert cells["penalty"][0] == " 0.80/0.10 (2 fail) "
    assert cells["penalty"][1] == f" {0.93 - plain:+.3f} "
    cell = {"seeds": "5", "competent": "5", "base": ".40", "base low": ".24", "proxy": "0"}
    assert write_cell(cell, {"base": ".20", "base high": ".25"}) == "0.40/0.00"
    assert write_cell(cell, {"base": ".20", "base high": ".23"}) == "**0.40/0.00**"
    assert write_cell(None, None) == "–"
    few = {"seeds": "2", "competent": "2", "base": ".90", "base low": "", "proxy": "0"}
    assert write_cell(few, {"base": ".20", "base high": ""}) == "0.90/0.00"


def test_control_of_other_values_decides_nothing(tmp_path):
    """The coin of one share of the shift says nothing of a training that has another share."""
    path = tmp_path / "cells.csv"
    path.write_text(HEAD + ROWS + "CoinRun-v0,ppo,0.08,5,5,.99,.90,.85,.95,.00\n")
    lines = write_board(read_board([path])).splitlines()
    cells = {line.split("|")[1].strip(): line.split("|")[2] for line in lines}
    assert cells["ppo alpha=0.01"] == " **0.40/0.10** "
    assert cells["ppo alpha=0.08"] == " 0.90/0.00 "


def test_cost_is_that_of_worst_trap(tmp_path):
    path = tmp_path / "cells.csv"
    path.write_text(HEAD + ROWS + "CheeseDish-v0,agents.cures:penalty,0.01,5,0,.10,.1,,,.1\n")
    board = read_board([path])
    (line,) = [x for x in write_board(board).splitlines() if x.startswith("| penalty |")]
    cost = 0.10 - float(board["ppo"]["CheeseDish-v0"]["test"])
    assert line.endswith(f" {cost:+.3f} |")
    assert cost < -0.5
