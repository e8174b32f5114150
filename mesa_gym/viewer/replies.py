"""The answers of a policy in given states, and a test that they follow from observations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Ints, State
from mesa_gym.policies import Policy
from mesa_gym.policies.asking import Asking
from mesa_gym.traps import Trap

# By how much answers to the same picture may differ: networks round otherwise in another batch.
ROUNDING = 1e-6
# By how many steps at most clocks are moved when a policy is asked again.
LATER = 64


@dataclass(frozen=True, eq=False)
class Answers:
    """The action probabilities of a policy that is a function of observations.

    Attributes:
        shares: float64 (n, 5).
        declared: whether the policy declares ``memory = False``; otherwise this was only tested.
    """

    shares: NDArray[np.float64]
    declared: bool


def find_answers(policy: Policy, trap: Trap, states: State, name: str = "") -> Answers | None:
    """Return the answers of a policy in each of some states, asked once for all of them.

    The policy is asked once more, without a reset in between: of the same states in another order,
    each at another time. Where answers differ it remembers, reads the clock or draws something for
    an episode, and its action does not follow from the state.

    Args:
        policy: what acts.
        trap: the rules.
        states: n of them.
        name: of the policy, for errors.

    Returns:
        The answers; None where they do not follow from the states.

    Raises:
        PolicyError: it failed, or answered with something else than actions.
    """
    asking = Asking(policy, trap, states.level.key, 0, name)
    shares = asking.probabilities(states, 0)
    rng = np.random.default_rng(0)
    order: Ints = rng.permutation(states.n)
    later = rng.integers(1, LATER, states.n)
    again = asking.probabilities(states.take(order)._replace(clock=states.clock + later), 0)
    if np.abs(shares[order] - again).max() > ROUNDING:
        return None
    return Answers(shares, getattr(policy, "memory", True) is False)
