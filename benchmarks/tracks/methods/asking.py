"""When to ask, and what to do with the answers: parts of methods that ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from benchmarks.tracks.methods.members import (
    compute_log_shares,
    compute_shares,
    measure_disagreement,
    stack_members,
)
from benchmarks.tracks.methods.method import Bytes, Floats, Ints
from mesa_gym.engine import Bools
from mesa_gym.policies import Policy

# Of training observations, the share on which no question is asked.
USUAL = 0.9
# Members that differ less than this agree.
AGREED = 0.05


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


class Disagreement:
    """Asks where members differ more than they do in training."""

    def __init__(self, members: Sequence[Policy], planes: Bytes) -> None:
        usual = np.quantile(measure_disagreement(compute_shares(members, planes)), USUAL)
        self._limit = max(AGREED, float(usual))

    def __call__(self, planes: Bytes, shares: Floats, weights: Floats) -> Bools:
        """Return where they differ more, by their weights."""
        return measure_disagreement(shares, weights) > self._limit


class Weighing:
    """Several policies as one, an ``Asker``, with a posterior over them for the whole stream.

    It does what the member does for which answers speak, and asks while members that are still
    likely differ. Until an answer comes, the first member acts.
    """

    def __init__(self, members: Sequence[Policy], when: When) -> None:
        self.members, self.when = members, when
        self._compute = stack_members(members)
        self._evidence = np.zeros(len(members))

    def begin(self, n: int) -> None:
        """Begin n episodes; what was told holds for them too."""

    def weigh(self) -> Floats:
        """Return the posterior over members given the answers, float64 (M,)."""
        weights = np.exp(self._evidence - self._evidence.max())
        return weights / weights.sum()

    def asks(self, planes: Bytes, left: int) -> Bools:
        """Return which rows ask, bool (n,)."""
        if not left or len(self.members) < 2:  # an answer would change nothing
            return np.zeros(len(planes), dtype=np.bool_)
        self._shares = self._compute(planes)
        weights = np.broadcast_to(self.weigh(), (len(planes), len(self.members)))
        return self.when(planes, self._shares, weights)

    def take_answers(self, rows: Ints, actions: Ints) -> None:
        """Add what answers say of each member."""
        likely = compute_log_shares(self._shares[:, rows])
        self._evidence += likely[:, np.arange(len(rows)), actions].sum(axis=1)

    def act(self, planes: Bytes) -> Floats:
        """Return the best member's action probabilities, float64 (n, 5)."""
        return np.asarray(self.members[int(self._evidence.argmax())].act(planes))

    def choose(self, planes: Bytes) -> Ints:
        """Return the best member, int64 (n,)."""
        return np.full(len(planes), int(self._evidence.argmax()))
