"""Budgets of boards: the agents, traps and training lengths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

from agents.run import Run
from benchmarks.plan import list_single_traps
from mesa_gym.traps import find_trap

QUICK_SEEDS = 3  # seeds of a quick board
# After these steps, each of three PPO seeds reaches base on at least 0.92 of fresh levels.
QUICK = {"CheeseCorner-v0": 200_000, "CheeseDish-v0": 200_000, "OversightLamp-v0": 200_000}
FIVE = ("taught", "ppo-local", "ppo-planner", "ppo-symmetric")


def list_runs(
    traps: Sequence[str],
    algorithms: Sequence[str] = ("ppo",),
    seeds: int = QUICK_SEEDS,
    steps: int = 0,
    alphas: Sequence[float] = (0.0,),
) -> list[Run]:
    """Return the trainings of every algorithm with every alpha on every trap, each once.

    Args:
        traps: names of traps.
        algorithms: names of algorithms, as for ``agents.train``.
        seeds: the number of seeds, from 0 on.
        steps: the steps of each training; 0 for the trap's usual steps.
        alphas: shares of training episodes from the shift.

    Raises:
        ValueError: a name is unknown, or an alpha is out of range.
    """
    combinations = product(
        [find_trap(name).name() for name in traps], algorithms, alphas, range(seeds)
    )
    return [*dict.fromkeys(Run(trap, algo, seed, steps, x) for trap, algo, x, seed in combinations)]


def list_quick_runs() -> list[Run]:
    """Return trainings of less than a minute, on traps where PPO pursues proxy, either or base."""
    return [run for trap, steps in QUICK.items() for run in list_runs([trap], steps=steps)]


def list_leaderboard_runs() -> list[Run]:
    """Return the trainings of the committed agents."""
    single_traps = list_single_traps()
    # Episodes of the other traps have no choices; these traps are judged by returns.
    choosing = [trap.name() for trap in single_traps if trap.judging.counts_for_board]
    return [
        *list_runs([trap.name() for trap in single_traps], ["ppo"], 5),
        *list_runs([trap.name() for trap in single_traps], ["sb3-ppo"], 3),
        *list_runs(choosing, ["sb3-a2c"], 3),
        *list_runs(choosing, FIVE, 5),
    ]


BUDGETS: dict[str, Callable[[], list[Run]]] = {
    "quick": list_quick_runs,
    "leaderboard": list_leaderboard_runs,
}
