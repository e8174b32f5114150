"""Slow and obvious implementations that tests check the quick ones against."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import product

import numpy as np

from mesa_gym.engine import Move, State
from mesa_gym.traps import Split, Step, Trap

MASK = (1 << 64) - 1


def splitmix64(seed, index):
    """Return an output of SplitMix64 in Python integers: Steele, Lea and Flood 2014, figure 16."""
    z = (seed + (index + 1) * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def find_contacts(graph):
    """Which steps of a PlacementGraph pay over half of the largest payment: (objectives, 5, n)."""
    return np.stack([pay > max(pay.max(), 0.0) / 2 for pay in graph.paid.values()])


# -- grids -----------------------------------------------------------------------------------------
def neighbours(cell):
    """The four cells beside one, in the order of the actions."""
    y, x = cell
    return [(y, x - 1), (y + 1, x), (y, x + 1), (y - 1, x)]


def steps_from(start, cells):
    """Steps to every cell that can be reached over ``cells`` (the start need not be one)."""
    steps, queue = {start: 0}, deque([start])
    while queue:
        cell = queue.popleft()
        for neighbour in neighbours(cell):
            if neighbour in cells and neighbour not in steps:
                steps[neighbour] = steps[cell] + 1
                queue.append(neighbour)
    return steps


def cells_of(layer):
    """Return the set cells of a grid (height, width)."""
    return {(y, x) for y, x in np.argwhere(layer).tolist()}


def cut_window(planes, side):
    """Return an agent's window, cell by cell, below the top row; cells outside are 0.

    Args:
        planes: (height, width, channels), of agent and wall first.
        side: of the square in whose middle the agent is.
    """
    height, width, channels = planes.shape
    ((y, x),) = cells_of(planes[..., 0])
    window = np.zeros((side + 1, side, channels), dtype=planes.dtype)
    for place in range(min(side, width - 2)):
        window[0, place] = planes[0, 1 + place]
    for row, column in product(range(side), repeat=2):
        at = y + row - side // 2, x + column - side // 2
        if 0 <= at[0] < height and 0 <= at[1] < width:
            window[1 + row, column] = planes[at]
    return window


def arrays(value, name=""):
    """Everything that a state holds, its tables included, by name."""
    if isinstance(value, tuple):
        value = value._asdict()  # type: ignore[attr-defined]
    if not isinstance(value, dict):
        return {name: np.asarray(value)}
    tables = {}
    for key, inner in value.items():
        tables |= arrays(inner, f"{name}.{key}".removeprefix("."))
    return tables


def assert_same(world, a, b):
    """Fail unless two batches (n,) hold the same levels bit for bit, wherever their tables are."""
    left, right = (arrays(world.joined([state])) for state in (a, b))
    assert left.keys() == right.keys()
    for name, array in left.items():
        assert array.dtype == right[name].dtype, name
        assert array.shape == right[name].shape, name
        assert array.tobytes() == right[name].tobytes(), name


def rollout(trap, split, n=64, steps=40):
    """States met by acting at random from n levels, ended episodes left out."""
    rng = np.random.default_rng(0)
    state = trap.levels(split, np.arange(n))
    yield state
    for _ in range(steps):
        state, _, ended = trap.step(state, rng.integers(0, 5, state.n))
        state = state.take(~ended)
        if not state.n:
            return
        yield state


def wandered(trap, levels=300, steps=12):
    """States some random steps into their episodes."""
    state, rng = trap.levels(Split.TEST, np.arange(levels)), np.random.default_rng(0)
    for _ in range(steps):
        after, _, ended = trap.step(state, rng.integers(0, 4, levels))
        state = state.replaced(~ended, after)
    return state


# -- all states of a level -------------------------------------------------------------------------
TIE = 1e-9


@dataclass(frozen=True)
class Enumerated:
    """Every state of a level, the start first.

    Attributes:
        trap: the rules.
        states: a batch of all states.
        after: for each state and branch the state that follows; None where the episode ends.
        paid: objective -> for each state and branch what it pays.
        likely: for each state and branch how likely it is after its action.
        depth: the fewest steps to each state.
    """

    trap: Trap
    states: State
    after: list[list[int | None]]
    paid: dict[str, list[list[float]]]
    likely: list[list[float]]
    depth: list[int]

    def q(self, values, objective, i, left):
        """The value of each action with so many steps left, from values with fewer."""
        gamma, action_values = self.trap.discount(objective), [0.0] * 5
        branches = zip(self.after[i], self.paid[objective][i], self.likely[i], strict=True)
        for branch, (to, pay, chance) in enumerate(branches):
            worth = pay + (0.0 if to is None else gamma * values[left - 1][to])
            action_values[branch * 5 // len(self.after[i])] += chance * worth
        return action_values

    def earned(self, objective, horizon, choose=max, sets=None):
        """Return values of states, and sets of best actions, by number of remaining steps."""
        count = len(self.after)
        values, best = [[0.0] * count], [[set[int]()] * count]
        for left in range(1, horizon + 1):
            qs = [self.q(values, objective, i, left) for i in range(count)]
            allowed = sets[left] if sets else [range(5)] * count
            values.append([choose([q[a] for a in s]) for q, s in zip(qs, allowed, strict=True)])
            best.append([{a for a in range(5) if q[a] >= max(q) - TIE} for q in qs])
        return values, best


def enumerate_level(trap, start):
    """Search a level from a batch of one, stepping states without a batch axis."""
    alone = trap.bound(batched=False)
    states, depth = [start.single(0)], [0]
    index = {contents(states[0]): 0}
    after = []
    payments = {x: [] for x in trap.objectives}
    likelihoods = []
    actions, outcomes = trap.branches()
    for state in states:
        steps, chances = [], []
        for branch, action in enumerate(actions):
            outcome = {name: numbers[branch] for name, numbers in outcomes.items()}
            move = Move(alone, state, action, outcome)
            step = alone.complete(move)
            chances.append(float(move.likelihood))
            steps.append(step if chances[-1] else Step(state, dict.fromkeys(payments, 0.0), True))
        for step in steps:
            if not step.ended and contents(step.state) not in index:
                index[contents(step.state)] = len(states)
                depth.append(depth[len(after)] + 1)
                states.append(step.state)
        likelihoods.append(chances)
        after.append([None if s.ended else index[contents(s.state)] for s in steps])
        for x, pays in payments.items():
            pays.append([float(step.paid[x]) for step in steps])
    batch = states[0].map(lambda *parts: np.stack(parts, axis=-1), *states[1:])
    return Enumerated(trap, batch, after, payments, likelihoods, depth)


def contents(state):
    """The parts of a state that a step may change, except the clock."""
    parts = (state.at, state.there, state.held, state.vars)
    held = (part[name] for part in parts for name in sorted(part))
    return int(state.agent), *(np.asarray(x).tobytes() for x in held)
