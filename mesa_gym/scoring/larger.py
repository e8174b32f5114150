"""Larger grids: an agent that acts on any size plays levels of sizes that it was not made for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mesa_gym.engine import State
from mesa_gym.policies import Policy, Sweeper
from mesa_gym.scoring.measures import Played
from mesa_gym.scoring.rollout import rollout
from mesa_gym.solver import LevelValues, StateNumbers, level_values
from mesa_gym.solver.certificate import MEAN_STATES
from mesa_gym.traps import Split, Trap

SIZES = (13, 21)
LEVELS = 100
# A trap at a larger size -> levels of ``test``, and what they are worth.
LargerTraps = Mapping[Trap, tuple[State, LevelValues]]


def find_larger(trap: Trap, salt: str = "") -> LargerTraps:
    """Return a trap at larger sizes with 100 solved levels each; none if it is judged by returns.

    A size is left out that the trap does not take, or at which a level would have over 5,000 states
    on average, the most that a certificate allows, if they grew as their possible number does.

    Args:
        trap: at its own size.
        salt: an evaluator's secret.
    """
    found: dict[Trap, tuple[State, LevelValues]] = {}
    if trap.by_returns():
        return found
    numbers = np.arange(LEVELS)
    own = StateNumbers(trap, trap.levels(Split.TEST, numbers, salt)).count
    states = level_values(trap, Split.TEST, numbers, salt=salt).states.mean()
    for size in SIZES:
        if size**2 <= trap.cells:
            continue
        try:
            larger = type(trap)(size, **trap.parameters)
            starts = larger.levels(Split.TEST, numbers, salt)
            grown = StateNumbers(larger, starts).count
        except (ValueError, RuntimeError):  # it does not take this size, or has no levels
            continue
        if states * grown / own <= MEAN_STATES:
            found[larger] = starts, level_values(larger, Split.TEST, numbers, salt=salt)
    return found


def play_larger(
    policy: Policy, larger: LargerTraps, seed: int = 0, agent: str = ""
) -> dict[str, Played]:
    """Return size -> a policy's play of the larger levels of ``test``, as ``rollout`` plays.

    A sweeper is made for each size; any other policy acts as it is.
    """
    found = {}
    for trap, (starts, values) in larger.items():
        acting = Sweeper(trap) if isinstance(policy, Sweeper) else policy
        size, steps = str(trap.height), trap.horizon(Split.TEST)
        done = rollout(acting, trap, starts, steps, seed, agent, f"test at size {size}")
        found[size] = Played(trap, done, values)
    return found
