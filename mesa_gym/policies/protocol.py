"""Policies: observations in, action probabilities or actions out, for a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Bools, State

# Rows that a network sees at once. Matrix products of another number of rows may round otherwise;
# with always the same number, what an agent does does not depend on the others in its batch.
BLOCK = 64


@runtime_checkable
class Policy(Protocol):
    """An agent that acts.

    A policy may have a memory. It then keeps one row for each episode of the batch, and ``reset``
    clears the rows of a mask::

        class Remembering:
            observation = "planes"

            def reset(self, mask, rng):
                fresh = np.zeros((len(mask), 64), dtype=np.float32)
                self.memory = fresh if mask.all() else np.where(mask[:, None], fresh, self.memory)

            def act(self, observation, state=None):
                self.memory, probabilities = my_network(observation, self.memory)
                return probabilities

    A policy without a memory sets ``memory = False``; scoring then asks it only about the episodes
    that go on, which takes about half of the time.

    Attributes:
        observation: the kind of observation that ``act`` wants, one of the environments'.
    """

    observation: str

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Forget the past of the rows in ``mask``, whose episodes begin.

        The first call for a batch has all rows in the mask. Whatever the rows, they stay in
        their order, and ``act`` is then called with all of them, step after step.

        Args:
            mask: bool (n,).
            rng: for policies that choose something once an episode.
        """

    def act(
        self, observation: NDArray[Any], state: State | None = None
    ) -> NDArray[np.floating[Any]] | NDArray[np.integer[Any]]:
        """Return action probabilities (n, 5), or actions (n,), for a batch of n.

        Args:
            observation: what the agents see, (n, ...).
            state: the states themselves, for oracles.
        """


class Memoryless:
    """A policy that carries nothing from step to step."""

    observation = "planes"
    memory = False

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Do nothing: the policy has no memory."""


def require_state(state: State | None, policy_name: str) -> State:
    """Return the state; ValueError where a policy that reads it was not given one."""
    if state is None:
        raise ValueError(f"{policy_name} needs the state: act(observation, state)")
    return state


def soften_scores(scores: Any) -> NDArray[np.float64]:
    """Return probabilities, the softmax of scores (n, 5)."""
    logits = np.asarray(scores, np.float64)
    chances = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(chances / chances.sum(axis=1, keepdims=True))


def in_blocks(
    answer: Callable[[NDArray[Any], slice], NDArray[Any]], observation: NDArray[Any]
) -> NDArray[Any]:
    """Return a network's answers to a batch (n, ...), computed in blocks of one size.

    ``answer`` gets a block, padded with its first row, and the block's slice of the batch.
    """
    n = len(observation)
    padded = np.zeros((whole_blocks(n), *observation.shape[1:]), dtype=observation.dtype)
    padded[:n], padded[n:] = observation, observation[:1]
    blocks = [slice(first, first + BLOCK) for first in range(0, len(padded), BLOCK)]
    return np.concatenate([answer(padded[rows], rows) for rows in blocks])[:n]


def whole_blocks(rows: int) -> int:
    """Return a number of rows rounded up to whole blocks of ``BLOCK`` rows."""
    return -(-rows // BLOCK) * BLOCK
