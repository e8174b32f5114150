"""Several models of one reward, made to differ on unlabelled shift levels, and agents of them.

A head predicts whether a step is paid from the cell that it enters: what that shows, and where it
lies. All heads must explain the rewards of random play in training. What else a head is drawn to
is the method's (``Penalty``). An agent of a head does what a plan for that head's reward does: the
shortest way to the nearest cell that it takes to pay, cloned into a network that PPO trained, so
that weights are handed in and no plan.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from agents.stacks import Optimiser, compute_gradients
from benchmarks.tracks.methods.method import WALL, Bytes, Floats, Ints, Task
from benchmarks.tracks.methods.seeking import (
    MOVES,
    CellSeeker,
    code_cells,
    count_codes,
    find_agents,
)
from mesa_gym.engine import ACTIONS
from mesa_gym.trained.networks import Network
from mesa_gym.trained.stacks import compute_outputs

# Returns what is added to the loss, for logits of H heads on unlabelled steps, (H, n).
Penalty = Callable[[Tensor], Tensor]


class HeadSettings(NamedTuple):
    """Settings of heads and of cloning, tuned on development tasks (docs/studies/tuning.md)."""

    steps: int = 64_000  # random steps in training
    units: int = 64
    updates: int = 600
    batch: int = 512
    rate: float = 3e-3
    pictures: int = 16_000  # of walks under shift that an agent learns to act on
    clone_updates: int = 600
    clone_batch: int = 256
    clone_rate: float = 1e-3


class PaidSteps(NamedTuple):
    """Steps that entered a cell: its features, float32 (n, F), and whether they paid, (n,)."""

    features: Tensor
    paid: Tensor


class Heads(nn.Module):
    """H models of one reward, each an MLP of its own.

    Args:
        features: how many there are.
        count: H.
        units: of the hidden layer.
    """

    def __init__(self, features: int, count: int, units: int) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.randn(count, features, units) * features**-0.5)
        self.bias = nn.Parameter(torch.zeros(count, 1, units))
        self.second = nn.Parameter(torch.randn(count, units, 1) * units**-0.5)

    def forward(self, features: Tensor) -> Tensor:
        """Return logits, float32 (H, n), for features (n, F)."""
        return ((features @ self.first + self.bias).relu() @ self.second)[..., 0]


def describe_cells(planes: Bytes) -> Bytes:
    """Return features of every cell, uint8 (n, height, width, F): its planes, row and column."""
    n, height, width, _ = planes.shape
    row = np.broadcast_to(np.eye(height, dtype=np.uint8)[:, None], (n, height, width, height))
    column = np.broadcast_to(np.eye(width, dtype=np.uint8), (n, height, width, width))
    return np.concatenate([planes[..., WALL + 1 :], row, column], axis=3)


def enter_cells(planes: Bytes, actions: Ints) -> Bytes:
    """Return features of the cells that actions enter, uint8 (n, F)."""
    row, column = (np.stack(find_agents(planes)).T + MOVES[actions]).T
    return describe_cells(planes)[np.arange(len(planes)), row, column]


def play_randomly(task: Task, count: int, n: int = 64) -> PaidSteps:
    """Return random steps in training."""
    envs, rng = task.vector_env(n), np.random.default_rng([task.seed, 12])
    seen, _ = envs.reset(seed=[100_000 * task.seed + 70_000 + i for i in range(n)])
    features, paid = [], []
    for _ in range(-(-count // n)):
        actions = rng.integers(len(ACTIONS) - 1, size=n)
        features.append(enter_cells(seen, actions))
        seen, rewards, *_ = envs.step(actions)
        paid.append(rewards > 0)
    return PaidSteps(
        torch.from_numpy(np.concatenate(features)).float(),
        torch.from_numpy(np.concatenate(paid)).float(),
    )


def measure_share(steps: PaidSteps, task: Task) -> float:
    """Return the share that was paid of steps that entered a thing, at most one half.

    Where every thing of training pays, the share says nothing of the shift.
    """
    things = steps.features.shape[1] - sum(task.size)
    return min(0.5, float(steps.paid[steps.features[:, :things].any(dim=1)].mean()))


def list_entries(walks: Bytes) -> Tensor:
    """Return features of the cells that walks (n, T, ...) enter, float32 (m, F)."""
    before, after = (w.reshape(-1, *walks.shape[2:]) for w in (walks[:, :-1], walks[:, 1:]))
    moved = np.stack(find_agents(after)) - np.stack(find_agents(before))
    stepped = np.abs(moved).sum(axis=0) == 1
    row, column = (each[stepped] for each in find_agents(after))
    cells = describe_cells(before[stepped])
    return torch.from_numpy(cells[np.arange(len(cells)), row, column]).float()


def fit_heads(
    steps: PaidSteps,
    unlabelled: Tensor,
    count: int,
    penalty: Penalty,
    task: Task,
    settings: HeadSettings,
) -> Heads:
    """Train heads: each explains all rewards; a penalty looks at unlabelled steps.

    Half of each minibatch was paid, as rewards are rare. Of unlabelled steps every other one enters
    what shows something.
    """
    rng = np.random.default_rng([task.seed, 13])
    torch.manual_seed(task.seed)
    heads = Heads(steps.features.shape[1], count, settings.units)
    learnt = [*heads.parameters()]
    optimiser = Optimiser(learnt, None)
    paid, unpaid = (np.flatnonzero(steps.paid.numpy() == x) for x in (1, 0))
    things = len(unlabelled[0]) - sum(task.size)
    shown = unlabelled[unlabelled[:, :things].any(dim=1)]
    for update in range(settings.updates):
        half = settings.batch // 2
        rows = np.concatenate([rng.choice(paid, half), rng.choice(unpaid, half)])
        logits = heads(steps.features[rows])
        loss = binary_cross_entropy_with_logits(logits, steps.paid[rows].expand_as(logits))
        looked = [each[rng.integers(len(each), size=half)] for each in (shown, unlabelled)]
        loss = loss + penalty(heads(torch.cat(looked)))
        rate = settings.rate * (1 - update / settings.updates)
        optimiser.step(torch.autograd.grad(loss, learnt), rate)
    return heads


class HeadPlanner(CellSeeker):
    """A plan for one head's reward: the shortest way to the nearest cell that it takes to pay.

    Args:
        heads: trained ones.
        index: which of them.
        task: says how large pictures are, and how many planes they have.
    """

    @torch.inference_mode()
    def __init__(self, heads: Heads, index: int, task: Task) -> None:
        # All that a cell can show, in every cell: far fewer than there are cells in pictures.
        planes = np.arange(count_codes(task))[:, None] >> np.arange(task.channels - WALL - 1) & 1
        every = np.zeros((count_codes(task), *task.size, task.channels), np.uint8)
        every[..., WALL + 1 :] = planes[:, None, None]
        cells = torch.from_numpy(describe_cells(every)).float()
        self._pays = (heads(cells.flatten(0, 2))[index].view(cells.shape[:3]) > 0).numpy()

    def rate_cells(self, planes: Bytes) -> Floats:
        """Return 1 for cells that are taken to pay, else 0, (n, height, width)."""
        codes = code_cells(planes)
        row, column = np.indices(codes.shape[1:])
        return (self._pays[codes, row, column] & (planes[..., WALL] == 0)).astype(np.float64)


def clone_planner(
    planner: HeadPlanner,
    agent: Network,
    training: Bytes,
    shift: Bytes,
    task: Task,
    settings: HeadSettings,
) -> Network:
    """Return an agent that does under shift what a planner does, and in training what it did.

    Args:
        planner: of one head.
        agent: competent in training, from whose weights the new one goes on.
        training: observations of training, (n, height, width, channels).
        shift: pictures of the shift.
        task: whose seed draws minibatches.
        settings: of cloning.
    """
    rng = np.random.default_rng([task.seed, 14])
    stack, half = agent.stack, settings.clone_batch // 2
    for each in stack:
        each.requires_grad_(True)
    optimiser = Optimiser(stack, stack.second)
    parts = [
        (torch.from_numpy(agent.view.list_inputs(seen)), torch.from_numpy(actor.act(seen)).float())
        for seen, actor in ((training, agent), (shift, planner))
    ]
    for update in range(settings.clone_updates):
        losses = []
        for inputs, shown in parts:
            rows = rng.integers(len(shown), size=half)
            scores, _ = compute_outputs(stack, inputs[rows][None])
            losses.append(cross_entropy(scores[0], shown[rows]))
        rate = settings.clone_rate * (1 - update / settings.clone_updates)
        optimiser.step(compute_gradients(losses[0] + losses[1], stack), rate)
    return Network(task.lesson().trap, stack)
