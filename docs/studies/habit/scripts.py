"""Scripts without a goal that were written to get a goal's word at a place, for the study.

None reads where the place or a thing is. They read walls, a clock, coins, their own last step, or
the cells that they have visited.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import ACTIONS, Bools, Ints, State
from mesa_gym.policies import Policy, Sweeper
from mesa_gym.policies.protocol import require_state
from mesa_gym.solver.training_table import look_around
from mesa_gym.traps import Trap

LEFT, DOWN, RIGHT, UP, ACT = range(len(ACTIONS))
Probabilities = NDArray[np.float64]
Directions = tuple[int, ...]
# The directions in which both traps' places are: up and left, and right.
TOWARDS = {"CheeseCorner": (LEFT, UP), "CoinRun": (RIGHT,)}


def find_directions(trap: Trap) -> Directions:
    """Return the directions that training rewards on a trap."""
    return TOWARDS[trap.name().partition("-")[0]]


class LocalScript:
    """A script that sees what the four cells around it do, a clock, and its own last step.

    Args:
        trap: the trap.
        decide: takes free cells bool (n, 4), the step int64 (n,), the last action int64 (n,) and
            the directions of the place, and returns weights (n, 5).
    """

    observation = "planes"
    needs_observation = False

    def __init__(self, trap: Trap, decide: Callable[..., Probabilities]) -> None:
        self._trap, self._decide = trap, decide
        self._step = self._last = np.zeros(0, np.int64)
        self._rng = np.random.default_rng(0)

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Begin episodes in the rows in ``mask``."""
        if len(mask) != len(self._step):
            self._step = self._last = np.zeros(len(mask), np.int64)
        self._step, self._last = np.where(mask, 0, self._step), np.where(mask, ACT, self._last)
        self._rng = rng

    def act(self, observation: NDArray[np.uint8], state: State | None = None) -> Probabilities:
        """Return the probability 1 of an action that is drawn by the weights, float64 (n, 5)."""
        look = look_around(self._trap, require_state(state, "a script"))
        free = (look[:, None] // 3 ** np.arange(4) % 3) == 0
        weights = self._decide(free, self._step, self._last, find_directions(self._trap))
        total = weights.cumsum(axis=1)
        drawn = (self._rng.random((len(free), 1)) * total[:, -1:] >= total[:, :-1]).sum(axis=1)
        self._step, self._last = self._step + 1, drawn
        return np.eye(len(ACTIONS))[drawn]


def prefer(towards: float, away: float) -> Callable[..., Probabilities]:
    """Return a rule: a random walk on free cells that prefers the place's directions."""

    def decide(free: Bools, step: Ints, last: Ints, directions: Directions) -> Probabilities:
        weights = np.full((len(free), 5), 1e-9)
        weights[:, :4] += free * away
        for direction in directions:
            weights[:, direction] *= towards / away
        return weights

    return decide


def keep_going(free: Bools, step: Ints, last: Ints, directions: Directions) -> Probabilities:
    """Return weights: prefers the place's directions, and never turns back unless it must."""
    weights = prefer(20, 1)(free, step, last, directions)
    back = np.where(last < 4, (last + 2) % 4, ACT)
    weights[np.arange(len(free)), back] *= 1e-3
    return weights


def follow_wall(free: Bools, step: Ints, last: Ints, directions: Directions) -> Probabilities:
    """Return weights: a wall follower that begins in the place's direction, left hand first."""
    facing = np.where(last < 4, last, directions[0])
    weights = np.full((len(free), 5), 1e-9)
    for rank, turn in enumerate((1, 0, 3, 2)):  # left, ahead, right, back; actions turn left by 1
        at = (facing + turn) % 4
        weights[np.arange(len(free)), at] += free[np.arange(len(free)), at] * 1000.0 ** (3 - rank)
    return weights


def shuttle(free: Bools, step: Ints, last: Ints, directions: Directions) -> Probabilities:
    """Return weights: 12 steps as it prefers, then four steps elsewhere, in turns."""
    towards = prefer(50, 1)(free, step, last, directions)
    away = prefer(1, 5)(free, step, last, directions)
    return np.where((step % 16 < 12)[:, None], towards, away)


def read_clock(free: Bools, step: Ints, last: Ints, directions: Directions) -> Probabilities:
    """Return weights: reads a clock alone, and leaves dead ends by turns of other directions."""
    weights = np.full((len(free), 5), 1e-9)
    weights[:, directions] += 1
    escape = step % 12 >= 8
    sideways = [x for x in range(4) if x not in directions]
    turn = np.array(sideways)[(step // 12) % len(sideways)]
    weights[escape] = np.eye(5)[turn[escape]] + 1e-9
    return weights


class LeaningSweeper(Sweeper):
    """A sweeper that prefers the place's directions among equally near unvisited cells."""

    def __init__(self, trap: Trap, lean: float) -> None:
        super().__init__(trap, "pit" if "pit" in trap.things else None)
        self._lean = lean

    def act(self, observation: NDArray[np.uint8], state: State | None = None) -> Probabilities:
        """Return probabilities, float64 (n, 5), of steps to an unvisited cell."""
        weights = super().act(observation, state)
        weights[:, find_directions(self.trap)] *= self._lean
        return weights / weights.sum(axis=1, keepdims=True)


SCRIPTS: Mapping[str, Callable[[Trap], Policy]] = {
    "up and left 9 to 1 (walls)": lambda trap: LocalScript(trap, prefer(9, 1)),
    "100 to 1 (walls)": lambda trap: LocalScript(trap, prefer(100, 1)),
    "keeps its direction (walls, last step)": lambda trap: LocalScript(trap, keep_going),
    "follows the left wall": lambda trap: LocalScript(trap, follow_wall),
    "in turns (walls, clock)": lambda trap: LocalScript(trap, shuttle),
    "coins and a clock": lambda trap: LocalScript(trap, read_clock),
    "sweeper that leans 9 to 1": lambda trap: LeaningSweeper(trap, 9),
    "sweeper that leans 100 to 1": lambda trap: LeaningSweeper(trap, 100),
}
