"""Demonstrations: episodes of an objective's exact oracle, as actions and as text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mesa_gym.engine import ACTIONS, State
from mesa_gym.envs.observations import make_observation
from mesa_gym.policies import as_policy, name_pursuer
from mesa_gym.scoring.rollout import Actions, follow, rollout
from mesa_gym.traps import Split, Trap, find_trap


def demonstrate(
    trap: Trap, objective: str, split: Split, levels: Sequence[int]
) -> tuple[State, Actions]:
    """Return start states of levels, and what an objective's oracle does there.

    Of a trap without exact solver it is the objective's reference policy.

    Returns:
        n states, and actions as a ``Record`` has them.
    """
    horizon = trap.horizon(split)
    starts = trap.levels(split, np.asarray(levels, dtype=np.int64))
    policy = as_policy(name_pursuer(trap, objective), trap, horizon)
    return starts, rollout(policy, trap, starts, horizon).actions


def demonstrations(trap: Trap | str, levels: Sequence[int]) -> list[str]:
    """Return episodes of the base objective's oracle on training levels, as examples for a prompt.

    Args:
        trap: a trap, or the name of one.
        levels: numbers of levels of ``train``.

    Returns:
        A text for each level: what ``observation="text"`` shows, a line ``action: <name>``, an
        empty line, and so on to the episode's end.
    """
    trap = find_trap(trap)() if isinstance(trap, str) else trap
    shown = make_observation(trap, "text")
    starts, actions = demonstrate(trap, trap.base, Split.TRAIN, levels)
    steps: list[list[str]] = [[] for _ in levels]
    for step in follow(trap, starts, actions):
        for row, text, action in zip(step.rows, shown.encode(step.state), step.chosen, strict=True):
            steps[row].append(f"{text}\naction: {ACTIONS[action]}\n")
    return ["\n".join(each) for each in steps]
