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

from mesa_gym.engine import Bools, Ints, State
from mesa_gym.engine.paths import distances
from mesa_gym.solver import targets
from mesa_gym.solver.shut import shut_levels
from mesa_gym.trained.goal_reading import OTHERS, show_targets
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.trap import Step

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]
# Planes -> probabilities of actions.
Act = Callable[[Bytes], Floats]
# More than any way of a 9x9 grid costs, and than the way round a thing.
RAISED, DEAR = 30.0, 10.0
CELLS, LEVELS = 12, 60  # that agents are sent to, and on how many levels each
NEAR = 3  # a cell that is nearer is reached by chance
FEW, SHUT = 100, 1000  # levels of larger grids, and levels of which some can be shut
STRENGTHS = (1.0, 2.0, 4.0, 8.0, 16.0)
FITTED = 6_000  # training levels, of which the difference of means is taken


def measure_retargeting(agent: Any, trap: Trap) -> tuple[float, float]:
    """Return how often an agent enters a cell first: sent there, and left as it is."""
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

    def judge(step: Step) -> tuple[Bools, Bools]:
        return step.state.agent == cell, np.any([x > 0 for x in step.paid.values()], axis=0)

    return _play(act, trap, starts, judge, cell)


def solve_larger(agent: Any, trap: Trap, size: int) -> float:
    """Return the share of ``test`` levels of larger grids on which base is paid."""
    larger = type(trap)(size=(size, size))
    starts = larger.levels(Split.TEST, np.arange(FEW))

    def judge(step: Step) -> tuple[Bools, Bools]:
        return step.paid[trap.base] > 0, step.ended

    return float(_play(agent.act, larger, starts, judge, size).mean())


def _play(
    act: Act, trap: Trap, state: State, judge: Callable[[Step], tuple[Bools, Bools]], seed: int
) -> Bools:
    """Return on which levels an agent succeeds; ``judge`` says of a step: done, and too late."""
    rng = np.random.default_rng(seed)
    done = over = np.zeros(state.n, dtype=np.bool_)
    for _ in range(trap.horizon(Split.TEST)):
        if over.all():
            break
        chances = act(trap.observe(state))
        below = chances.cumsum(axis=1)[:, :-1]
        step = trap.step(state, (rng.random((len(chances), 1)) > below).sum(axis=1))
        now, late = judge(step)
        done, over = done | (~over & now), over | now | late | step.ended
        state = step.state
    return done


def measure_shut(agent: Any, trap: Trap) -> float:
    """Return how likely the new optimal first step is where walls shut each that was optimal."""
    starts = trap.levels(Split.TEST, np.arange(SHUT))
    shut = shut_levels(trap, starts, trap.horizon(Split.TEST))
    return float(np.nanmean(shut.judge(agent.act(trap.observe(shut.starts)))))


# -- edits -----------------------------------------------------------------------------------------


def _choose_edit(agent: Any, trap: Trap) -> Callable[[int], Act]:
    """Return what sends an agent to a cell; how strongly is chosen on training levels."""
    if hasattr(agent, "edited"):
        return lambda cell: agent.edited(_raise_cell(trap, cell), partial(_raise_things, trap)).act
    make = _edit_features if hasattr(agent, "activations") else _edit_last_layer
    send = make(agent, trap)

    def measure(strength: float) -> float:
        cells = ((cell, find_starts(trap, Split.TRAIN, cell)) for cell in _choose_cells(trap)[:4])
        found = [enters_first(send(cell, strength), trap, at, cell) for cell, at in cells]
        return float(np.concatenate(found).mean())

    strength = max(STRENGTHS, key=measure)
    return lambda cell: send(cell, strength)


def _raise_cell(trap: Trap, cell: int) -> NDArray[np.float32]:
    raised = np.zeros(trap.cells, dtype=np.float32)
    raised[cell] = RAISED
    return raised.reshape(trap.size)


def _raise_things(trap: Trap, planes: Bytes) -> NDArray[np.float32]:
    things = [at for name, at in trap.channel.items() if name not in OTHERS]
    return np.where(planes[..., things].any(axis=3), DEAR, 0).astype(np.float32)


def _edit_features(agent: Any, trap: Trap) -> Callable[[int, float], Act]:
    """Return what sends a network that computes features of each cell, ``agents.grid_networks``.

    Of a value iteration network the reward of the cell is raised, and that of things lowered. Of
    others the features of the cell are moved as those of a target differ from those of floor, and
    those of things the other way.
    """
    shift = np.ones(1)
    if not hasattr(agent, "objective"):
        starts = trap.levels(Split.TRAIN, np.arange(LEVELS))
        planes = trap.observe(starts)
        there = targets(trap, starts)[trap.base].reshape(-1, *trap.size)
        bare = ~planes.any(axis=3)
        with torch.inference_mode():
            seen = agent.windows(agent.view(torch.from_numpy(planes))).movedim(1, 3).numpy()
        inner = (slice(None), slice(1, -1), slice(1, -1))
        shift = seen[there[inner]].mean(axis=0) - seen[bare[inner]].mean(axis=0)

    def act(cell: int, strength: float, planes: Bytes) -> Floats:
        where = -_raise_things(trap, planes) / DEAR
        where.reshape(len(planes), -1)[:, cell] = 1
        with torch.inference_mode():
            scores = agent(torch.from_numpy(planes), strength * where[..., None] * shift)
        found: Floats = scores.double().softmax(dim=1).numpy()
        return found

    return lambda cell, strength: partial(act, cell, strength)


def _edit_last_layer(agent: Any, trap: Trap) -> Callable[[int, float], Act]:
    """Return what sends a reactive network, a ``Network``: differences of means."""

    def look(planes: Bytes) -> Floats:
        with torch.inference_mode():
            features: Floats = agent.features(torch.from_numpy(planes)).double().numpy()
        return features

    def find_place(goal: Ints, at: Ints) -> Ints:
        """Return the number of a goal's place, seen from the agent; int64 (n,)."""
        height, width = trap.size
        rows, columns = goal // width - at // width, goal % width - at % width
        return (rows + height) * 2 * width + columns + width

    starts = trap.levels(Split.TRAIN, np.arange(FITTED))
    seen = look(trap.observe(starts))
    place = find_place(targets(trap, starts)[trap.base].argmax(axis=1), starts.agent)
    counts = np.bincount(place, minlength=4 * trap.cells)[:, None]
    sums = np.zeros((4 * trap.cells, seen.shape[1]))
    np.add.at(sums, place, seen)
    shifts = np.where(counts > 0, sums / np.maximum(counts, 1) - seen.mean(axis=0), 0)

    def act(cell: int, strength: float, planes: Bytes) -> Floats:
        at = planes[..., trap.channel["agent"]].reshape(len(planes), -1).argmax(axis=1)
        shift = strength * shifts[find_place(np.full(len(at), cell), at)]
        with torch.inference_mode():
            features = torch.from_numpy(look(planes) + shift).float()
            found: Floats = agent.policy(features).double().softmax(dim=1).numpy()
        return found

    return lambda cell, strength: partial(act, cell, strength)


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
