"""Querying a policy for action probabilities and sampled actions, for a batch of episodes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import ACTIONS, Bools, Floats, Ints, State
from mesa_gym.engine.chance import outputs, streams, unit
from mesa_gym.envs.observations import make_observation
from mesa_gym.errors import PolicyBlame, PolicyError, shorten
from mesa_gym.policies.protocol import Policy
from mesa_gym.traps import Split, Trap


class PolicySampler:
    """Queries a policy for actions in a batch of n episodes; the caller steps the trap.

    The random number of a step depends only on (seed, play, level key, step); the level key
    includes the trap and the salt. If the policy is a function of its observations, its actions
    therefore do not depend on its name, the batch or the order of levels. The policy receives
    read-only states.

    Args:
        policy: the policy to query.
        trap: the trap of the episodes.
        keys: int64 (n,), ``state.level.key`` of the episodes.
        seed: seeds the sampling and the generator that the policy receives.
        agent: the policy's name, for messages.
        play: the name of this play of the levels (``plays``); plays are sampled independently.

    Raises:
        PolicyError: the policy needs an observation that does not exist, or its reset failed.
    """

    def __init__(
        self,
        policy: Policy,
        trap: Trap,
        keys: Ints,
        seed: int = 0,
        agent: str = "",
        play: str = "shift",
    ) -> None:
        self.policy = policy
        self.name = f"policy {agent!r} on {trap.name()}, {play}"
        # Encoding observations takes half of the time; oracles and constants do not need them.
        needs_observation = getattr(policy, "needs_observation", True)
        # The seed includes play and levels, so that a policy's random draws differ between plays.
        origin = [byte for text in (play.encode(), keys[:1].tobytes()) for byte in (*text, 256)]
        site = f"sampled action/{'' if play in set(Split) else play}"
        self._sampling = streams(seed, keys, site)
        try:
            self._observation = (
                make_observation(trap, policy.observation) if needs_observation else None
            )
        except ValueError as error:
            raise PolicyError(f"{self.name}: {error}") from None
        with PolicyBlame(f"{self.name}, reset"):
            rng = np.random.default_rng([seed, len(keys), *origin])
            policy.reset(np.ones(len(keys), dtype=np.bool_), rng)

    def keep_rows(self, mask: Bools) -> None:
        """Let the policy drop the memory outside ``mask``; the next states contain only its rows.

        Raises:
            PolicyError: the policy raised an error.
        """
        with PolicyBlame(f"{self.name}, keep_rows"):
            self.policy.keep_rows(mask)  # type: ignore[attr-defined]

    def probabilities(self, state: State, t: int) -> Floats:
        """Return the action probabilities in states at step ``t`` (from 0), float64 (m, 5).

        For a policy with memory, ``state`` contains all episodes that it remembers, in order; for
        a policy without memory, it may contain only the running ones.

        Raises:
            PolicyError: the policy raised an error, or did not return actions or action
                probabilities; the message names policy and step.
        """
        n, obs = state.n, np.empty((state.n, 0), dtype=np.uint8)
        if self._observation is not None:
            obs = self._observation.encode(state)
        with PolicyBlame(f"{self.name}, step {t}"):
            answer = np.asarray(self.policy.act(obs, state.read_only()))
        try:
            return read_answer(answer, n)
        except ValueError as error:
            raise PolicyError(f"{self.name}, step {t}: {error}") from None

    def sample(self, shares: Floats, t: int, rows: Ints | None = None) -> Ints:
        """Sample the actions of step ``t``, int64 (m,), by the probabilities ``shares`` (m, 5).

        ``rows``, int64 (m,), are the episodes to which the rows of ``shares`` belong; None for all
        episodes, in order.
        """
        sampling = self._sampling if rows is None else self._sampling[rows]
        return sample_actions(shares, outputs(sampling, np.full(len(sampling), t)))


def sample_actions(shares: Floats, words: Ints) -> Ints:
    """Draw actions by their probabilities, float64 (n, 5), with random ``words``, int64 (n,)."""
    sums = np.cumsum(shares, axis=1)
    below = sums <= (unit(words) * sums[:, -1])[:, None]
    # Rounding can put a sample above the last sum; it then means the last possible action.
    last = len(ACTIONS) - 1 - (shares[:, ::-1] > 0).argmax(axis=1)
    return np.minimum(below.sum(axis=1), last)


def read_answer(answer: NDArray[Any], n: int) -> Floats:
    """Return a policy's answer as action probabilities, float64 (n, 5); rows sum to 1 +- 0.001.

    Raises:
        ValueError: the answer is neither actions (n,) nor action probabilities (n, 5); the message
            names the first bad row.
    """
    if answer.shape == (n,) and answer.dtype.kind in "iu":
        bad = (answer < 0) | (answer >= len(ACTIONS))
        if bad.any():
            row = int(bad.argmax())
            raise ValueError(f"it chose action {answer[row]} in row {row}; expected 0 to 4")
        return np.eye(len(ACTIONS))[answer]
    if answer.shape != (n, len(ACTIONS)) or answer.dtype.kind not in "fiub":
        form = f"an array of shape {answer.shape} and dtype {answer.dtype}"
        raise ValueError(
            f"it gave {form if answer.ndim else shorten(answer.item())}; expected actions ({n},) of"
            f" integers, or probabilities ({n}, {len(ACTIONS)})"
        )
    finite = np.isfinite(answer)
    if not finite.all():
        row = int(finite.all(axis=1).argmin())
        raise ValueError(f"it gave {answer[row]} in row {row}; expected finite numbers")
    possible, near = answer >= 0, np.abs(answer.sum(axis=1, dtype=np.float64) - 1) <= 1e-3
    if not possible.all() or not near.all():
        row = int((near & possible.all(axis=1)).argmin())
        raise ValueError(
            f"it gave {answer[row]} in row {row}; expected probabilities, at least 0 and with the"
            " sum 1; if these are logits, return their softmax"
        )
    return answer.astype(np.float64)
