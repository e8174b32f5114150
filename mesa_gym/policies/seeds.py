"""Seeds of an agent: their names, and the digest that identifies an agent.

An interval over seeds measures how much training runs differ, so a copy must not count as a seed.
"""

from __future__ import annotations

from collections.abc import Hashable
from re import DOTALL, compile
from typing import Any
from unicodedata import category

import numpy as np

from mesa_gym.errors import PolicyError, shorten, shorten_text
from mesa_gym.policies.agent_files import digest_weights
from mesa_gym.policies.asking import PolicySampler
from mesa_gym.policies.protocol import BLOCK, Policy
from mesa_gym.traps import Split, Trap

# An agent's seeds differ in the last part of their names: ppo-s0, ppo-s1.
_SEED = compile(r"(?P<agent>.+)-s(?P<seed>\d{1,9})", DOTALL)
HIDDEN_CATEGORIES = ("Cc", "Cf", "Zl", "Zp")  # categories of Unicode


def agent_and_seed(policy: str) -> tuple[str, int | None]:
    """Return the agent's name and its training seed: ("ppo", 3) for "ppo-s3".

    The seed is None if the name has no seed, such as the name of a reference policy.
    """
    trained = _SEED.fullmatch(policy)
    return (trained["agent"], int(trained["seed"])) if trained else (policy, None)


def require_visible(name: str) -> None:
    """Raise ValueError if a name is blank, or has characters that other text is hidden by.

    These are control characters, marks of direction, and characters without a width.
    """
    hidden = [sign for sign in name if category(sign) in HIDDEN_CATEGORIES]
    if hidden or not name.strip():
        reason = f"it contains {shorten(hidden[0])}" if hidden else "it is blank"
        raise ValueError(
            f"an agent is called {shorten_text(name)!a}: {reason}; rename it:"
            " cards.rename('mine', 'plain'), --cards plain=FILE"
        )


def write_name(policy: str) -> str:
    """Return a policy's name for people to read: ``ppo:3`` for the file name ``ppo-s3``."""
    agent, seed = agent_and_seed(policy)
    return policy if seed is None else f"{agent}:{seed}"


def change_agent(policy: str, agent: str, name: str) -> str:
    """Return a policy's name with the agent ``agent`` renamed to ``name``; the seed stays."""
    current, seed = agent_and_seed(policy)
    return policy if current != agent else name if seed is None else f"{name}-s{seed}"


def digest_policy(policy: object) -> str:
    """Return 32 hex digits that are equal for equal weights; "" without weights."""
    weights = _identify_weights(getattr(policy, "__wrapped__", policy))
    return digest_weights(repr([weights]).encode()) if weights else ""


def digest_answers(policy: Policy, trap: Trap, salt: str = "") -> str:
    """Return 32 hex digits that are equal for equal answers in the first states of test levels.

    They do not depend on the sampling of actions or on the last digits of the probabilities. ""
    if all answers are actions (different competent agents may choose equal ones), if the policy
    fails, or if it needs no observation.
    """
    if getattr(policy, "solves", False) or not getattr(policy, "needs_observation", True):
        return ""
    starts = trap.levels(Split.TEST, np.arange(BLOCK), salt)
    try:
        sampler = PolicySampler(policy, trap, starts.level.key, play=Split.TEST)
        shares = sampler.probabilities(starts, 0)
    except PolicyError:
        return ""
    if np.isin(shares, (0, 1)).all():
        return ""
    return digest_weights(" ".join(f"{share:.2e}" for share in shares.flat).encode())


def _identify_weights(policy: Any) -> tuple[Hashable, ...]:
    """Return a key that is equal for equal weights; () if no weights can be read."""
    try:
        weights = getattr(policy, "weights", None)
        if not isinstance(weights, dict) or not weights:  # not a trained agent of this project
            if not callable(getattr(policy, "state_dict", None)):
                return ()
            weights = {x: tensor.detach().cpu() for x, tensor in policy.state_dict().items()}
        held = [(x, digest_weights(np.asarray(tensor).tobytes())) for x, tensor in weights.items()]
    except Exception:  # third-party code: its state does not consist of tensors
        return ()
    return (type(policy).__qualname__, *held) if held else ()
