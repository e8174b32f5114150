"""Cloning of what labels show, from PPO's weights."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import ClassVar, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div

from agents import ppo
from agents.stacks import Optimiser
from benchmarks.tracks.methods.method import (
    Bytes,
    Ints,
    LabelledEpisode,
    LabelSource,
    Method,
    Task,
    observe_training,
)
from mesa_gym.policies import Policy
from mesa_gym.trained.networks import Network

UPDATES = 60
RATE = 1e-3
BATCH = 128
# Weight of staying, on observations of training, what PPO made.
REHEARSAL = 1.0


class WeightedSteps(NamedTuple):
    """Labelled steps: planes (m, ...), actions int64 (m,), and weights float32 (m,)."""

    planes: Bytes
    actions: Ints
    weights: NDArray[np.float32]


class FineTuning(Method):
    """PPO, whose network then clones wanted episodes and keeps what it did in training.

    An own episode counts as much as it earned above half of the usual return: one that earned
    less is unlearnt.
    """

    tracks: ClassVar[tuple[str, ...]] = ("labels",)

    def train(self, task: Task) -> list[Policy]:
        """Train one agent."""
        lesson = task.lesson()
        agents = ppo.train(lesson)
        self.usual = lesson.curve(0)[-1][1]
        self.planes = observe_training(task, agents[0])
        return [*agents]

    def adapt(self, task: Task, members: list[Policy], labels: LabelSource) -> Iterator[Policy]:
        """Yield the agent after it learnt from all labels so far."""
        assert task.starts is not None
        assert isinstance(members[0], Network)
        rng = np.random.default_rng([task.seed, 7])
        fresh, steps = rng.permutation(len(task.starts)).tolist(), list[WeightedSteps]()
        yield members[0]
        while True:
            picked = [fresh.pop() for _ in range(labels.left)]
            steps += self.label(members[0], labels, picked)
            yield self.tune(members[0], steps, rng) if steps else members[0]

    def label(self, policy: Policy, labels: LabelSource, picked: list[int]) -> list[WeightedSteps]:
        """Return what labels show: planes, actions, and how much each step counts."""
        if labels.kind == "demonstrations":
            return [_weigh(episode, 1.0) for episode in labels.demonstrate(picked)]
        if labels.kind == "returns":
            shown = labels.play(policy, picked)
            return [_weigh(episode, episode.earned / self.usual - 0.5) for episode in shown]
        found = []
        for first, second, sign in labels.compare(policy, policy, picked):
            if sign:  # equal ones teach nothing
                found += [_weigh(first, float(sign)), _weigh(second, float(-sign))]
        return found

    def tune(
        self, policy: Network, steps: list[WeightedSteps], rng: np.random.Generator
    ) -> Network:
        """Return a copy of the network that learnt from some steps."""
        network = deepcopy(policy)
        planes, actions, weights = (
            torch.from_numpy(np.concatenate(each)) for each in zip(*steps, strict=True)
        )
        before = policy(torch.from_numpy(self.planes)).detach().log_softmax(dim=1)
        learnt = [each for name, each in network.named_parameters() if "value" not in name]
        optimiser = Optimiser(learnt, None)  # importing torch.optim's takes a second in each child
        for _ in range(UPDATES):
            rows = rng.integers(len(actions), size=BATCH)
            loss = self.loss(network(planes[rows]), actions[rows], weights[rows])
            again = rng.integers(len(self.planes), size=BATCH)
            now = network(torch.from_numpy(self.planes[again])).log_softmax(dim=1)
            kept = kl_div(now, before[again], reduction="batchmean", log_target=True)
            loss = loss + REHEARSAL * kept
            optimiser.step(torch.autograd.grad(loss, learnt), RATE)
        return network

    def loss(self, scores: Tensor, actions: Tensor, weights: Tensor) -> Tensor:
        """Return the loss of cloned actions, those of negative weight to be avoided."""
        likely = (-cross_entropy(scores, actions, reduction="none")).exp()
        avoided = -(1 - likely).clamp_min(1e-3).log()
        wanted = -likely.clamp_min(1e-6).log()
        return torch.where(weights > 0, weights * wanted, -weights * avoided).mean()


def _weigh(episode: LabelledEpisode, weight: float) -> WeightedSteps:
    m = len(episode.actions)
    return WeightedSteps(episode.planes[:m], episode.actions, np.full(m, weight, dtype=np.float32))
