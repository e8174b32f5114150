"""The policy protocol: maps a batch of observations to action probabilities or actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Bools, Floats, State

# Networks always compute this many rows at once. Matrix products of other sizes may round
# differently; with a fixed size, an agent's actions do not depend on the size of its batch.
BLOCK = 64


@runtime_checkable
class Policy(Protocol):
    """The interface of all agents.

    A policy may have memory. It then keeps one row for each episode of the batch, and ``reset``
    clears the rows of a mask::

        class Remembering:
            observation = "planes"

            def reset(self, mask, rng):
                fresh = np.zeros((len(mask), 64), dtype=np.float32)
                self.memory = fresh if mask.all() else np.where(mask[:, None], fresh, self.memory)

            def act(self, observation, state=None):
                self.memory, probabilities = my_network(observation, self.memory)
                return probabilities

    A policy without memory sets ``memory = False``; scoring then passes only the running episodes
    to ``act``, which takes about half of the time. So does a policy with memory that also has the
    method ``keep_rows(mask)``, which drops the rows outside ``mask``, bool (n,), for good: scoring
    calls it when episodes have ended.

    Attributes:
        observation: the kind of observation that ``act`` takes, a name from ``OBSERVATIONS``.
    """

    observation: str

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Clear the memory of the rows in ``mask``, whose episodes begin.

        The first call for a batch has all rows in the mask. Rows keep their order, and ``act`` is
        then called with all rows at each step.

        Args:
            mask: bool (n,).
            rng: for policies that make a random choice once per episode.
        """

    def act(
        self, observation: NDArray[Any], state: State | None = None
    ) -> NDArray[np.floating[Any]] | NDArray[np.integer[Any]]:
        """Return action probabilities (n, 5), or actions (n,), for a batch of n.

        Args:
            observation: the agents' observations, (n, ...).
            state: the environment states, for oracles.
        """


class Memoryless:
    """Base class for policies without memory."""

    observation = "planes"
    memory = False

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Do nothing: the policy has no memory."""


def require_state(state: State | None, policy_name: str) -> State:
    """Return the state; ValueError if it is None."""
    if state is None:
        raise ValueError(f"{policy_name} needs the state: act(observation, state)")
    return state


def soften_scores(scores: object) -> Floats:
    """Return probabilities, the softmax of scores (n, 5)."""
    logits = np.asarray(scores, np.float64)
    chances = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(chances / chances.sum(axis=1, keepdims=True))


def in_blocks(
    answer: Callable[[NDArray[Any], slice], NDArray[Any]], observation: NDArray[Any]
) -> NDArray[Any]:
    """Return a network's answers to a batch (n, ...), computed in blocks of ``BLOCK`` rows.

    ``answer`` gets a block and its slice of the batch; copies of the first row pad the last block.
    """
    n = len(observation)
    padded = np.zeros((whole_blocks(n), *observation.shape[1:]), dtype=observation.dtype)
    padded[:n], padded[n:] = observation, observation[:1]
    blocks = [slice(first, first + BLOCK) for first in range(0, len(padded), BLOCK)]
    return np.concatenate([answer(padded[rows], rows) for rows in blocks])[:n]


def whole_blocks(rows: int) -> int:
    """Return a number of rows rounded up to whole blocks of ``BLOCK`` rows."""
    return -(-rows // BLOCK) * BLOCK
