"""Budgets: what they hold, and how options narrow them."""

from __future__ import annotations

from collections import Counter

import pytest

from agents import train
from agents.train import Run
from benchmarks.leaderboard import __main__ as leaderboard
from benchmarks.leaderboard import budgets
from benchmarks.leaderboard.budgets import BUDGETS, steps_for
from mesa_gym.scoring.rollout import has_twins
from mesa_gym.traps import all_traps, find_trap


def chosen(options: str = "") -> list[Run]:
    """What a command line runs."""
    return leaderboard._runs(leaderboard._parser().parse_args(["run", *options.split()]))


def test_the_quick_board_is_what_runs_without_options() -> None:
    assert chosen() == chosen("--budget quick") == BUDGETS["quick"].runs()
    agents = [(run.trap, run.name, run.steps) for run in chosen()]
    traps = ("CheeseCorner-v0", "CoinRun-v0", "RedBlueDoors-v0")
    assert agents == [(trap, f"ppo-s{seed}", 400_000) for trap in traps for seed in range(5)]


def test_the_committed_board_has_cloning_where_twins_are_played() -> None:
    """Five seeds of PPO and one of SB3's on every trap, and three of cloning."""
    runs = BUDGETS["plain"].runs()
    cloned = {find_trap(run.trap) for run in runs if run.algo == "bc"}
    assert cloned == {cls for cls in all_traps().values() if has_twins(cls())}
    assert Counter(run.algo for run in runs) == {"ppo": 17 * 5, "sb3-ppo": 17, "bc": 6 * 3}


def test_without_a_budget_options_say_what_runs() -> None:
    assert len(chosen("--traps all --algorithms bc --alpha 0 0.03")) == 17 * 2 * 5
    assert {run.name for run in chosen("--seeds 1 --traps CoinRun")} == {"ppo-s0"}
    assert [run.steps for run in chosen("--steps 7 --seeds 1")] == [7] * 3


def test_options_choose_from_a_budget() -> None:
    narrow = chosen("--budget standard --traps FollowMe KeysChests --algorithms ppo")
    found = {(run.trap, run.alpha, run.seed) for run in narrow}
    assert found == {
        *(("FollowMe-v0", 0.0, seed) for seed in range(5)),
        *(("KeysChests-v0", 0.0, seed) for seed in range(5)),
        *(("KeysChests-v0", alpha, seed) for seed in range(3) for alpha in (0.01, 0.03)),
    }
    few = chosen("--budget standard --alpha 0.01 --algorithms ppo")
    found = {(run.trap, run.alpha) for run in few}
    assert found == {("CheeseCorner-v0", 0.01), ("KeysChests-v0", 0.01)}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("--traps CoinRum", "Did you mean 'CoinRun'"),
        ("--alpha 2", "alpha must be a number from 0 to 1"),
        ("--budget standard --algorithms pp0", "algorithm of this budget 'pp0'.*mean 'ppo'"),
        ("--budget quick --traps FollowMe", "no such agents; without --budget"),
    ],
)
def test_what_cannot_run_is_refused(options: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        chosen(options)


def test_an_algorithm_takes_the_steps_of_ppo_unless_it_has_its_own(monkeypatch) -> None:
    monkeypatch.setattr(budgets, "STEPS", {"dqn": {"usual": 10, "CoinRun-v0": 20}})
    monkeypatch.setattr(train, "STEPS", {"KeysChests-v0": 7})
    assert [steps_for("dqn", trap) for trap in ("CheeseCorner-v0", "CoinRun-v0")] == [10, 20]
    assert steps_for("plr-exact", "KeysChests-v0") == steps_for("ppo", "KeysChests-v0") == 7
