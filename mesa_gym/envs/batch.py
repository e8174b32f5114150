"""What the environments share: the keywords, the states, the coming levels, one step."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from gymnasium.spaces import Discrete
from numpy.typing import NDArray

from mesa_gym.envs.observations import make_observation
from mesa_gym.envs.supply import make_supply
from mesa_gym.errors import unexpected_keyword, unknown
from mesa_gym.grid import ACTIONS, Bools, Ints, State
from mesa_gym.grid.maps import to_map
from mesa_gym.rendering import render_rgb
from mesa_gym.traps import LEVELS, Split, Trap, find_trap

RENDER_FPS = 8
TILE = 32  # pixels a cell of a rendered frame


class Step(NamedTuple):
    """What one step of a batch gave; the arrays belong to the caller.

    Attributes:
        paid: objective name -> float64 (n,).
        terminated: bool (n,), ended by the trap.
        truncated: bool (n,), at the time limit (whether or not the trap ended it as well).
    """

    paid: dict[str, NDArray[np.float64]]
    terminated: Bools
    truncated: Bools


class Batch:
    """n environments of one trap.

    Args:
        trap: a name or id such as ``RedBlueDoors-v0``, a trap's class, or a trap.
        n: how many environments.
        split: ``train``, ``test``, ``control`` or ``shift``.
        size: cells, border included: one number, or (height, width).
        alpha: the share of ``train`` episodes drawn from the shift distribution, 0 to 1. Their
            numbers start at 2**48, so that they are never evaluation levels.
        reward: the objective that is paid; ``base`` stands for the base objective.
        num_levels: draw episodes from levels 0 to ``num_levels`` - 1 only (with ``alpha``, from as
            many of the shift's).
        max_steps: the time limit; by default the trap's own for the split.
        observation: ``planes``, ``symbolic``, ``rgb`` or ``local``.
        salt: an evaluator's secret; other salts give other levels.
        **parameters: the trap's own, such as ``colour_planes``.

    Attributes:
        trap: the rules, at the size and with the parameters given.
        split: as given.
        reward: the name of the objective that is paid.
        max_steps: the time limit.
        observation: how states are shown.
        state: the n states, changed in place.

    Raises:
        TypeError: there is no such keyword; the message names the nearest.
        ValueError: a keyword does not fit; the message says what was expected.
    """

    def __init__(
        self,
        trap: str | type[Trap] | Trap,
        n: int,
        *,
        split: str = "train",
        size: int | Sequence[int] | None = None,
        alpha: float = 0.0,
        reward: str = "base",
        num_levels: int | None = None,
        max_steps: int | None = None,
        observation: str = "planes",
        salt: str = "",
        **parameters: Any,
    ) -> None:
        self.trap = _made(trap, size, parameters)
        self.split = Split.of(split)
        self.reward = _objective(self.trap, reward)
        self.max_steps = (
            self.trap.horizon(self.split) if max_steps is None else _counted("max_steps", max_steps)
        )
        self.observation = make_observation(self.trap, observation)
        self.state = State(self.trap.schema, n)
        self._salt = str(salt)
        if num_levels is not None and _counted("num_levels", num_levels) > LEVELS:
            raise ValueError(f"num_levels must be at most 2**48, got {num_levels}")
        alpha = _share(alpha, self.split)
        self.supply = make_supply(self.trap, self.split, self._salt, n, alpha, num_levels)
        self._split_row = np.full(n, self.split.value, dtype=object)

    def __len__(self) -> int:
        return len(self.state)

    # -- episodes --------------------------------------------------------------------------------

    def restart(self, rows: Ints) -> None:
        """Begin the next episode of each given row."""
        store, where = self.supply.take(rows)
        self.state.put(rows, store, where)

    def pick(self, rows: Ints, levels: Ints) -> None:
        """Begin an episode on a level of the split in each given row.

        The streams of episodes do not notice: what would have come next comes next.
        """
        picked = self.trap.levels(self.split, levels, self._salt)
        self.state.put(rows, picked, np.arange(len(rows)))

    def step(self, actions: Ints) -> Step:
        """Advance all rows; actions are int64 (n,) from 0 to 4, checked by the caller."""
        paid, ended = self.trap.advance(self.state, actions)
        # A trap may return a view of the state as `ended`.
        return Step(paid, ended.copy(), self.state.clock >= self.max_steps)

    def splits(self) -> NDArray[np.object_]:
        """The name of the split that each row's level is of, object (n,), fresh."""
        if not self.supply.alpha:
            return self._split_row.copy()
        return np.where(self.state.level >= LEVELS, Split.SHIFT.value, self._split_row)

    # -- frames ----------------------------------------------------------------------------------

    def picture(self, row: int) -> NDArray[np.uint8]:
        """One row as an RGB array, 32 pixels a cell."""
        return render_rgb(self.trap.schema.planes, self.state.planes[row], TILE)

    def frame(self, render_mode: str, row: int) -> NDArray[np.uint8] | str:
        """One row as the render mode ``rgb_array`` or ``ansi`` shows it."""
        return to_map(self.state, row) if render_mode == "ansi" else self.picture(row)


def action_space() -> Discrete:
    """The five actions: left, down, right, up, act."""
    return Discrete(len(ACTIONS))


def _made(trap: str | type[Trap] | Trap, size: Any, parameters: dict[str, Any]) -> Trap:
    if isinstance(trap, Trap):
        if size is not None or parameters:
            raise ValueError(f"{trap!r} is made already: give size and parameters to its class")
        return trap
    cls = find_trap(trap) if isinstance(trap, str) else trap
    for name in parameters:
        if name not in cls.salience:
            raise unexpected_keyword(cls.__name__, name, [*KEYWORDS, *cls.salience])
    return cls(size, **parameters)


KEYWORDS = tuple(inspect.getfullargspec(Batch).kwonlyargs)


def _objective(trap: Trap, reward: str) -> str:
    if reward == "base":
        return trap.base
    if reward not in trap.objectives:
        raise unknown(f"objective of {type(trap).__name__}", reward, ["base", *trap.objectives])
    return reward


def _counted(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name} must be an integer of at least 1, got {value!r}")
    return int(value)


def _share(alpha: Any, split: Split) -> float:
    if not isinstance(alpha, (int, float, np.number)) or not 0 <= alpha <= 1:
        raise ValueError(f"alpha must be a number from 0 to 1, got {alpha!r}")
    if alpha and split is not Split.TRAIN:
        raise ValueError(
            f"alpha is the share of training episodes that come from the shift; on split"
            f" {split.value!r} it must be 0, got {alpha}"
        )
    return float(alpha)
