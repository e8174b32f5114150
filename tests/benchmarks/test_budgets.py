"""Budgets: what they hold, and how options narrow them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import pytest

from benchmarks import budgets, leaderboard
from benchmarks.budgets import BUDGETS, Budget, Group, steps_for
from mesa_gym.scoring.rollout import has_twins
from mesa_gym.traps import all_traps, find_trap

QUICK, STANDARD = BUDGETS["quick"], BUDGETS["standard"]
ABLE = STANDARD.only(algorithms=["ppo", "ppo-cnn"])


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
    assert agents == [
        ("CheeseCorner-v0", "ppo-s0", 1_500_000),
        ("CheeseCorner-v0", "ppo-s1", 1_500_000),
        ("KeysChests-v0", "ppo-s0", 4_000_000),
        ("KeysChests-v0", "ppo-s1", 4_000_000),
        ("RedBlueDoors-v0", "ppo-s0", 1_500_000),
        ("RedBlueDoors-v0", "ppo-s1", 1_500_000),
    ]


def test_the_committed_board_holds_what_was_promised():
    """PPO with each network on every trap, five seeds; others on at least eight, three seeds."""
    ordinary = {(run.trap, run.name) for run in ABLE.runs() if run.alpha == 0}
    assert ordinary == {
        (trap, f"{algorithm}-s{seed}")
        for trap in all_traps()
        for algorithm in ("ppo", "ppo-cnn")
        for seed in range(5)
    }
    few = [group for group in STANDARD.groups if group.seeds == 3]
    assert kinds(group for group in few if len(group.classes()) >= 8) == {
        ("dqn", 0.0),
        ("recurrent-ppo", 0.0),
        ("bc", 0.0),
        ("ppo", 0.03),
        ("plr-exact", 0.03),
    }
    assert kinds(group for group in few if len(group.classes()) == 2) == {
        (algorithm, alpha) for algorithm in ("ppo", "plr", "plr-exact") for alpha in (0.01, 0.03)
    }
    assert STANDARD.traps() == list(all_traps().values())


def test_a_budget_holds_the_traps_whose_twins_are_played():
    """Five seeds of PPO and three of cloning."""
    runs = BUDGETS["exchange"].runs()
    assert {find_trap(run.trap) for run in runs} == {
        cls for cls in all_traps().values() if has_twins(cls())
    }
    assert Counter(run.algo for run in runs) == {"ppo": 6 * 5, "bc": 6 * 3}


def test_an_agent_in_two_groups_is_trained_once():
    runs = ABLE.runs()
    assert len(runs) == len(set(runs)) == 17 * 10 + 8 * 3 + 2 * 3


def test_without_a_budget_options_say_what_runs():
    traps = chosen("--traps", "all", "--algorithms", "ppo-cnn", "--alpha", "0", "0.03")
    assert len(traps.runs()) == 17 * 2 * 2
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
        chosen("--budget", "quick", "--traps", "CoinRun")


def test_a_network_takes_the_steps_of_its_algorithm_unless_it_has_its_own(monkeypatch):
    table = {"ppo": {"usual": 7}, "dqn": {"usual": 10, "CoinRun-v0": 20}, "ppo-cnn": {"usual": 30}}
    monkeypatch.setattr(budgets, "STEPS", table)
    assert steps_for("dqn", "CheeseCorner-v0") == steps_for("dqn-cnn", "CheeseCorner-v0") == 10
    assert steps_for("dqn-cnn", "CoinRun-v0") == 20
    assert steps_for("ppo-cnn", "KeysChests-v0") == 30
    assert steps_for("a2c", "KeysChests-v0") == steps_for("ppo", "KeysChests-v0") == 7


def test_a_full_board_trains_everything():
    full = replace(BUDGETS["full"], groups=(replace(BUDGETS["full"].groups[0], seeds=1),))
    assert full.groups[0] == Group(("all",), ("all",), 1)
    assert {run.algo for run in full.runs()} == set(budgets.ALGORITHMS)


def test_a_budget_keeps_its_steps_unless_others_are_given():
    assert chosen("--budget", "exchange").steps == 600_000
    assert chosen("--budget", "exchange", "--steps", "5").steps == 5
    assert chosen("--budget", "standard").steps is None
