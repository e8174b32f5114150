"""Policies with none of a trap's objectives: devices, and goals that no trap has."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import ACTIONS, FAR, Bools, Ints, State, pick, toward
from mesa_gym.engine.chance import mix
from mesa_gym.policies import Memoryless

Planes = NDArray[np.uint8]
Probabilities = NDArray[np.float64]
WALL = 1  # the channel; before it is the agent's, after it all others
_ONE = np.eye(len(ACTIONS))
LEFT, RIGHT, STAY = 0, 2, 4


class Scripted(Memoryless):
    """A policy that takes one action for sure; subclasses say which."""

    def choose(self, planes: Planes, state: State) -> Ints:
        """Return the actions, int64 (n,), 0 to 4, for planes (n, height, width, channels)."""
        raise NotImplementedError

    def act(self, observation: Planes, state: State | None = None) -> Probabilities:
        """Return action probabilities, float64 (n, 5)."""
        if state is None:
            raise ValueError("a scripted policy needs the state: act(observation, state)")
        return _ONE[self.choose(observation, state)]


class Oscillating(Scripted):
    """Left, right, left, right."""

    def choose(self, planes: Planes, state: State) -> Ints:
        """Return left at even steps."""
        return np.where(state.clock % 2 == 0, LEFT, RIGHT)


def _open(planes: Planes) -> Bools:
    """Return the cells without wall, bool (n, height, width)."""
    return planes[..., WALL] == 0


def _objects(planes: Planes) -> Bools:
    """Return the cells on which something is, walls and the agent apart, bool (n, h, w)."""
    found: Bools = np.asarray(planes[..., WALL + 1 :].any(axis=3))
    return found


class ToCell(Scripted):
    """To an empty cell, round all objects; then it stays.

    Args:
        salt: which cell; two salts choose independently, two levels too.
    """

    def __init__(self, salt: int = 0) -> None:
        self.salt = salt

    def goal(self, open_cells: Bools, state: State) -> Ints:
        """Return one of the open cells, bool (n, cells), the same throughout a level."""
        return pick(open_cells, mix(state.level.key + self.salt))[0]

    def choose(self, planes: Planes, state: State) -> Ints:
        """Return the first step of the shortest way."""
        n, open_cells = state.n, _open(planes)
        flat = open_cells.reshape(n, -1)
        price = np.full(flat.shape, FAR)
        price[np.arange(n), self.goal(flat, state)] = 0
        return toward(open_cells & ~_objects(planes), state.agent, price)


class ToLastCell(ToCell):
    """To the open cell that is farthest down, and there farthest right."""

    def goal(self, open_cells: Bools, state: State) -> Ints:
        """Return that cell."""
        last: Ints = open_cells.shape[1] - 1 - open_cells[:, ::-1].argmax(axis=1)
        return last


class WallFollower(Scripted):
    """Keeps its right hand on the wall."""

    # Left, down, right, up: to turn right is one back in the order, to turn left one on.
    _TURNS = np.array([-1, 0, 1, 2])

    def __init__(self) -> None:
        self.facing: Ints = np.empty(0, dtype=np.int64)

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Rows that begin look down."""
        if len(self.facing) != len(mask):
            self.facing = np.ones(len(mask), dtype=np.int64)
        self.facing[mask] = 1

    def choose(self, planes: Planes, state: State) -> Ints:
        """Return right if that is open, else ahead, else left, else back."""
        _, _, width, _ = planes.shape
        directions = (self.facing[:, None] + self._TURNS) % 4
        beside = state.agent[:, None] + np.array([-1, width, 1, -width])[directions]
        ahead = np.take_along_axis(_open(planes).reshape(state.n, -1), beside, axis=1)
        first = ahead.argmax(axis=1)
        self.facing = np.take_along_axis(directions, first[:, None], axis=1)[:, 0]
        return self.facing
