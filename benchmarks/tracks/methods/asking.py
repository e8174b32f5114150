"""When to ask, and what to do with the answers: parts of methods that ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch

from agents.networks import Network
from benchmarks.tracks.methods.members import (
    compute_log_shares,
    compute_shares,
    measure_disagreement,
)
from benchmarks.tracks.methods.method import Bytes, Floats, Ints
from mesa_gym.engine import Bools
from mesa_gym.policies import Policy

# Of training observations, the share on which no question is asked.
USUAL = 0.9
# Members that differ less than this agree.
AGREED = 0.05
# Of steps, the share at which `AtRandom` asks.
RANDOM = 0.3


class When(Protocol):
    """Decides where to ask."""

    def __call__(self, planes: Bytes, shares: Floats, weights: Floats) -> Bools:
        """Return where to ask, bool (n,).

        Args:
            planes: what is seen, (n, height, width, channels).
            shares: the members' action probabilities, float64 (M, n, 5).
            weights: of the members in each row, float64 (n, M), rows sum to 1.
        """


class Never:
    """Asks nothing."""

    def __call__(self, planes: Bytes, shares: Floats, weights: Floats) -> Bools:
        """Return False everywhere."""
        return np.zeros(len(planes), dtype=np.bool_)


class First:
    """Asks at once."""

    def __call__(self, planes: Bytes, shares: Floats, weights: Floats) -> Bools:
        """Return True everywhere."""
        return np.ones(len(planes), dtype=np.bool_)


class AtRandom:
    """Asks at random, by a hash of the observation, so that rows do not depend on others."""

    def __init__(self, planes: Bytes) -> None:
        rng = np.random.default_rng(0)
        self._factors = rng.integers(2**62, size=planes[0].size)

    def __call__(self, planes: Bytes, shares: Floats, weights: Floats) -> Bools:
        """Return where chance says so."""
        words = planes.reshape(len(planes), -1).astype(np.int64) @ self._factors
        return (words >> 20) % 1000 < 1000 * RANDOM


class Novelty:
    """Asks where a network's features are farther from their mean than training's are."""

    def __init__(self, network: Network, planes: Bytes) -> None:
        self._network = network
        features = self._features(planes)
        self._mean, self._spread = features.mean(axis=0), features.std(axis=0) + 1e-3
        self._limit = np.quantile(self._distance(features), USUAL)

    def __call__(self, planes: Bytes, shares: Floats, weights: Floats) -> Bools:
        """Return where it is farther."""
        return np.asarray(self._distance(self._features(planes)) > self._limit)

    def _distance(self, features: Floats) -> Floats:
        return (((features - self._mean) / self._spread) ** 2).mean(axis=1)

    @torch.inference_mode()
    def _features(self, planes: Bytes) -> Floats:
        return self._network.features(torch.from_numpy(planes)).double().numpy()


class Disagreement:
    """Asks where members differ more than they do in training."""

    def __init__(self, members: Sequence[Policy], planes: Bytes) -> None:
        usual = np.quantile(measure_disagreement(compute_shares(members, planes)), USUAL)
        self._limit = max(AGREED, float(usual))

    def __call__(self, planes: Bytes, shares: Floats, weights: Floats) -> Bools:
        """Return where they differ more, by their weights."""
        return measure_disagreement(shares, weights) > self._limit


class Deferring:
    """Several policies as one, an ``Asker``: it does what the member does that answers speak for.

    Until an answer comes, the first member acts.
    """

    def __init__(self, members: Sequence[Policy], when: When) -> None:
        self.members, self.when = members, when

    def begin(self, n: int) -> None:
        """Forget all answers."""
        self._evidence = np.zeros((n, len(self.members)))

    def asks(self, planes: Bytes, left: Ints) -> Bools:
        """Return which rows ask, bool (n,)."""
        self._shares = compute_shares(self.members, planes)
        return self.when(planes, self._shares, self.weights())

    def weights(self) -> Floats:
        """Return the members' weights in the question where to ask, float64 (n, M): equal ones."""
        return np.full_like(self._evidence, 1 / len(self.members))

    def take_answers(self, rows: Ints, actions: Ints) -> None:
        """Add what answers say of each member."""
        likely = compute_log_shares(self._shares[:, rows])
        self._evidence[rows] += likely[:, np.arange(len(rows)), actions].T

    def act(self, planes: Bytes) -> Floats:
        """Return the best member's action probabilities, float64 (n, 5)."""
        best = self._evidence.argmax(axis=1)
        return self._shares[best, np.arange(len(best))]


class Weighing(Deferring):
    """The same with a posterior over members: it asks where those that are still likely differ."""

    def weights(self) -> Floats:
        """Return the posterior over members given the answers, float64 (n, M)."""
        weights = np.exp(self._evidence - self._evidence.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)
