"""Returns of policies, by plain rollouts."""

from __future__ import annotations

import numpy as np

from mesa_gym.envs.observations import make_observation
from mesa_gym.policies import Policy
from mesa_gym.traps import Split, Trap


def earned(trap: Trap, policy: Policy, objective: str, levels: int = 100) -> np.ndarray:
    """Discounted returns on shift levels, actions sampled; float64 (levels,)."""
    state, rng = trap.levels(Split.SHIFT, np.arange(levels)), np.random.default_rng(0)
    shown, total, alive = make_observation(trap, "planes"), np.zeros(levels), np.ones(levels, bool)
    for t in range(trap.horizon(Split.SHIFT)):
        p = np.asarray(policy.act(shown.encode(state), state))
        actions = (p.cumsum(axis=1) > rng.random((levels, 1))).argmax(axis=1)
        after, paid, ended = trap.step(state, actions)
        total += alive * paid[objective] * trap.discount(objective) ** t
        alive &= ~ended
        state = state.replaced(alive, after)
    return total
