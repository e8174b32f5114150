"""PPO on levels that are turned and mirrored: each episode in one of the grid's symmetries.

A place, such as a corner, is then no cue, while things look and behave as before. Levels are not
changed; what the agent sees of them is, and its moves are turned back.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agents.lesson import Lesson
from agents.networks import Network
from agents.playing import Variation
from agents.ppo import train_apart
from mesa_gym.engine import ACTIONS, Bools, Ints
from mesa_gym.envs.observations import Bytes

# The actions left, down, right, up as (rows, columns); the others do not move.
MOVES = np.array([(0, -1), (1, 0), (0, 1), (-1, 0)])
# Symmetries of the square, as what they do to (row, column) from its centre.
SYMMETRIES = np.array(
    [
        [(1, 0), (0, 1)], [(0, -1), (1, 0)], [(-1, 0), (0, -1)], [(0, 1), (-1, 0)],
        [(1, 0), (0, -1)], [(-1, 0), (0, 1)], [(0, 1), (1, 0)], [(0, -1), (-1, 0)],
    ]
)  # fmt: skip


class Symmetric(Variation):
    """Shows each episode in a symmetry of its own; the border with what is held stays.

    Args:
        size: rows and columns of the grid; where they differ, only four symmetries fit.
        n: environments.
        seed: of the choices.
    """

    def __init__(self, size: tuple[int, int], n: int, seed: int) -> None:
        fitting = [s for s in SYMMETRIES if s[0, 0] or size[0] == size[1]]
        self.cells = np.stack([_find_sources(size, symmetry) for symmetry in fitting])
        self.actions = np.stack([_invert_actions(symmetry) for symmetry in fitting])
        self._rng = np.random.default_rng([seed, 2])
        self.chosen = self._rng.integers(len(fitting), size=n)

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


def _find_sources(size: tuple[int, int], symmetry: NDArray[np.int64]) -> Ints:
    """Return for each cell of the picture the cell of the grid that it shows, int64 (cells,)."""
    cells = np.arange(size[0] * size[1]).reshape(size)
    shown = cells.copy()
    y, x = np.mgrid[1 : size[0] - 1, 1 : size[1] - 1]
    # Twice the place from the centre, which need not lie on a cell.
    places = np.stack([2 * y - size[0] + 1, 2 * x - size[1] + 1], axis=-1) @ symmetry.T
    shown[(places[..., 0] + size[0] - 1) // 2, (places[..., 1] + size[1] - 1) // 2] = cells[
        1:-1, 1:-1
    ]
    return shown.reshape(-1)


def _invert_actions(symmetry: NDArray[np.int64]) -> Ints:
    """Return for each action in the picture the action in the grid, int64 (5,)."""
    actions = np.arange(len(ACTIONS))
    # Symmetries are orthogonal: the inverse is the transpose.
    moves = (MOVES @ symmetry).tolist()
    actions[: len(MOVES)] = [MOVES.tolist().index(move) for move in moves]
    return actions


def train(lesson: Lesson) -> list[Network]:
    """Train one agent a seed."""
    n, size = lesson.settings.environments, lesson.trap.size
    return train_apart(lesson, lambda alone: Symmetric(size, n, alone.seeds[0]))
