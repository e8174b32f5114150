"""Two agents that may not agree under shift (after DivDis, Lee, Yao & Finn 2023).

Both learn the reward of training, and a penalty makes what they do on unlabelled shift levels
independent: the mutual information of their actions there (section 3). Departures: the two share
no layers, and unlabelled data is what random walks see.
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from agents import ppo
from agents.lesson import Lesson
from agents.playing import Envs, Variation
from benchmarks.tracks.methods.asking import Disagreement, Weighing
from benchmarks.tracks.methods.members import ChoosingMethod
from benchmarks.tracks.methods.method import Asker, Bytes, Task, observe_training
from mesa_gym.policies import Policy
from mesa_gym.trained.inputs import CentredInputs
from mesa_gym.trained.stacks import compute_outputs

PENALTY = 1.0
PICTURES = 256  # looked at with each minibatch
KEPT = 8_192  # of the walks' pictures


class Diverse(ppo.Learner):
    """A learner of two agents, penalised for what their actions under shift have in common."""

    def __init__(self, pictures: Bytes, envs: Envs, lesson: Lesson, inputs: int) -> None:
        super().__init__(envs, lesson, inputs)
        self._listed = torch.from_numpy(CentredInputs(lesson.trap).list_inputs(pictures))
        self._rng = np.random.default_rng([*lesson.seeds, 6])

    def loss(self, batch: ppo.StackRollout, left: Tensor) -> Tensor:
        """Return the agents' loss with the penalty."""
        rows = self._rng.choice(len(self._listed), PICTURES, replace=False)
        scores, _ = compute_outputs(self.stack, self._listed[rows].expand(2, -1, -1))
        shared = mutual_information(*scores.softmax(dim=-1))
        return super().loss(batch, left) + PENALTY * shared


class DivDisPolicy(ChoosingMethod):
    """Two agents with penalised agreement under shift; labels and answers choose one."""

    tracks: ClassVar[tuple[str, ...]] = ("coverage", "labels", "ask")
    priors = "hypotheses that disagree on unlabelled shift levels"
    paper = "Lee, Yao & Finn 2023"

    def train(self, task: Task) -> list[Policy]:
        """Train both, as long as there are steps for."""
        assert task.walks is not None
        pictures = task.walks.reshape(-1, *task.walks.shape[2:])
        rng = np.random.default_rng([task.seed, 8])
        pictures = pictures[rng.choice(len(pictures), KEPT, replace=False)]
        seeds = 2 * task.seed, 2 * task.seed + 1
        lesson = task.lesson(*seeds, steps=min(task.steps, task.most_steps // 2))
        agents = ppo.train_agents(lesson, Variation(), partial(Diverse, pictures))
        self.usual = lesson.curve(0)[-1][1]
        self.planes = observe_training(task, agents[0])
        return [*agents]

    def ask(self, task: Task, members: list[Policy]) -> Asker:
        """Ask where the two differ."""
        return Weighing(members, Disagreement(members, self.planes))


def mutual_information(first: Tensor, second: Tensor) -> Tensor:
    """Return the mutual information, in nats, of two agents' actions over observations.

    Args:
        first: action probabilities, (n, 5).
        second: of the other agent, independent given the observation, (n, 5).
    """
    joint = torch.einsum("na,nb->ab", first, second) / len(first)
    apart = first.mean(dim=0)[:, None] * second.mean(dim=0)
    return (joint * (joint.clamp_min(1e-9) / apart.clamp_min(1e-9)).log()).sum()
