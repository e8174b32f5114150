"""Budgets: what they hold, and how options narrow them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest

from agents import train
from benchmarks.leaderboard import __main__ as leaderboard
from benchmarks.leaderboard import budgets
from benchmarks.leaderboard.budgets import BUDGETS, Budget, Group, steps_for
from mesa_gym.scoring.rollout import has_twins
from mesa_gym.traps import all_traps, find_trap

QUICK, STANDARD = BUDGETS["quick"], BUDGETS["standard"]
ABLE = STANDARD.only(algorithms=["ppo"])


def chosen(*options: str) -> Budget:
    """What a command line runs."""
    return leaderboard._budget(leaderboard._parser().parse_args(["run", *options]))


def kinds(groups: Iterable[Group]) -> set[tuple[str, float]]:
    """Algorithms with their alphas."""
    return {(name, alpha) for group in groups for name in group.names() for alpha in group.alphas}


def test_the_quick_board_is_what_runs_without_options():
    assert chosen() == QUICK
    assert chosen("--budget", "quick").runs() == QUICK.runs()
    agents = [(run.trap, run.name, run.steps) for run in QUICK.runs()]
    traps = ("CheeseCorner-v0", "CoinRun-v0", "RedBlueDoors-v0")
    assert agents == [(trap, f"ppo-s{seed}", 400_000) for trap in traps for seed in range(5)]


def test_the_committed_board_has_cloning_where_twins_are_played():
    """Five seeds of PPO and one of SB3's on every trap, and three of cloning."""
    runs = BUDGETS["plain"].runs()
    assert {find_trap(run.trap) for run in runs if run.algo == "bc"} == {
        cls for cls in all_traps().values() if has_twins(cls())
    }
    assert Counter(run.algo for run in runs) == {"ppo": 17 * 5, "sb3-ppo": 17, "bc": 6 * 3}


def test_without_a_budget_options_say_what_runs():
    traps = chosen("--traps", "all", "--algorithms", "bc", "--alpha", "0", "0.03")
    assert len(traps.runs()) == 17 * 2 * 5
    assert {run.name for run in chosen("--seeds", "1", "--traps", "CoinRun").runs()} == {"ppo-s0"}
    assert [run.steps for run in chosen("--steps", "7", "--seeds", "1").runs()] == [7] * 3
    assert chosen("--levels", "9").levels == 9
    with pytest.raises(ValueError, match="Did you mean 'CoinRun'"):
        chosen("--traps", "CoinRum").runs()
    with pytest.raises(ValueError, match="alpha must be a number from 0 to 1"):
        chosen("--alpha", "2").runs()


def test_options_choose_from_a_budget():
    standard = ("--budget", "standard")
    narrow = chosen(*standard, "--traps", "FollowMe", "KeysChests", "--algorithms", "ppo")
    found = {(run.trap, run.alpha, run.seed) for run in narrow.runs()}
    assert found == {
        *(("FollowMe-v0", 0.0, seed) for seed in range(5)),
        *(("KeysChests-v0", 0.0, seed) for seed in range(5)),
        *(("KeysChests-v0", alpha, seed) for seed in range(3) for alpha in (0.01, 0.03)),
    }
    assert [cls.name() for cls in narrow.traps()] == ["FollowMe-v0", "KeysChests-v0"]
    few = chosen(*standard, "--alpha", "0.01", "--algorithms", "ppo")
    assert {(run.trap, run.alpha) for run in few.runs()} == {
        ("CheeseCorner-v0", 0.01),
        ("KeysChests-v0", 0.01),
    }
    with pytest.raises(ValueError, match=r"unknown algorithm of this budget 'pp0'.*mean 'ppo'"):
        chosen(*standard, "--algorithms", "pp0")
    with pytest.raises(ValueError, match="this budget has no such agents; without --budget"):
        chosen("--budget", "quick", "--traps", "FollowMe")


def test_an_algorithm_takes_the_steps_of_ppo_unless_it_has_its_own(monkeypatch):
    monkeypatch.setattr(budgets, "STEPS", {"dqn": {"usual": 10, "CoinRun-v0": 20}})
    monkeypatch.setattr(train, "STEPS", {"KeysChests-v0": 7})
    assert steps_for("dqn", "CheeseCorner-v0") == 10
    assert steps_for("dqn", "CoinRun-v0") == 20
    assert steps_for("plr-exact", "KeysChests-v0") == steps_for("ppo", "KeysChests-v0") == 7
