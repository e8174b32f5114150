"""Two agents that may not agree under shift (after DivDis, Lee, Yao & Finn 2023).

Both learn the reward of training, and a penalty makes what they do at the first step of unlabelled
shift levels independent: the mutual information of their actions there (section 3). Departure: the
two share no layers, and unlabelled data is starts alone, since shift levels may not be stepped.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import Tensor

from agents import ppo
from agents.inputs import CentredInputs
from agents.lesson import Lesson
from agents.playing import Envs, Variation
from agents.stacks import compute_outputs
from benchmarks.tracks.methods.members import ChoosingMethod
from benchmarks.tracks.methods.method import Bytes, Task
from mesa_gym.policies import Policy

PENALTY = 1.0
STARTS = 256  # looked at with each minibatch


class Diverse(ppo.Learner):
    """A learner of two agents, penalised for what their actions at shift starts have in common."""

    def __init__(self, starts: Bytes, envs: Envs, lesson: Lesson, inputs: int) -> None:
        super().__init__(envs, lesson, inputs)
        self._listed = torch.from_numpy(CentredInputs(lesson.trap).list_inputs(starts))
        self._rng = np.random.default_rng([*lesson.seeds, 6])

    def loss(self, batch: ppo.StackRollout, left: Tensor) -> Tensor:
        """Return the agents' loss with the penalty."""
        rows = self._rng.choice(len(self._listed), STARTS, replace=False)
        scores, _ = compute_outputs(self.stack, self._listed[rows].expand(2, -1, -1))
        shared = mutual_information(*scores.softmax(dim=-1))
        return super().loss(batch, left) + PENALTY * shared


class TwoHeads(ChoosingMethod):
    """Two agents with penalised agreement; labels choose one."""

    tracks = ("labels",)
    priors = "hypotheses that disagree on unlabelled starts"

    def train(self, task: Task) -> list[Policy]:
        """Train both."""
        assert task.starts is not None
        lesson = task.lesson(2 * task.seed, 2 * task.seed + 1)
        agents = ppo.train_agents(lesson, Variation(), partial(Diverse, task.starts))
        self.usual = lesson.curve(0)[-1][1]
        return [*agents]


def mutual_information(first: Tensor, second: Tensor) -> Tensor:
    """Return the mutual information, in nats, of two agents' actions over observations.

    Args:
        first: action probabilities, (n, 5).
        second: of the other agent, independent given the observation, (n, 5).
    """
    joint = torch.einsum("na,nb->ab", first, second) / len(first)
    apart = first.mean(dim=0)[:, None] * second.mean(dim=0)
    return (joint * (joint.clamp_min(1e-9) / apart.clamp_min(1e-9)).log()).sum()
