"""PPO (Schulman et al. 2017), many seeds at once, on a CPU or a GPU.

The agents of all seeds are a stack: each has its own environments, weights and random numbers, and
one matrix product computes them all. An agent's weights do not depend on which others are trained
beside it: random numbers are pure functions of its seed, and no operation mixes agents. On a GPU
the bits of a product can depend on the size of the whole batch, so that this holds there up to
rounding only.

Departures from the usual settings, each measured on base return alone (agents/README.md): two
passes over each rollout, Muon on the hidden layer, and a learning rate that falls to 0 with the
entropy bonus. At a time limit the value of the last observation acted on stands for the next one's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from agents.lesson import Lesson
from agents.networks import (
    UNITS,
    CentredInputs,
    Inputs,
    Network,
    Optimiser,
    Stack,
    compute_gradients,
    compute_outputs,
    draw_stack,
    stack_networks,
)
from agents.playing import DeviceEnvs, Envs, HostEnvs, Variation
from mesa_gym.engine.chance import outputs as words
from mesa_gym.engine.chance import shift_right, streams
from mesa_gym.traps import Trap

ENVS = 128  # an agent
LENGTH = 32  # steps of a rollout in each environment
EPOCHS, MINIBATCHES = 2, 4
LEARNING_RATE = 5e-3
ENTROPY = 0.01
CLIP = 0.2
VALUE_LOSS = 0.5
LAMBDA = 0.95  # of generalised advantage estimation (Schulman et al. 2016)
LARGEST_GRADIENT = 0.5  # norm


def train(lesson: Lesson) -> list[Network]:
    """Train one agent a seed; torch is left with one thread."""
    return train_agents(lesson, Variation())


def train_agents(
    lesson: Lesson,
    variation: Variation,
    learning: MakeLearner | None = None,
    make_view: Callable[[Trap], Inputs] = CentredInputs,
) -> list[Any]:
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
        envs: Envs = HostEnvs(lesson, ENVS, view, variation)
    elif type(variation) is Variation and isinstance(view, CentredInputs):
        envs = DeviceEnvs(lesson, ENVS, view, lesson.device)
    else:
        what = type(view if type(variation) is Variation else variation).__name__
        raise ValueError(f"{what} is computed in NumPy; leave out the device")
    learner = (learning or Learner)(envs, lesson, view.count)
    update = learner.update
    if lesson.device is not None and torch.device(lesson.device).type == "cuda":
        update = capture_update(learner)
    taken, due = 0, list(lesson.checkpoints)
    while taken < lesson.steps:
        earned, episodes = update()
        taken += ENVS * LENGTH
        for index, (total, count) in enumerate(
            zip(earned.tolist(), episodes.tolist(), strict=True)
        ):
            lesson.note(index, taken, total, count)
        while due and taken >= due[0]:
            steps = due.pop(0)
            for seed, agent in zip(lesson.seeds, learner.agents(), strict=True):
                lesson.keep(steps, seed, agent)
        lesson.progress(ENVS * LENGTH * len(lesson.seeds))
    return learner.agents()


def train_apart(lesson: Lesson, vary: Callable[[Lesson], Variation]) -> list[Network]:
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

    Attributes:
        stack: their parameters.
        updated: how many updates there were, float32 (1,).
    """

    # The learning rate at first.
    rate = LEARNING_RATE

    def __init__(self, envs: Envs, lesson: Lesson, inputs: int) -> None:
        device = lesson.device or "cpu"
        self.envs, self.discount, self.filler = envs, lesson.discount, inputs
        self.trap = lesson.trap
        self.updates = math.ceil(lesson.steps / (ENVS * LENGTH))
        self.stack = self.begin(lesson, inputs, device)
        if lesson.units is not None:
            self.stack = narrow_stack(self.stack, lesson.units)
        self.optimiser = Optimiser(self.stack, getattr(self.stack, "second", None))
        self.updated = torch.zeros(1, device=device)
        self.streams = torch.as_tensor(streams(0, np.array(lesson.seeds), "ppo"), device=device)
        self.drawn = torch.zeros(1, dtype=torch.int64, device=device)
        self.returns = torch.zeros(len(lesson.seeds), ENVS, device=device)

    def begin(self, lesson: Lesson, inputs: int, device: str) -> Any:
        """Return the parameters to learn, a named tuple such as ``Stack``."""
        if lesson.start is None:
            return draw_stack(inputs, lesson.seeds, device)
        return Stack(*(each.to(device).requires_grad_() for each in stack_networks(lesson.start)))

    def build_acting_stack(self) -> Any:
        """Return the stack that acts, as a function of the parameters."""
        return self.stack

    def compute(self, stack: Any, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores of actions, (S, n, 5), and values, (S, n), of the stack that acts."""
        return compute_outputs(stack, inputs)

    def compute_gradients(self, loss: Tensor) -> list[Tensor]:
        """Return the gradients of a loss by the parameters."""
        return compute_gradients(loss, self.stack)

    def agents(self) -> list[Any]:
        """Return a copy of each agent."""
        whole = widen_stack(self.stack)
        return [Network(self.trap, whole, agent) for agent in range(len(self.streams))]

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
        left = 1 - self.updated / self.updates
        self.updated += 1
        earned, episodes = torch.zeros(2, len(self.streams), device=self.drawn.device)
        played = self.play(earned, episodes)
        orders = [self.draw_words(LENGTH * ENVS).argsort(dim=1) for _ in range(EPOCHS)]
        for rows in (part for order in orders for part in order.chunk(MINIBATCHES, dim=1)):
            agents = torch.arange(len(rows), device=rows.device)[:, None]
            minibatch = StackRollout(*(each[agents, rows] for each in played))
            self.descend(self.loss(minibatch, left), left)
        return earned, episodes

    @torch.no_grad()
    def play(self, earned: Tensor, episodes: Tensor) -> StackRollout:
        """Play a rollout; add to the returns of each agent's finished episodes and their number."""
        chances = self.draw_words(LENGTH * ENVS).view(-1, LENGTH, ENVS) * 2.0**-24
        stack = self.build_acting_stack()
        inputs, actions, likely, values, rewards, going_on = [], [], [], [], [], []
        for step in range(LENGTH):
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
        for step in reversed(range(LENGTH)):
            ahead = self.discount * going_on[step]
            later = rewards[step] + ahead * (values[step + 1] + LAMBDA * later) - values[step]
            found.append(later)
        return found[::-1]

    def loss(self, batch: StackRollout, left: Tensor) -> Tensor:
        """Return the sum of the agents' losses on a minibatch, each a mean."""
        scores, values = self.compute(self.build_acting_stack(), batch.inputs)
        logs = scores.log_softmax(dim=-1)
        ratio = (logs.gather(-1, batch.actions[..., None])[..., 0] - batch.likely).exp()
        centred = batch.advantages - batch.advantages.mean(dim=1, keepdim=True)
        scaled = centred / (centred.square().mean(dim=1, keepdim=True).sqrt() + 1e-8)
        gain = torch.min(ratio * scaled, ratio.clamp(1 - CLIP, 1 + CLIP) * scaled)
        entropy = -(logs.exp() * logs).sum(dim=-1)
        error = (values - batch.returns).square()
        return (VALUE_LOSS * error - gain - ENTROPY * left * entropy).mean(dim=1).sum()

    def descend(self, loss: Tensor, left: Tensor) -> None:
        """Take a step down a loss, each agent's gradient clipped."""
        found = self.compute_gradients(loss)
        squares = torch.stack([each.flatten(1).square().sum(dim=1) for each in found]).sum(dim=0)
        clipped = (LARGEST_GRADIENT / (squares.sqrt() + 1e-6)).clamp(max=1)[:, None, None]
        self.optimiser.step([each * clipped for each in found], self.rate * left)


def narrow_stack(stack: Any, units: int) -> Any:
    """Return a stack with the first units of the hidden layers alone."""
    kept = {name: getattr(stack, name)[..., :units] for name in ("first", "first_bias")}
    kept |= {
        "second": stack.second[:, :units, :units],
        "second_bias": stack.second_bias[..., :units],
    }
    kept["outputs"] = stack.outputs[:, :units]
    kept = {name: each.detach().clone().requires_grad_() for name, each in kept.items()}
    return stack._replace(**kept)


@torch.no_grad()
def widen_stack(stack: Any) -> Any:
    """Return a stack with all ``UNITS`` units in its hidden layers; the new ones do nothing."""
    more = UNITS - stack.second.shape[-1]
    sides: dict[str, tuple[int, ...]]
    sides = {"second": (0, more, 0, more), "outputs": (0, 0, 0, more)}
    sides |= dict.fromkeys(("first", "first_bias", "second_bias"), (0, more))
    return stack._replace(**{name: pad(getattr(stack, name), side) for name, side in sides.items()})


def align_inputs(inputs: Sequence[Tensor], filler: int) -> list[Tensor]:
    """Return lists of inputs filled up to one length; dense inputs have one."""
    most = max(each.shape[-1] for each in inputs)
    return [pad(each, (0, most - each.shape[-1]), value=filler) for each in inputs]


def capture_update(learner: Learner) -> Callable[[], tuple[Tensor, Tensor]]:
    """Return a learner's update as a CUDA graph, which is replayed without the host's help.

    Everything that lasts from one update to the next is changed in place, as a graph requires.
    """
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    before = [each.clone() for each in learner.list_lasting_tensors()]
    with torch.cuda.stream(aside):
        learner.update()  # kernels and workspaces are chosen outside of the graph
    torch.cuda.current_stream().wait_stream(aside)
    with torch.no_grad():
        for now, then in zip(learner.list_lasting_tensors(), before, strict=True):
            now.copy_(then)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        found = learner.update()

    def replay() -> tuple[Tensor, Tensor]:
        graph.replay()
        return found

    return replay
