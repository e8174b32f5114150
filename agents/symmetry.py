"""PPO on levels that are turned and mirrored: each episode in one of the grid's symmetries.

A place, such as a corner, is then no cue, while things look and behave as before. Levels are not
changed; what the agent sees of them is, and its moves are turned back.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agents.lesson import Lesson
from agents.playing import Variation
from agents.ppo import train_apart
from mesa_gym.engine import Bools, Ints
from mesa_gym.envs.observations import Bytes
from mesa_gym.trained.agent import Agent


class Symmetric(Variation):
    """Shows each episode in a symmetry of its own; the border with what is held stays.

    Args:
        size: rows and columns of the grid; where they differ, only four symmetries fit.
        n: environments.
        seed: of the choices.
    """

    def __init__(self, size: tuple[int, int], n: int, seed: int) -> None:
        self.cells = find_sources(size)
        self.actions = find_actions(self.cells, size[1])
        self._rng = np.random.default_rng([seed, 2])
        self.chosen = self._rng.integers(len(self.cells), size=n)

    def change_planes(self, planes: Bytes) -> Bytes:
        """Return the transformed planes (n, height, width, channels)."""
        cells = planes.reshape(len(planes), -1, planes.shape[-1])
        sources = self.cells[self.chosen]
        return np.take_along_axis(cells, sources[:, :, None], axis=1).reshape(planes.shape)

    def change_actions(self, actions: Ints) -> Ints:
        """Return what is done where the agent, which sees another picture, does ``actions``."""
        return self.actions[self.chosen, actions]

    def note(self, levels: Ints, rewards: NDArray[np.float64], done: Bools) -> None:
        """Draw other symmetries for the episodes that begin."""
        self.chosen[done] = self._rng.integers(len(self.cells), size=int(done.sum()))


def find_sources(size: tuple[int, int]) -> Ints:
    """Return for each symmetry and cell of the picture the cell shown, int64 (4 or 8, cells)."""
    cells = np.arange(size[0] * size[1]).reshape(size)
    inner, found = cells[1:-1, 1:-1], []
    turned = [np.rot90(inner, turns) for turns in range(4)]
    turned += [np.rot90(inner[:, ::-1], turns) for turns in (0, 2, 1, 3)]
    for each in turned:
        if each.shape == inner.shape:
            found.append(cells.copy())
            found[-1][1:-1, 1:-1] = each
    return np.stack(found).reshape(len(found), -1)


def find_actions(sources: Ints, width: int) -> Ints:
    """Return for each symmetry and action in the picture the action in the grid, int64 (n, 5)."""
    # What the actions left, down, right, up and stay add to the number of a cell.
    moves = np.array([-1, width, 1, -width, 0])
    # An inner cell all of whose neighbours are inner cells.
    cell = 2 * width + 2
    shown = sources[:, cell + moves] - sources[:, [cell]]
    return (shown[..., None] == moves).argmax(axis=2)


def train(lesson: Lesson) -> list[Agent]:
    """Train one agent a seed."""
    n, size = lesson.settings.environments, lesson.trap.size
    return train_apart(lesson, lambda alone: Symmetric(size, n, alone.seeds[0]))
