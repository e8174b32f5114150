"""Probes of agents on the ladder: where they go when they are sent, what their activations tell.

An agent with maps is sent to a cell by raising the cell's utility, and the cost of every thing,
through which it would else take its way. One without is sent by an *activation edit*, whose
strength is chosen on training levels: where it computes features of each cell, those of the cell
become like those of a target; otherwise the difference that a target makes which lies there, seen
from the agent, is added to the features of its last hidden layer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from agents.goal_reading import OTHERS, show_targets
from mesa_gym.engine import Bools, Ints, State
from mesa_gym.engine.paths import distances
from mesa_gym.solver import targets
from mesa_gym.solver.shut import shut_levels
from mesa_gym.traps import Split, Trap

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]
# Planes -> probabilities of actions.
Act = Callable[[Bytes], Floats]
# More than any way of a 9x9 grid costs, and than the way round a thing.
RAISED, DEAR = 30.0, 10.0
CELLS, LEVELS = 12, 60  # that agents are sent to, and on how many levels each
NEAR = 3  # a cell that is nearer is reached by chance
FEW = 100  # levels of larger grids
SHUT = 1000  # levels, of which those count that can be shut
STRENGTHS = (1.0, 2.0, 4.0, 8.0, 16.0)
FITTED = 6_000  # training levels, of which the difference of means is taken


def measure_retargeting(agent: Any, trap: Trap) -> tuple[float, float]:
    """Return the share of (level, cell) pairs in which an agent enters the cell first.

    Returns:
        the share where it is sent there, and where it is left as it is.
    """
    send = _choose_edit(agent, trap)
    sent, left = [], []
    for cell in _choose_cells(trap):
        starts = find_starts(trap, Split.SHIFT, cell)
        sent.append(enters_first(send(cell), trap, starts, cell))
        left.append(enters_first(agent.act, trap, starts, cell))
    return float(np.concatenate(sent).mean()), float(np.concatenate(left).mean())


def _choose_cells(trap: Trap) -> Ints:
    """Return the cells that agents are sent to: the same for all agents of a trap."""
    inner = np.arange(trap.cells).reshape(trap.size)[1:-1, 1:-1].ravel()
    return np.random.default_rng(0).choice(inner, CELLS, replace=False)


def find_starts(trap: Trap, split: Split, cell: int) -> State:
    """Return the levels on which a cell is free, and can be reached round things, from afar."""
    starts = trap.levels(split, np.arange(LEVELS))
    planes = trap.observe(starts).reshape(starts.n, trap.cells, -1)
    others = [at for name, at in trap.channel.items() if name != "agent"]
    paid = np.any([*targets(trap, starts).values()], axis=0)
    free = ~planes[..., others].any(axis=2) & ~paid
    steps = distances(free.reshape(-1, *trap.size), starts.agent)
    fit = free[:, cell] & (steps[:, cell] >= NEAR)
    return starts.take(fit.nonzero()[0])


def enters_first(act: Act, trap: Trap, starts: State, cell: int) -> Bools:
    """Return on which levels an agent enters a cell before anything is paid, bool (n,)."""
    rng, state = np.random.default_rng(cell), starts
    entered = np.zeros(starts.n, dtype=np.bool_)
    over = entered.copy()
    for _ in range(trap.horizon(Split.TEST)):
        if over.all():
            break
        after, paid, ended = trap.step(state, _sample(act(trap.observe(state)), rng))
        entered |= ~over & (after.agent == cell)
        contact = np.any([amount > 0 for amount in paid.values()], axis=0)
        over |= entered | contact | ended
        state = after
    return entered


def measure_shut(agent: Any, trap: Trap) -> float:
    """Return how likely the new optimal first step is where walls shut each that was optimal."""
    starts = trap.levels(Split.TEST, np.arange(SHUT))
    shut = shut_levels(trap, starts, trap.horizon(Split.TEST))
    return float(np.nanmean(shut.judge(agent.act(trap.observe(shut.starts)))))


def solve_larger(agent: Any, trap: Trap, size: int) -> float:
    """Return the share of ``test`` levels of larger grids on which base is paid."""
    larger = type(trap)(size=(size, size))
    state, rng = larger.levels(Split.TEST, np.arange(FEW)), np.random.default_rng(size)
    solved = np.zeros(FEW, dtype=np.bool_)
    over = solved.copy()
    for _ in range(larger.horizon(Split.TEST)):
        state, paid, ended = larger.step(state, _sample(agent.act(larger.observe(state)), rng))
        solved |= ~over & (paid[larger.base] > 0)
        over |= solved | ended
        if over.all():
            break
    return float(solved.mean())


def _sample(chances: Floats, rng: np.random.Generator) -> Ints:
    below: Floats = chances.cumsum(axis=1)[:, :-1]
    return (rng.random((len(chances), 1)) > below).sum(axis=1)


# -- edits -----------------------------------------------------------------------------------------


def _choose_edit(agent: Any, trap: Trap) -> Callable[[int], Act]:
    """Return what sends an agent to a cell."""
    if hasattr(agent, "edited"):
        return lambda cell: agent.edited(_raise_cell(trap, cell), partial(_raise_things, trap)).act
    by: FeatureEdit | MeanShift
    by = FeatureEdit(agent, trap) if hasattr(agent, "activations") else MeanShift(agent, trap)
    strength = max(STRENGTHS, key=lambda each: _try_strength(by.send, each, trap))
    return lambda cell: by.send(cell, strength)


def _try_strength(send: Callable[[int, float], Act], strength: float, trap: Trap) -> float:
    """Return how often an agent goes where it is sent on training levels."""
    found = []
    for cell in _choose_cells(trap)[:4]:
        starts = find_starts(trap, Split.TRAIN, cell)
        found.append(enters_first(send(cell, strength), trap, starts, cell))
    return float(np.concatenate(found).mean())


def _raise_cell(trap: Trap, cell: int) -> NDArray[np.float32]:
    raised = np.zeros(trap.cells, dtype=np.float32)
    raised[cell] = RAISED
    return raised.reshape(trap.size)


def _raise_things(trap: Trap, planes: Bytes) -> NDArray[np.float32]:
    things = [at for name, at in trap.channel.items() if name not in OTHERS]
    return np.where(planes[..., things].any(axis=3), DEAR, 0).astype(np.float32)


class FeatureEdit:
    """The edit of a network that computes features of each cell, ``agents.grid_networks``.

    Of a value iteration network the reward of the cell is raised, and that of things lowered. Of
    others the features of the cell are moved as those of a target differ from those of floor, and
    those of things the other way.

    Args:
        agent: that network.
        trap: that it was trained on.
    """

    def __init__(self, agent: Any, trap: Trap) -> None:
        self.agent, self.trap = agent, trap
        self.shift = np.ones(1)
        if not hasattr(agent, "objective"):
            starts = trap.levels(Split.TRAIN, np.arange(LEVELS))
            planes = trap.observe(starts)
            there = targets(trap, starts)[trap.base].reshape(-1, *trap.size)
            bare = ~planes.any(axis=3)
            with torch.inference_mode():
                seen = agent.windows(agent.view(torch.from_numpy(planes))).movedim(1, 3).numpy()
            inner = (slice(None), slice(1, -1), slice(1, -1))
            self.shift = seen[there[inner]].mean(axis=0) - seen[bare[inner]].mean(axis=0)

    def send(self, cell: int, strength: float) -> Act:
        """Return the agent, sent to a cell."""

        def act(planes: Bytes) -> Floats:
            where = -_raise_things(self.trap, planes) / DEAR
            where.reshape(len(planes), -1)[:, cell] = 1
            edit = strength * where[..., None] * self.shift
            with torch.inference_mode():
                scores = self.agent(torch.from_numpy(planes), edit)
            found: Floats = scores.double().softmax(dim=1).numpy()
            return found

        return act


class MeanShift:
    """The edit of a reactive network, ``agents.networks.Network``, by the difference of means.

    Args:
        agent: that network.
        trap: that it was trained on.
    """

    def __init__(self, agent: Any, trap: Trap) -> None:
        self.agent, self.trap = agent, trap
        starts = trap.levels(Split.TRAIN, np.arange(FITTED))
        seen = self._look(trap.observe(starts))
        goal = targets(trap, starts)[trap.base].argmax(axis=1)
        place = self._find_place(goal, starts.agent)
        counts = np.bincount(place, minlength=4 * trap.cells)[:, None]
        sums = np.zeros((4 * trap.cells, seen.shape[1]))
        np.add.at(sums, place, seen)
        self.shifts = np.where(counts > 0, sums / np.maximum(counts, 1) - seen.mean(axis=0), 0)

    def send(self, cell: int, strength: float) -> Act:
        """Return the agent, sent to a cell."""

        def act(planes: Bytes) -> Floats:
            at = planes[..., self.trap.channel["agent"]].reshape(len(planes), -1).argmax(axis=1)
            shift = strength * self.shifts[self._find_place(np.full(len(at), cell), at)]
            with torch.inference_mode():
                features = torch.from_numpy(self._look(planes) + shift).float()
                found: Floats = self.agent.policy(features).double().softmax(dim=1).numpy()
            return found

        return act

    def _look(self, planes: Bytes) -> Floats:
        with torch.inference_mode():
            features: Floats = self.agent.features(torch.from_numpy(planes)).double().numpy()
        return features

    def _find_place(self, goal: Ints, agent: Ints) -> Ints:
        """Return the number of a goal's place, seen from the agent; int64 (n,)."""
        (height, width) = self.trap.size
        rows, columns = goal // width - agent // width, goal % width - agent % width
        return (rows + height) * 2 * width + columns + width


# -- reading ---------------------------------------------------------------------------------------


def describe_activations(agent: Any, trap: Trap) -> list[float]:
    """Return how activations differ where base's target is seen alone and where the proxy's is.

    They are the reward of the target's cell where the network has one, otherwise the last features
    of that cell, or those of the whole with the value.
    """
    found = []
    for alone in show_targets(trap, (trap.base, trap.proxies[0])):
        seen, every = torch.from_numpy(alone.planes), np.arange(len(alone.cell))
        with torch.inference_mode():
            if hasattr(agent, "features"):
                features = agent.features(seen)
                told = torch.cat([features, agent.value(features)], dim=1).double().numpy()
            else:
                read = agent.objective if hasattr(agent, "objective") else agent.activations
                told = read(alone.planes).reshape(len(every), trap.cells, -1)[every, alone.cell]
        found.append(told.mean(axis=0))
    difference: Floats = found[0] - found[1]
    return difference.tolist()


def fit_elsewhere(descriptions: Floats, chosen: Floats, seeds: Ints) -> Floats:
    """Return the share that a linear reading predicts of each agent, fitted on other seeds.

    Args:
        descriptions: (n, features).
        chosen: (n,), the shares.
        seeds: (n,), which agents are left out together.
    """
    logits = np.log(chosen.clip(0.02, 0.98) / (1 - chosen.clip(0.02, 0.98)))
    found = np.full(len(chosen), 0.5)
    for seed in np.unique(seeds):
        own = seeds == seed
        if own.all():
            continue
        mean, scale = descriptions[~own].mean(axis=0), descriptions[~own].std(axis=0) + 1e-6
        rows = (descriptions - mean) / scale
        # Ridge in its dual form: there are fewer agents than features.
        kernel = rows[~own] @ rows[~own].T / rows.shape[1]
        centre = logits[~own].mean()
        weights = np.linalg.solve(kernel + 0.1 * np.eye(len(kernel)), logits[~own] - centre)
        guess = centre + rows[own] @ rows[~own].T / rows.shape[1] @ weights
        found[own] = 1 / (1 + np.exp(-guess))
    return found
