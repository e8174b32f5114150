"""Policies with none of a trap's objectives: devices, and goals that no trap has."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesa_gym.grid import ACTIONS, AGENT, WALL, Bools, Ints, State
from mesa_gym.grid.bits import mix
from mesa_gym.grid.draw import pick
from mesa_gym.grid.heading import FAR, toward
from mesa_gym.policies import Memoryless

Probabilities = NDArray[np.float64]
_ONE = np.eye(len(ACTIONS))
LEFT, RIGHT, STAY = 0, 2, 4


class Scripted(Memoryless):
    """A policy that takes one action for sure; subclasses say which."""

    def choose(self, state: State) -> Ints:
        """The actions, int64 (n,), 0 to 4."""
        raise NotImplementedError

    def act(self, observation: NDArray[np.uint8], state: State | None = None) -> Probabilities:
        """Action probabilities, float64 (n, 5)."""
        if state is None:
            raise ValueError("a scripted policy needs the state: act(observation, state)")
        return _ONE[self.choose(state)]


class Oscillating(Scripted):
    """Left, right, left, right."""

    def choose(self, state: State) -> Ints:
        """Left at even steps."""
        return np.where(state.clock % 2 == 0, LEFT, RIGHT)


def _objects(state: State) -> Bools:
    """Cells on which something lies or stands, walls and the agent apart, bool (n, h, w)."""
    skip = [state.schema.channels[plane][0] for plane in (AGENT, WALL)]
    lying: Bools = np.asarray(np.delete(state.planes, skip, axis=3).any(axis=3))
    return lying


class ToCell(Scripted):
    """To an empty cell, round all objects; then it stays.

    Args:
        salt: which cell; two salts choose independently, two levels too.
    """

    def __init__(self, salt: int = 0) -> None:
        self.salt = np.uint64(salt)

    def goal(self, open_cells: Bools, state: State) -> Ints:
        """One of the open cells, bool (n, cells), the same throughout a level."""
        return pick(open_cells, mix(state.key + self.salt))[0]

    def choose(self, state: State) -> Ints:
        """The first step of the shortest way."""
        n = len(state)
        open_cells = ~state.layer(WALL)
        price = np.full((n, state.schema.cells), FAR)
        price[np.arange(n), self.goal(open_cells.reshape(n, -1), state)] = 0
        return toward(open_cells & ~_objects(state), state.cell, price)


class ToLastCell(ToCell):
    """To the open cell that is farthest down, and there farthest right."""

    def goal(self, open_cells: Bools, state: State) -> Ints:
        """That cell."""
        last: Ints = open_cells.shape[1] - 1 - open_cells[:, ::-1].argmax(axis=1)
        return last


class Nearest(Scripted):
    """To the nearest object, whatever it is."""

    def choose(self, state: State) -> Ints:
        """The first step of the shortest way; it stays where nothing can be reached."""
        things = _objects(state).reshape(len(state), -1)
        return toward(~state.layer(WALL), state.cell, np.where(things, 0, FAR))


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

    def choose(self, state: State) -> Ints:
        """Right if that is open, else ahead, else left, else back."""
        walls = state.layer(WALL).reshape(len(state), -1)
        directions = (self.facing[:, None] + self._TURNS) % 4
        offsets = np.asarray(state.schema.offsets)[directions]
        open_ahead = ~np.take_along_axis(walls, state.cell[:, None] + offsets, axis=1)
        first = open_ahead.argmax(axis=1)
        self.facing = np.take_along_axis(directions, first[:, None], axis=1)[:, 0]
        return self.facing
