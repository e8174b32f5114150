"""The outcomes of a policy without memory from every state, exactly: no episode is sampled.

With a policy's action probabilities in each state, the chance that one objective is contacted
before the others, and the return that is to be expected, follow by dynamic programming (policy
evaluation: Sutton and Barto 2018, section 4.1, with a time limit).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Ints
from mesa_gym.solver.graph import Floats


def share_first_contacts(
    successor: Ints, contact: NDArray[np.bool_], shares: Floats, horizon: int
) -> Floats:
    """Return the chance that each objective is contacted first from each state.

    Unlike a score card's choice, a contact counts however many detours were made before it, and
    several contacts in one step count for none of them, but apart.

    Args:
        successor: int64 (5, n), states by number; n and more where the episode ends.
        contact: bool (objectives, 5, n), which steps contact a target.
        shares: float64 (n, 5), the policy's action probabilities.
        horizon: the steps left.

    Returns:
        float64 (objectives + 1, n), the last row of several at once; what is left to 1 is the
        chance of no contact in time.
    """
    several = contact.sum(axis=0) > 1
    first = np.concatenate([contact & ~several, several[None]])
    now = (first * shares.T).sum(axis=1)
    onward = np.where(contact.any(axis=0), 0.0, shares.T)
    found = np.zeros((len(first), int(successor.max()) + 2))
    n = successor.shape[1]
    for _ in range(horizon):
        found[:, :n] = now + (onward * found[:, successor]).sum(axis=1)
    return found[:, :n]


def expect_returns(
    successor: Ints, paid: Floats, shares: Floats, horizon: int, discount: float
) -> Floats:
    """Return the discounted return of one objective to be expected from each state.

    Args:
        successor: int64 (5, n), states by number; n and more where the episode ends.
        paid: float64 (5, n), what each action pays.
        shares: float64 (n, 5), the policy's action probabilities.
        horizon: the steps left.
        discount: a step, 0 to 1.

    Returns:
        float64 (n,).
    """
    n = successor.shape[1]
    found = np.zeros(int(successor.max()) + 2)
    for _ in range(horizon):
        found[:n] = (shares.T * (paid + discount * found[successor])).sum(axis=0)
    return found[:n]
