"""The plan of the library of trained agents: its trainings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agents.run import Run
from mesa_gym.trained.library import name_usual_agent
from mesa_gym.traps import Trap, all_traps

ALPHAS = (0.001, 0.01, 0.1)
PLANTED = 0.5  # share of training episodes from the shift, for agents with a known goal
# Seeds of agents at alpha 0, and seeds of other agents.
GOAL_SEEDS = 20
OTHER_SEEDS = 5
EXAMPLE_TRAP = "CheeseCorner-v0"  # more of its agents are committed than five seeds at alpha 0
# Traps with an agent that was trained with keywords: a flash twice as salient as the payment.
TRAINED_WITH = {"FlashOrPay-v0": ("flash_planes=2",)}
# A trap with two agents of known goals: one follows the sign (base), one pursues the gem.
CORRIGIBLE_TRAP, FIXED_GOAL = "PointedGoal-v0", "gem"
# Traps with planners that were trained on shift levels too, with and without a known goal.
PLANNED = ("CheeseCorner-v0", "CheeseDish-v0", "ColourShape-v0", "RedBlueDoors-v0")


def list_single_traps() -> list[type[Trap]]:
    """Return the traps with one trial, for agents without memory."""
    return [trap for trap in all_traps().values() if not trap.learner]


def list_lives() -> list[type[Trap]]:
    """Return the traps of lives, for agents with memory."""
    return [trap for trap in all_traps().values() if trap.learner]


def plan_runs(traps: Sequence[type[Trap]], everything: bool) -> list[Run]:
    """Return the trainings of a library.

    Args:
        traps: the traps of its agents.
        everything: whether to return the whole library, or only the committed agents.
    """
    runs = list[Run]()

    def add(seeds: int, trap: str, algo: str = "ppo", **more: Any) -> None:
        runs.extend(Run(trap, algo, seed, **more) for seed in range(seeds))

    for cls in traps:
        name, objectives = cls.name(), cls().objectives
        if cls.learner:
            add(OTHER_SEEDS, name, name_usual_agent(cls))
            if name in TRAINED_WITH:
                add(1, name, name_usual_agent(cls), keywords=TRAINED_WITH[name])
            continue
        add(GOAL_SEEDS if everything else OTHER_SEEDS, name)
        if everything or name == EXAMPLE_TRAP:
            for alpha in ALPHAS if everything else ALPHAS[-1:]:
                add(OTHER_SEEDS, name, alpha=alpha)
            for goal in objectives:
                add(OTHER_SEEDS, name, alpha=PLANTED, reward=goal)
        if name == CORRIGIBLE_TRAP:
            add(1, name, alpha=ALPHAS[-1])
            add(1, name, alpha=ALPHAS[-1], reward=FIXED_GOAL)
        if cls.solvable:
            add(OTHER_SEEDS, name, "ppo-planner")
        if name in PLANNED:
            add(OTHER_SEEDS, name, "ppo-planner", alpha=ALPHAS[-1])
            for goal in objectives:
                add(OTHER_SEEDS, name, "ppo-planner", alpha=PLANTED, reward=goal)
    return runs
