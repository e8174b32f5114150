"""PPO (Schulman et al. 2017), many seeds at once, on a CPU or a GPU.

The agents of all seeds are a stack: each has its own environments, weights and random numbers, and
one matrix product computes them all. An agent's weights do not depend on which others are trained
beside it: random numbers are pure functions of its seed, and no operation mixes agents. On a GPU
the bits of a product can depend on the size of the whole batch, so that this holds there up to
rounding only.

Departures from the usual settings, each measured on base return alone (agents/README.md): two
passes over each rollout, Muon on the hidden layer, and a learning rate that falls to 0 with the
entropy bonus, unless a share is to be left. At a time limit the value of the last observation acted
on stands for the next one's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from agents.inputs import Inputs, align_inputs
from agents.lesson import Lesson
from agents.playing import DeviceEnvs, Envs, HostEnvs, Variation, capture_update
from agents.stacks import (
    Optimiser,
    compute_gradients,
    compute_outputs,
    draw_stack,
    export_agent,
    import_agent,
    resize_stack,
)
from mesa_gym.engine.chance import outputs as words
from mesa_gym.engine.chance import shift_right, streams
from mesa_gym.trained.agent import Agent
from mesa_gym.trained.inputs import CentredInputs
from mesa_gym.trained.mlp import UNITS
from mesa_gym.traps import Trap


def train(lesson: Lesson) -> list[Agent]:
    """Train one agent a seed; torch is left with one thread."""
    return train_agents(lesson, Variation())


def train_agents(
    lesson: Lesson,
    variation: Variation,
    learning: MakeLearner | None = None,
    make_view: Callable[[Trap], Inputs] = CentredInputs,
) -> list[Agent]:
    """Train agents that see and do what a variation makes of it.

    Args:
        lesson: what is trained.
        variation: of the environments.
        learning: makes the learner; ``Learner`` by default.
        make_view: makes the networks' inputs.

    Raises:
        ValueError: a variation is to be trained on a device.
    """
    torch.set_num_threads(1)
    view = make_view(lesson.trap)
    if lesson.device is None:
        envs: Envs = HostEnvs(lesson, view, variation)
    elif type(variation) is Variation and make_view is CentredInputs:
        assert isinstance(view, CentredInputs)
        envs = DeviceEnvs(lesson, view, lesson.device)
    else:
        what = type(view if type(variation) is Variation else variation).__name__
        raise ValueError(f"{what} is computed in NumPy; leave out the device")
    learner = (learning or Learner)(envs, lesson, view.count)
    update = learner.update
    if lesson.device is not None and torch.device(lesson.device).type == "cuda":
        update = capture_update(learner.update, learner.list_lasting_tensors)
    taken, due, rollout = 0, list(lesson.checkpoints), lesson.settings.rollout_steps
    while taken < lesson.steps:
        earned, episodes = update()
        taken += rollout
        totals = zip(earned.tolist(), episodes.tolist(), strict=True)
        for index, (total, count) in enumerate(totals):
            lesson.note(index, taken, total, count)
        while due and taken >= due[0]:
            steps = due.pop(0)
            for seed, agent in zip(lesson.seeds, learner.agents(), strict=True):
                lesson.keep(steps, seed, agent)
        lesson.progress(rollout * len(lesson.seeds))
    return learner.agents()


def train_apart(lesson: Lesson, vary: Callable[[Lesson], Variation]) -> list[Agent]:
    """Train one agent a seed, one after another: each has a variation of its own."""
    return [agent for alone in lesson.each() for agent in train_agents(alone, vary(alone))]


# Environments, lesson and number of inputs -> a learner.
MakeLearner = Callable[[Envs, Lesson, int], "Learner"]


class StackRollout(NamedTuple):
    """Steps of S agents, n each, as they are learnt from.

    Attributes:
        inputs: (S, n, ...).
        actions, likely: (S, n), and the logarithms of their probabilities.
        advantages, returns: (S, n), estimates.
    """

    inputs: Tensor
    actions: Tensor
    likely: Tensor
    advantages: Tensor
    returns: Tensor


class Learner:
    """A stack of agents in training.

    Class attributes:
        kind: of the agents.

    Attributes:
        stack: their parameters.
        updated: how many updates there were, float32 (1,).
    """

    kind = "network"

    def __init__(self, envs: Envs, lesson: Lesson, inputs: int) -> None:
        device = lesson.device or "cpu"
        self.envs, self.discount, self.filler = envs, lesson.discount, inputs
        self.trap, self.settings = lesson.trap, lesson.settings
        self.updates = math.ceil(lesson.steps / self.settings.rollout_steps)
        self.stack = self.begin(lesson, inputs)
        self.optimiser = Optimiser(self.stack, getattr(self.stack, "second", None))
        self.updated = torch.zeros(1, device=device)
        self.streams = torch.as_tensor(streams(0, np.array(lesson.seeds), "ppo"), device=device)
        self.drawn = torch.zeros(1, dtype=torch.int64, device=device)
        self.returns = torch.zeros(len(lesson.seeds), self.settings.environments, device=device)

    def begin(self, lesson: Lesson, inputs: int) -> Any:
        """Return the parameters to learn, a named tuple such as ``Stack``."""
        stack = self.draw(lesson, inputs)
        if lesson.start:
            started = map(self.take_over, lesson.start)
            stack = type(stack)(*(torch.cat(each) for each in zip(*started, strict=True)))
        if self.settings.units < UNITS:
            stack = resize_stack(stack, self.settings.units)
        device = lesson.device or "cpu"
        return type(stack)(*(each.detach().to(device).requires_grad_() for each in stack))

    def draw(self, lesson: Lesson, inputs: int) -> Any:
        """Draw the parameters of one agent a seed."""
        return draw_stack(inputs, lesson.seeds)

    def take_over(self, agent: Agent) -> Any:
        """Return the parameters of an agent to go on from, a stack of one."""
        return import_agent(agent)

    def build_acting_stack(self) -> Any:
        """Return the stack that acts, as a function of the parameters."""
        return self.stack

    def compute(self, stack: Any, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores of actions, (S, n, 5), and values, (S, n), of the stack that acts."""
        return compute_outputs(stack, inputs)

    def compute_gradients(self, loss: Tensor) -> list[Tensor]:
        """Return the gradients of a loss by the parameters."""
        return compute_gradients(loss, self.stack)

    def agents(self) -> list[Agent]:
        """Return each agent as it is now."""
        narrow = self.settings.units < UNITS
        whole = resize_stack(self.stack, UNITS) if narrow else self.stack
        return [self.make_agent(whole, index) for index in range(len(self.streams))]

    def make_agent(self, stack: Any, index: int) -> Agent:
        """Return one of the agents; layers of the stack have all their units."""
        return export_agent(self.kind, self.trap, stack, index)

    def list_lasting_tensors(self) -> list[Tensor]:
        """Return every tensor that an update changes in place."""
        own = [self.updated, self.drawn, self.returns]
        return [*own, *self.optimiser.list_lasting_tensors(), *self.envs.list_lasting_tensors()]

    def draw_words(self, count: int) -> Tensor:
        """Draw the next random words of each agent, int64 (S, count), 0 to 2**24 - 1."""
        index = self.drawn + torch.arange(count, device=self.drawn.device)
        self.drawn += count
        return shift_right(words(self.streams[:, None], index), 40)

    def update(self) -> tuple[Tensor, Tensor]:
        """Play a rollout, learn from it; the returns of finished episodes, summed, and how many."""
        left = 1 - (1 - self.settings.rate_left) * self.updated / self.updates
        self.updated += 1
        earned, episodes = torch.zeros(2, len(self.streams), device=self.drawn.device)
        played = self.play(earned, episodes)
        steps, parts = self.settings.rollout_steps, self.settings.minibatches
        # In two rollouts of five some words are equal: a stable sort orders them alike everywhere.
        drawn = [self.draw_words(steps) for _ in range(self.settings.epochs)]
        orders = [each.argsort(dim=1, stable=True) for each in drawn]
        for rows in (part for order in orders for part in order.tensor_split(parts, dim=1)):
            agents = torch.arange(len(rows), device=rows.device)[:, None]
            minibatch = StackRollout(*(each[agents, rows] for each in played))
            self.descend(self.loss(minibatch, left), left)
        return earned, episodes

    @torch.no_grad()
    def play(self, earned: Tensor, episodes: Tensor) -> StackRollout:
        """Play a rollout; add to the returns of each agent's finished episodes and their number."""
        length = self.settings.rollout_length
        drawn = self.draw_words(self.settings.rollout_steps).unflatten(1, (length, -1))
        chances, stack = drawn * 2.0**-24, self.build_acting_stack()
        inputs, actions, likely, values, rewards, going_on = [], [], [], [], [], []
        for step in range(length):
            inputs.append(self.envs.inputs())
            scores, value = self.compute(stack, inputs[-1])
            logs = scores.log_softmax(dim=-1)
            below = logs.exp().cumsum(dim=-1)[..., :-1]
            action = (chances[:, step, :, None] > below).sum(dim=-1)
            paid, done, late = self.envs.step(action)
            self.returns += paid
            earned += (self.returns * done).sum(dim=1)
            episodes += done.sum(dim=1)
            self.returns *= ~done
            actions.append(action)
            likely.append(logs.gather(-1, action[..., None])[..., 0])
            values.append(value)
            rewards.append(paid + self.discount * value * late)
            going_on.append(~done)
        _, value = self.compute(stack, self.envs.inputs())
        advantages = self.estimate_advantages(rewards, [*values, value], going_on)
        returns = [advantage + value for advantage, value in zip(advantages, values, strict=False)]
        parts = (align_inputs(inputs, self.filler), actions, likely, advantages, returns)
        return StackRollout(*(torch.stack(part, dim=1).flatten(1, 2) for part in parts))

    def estimate_advantages(
        self, rewards: list[Tensor], values: list[Tensor], going_on: list[Tensor]
    ) -> list[Tensor]:
        """Return generalised advantage estimates of each step, (S, n)."""
        found, later = [], torch.zeros_like(values[0])
        for step in reversed(range(len(rewards))):
            ahead = self.discount * going_on[step]
            beyond = values[step + 1] + self.settings.gae_lambda * later
            later = rewards[step] + ahead * beyond - values[step]
            found.append(later)
        return found[::-1]

    def loss(self, batch: StackRollout, left: Tensor) -> Tensor:
        """Return the sum of the agents' losses on a minibatch, each a mean."""
        clip, entropy_weight = self.settings.clip, self.settings.entropy * left
        scores, values = self.compute(self.build_acting_stack(), batch.inputs)
        logs = scores.log_softmax(dim=-1)
        ratio = (logs.gather(-1, batch.actions[..., None])[..., 0] - batch.likely).exp()
        centred = batch.advantages - batch.advantages.mean(dim=1, keepdim=True)
        scaled = centred / (centred.square().mean(dim=1, keepdim=True).sqrt() + 1e-8)
        gain = torch.min(ratio * scaled, ratio.clamp(1 - clip, 1 + clip) * scaled)
        entropy = -(logs.exp() * logs).sum(dim=-1)
        error = (values - batch.returns).square()
        loss = self.settings.value_loss * error - gain - entropy_weight * entropy
        return loss.mean(dim=1).sum()

    def descend(self, loss: Tensor, left: Tensor) -> None:
        """Take a step down a loss, each agent's gradient clipped."""
        found = self.compute_gradients(loss)
        # An agent's squares are added up in the same order alone and beside others.
        parts = torch.stack([each.flatten(1).square().sum(dim=1) for each in found], dim=1)
        squares = parts.sum(dim=1)
        longest, rate = self.settings.gradient_norm, self.settings.learning_rate
        clipped = (longest / (squares.sqrt() + 1e-6)).clamp(max=1)[:, None, None]
        self.optimiser.step([each * clipped for each in found], rate * left)
