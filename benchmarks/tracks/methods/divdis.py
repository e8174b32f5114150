"""DivDis and D-BAT at the reward model: hypotheses on what was paid, apart under shift.

DivDis (Lee, Yao & Finn 2023, section 3) makes the predictions of heads independent on unlabelled
target data, by their mutual information, and keeps how often each says yes at the share of the
labelled data; D-BAT (Pagliardini et al. 2023, section 3) makes each head disagree with those before
it. Departures: heads share no layers, and see the cell that a step enters in place of a whole
picture.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from agents import ppo
from benchmarks.tracks.methods.members import ChoosingMethod, sort_by_difference
from benchmarks.tracks.methods.method import Task, observe_training
from benchmarks.tracks.methods.reward_heads import (
    HeadPlanner,
    HeadSettings,
    clone_planner,
    fit_heads,
    list_entries,
    measure_share,
    play_randomly,
)
from mesa_gym.policies import Policy

HEADS = 4
LEAST = 1e-4


class RewardEnsemble(ChoosingMethod):
    """Four reward models that differ by chance alone, and an agent of each."""

    priors = "a step is paid for the cell that it enters"
    paper = "Biyik & Sadigh 2018"
    weight: ClassVar[float] = 0.0
    settings: ClassVar[HeadSettings] = HeadSettings()

    def train(self, task: Task) -> list[Policy]:
        """Train PPO and the heads, and clone each head's plan."""
        assert task.walks is not None
        lesson = task.lesson(steps=min(task.steps, task.most_steps - self.settings.steps))
        (agent,) = ppo.train(lesson)
        self.usual = lesson.curve(0)[-1][1]
        steps = play_randomly(task, self.settings.steps)
        share = measure_share(steps, task) / 2  # every other step of a minibatch is mostly floor
        heads = fit_heads(
            steps,
            list_entries(task.walks),
            HEADS,
            lambda logits: self.weight * self.penalise(logits, share),
            task,
            self.settings,
        )
        planes = observe_training(task, agent, count=12_288)
        shift = task.walks.reshape(-1, *task.walks.shape[2:])
        rng = np.random.default_rng([task.seed, 15])
        shift = shift[rng.choice(len(shift), self.settings.pictures, replace=False)]
        members: list[Policy] = [
            clone_planner(HeadPlanner(heads, i, task), agent, planes, shift, task, self.settings)
            for i in range(HEADS)
        ]
        return sort_by_difference(members, shift[:4_096])

    def penalise(self, logits: Tensor, share: float) -> Tensor:
        """Return what is added to the loss, ``weight`` times.

        Args:
            logits: of the heads on unlabelled steps, (H, n).
            share: of those steps that are taken to be paid.
        """
        return logits.sum() * 0


class DivDis(RewardEnsemble):
    """Reward models that are independent on unlabelled shift walks, and an agent of each."""

    priors = "a step is paid for the cell that it enters; hypotheses are independent under shift"
    paper = "Lee, Yao & Finn 2023"
    weight = 3.0

    def penalise(self, logits: Tensor, share: float) -> Tensor:
        """Return the mean mutual information of two heads, and how far off the share they are."""
        told = logits.sigmoid().mean(dim=1).clamp(LEAST, 1 - LEAST)
        off = told * (told / share).log() + (1 - told) * ((1 - told) / (1 - share)).log()
        p = torch.stack([logits.sigmoid(), 1 - logits.sigmoid()], dim=2)
        joint = torch.einsum("inx,jny->ijxy", p, p) / p.shape[1]
        alone = p.mean(dim=1)
        apart = torch.einsum("ix,jy->ijxy", alone, alone)
        shared = (joint * (joint.clamp_min(1e-9) / apart.clamp_min(1e-9)).log()).sum(dim=(2, 3))
        pairs = torch.ones(len(logits), len(logits)).triu(1)
        return (shared * pairs).sum() / pairs.sum() + off.mean()


class DBat(RewardEnsemble):
    """Reward models each of which disagrees with those before it on shift walks; their agents."""

    priors = "a step is paid for the cell that it enters; hypotheses disagree under shift"
    paper = "Pagliardini et al. 2023"
    weight = 0.3

    def penalise(self, logits: Tensor, share: float) -> Tensor:
        """Return the mean negative logarithm of disagreement of each head with earlier ones."""
        losses = []
        for index in range(1, len(logits)):
            one, others = logits[index], logits[:index].detach()
            apart = torch.logaddexp(
                logsigmoid(one) + logsigmoid(-others), logsigmoid(-one) + logsigmoid(others)
            )
            losses.append(-apart.mean())
        return torch.stack(losses).mean()
