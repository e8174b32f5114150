"""Sets of policies: how they differ, and which of them a label or an answer speaks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from agents.stacks import stack_networks
from benchmarks.tracks.methods.method import (
    WALL,
    Bytes,
    Floats,
    LabelledEpisode,
    LabelSource,
    Method,
    Task,
)
from mesa_gym.engine import ACTIONS
from mesa_gym.policies import Policy
from mesa_gym.policies.protocol import in_blocks
from mesa_gym.trained.networks import Network
from mesa_gym.trained.stacks import compute_outputs

# A member is taken to slip this often: one unlikely action does not rule it out.
SLIP = 0.1
# Probability of a step that a member has what it wants.
SATED = 0.05
# How often an episode pays that a member would have played, and one that it would not have.
PAYS, PAYS_OTHERS = 0.9, 0.1
# The most, in nats, that an episode speaks for a member in a preference.
SURE = 5.0


def stack_members(members: Sequence[Policy]) -> Callable[[Bytes], Floats]:
    """Return the function from planes (n, ...) to the shares of M members, float64 (M, n, 5).

    Networks are computed together from the inputs that are 1, a fifth of the work.
    """
    networks = [member for member in members if isinstance(member, Network)]
    if len(networks) < len(members):
        return lambda planes: np.stack([np.asarray(member.act(planes)) for member in members])
    stack, view = stack_networks(networks), networks[0].view

    @torch.inference_mode()
    def answer(seen: Bytes, rows: slice) -> Floats:
        listed = torch.from_numpy(view.list_inputs(seen)).expand(len(networks), -1, -1)
        scores, _ = compute_outputs(stack, listed)
        return scores.double().softmax(dim=2).transpose(0, 1).numpy()

    return lambda planes: in_blocks(answer, planes).transpose(1, 0, 2)


def compute_shares(members: Sequence[Policy], planes: Bytes) -> Floats:
    """Return action probabilities of M members, float64 (M, n, 5)."""
    return stack_members(members)(planes)


def compute_log_shares(shares: Floats) -> Floats:
    """Return the logarithms of action probabilities (..., 5) of members that slip."""
    return np.log((1 - SLIP) * shares + SLIP / len(ACTIONS))


def measure_disagreement(shares: Floats, weights: Floats | None = None) -> Floats:
    """Return how much members differ: the mean total variation from their mean, float64 (n,).

    Args:
        shares: action probabilities, float64 (M, n, 5).
        weights: of the members, float64 (n, M), rows sum to 1; None for equal ones.
    """
    if weights is None:
        weights = np.full(shares.shape[1::-1], 1 / len(shares))
    mean = np.einsum("nm,mna->na", weights, shares)
    apart: Floats = np.abs(shares - mean).sum(axis=2) / 2
    return np.einsum("nm,mn->n", weights, apart)


def recombine_planes(planes: Bytes, rng: np.random.Generator) -> Bytes:
    """Return observations (n, ...) in which one plane of each comes from another observation.

    Planes that always go together in training are separated here, without any look at the shift.
    """
    mixed = planes.copy()
    which = rng.integers(WALL + 1, planes.shape[-1], size=len(planes))
    others = rng.permutation(len(planes))
    for channel in range(WALL + 1, planes.shape[-1]):
        rows = which == channel
        mixed[rows, ..., channel] = planes[others[rows], ..., channel]
    return mixed


def sort_by_difference(members: Sequence[Policy], planes: Bytes) -> list[Policy]:
    """Return members in another order: the most different two, then the farthest from those."""
    shares = compute_shares(members, planes)
    apart = np.array([[np.abs(a - b).sum(axis=1).mean() for b in shares] for a in shares])
    order = [int(apart.max(axis=1).argmax())]
    while len(order) < len(members):
        nearest = apart[order].min(axis=0)
        nearest[order] = -1
        order.append(int(nearest.argmax()))
    return [members[i] for i in order]


class MemberChoice:
    """Evidence of labels on M members so far, and a choice of levels to label next.

    Demonstrations speak for the member under which they are most likely. Own episodes
    are played by the member that was played least; one speaks for a member if it earned much and is
    likely under that member, or neither. A preference between episodes of the two likeliest
    members speaks for a member as in Bradley & Terry's model, with the logarithm of each episode's
    likelihood under the member as its strength; Biyik & Sadigh (2018) choose such pairs where they
    tell most, which here is where the two differ most.

    Args:
        members: the most different ones first.
        starts: first observations of the levels that can be labelled.
        usual: the return of training episodes, which says what is much.
        seed: of the choice among equally telling levels.
    """

    def __init__(self, members: Sequence[Policy], starts: Bytes, usual: float, seed: int) -> None:
        self.members, self.usual = members, usual
        self._compute = stack_members(members)
        self._shares = self._compute(starts)
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
        shares = np.broadcast_to(weights, (self._shares.shape[1], len(weights)))
        apart = np.where(self._fresh, measure_disagreement(self._shares, shares), -1)
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
        logs = compute_log_shares(self._compute(episode.planes[:-1]))
        return sum_until_done(logs[:, np.arange(len(episode.actions)), episode.actions])


class ChoosingMethod(Method):
    """Base class of methods of which labels choose a member.

    Attributes:
        usual: the return of training episodes at the end of training.
    """

    usual: float

    def adapt(self, task: Task, members: list[Policy], labels: LabelSource) -> Iterator[Policy]:
        """Yield the member for which labels speak; the first one before there are any."""
        assert task.starts is not None
        choice = MemberChoice(members, task.starts, self.usual, task.seed)
        while True:
            choice.take_labels(labels)
            yield members[int(choice.weigh().argmax())]


def sum_until_done(logs: Floats) -> Floats:
    """Return the logarithm of an episode's likelihood, float64 (M,), of logarithms (M, steps).

    Once a member has what it wants, it may do anything: before each step it turns to random actions
    for good with probability ``SATED``.
    """
    pursuing, sated = np.zeros(len(logs)), np.full(len(logs), -np.inf)
    for step in logs.T:
        sated = np.logaddexp(sated, pursuing + np.log(SATED)) - np.log(len(ACTIONS))
        pursuing = pursuing + np.log(1 - SATED) + step
    return np.logaddexp(pursuing, sated)
