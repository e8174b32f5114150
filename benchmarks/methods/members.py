"""Sets of policies: how they differ, and which member is likeliest by the labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.methods.labels import LabelledEpisode, LabelSource
from benchmarks.methods.task import Bytes, Floats, Method, Task
from mesa_gym.engine import ACTIONS
from mesa_gym.policies import Policy

SLIP = 0.1  # how often a member is taken to slip: one unlikely action does not rule it out
SATED = 0.05  # probability of a step that a member has what it wants
# How often an episode pays that a member would have played, and one that it would not have.
PAYS, PAYS_OTHERS = 0.9, 0.1
SURE = 5.0  # the most, in nats, that an episode speaks for a member in a preference


def compute_shares(members: Sequence[Policy], planes: Bytes) -> Floats:
    """Return action probabilities of M members for planes (n, ...), float64 (M, n, 5)."""
    return np.stack([np.asarray(member.act(planes), dtype=np.float64) for member in members])


def measure_disagreement(shares: Floats, weights: Floats) -> Floats:
    """Return the mean total variation of members from their mean, float64 (n,).

    Their action probabilities are float64 (M, n, 5), and their weights, whose sum is 1, (M,).
    """
    each = np.broadcast_to(weights, shares.shape[1::-1])
    mean = np.einsum("nm,mna->na", each, shares)
    apart: Floats = np.abs(shares - mean).sum(axis=2) / 2
    return np.einsum("nm,mn->n", each, apart)


class MemberChoice:
    """Evidence of labels on M members so far, and a choice of levels to label next.

    A demonstration favours members under which it is likely. Own episodes are played by the two
    likeliest members; an episode favours a member if it earned much and is likely under it, or
    neither. A preference between episodes of these two favours a member as in Bradley & Terry's
    model, whose strength is the logarithm of an episode's likelihood; as Biyik & Sadigh (2018) have
    it, levels are chosen on which the two differ most.

    Args:
        members: the policies.
        starts: first observations of the levels that can be labelled.
        usual: the return of training episodes, to which earnings are compared.
        seed: of the choice among equally informative levels.
    """

    def __init__(self, members: Sequence[Policy], starts: Bytes, usual: float, seed: int) -> None:
        self.members, self.usual = members, usual
        self._shares = compute_shares(members, starts)
        self._order = np.random.default_rng([seed, 4]).permutation(len(starts))
        self._fresh = np.ones(len(starts), dtype=np.bool_)
        self._evidence = np.zeros(len(members))

    def weigh(self) -> Floats:
        """Return the posterior over members, float64 (M,)."""
        weights = np.exp(self._evidence - self._evidence.max())
        return weights / weights.sum()

    def take_labels(self, labels: LabelSource) -> None:
        """Spend the labels that there are now."""
        if labels.left and labels.kind == "demonstrations":
            for episode in labels.demonstrate(self._pick(labels.left, self.weigh())):
                self._evidence += self._compute_likelihood(episode)
        elif labels.left and labels.kind == "returns":
            self._play(labels)
        elif labels.left:
            self._compare(labels)

    def _pick(self, count: int, weights: Floats) -> list[int]:
        """Return fresh levels on which members of these weights differ most at the first step."""
        apart = np.where(self._fresh, measure_disagreement(self._shares, weights), -1)
        best = self._order[np.argsort(-apart[self._order], kind="stable")][:count]
        self._fresh[best] = False
        return [int(start) for start in best]

    def _play(self, labels: LabelSource) -> None:
        """Have the two likeliest members play in turn."""
        likeliest = np.argsort(-self._evidence, kind="stable")[:2].tolist()
        picked = self._pick(labels.left, self.weigh())
        for turn, player in enumerate(likeliest):
            own = picked[turn::2]
            for episode in labels.play(self.members[player], own):
                logs = self._compute_likelihood(episode)
                alike = np.exp(np.minimum(logs - logs[player], 0))
                pays = PAYS_OTHERS + (PAYS - PAYS_OTHERS) * alike
                paid = min(1.0, max(0.0, episode.earned / self.usual))
                self._evidence += paid * np.log(pays) + (1 - paid) * np.log(1 - pays)

    def _compare(self, labels: LabelSource) -> None:
        """Have the two likeliest members play against each other."""
        if len(self.members) < 2:
            return
        pair = np.argsort(-self._evidence, kind="stable")[:2]
        weights = np.zeros(len(self.members))
        weights[pair] = 0.5
        one, other = (self.members[i] for i in pair)
        for first, second, sign in labels.compare(one, other, self._pick(labels.left, weights)):
            found = [self._compute_likelihood(each) for each in (first, second)]
            own, theirs = (each - np.logaddexp.reduce(each) for each in found)
            ahead = (own - theirs).clip(-SURE, SURE)
            for way in (sign,) if sign else (1, -1):  # a tie is half a vote for either
                self._evidence -= np.logaddexp(0, -way * ahead) / (1 if sign else 2)

    def _compute_likelihood(self, episode: LabelledEpisode) -> Floats:
        """Return the logarithm of an episode's likelihood under each member, float64 (M,)."""
        shares = compute_shares(self.members, episode.planes[:-1])
        logs = np.log((1 - SLIP) * shares + SLIP / len(ACTIONS))
        return sum_until_done(logs[:, np.arange(len(episode.actions)), episode.actions])


class ChoosingMethod(Method):
    """Base class of methods with several policies, of which labels choose one.

    Attributes:
        usual: the return of training episodes at the end of training.
    """

    usual: float

    def adapt(self, task: Task, members: list[Policy], labels: LabelSource) -> Iterator[Policy]:
        """Yield the likeliest member by the labels; without labels the first one."""
        choice = MemberChoice(members, task.starts, self.usual, task.seed)
        while True:
            choice.take_labels(labels)
            yield members[int(choice.weigh().argmax())]


def sum_until_done(logs: Floats) -> Floats:
    """Return the logarithm of an episode's likelihood, float64 (M,), of logarithms (M, steps).

    Once a member has reached its goal, it may do anything: before each step it turns to random
    actions for the rest of the episode with probability ``SATED``.
    """
    pursuing, sated = np.zeros(len(logs)), np.full(len(logs), -np.inf)
    for step in logs.T:
        sated = np.logaddexp(sated, pursuing + np.log(SATED)) - np.log(len(ACTIONS))
        pursuing = pursuing + np.log(1 - SATED) + step
    return np.logaddexp(pursuing, sated)
