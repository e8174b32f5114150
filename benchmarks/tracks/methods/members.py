"""Sets of policies: how they differ, and which of them a label or an answer speaks for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from agents.networks import Network, stack_networks
from agents.stacks import compute_outputs
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

# A member is taken to slip this often: one unlikely action does not rule it out.
SLIP = 0.1
# Probability of a step that a member has what it wants.
SATED = 0.05
# How many labels' worth is the belief that a member earns half of the usual return.
DOUBT = 0.5
# Of the starts, the share on which members differ most, from which labels are picked.
TELLING = 0.2


@torch.inference_mode()
def compute_shares(members: Sequence[Policy], planes: Bytes) -> Floats:
    """Return action probabilities of M members, float64 (M, n, 5).

    Networks are computed together from the inputs that are 1, a fifth of the work.
    """
    networks = [member for member in members if isinstance(member, Network)]
    if len(networks) < len(members):
        return np.stack([np.asarray(member.act(planes)) for member in members])
    stack, view = stack_networks(networks), networks[0].view

    def answer(seen: Bytes, rows: slice) -> Floats:
        listed = torch.from_numpy(view.list_inputs(seen)).expand(len(networks), -1, -1)
        scores, _ = compute_outputs(stack, listed)
        return scores.double().softmax(dim=2).transpose(0, 1).numpy()

    return in_blocks(answer, planes).transpose(1, 0, 2)


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


def pick_starts(members: Sequence[Policy], starts: Bytes, rng: np.random.Generator) -> list[int]:
    """Return starts to label, in random order: those on which members differ most."""
    apart = measure_disagreement(compute_shares(members, starts))
    best = np.argsort(-apart, kind="stable")[: max(1, int(TELLING * len(starts)))]
    return [int(start) for start in rng.permutation(best)]


def choose_member(
    members: Sequence[Policy], labels: LabelSource, starts: Bytes, usual: float, seed: int
) -> Policy:
    """Spend all labels, and return the member that they speak for.

    Demonstrations speak for the member under which they are most likely. Of own episodes, each is
    played by another member in turn, and counts for every member as much as it is likely under
    that member: the one with the largest weighted mean of returns is chosen.

    Args:
        members: the most different ones first.
        labels: of shift levels.
        starts: their first observations.
        usual: the return of training episodes, which says what is much.
        seed: of the choice of levels.
    """
    picked = pick_starts(members, starts, np.random.default_rng([seed, 4]))[: labels.left]
    if not labels.returns:
        shown = [_compute_likelihood(members, episode) for episode in labels.demonstrate(picked)]
        return members[int(np.sum(shown, axis=0).argmax())]
    weights: list[Floats] = []
    earned: list[float] = []
    for index, player in enumerate(members):
        for episode in labels.play(player, picked[index :: len(members)]):
            likely = _compute_likelihood(members, episode)
            weights.append(np.exp(np.minimum(likely - likely[index], 0)))
            earned.append(episode.earned)
    total = np.sum(weights, axis=0)
    worth = (np.array(earned) @ np.array(weights) + DOUBT * usual / 2) / (total + DOUBT)
    return members[int(worth.argmax())]


class ChoosingMethod(Method):
    """Base class of methods of which labels choose a member.

    Attributes:
        usual: the return of training episodes at the end of training.
    """

    usual: float

    def adapt(self, task: Task, members: list[Policy], labels: LabelSource) -> Policy:
        """Return the member for which labels speak."""
        assert task.starts is not None
        return choose_member(members, labels, task.starts, self.usual, task.seed)


def _compute_likelihood(members: Sequence[Policy], episode: LabelledEpisode) -> Floats:
    """Return the logarithm of an episode's likelihood under each member, float64 (M,)."""
    logs = compute_log_shares(compute_shares(members, episode.planes))
    return sum_until_done(logs[:, np.arange(len(episode.actions)), episode.actions])


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
