"""Recording an action trace."""

from __future__ import annotations

from typing import Any

import numpy as np

from mesa_gym.policies import as_policy
from mesa_gym.scoring.rollout import rollout
from mesa_gym.scoring.salt import salt_digest
from mesa_gym.scoring.trace import SplitTrace, Trace
from mesa_gym.scoring.trace_checks import require_seed, require_text
from mesa_gym.solver.certificate import EVALUATION_LEVELS
from mesa_gym.traps import Split, Trap, find_trap


def record(
    policy: Any,
    trap: Trap | str,
    levels: int = EVALUATION_LEVELS,
    seed: int = 0,
    salt: str = "",
    observation: str | None = None,
    name: str | None = None,
) -> Trace:
    """The trace of a policy on levels 0 to ``levels`` - 1 of every split, as scoring plays them.

    Args:
        policy: whatever ``mesa_gym.policies.as_policy`` takes.
        trap: a trap, or the name of one.
        levels: how many levels of each split are played, each once.
        seed: of the sampling of actions.
        salt: an evaluator's secret, of which the trace holds the digest alone.
        observation: the kind that a callable wants.
        name: what the trace calls the policy; by default the name given, or that of its type.

    Raises:
        ValueError: one of these cannot be, or the policy answers with something else than actions
            or probabilities.
    """
    trap = find_trap(trap)() if isinstance(trap, str) else trap
    if levels < 1:
        raise ValueError(f"levels must be at least 1, got {levels}")
    called = name_of(policy) if name is None else name
    require_text("policy", called)
    require_seed(seed)
    splits = {}
    for split in Split:
        horizon, numbers = trap.horizon(split), np.arange(levels)
        acting = as_policy(policy, trap, horizon, observation)
        actions = rollout(acting, trap, trap.levels(split, numbers, salt), horizon, seed)
        splits[split] = SplitTrace(numbers, actions)
    digest = salt_digest(salt)
    return Trace(trap.name(), trap.size, trap.parameters, called, seed, digest, splits)


def name_of(policy: Any) -> str:
    """Return what to call a policy that was given no name."""
    if isinstance(policy, str):
        return policy
    if isinstance(policy, Trace):
        return policy.policy
    return getattr(policy, "__name__", type(policy).__name__)
