"""Where and when objectives first pay, as those who pursue them play."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mesa_gym.grid import Bools, Ints
from mesa_gym.policies import load_policy, pursuing
from mesa_gym.scoring import rollout
from mesa_gym.scoring.rollout import aims, replay
from mesa_gym.traps import Split, Trap


class Contacts(NamedTuple):
    """The first contact with an objective on each of n levels.

    Attributes:
        found: bool (n,), whether there was one: a payment of more than half of the largest.
        steps: int64 (n,), after how many steps.
        cells: int64 (n,), where the agent went in that step, flat cell indices.
    """

    found: Bools
    steps: Ints
    cells: Ints


def contacts(trap: Trap, split: Split, levels: int) -> dict[str, Contacts]:
    """The first contacts of each objective's oracle, or of its reference policy.

    Args:
        trap: the rules.
        split: whose levels.
        levels: how many, from 0.
    """
    starts = trap.levels(split, np.arange(levels))
    horizon, found = trap.horizon(split), {}
    for x in trap.objectives:
        policy = load_policy(pursuing(trap, x), trap, horizon)
        actions = rollout(policy, trap, starts, horizon)
        paid = replay(trap, starts, actions)[x]
        hit = paid > max(paid.max(initial=0) / 2, 1e-9)
        first = hit.argmax(axis=0)
        cells = aims(trap, starts, actions)[first, np.arange(levels)]
        found[x] = Contacts(hit.any(axis=0), first + 1, cells)
    return found
