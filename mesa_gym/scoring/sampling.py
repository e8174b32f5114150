"""Asking a policy, step after step, for a batch of episodes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import ACTIONS, Ints, State
from mesa_gym.engine.chance import outputs, streams, unit
from mesa_gym.envs.observations import make_observation
from mesa_gym.errors import PolicyError, blaming
from mesa_gym.policies import Policy, Valuing
from mesa_gym.traps import Trap


class Asking:
    """One policy, asked what to do in n episodes; the caller steps the trap.

    The sample at a step is a function of (seed, level, step): neither the batch nor the order of
    levels matters to a policy that is itself a function of what it sees.

    Args:
        policy: what acts.
        trap: the rules.
        keys: int64 (n,), ``state.level.key`` of the episodes.
        seed: of the sampling and of the policy's own generator; or int64 (n,), one an episode,
            which makes several episodes of one level differ.
        name: what errors call the policy, as in "policy 'mine' on CoinRun-v0, split shift".

    Raises:
        PolicyError: it asks for an observation that there is not.
    """

    def __init__(self, policy: Policy, trap: Trap, keys: Ints, seed: int | Ints, name: str) -> None:
        self.policy, self.name = policy, name
        self._n, self._seed = len(keys), seed
        if isinstance(seed, int):
            self._sampling = streams(seed, keys, "sampled action")
        else:
            each = zip(seed.tolist(), keys[:, None], strict=True)
            self._sampling = np.concatenate([streams(s, k, "sampled action") for s, k in each])
        try:
            self._observation = make_observation(trap, policy.observation)
        except ValueError as error:
            raise PolicyError(f"{name}: {error}") from None

    def begin(self) -> None:
        """Let the policy forget: the episodes begin.

        Raises:
            PolicyError: it raised.
        """
        seeds = [self._seed] if isinstance(self._seed, int) else self._seed.tolist()
        with blaming(f"{self.name}, reset"):
            rng = np.random.default_rng([*seeds, self._n])
            self.policy.reset(np.ones(self._n, dtype=np.bool_), rng)

    def probabilities(self, state: State, t: int) -> NDArray[np.float64]:
        """Return its action probabilities in a state at step ``t``, counted from 0: float64 (n, 5).

        Raises:
            PolicyError: it raised, or answered with something else than actions or action
                probabilities; the message names it and the step.
        """
        seen = self._observation.encode(state)
        with blaming(f"{self.name}, step {t}"):
            answer = np.asarray(self.policy.act(seen, state))
        try:
            return probabilities(answer, self._n)
        except ValueError as error:
            raise PolicyError(f"{self.name}, step {t}: {error}") from None

    def sampled(self, shares: NDArray[np.float64], t: int) -> Ints:
        """Return the actions taken at step ``t`` by their shares (n, 5), int64 (n,)."""
        return sampled(shares, outputs(self._sampling, np.full(self._n, t)))

    def values(self, state: State) -> NDArray[np.float64] | None:
        """Return what the policy thinks states are worth, float64 (n,); None without opinion."""
        if not isinstance(self.policy, Valuing):
            return None
        with blaming(f"{self.name}, values"):
            return np.asarray(self.policy.values(self._observation.encode(state)), dtype=np.float64)


def sampled(shares: NDArray[np.float64], words: Ints) -> Ints:
    """Draw actions by their probabilities.

    Args:
        shares: float64 (n, 5), of ``probabilities``.
        words: int64 (n,), random, one for each sample.
    """
    share = unit(words) * shares.sum(axis=1)
    below = np.cumsum(shares, axis=1) <= share[:, None]
    # A share that rounding puts above the last sum means the last action that is possible.
    last = len(ACTIONS) - 1 - (shares[:, ::-1] > 0).argmax(axis=1)
    return np.minimum(below.sum(axis=1), last)


def probabilities(answer: NDArray[Any], n: int) -> NDArray[np.float64]:
    """Return the action probabilities that an answer means; an action has probability 1.

    Args:
        answer: actions (n,), or action probabilities (n, 5).
        n: how many rows there should be.

    Returns:
        float64 (n, 5), as given: rows sum to 1 within 0.001.

    Raises:
        ValueError: the answer is neither; the message names the first bad row.
    """
    if answer.shape == (n,) and answer.dtype.kind in "iu":
        bad = (answer < 0) | (answer >= len(ACTIONS))
        if bad.any():
            row = int(bad.argmax())
            raise ValueError(f"it chose action {answer[row]} in row {row}; there is 0 to 4")
        return np.eye(len(ACTIONS))[answer]
    if answer.shape != (n, len(ACTIONS)) or answer.dtype.kind not in "fiub":
        raise ValueError(
            f"it gave an array of shape {answer.shape} and dtype {answer.dtype}; expected"
            f" actions ({n},) of integers, or probabilities ({n}, {len(ACTIONS)})"
        )
    bad = ~np.isfinite(answer).all(axis=1)
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(f"it gave {answer[row]} in row {row}; nan and inf are no probabilities")
    total = answer.sum(axis=1, dtype=np.float64)
    bad = ~(np.isclose(total, 1, atol=1e-3) & (answer >= 0).all(axis=1))
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(
            f"it gave {answer[row]} in row {row}; probabilities are at least 0 and sum to 1"
        )
    return answer.astype(np.float64)
