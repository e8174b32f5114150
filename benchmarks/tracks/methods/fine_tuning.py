"""Cloning of what labels show: from PPO's weights, or from nothing."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div

from agents import ppo
from agents.inputs import CentredInputs
from agents.networks import Network
from agents.stacks import Optimiser, draw_stack
from benchmarks.tracks.methods.method import Bytes, LabelSource, Method, Task, observe_training
from mesa_gym.policies import Policy

UPDATES = 200
RATE = 1e-3
BATCH = 128
# Weight of staying, on observations of training, what PPO made.
REHEARSAL = 1.0


class FineTuning(Method):
    """PPO, whose network then clones wanted episodes and keeps what it did in training.

    An own episode counts as much as it earned above half of the usual return: one that earned
    less is unlearnt.
    """

    tracks = ("labels",)

    def train(self, task: Task) -> list[Policy]:
        """Train one agent."""
        lesson = task.lesson()
        agents = ppo.train(lesson)
        self.usual = lesson.curve(0)[-1][1]
        self.planes: Bytes | None = observe_training(task, agents[0])
        return [*agents]

    def adapt(self, task: Task, members: list[Policy], labels: LabelSource) -> Policy:
        """Return the agent after it learnt from all labels."""
        assert task.starts is not None
        assert isinstance(members[0], Network)
        network, rng = deepcopy(members[0]), np.random.default_rng([task.seed, 7])
        planes, actions, weights = self.collect_steps(members[0], labels, len(task.starts), rng)
        before = None if self.planes is None else members[0](torch.from_numpy(self.planes))
        learnt = [each for name, each in network.named_parameters() if "value" not in name]
        optimiser = Optimiser(learnt, None)  # importing torch.optim's takes a second in each child
        for _ in range(UPDATES):
            rows = rng.integers(len(actions), size=BATCH)
            loss = self.loss(network(planes[rows]), actions[rows], weights[rows])
            if before is not None and self.planes is not None:
                again = rng.integers(len(self.planes), size=BATCH)
                now = network(torch.from_numpy(self.planes[again])).log_softmax(dim=1)
                target = before[again].detach().log_softmax(dim=1)
                loss = loss + REHEARSAL * kl_div(
                    now, target, reduction="batchmean", log_target=True
                )
            optimiser.step(torch.autograd.grad(loss, learnt), RATE)
        return network

    def collect_steps(
        self, policy: Policy, labels: LabelSource, starts: int, rng: np.random.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the steps of all labels: planes, actions, and how much each counts."""
        planes, actions, weights = [], [], []
        picked = rng.permutation(starts)[: labels.left].tolist()
        shown = labels.play(policy, picked) if labels.returns else labels.demonstrate(picked)
        for episode in shown:
            weight = episode.earned / self.usual - 0.5 if labels.returns else 1.0
            planes.append(episode.planes)
            actions.append(episode.actions)
            weights.append(np.full(len(episode.actions), weight, dtype=np.float32))
        found = (torch.from_numpy(np.concatenate(each)) for each in (planes, actions, weights))
        a, b, c = found
        return a, b, c

    def loss(self, scores: Tensor, actions: Tensor, weights: Tensor) -> Tensor:
        """Return the loss of cloned actions, those of negative weight to be avoided."""
        likely = (-cross_entropy(scores, actions, reduction="none")).exp()
        avoided = -(1 - likely).clamp_min(1e-3).log()
        wanted = -likely.clamp_min(1e-6).log()
        return torch.where(weights > 0, weights * wanted, -weights * avoided).mean()


class FromNothing(FineTuning):
    """The same from a network that has learnt nothing, and takes a return of 1 to be usual."""

    def train(self, task: Task) -> list[Policy]:
        """Draw a network."""
        self.usual, self.planes, grid = 1.0, None, task.lesson().trap
        return [Network(grid, draw_stack(CentredInputs(grid).count, (task.seed,)))]
