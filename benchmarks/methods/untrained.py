"""The control that never trained: it reads labels alone.

The control assumes that a cell's contents decide its worth, and learns the worth from labelled
episodes. Contents without a label are judged by the parities of planes (among them single planes)
that agree with most labels.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.methods.labels import LabelledEpisode, LabelSource
from benchmarks.methods.seeking import (
    MOST_WORTH,
    CodeSeeker,
    code_cells,
    compute_parities,
    count_codes,
    find_agents,
)
from benchmarks.methods.task import Bytes, Floats, Ints, Method, Task
from mesa_gym.policies import Policy, uniform


class Untrained(Method):
    """Walks to cells that labels show to be wanted, and reads no reward of training."""

    def train(self, task: Task) -> list[Policy]:
        """Learn nothing."""
        return [uniform()]

    def adapt(self, task: Task, members: list[Policy], labels: LabelSource) -> Iterator[Policy]:
        """Yield a policy that goes to the cells that labels favour."""
        rng = np.random.default_rng([task.seed, 13])
        evidence = LabelTally(count_codes(task), task.starts, rng)
        while True:
            while labels.left:
                evidence.spend_label(labels)
            yield CodeSeeker(evidence.rate_codes()) if evidence.weight.any() else members[0]


class LabelTally:
    """The evidence of labels on each code.

    Args:
        codes: how many there are.
        starts: the levels that can be labelled, uint8 (n, height, width, channels).
        rng: of the choice of levels.

    Attributes:
        weight: how often a code was judged, float64 (codes,).
        worth: the sum of what it was judged to be worth, float64 (codes,).
    """

    def __init__(self, codes: int, starts: Bytes, rng: np.random.Generator) -> None:
        self.weight, self.worth, self._rng = np.zeros(codes), np.zeros(codes), rng
        shown = code_cells(starts).reshape(len(starts), -1)
        self._holds = (shown[:, :, None] == np.arange(codes)).any(axis=1)
        self._holds[:, 0] = False

    def spend_label(self, labels: LabelSource) -> None:
        """Spend one label, on the kind of cell that was judged least often."""
        if labels.kind == "demonstrations":
            episode = labels.demonstrate([int(self._rng.integers(len(self._holds)))])[0]
            shown = np.unique(code_cells(episode.planes[0]))
            self._judge(shown[shown > 0], 0.0)
            if len(entered := list_entered(episode)):
                self.worth[entered[-1]] += 1
        elif labels.kind == "returns":
            start, (code, *_) = self._choose_codes()
            self._judge_own(labels.play(self._seek(code), [start])[0], None)
        else:
            start, (one, other) = self._choose_codes()
            told = labels.compare(self._seek(one), self._seek(other), [start])[0]
            for episode, sign in ((told.first, told.sign), (told.second, -told.sign)):
                self._judge_own(episode, float(sign > 0))

    def rate_codes(self) -> Bytes:
        """Return the worth of codes, uint8 (codes,): by labels, or else by parities."""
        met = self.weight.nonzero()[0]
        mean = self.worth[met] / self.weight[met]
        mean /= max(1e-9, mean.max())
        every = np.arange(len(self.weight))
        agreed = compute_parities(every, met) @ (self.weight[met] * (mean - 0.5))
        # The fewer planes, the likelier; a label's worth of disagreement is e times less likely.
        likely = np.exp(agreed - agreed.max() - np.bitwise_count(every))
        rated: Floats = likely @ compute_parities(every, every) / likely.sum()
        rated[met] = mean
        rated[0] = 0
        return np.rint(rated * MOST_WORTH).astype(np.uint8)

    def _choose_codes(self) -> tuple[int, Ints]:
        """Return a level, and two of its codes, those that were judged least."""
        cost = self.weight + 0.5 * self._rng.random(len(self.weight))
        cost[~self._holds.any(axis=0)] = np.inf
        start = int(self._rng.choice(self._holds[:, cost.argmin()].nonzero()[0]))
        order = np.argsort(np.where(self._holds[start], cost, np.inf))
        return start, order[:2]

    def _seek(self, code: int) -> CodeSeeker:
        worth = np.zeros(len(self.weight), dtype=np.uint8)
        worth[code] = MOST_WORTH
        return CodeSeeker(worth)

    def _judge_own(self, episode: LabelledEpisode, worth: float | None) -> None:
        """Judge the last cell entered in an own episode by its return or a given worth."""
        if len(entered := list_entered(episode)):
            self._judge(entered[-1:], episode.earned if worth is None else worth)

    def _judge(self, codes: Ints, worth: float) -> None:
        self.weight[codes] += 1
        self.worth[codes] += worth


def list_entered(episode: LabelledEpisode) -> Ints:
    """Return codes of the entered cells before the step, bare floor left out, int64 (m,)."""
    row, column = find_agents(episode.planes)
    steps = np.arange(len(episode.actions))
    shown = code_cells(episode.planes)[steps, row[1:], column[1:]]
    moved = (row[1:] != row[:-1]) | (column[1:] != column[:-1])
    return shown[moved & (shown > 0)]
