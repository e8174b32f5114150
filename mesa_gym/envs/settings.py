"""The keywords that environments share, names of actions, frames."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from gymnasium.envs.registration import EnvSpec

from mesa_gym.engine import ACTIONS, STAY, Array, Bools, Move, State
from mesa_gym.envs.checks import ACTION_SCALARS, checked_level, checked_map, counted
from mesa_gym.envs.observations import make_observation
from mesa_gym.errors import unexpected_keyword, unknown
from mesa_gym.traps import LEVELS, Split, Trap, find_trap

RENDER_FPS = 8
TILE = 32  # pixels a cell of a rendered frame


class Controls:
    """Names of the actions of an environment, for people and programs."""

    def get_action_meanings(self) -> list[str]:
        """Return a word for each action."""
        return list(ACTIONS)

    def get_keys_to_action(self) -> dict[tuple[int, ...], int]:
        """Return which keys stand for which action: a, s, d, w and the space bar."""
        return {(ord(key),): action for action, key in enumerate("asdw ")}


class Settings:
    """The keywords of an environment, checked.

    Args:
        trap: a name or id such as ``RedBlueDoors-v0``, a trap's class, or a trap.
        split: ``train``, ``test``, ``control`` or ``shift``.
        size: cells, border included: one number, or (height, width).
        alpha: the share of ``train`` episodes drawn from the shift distribution, 0 to 1. Their
            numbers start at 2**48, so that they are never evaluation levels.
        reward: the objective that is paid; ``base`` stands for the base objective.
        num_levels: draw episodes from levels 0 to ``num_levels`` - 1 only (with ``alpha``, from as
            many of the shift's).
        max_steps: the time limit; by default the trap's own for the split.
        observation: ``planes``, ``symbolic``, ``rgb``, ``local``, ``flat`` or ``chw``.
        salt: an evaluator's secret; other salts give other levels.
        **parameters: the trap's own, such as ``colour_planes``.

    Raises:
        TypeError: there is no such keyword; the message names the nearest.
        ValueError: a keyword does not fit; the message says what was expected.
    """

    def __init__(
        self,
        trap: str | type[Trap] | Trap,
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
        names = ["base", *self.trap.objectives]
        if reward not in names:
            raise unknown(f"objective of {type(self.trap).__name__}", reward, names)
        self.reward = self.trap.base if reward == "base" else reward
        horizon = self.trap.horizon(self.split)
        self.max_steps = horizon if max_steps is None else counted("max_steps", max_steps)
        self.observation = make_observation(self.trap, observation)
        if not isinstance(salt, str):
            raise ValueError(f"salt must be text, got {salt!r}; for none give ''")
        self.salt = salt
        if num_levels is not None and counted("num_levels", num_levels) > LEVELS:
            raise ValueError(f"num_levels must be at most 2**48, got {num_levels}")
        self.num_levels = num_levels
        if isinstance(alpha, bool) or not isinstance(alpha, int | float | np.number):
            raise ValueError(f"alpha must be a number from 0 to 1, got {alpha!r}")
        if not 0 <= alpha <= 1:
            raise ValueError(f"alpha must be a number from 0 to 1, got {alpha!r}")
        if alpha and self.split is not Split.TRAIN:
            raise ValueError(
                f"alpha is the share of training episodes that come from the shift; on split"
                f" {self.split.value!r} it must be 0, got {alpha}"
            )
        self.alpha = float(alpha)

    def starts(self, levels: list[Any], maps: list[Any]) -> tuple[list[int], State | None]:
        """Return the start states that resets ask for by level or map, and which resets do.

        Raises:
            ValueError: a level or map does not fit, or a reset asks for both.
        """
        numbers = {i: checked_level(level) for i, level in enumerate(levels) if level is not None}
        texts = {i: checked_map(text) for i, text in enumerate(maps) if text is not None}
        if numbers.keys() & texts.keys():
            raise ValueError("options name both a level and a map; give one of them")
        batches = []
        if numbers:
            batches.append(self.trap.levels(self.split, list(numbers.values()), self.salt))
        if texts:
            from mesa_gym.engine.maps import from_map  # most environments never need it

            batches += [from_map(self.trap, text) for text in texts.values()]
        return [*numbers, *texts], self.trap.joined(batches) if batches else None

    def splits(self, level: Array) -> Array:
        """Return the numbers of the splits that level numbers belong to."""
        # Only training on the shift uses numbers from LEVELS up.
        return self.split.code + (Split.SHIFT.code - self.split.code) * (level // LEVELS)

    def free(self, state: State) -> Bools:
        """Return which actions are not blocked in a state without a batch axis, bool (5,)."""
        rules = self.trap.bound(batched=False)
        moves = [Move(rules, state, action) for action in ACTION_SCALARS[:STAY]]
        return np.array([*(not rules.blocked(move) for move in moves), True])

    def frame(self, state: State, row: int, render_mode: str | None) -> Any:
        """Return a row of a batch as a picture, or for ``ansi`` as the text of a map."""
        if render_mode == "ansi":
            from mesa_gym.engine.maps import to_map

            return to_map(self.trap, state, row)
        from mesa_gym.rendering import render_rgb

        return render_rgb(self.trap, state.take(np.array([row])), TILE)[0]

    def completed(self, spec: EnvSpec | None) -> EnvSpec | None:
        """Return a spec with the time limit that holds, and no threshold of another reward."""
        if spec is None:
            return None
        threshold = spec.reward_threshold if self.reward == self.trap.base else None
        return replace(spec, max_episode_steps=self.max_steps, reward_threshold=threshold)


KEYWORDS = tuple(inspect.getfullargspec(Settings).kwonlyargs)


def _made(trap: Any, size: Any, parameters: dict[str, Any]) -> Trap:
    if isinstance(trap, Trap):
        if size is not None or parameters:
            raise ValueError(f"{trap!r} is made already: give size and parameters to its class")
        return trap
    cls = find_trap(trap) if isinstance(trap, str) else trap
    if not (isinstance(cls, type) and issubclass(cls, Trap)):
        raise ValueError(f"{trap!r} is not a trap; expected a name, a trap's class or a trap")
    for name in parameters:
        if name not in cls.salience:
            raise unexpected_keyword(cls.__name__, name, [*KEYWORDS, *cls.salience])
    return cls(size, **parameters)
