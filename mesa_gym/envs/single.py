"""The Gymnasium environment: a batch of one."""

from __future__ import annotations

import operator
from typing import Any

import gymnasium
import numpy as np
from gymnasium import logger
from numpy.typing import NDArray

from mesa_gym.envs.batch import RENDER_FPS, Batch, action_space
from mesa_gym.envs.checks import EXPECTED_ACTION, checked_level, checked_options, reset_needed
from mesa_gym.envs.window import Window
from mesa_gym.errors import unknown
from mesa_gym.grid import ACTIONS, Ints
from mesa_gym.traps import Trap

Observation = NDArray[np.uint8]


class TrapEnv(gymnasium.Env[Any, Any]):
    """One environment of a trap.

    Infos hold ``level`` (int) and ``split`` (str) and, after a step, ``objectives``: what each
    objective paid in this step (name -> float). The reward is one of them. Nothing that is
    returned is used again, so it may be kept or changed.

    ``reset(seed=s)`` fixes the stream of levels; ``reset(options={"level": 17})`` picks one of the
    split, 0 to 2**48 - 1, without using up an episode of the stream.

    Args:
        trap: a name or id such as ``RedBlueDoors-v0``, a trap's class, or a trap.
        render_mode: ``human`` (a window), ``rgb_array`` (uint8, 32 pixels a cell), ``ansi`` (a
            map in characters) or None.
        **keywords: ``split``, ``size``, ``alpha``, ``reward``, ``num_levels``, ``max_steps``,
            ``observation``, ``salt`` and the trap's own parameters: see ``Batch``.

    Attributes:
        trap: the trap.

    Raises:
        TypeError: there is no such keyword; the message names the nearest.
        ValueError: a keyword does not fit; the message says what was expected.
    """

    metadata = {"render_modes": ["human", "rgb_array", "ansi"], "render_fps": RENDER_FPS}

    def __init__(
        self, trap: str | type[Trap] | Trap, *, render_mode: str | None = None, **keywords: Any
    ) -> None:
        modes = self.metadata["render_modes"]
        if render_mode not in (None, *modes):
            raise unknown("render mode", render_mode, modes)
        self.render_mode = render_mode
        self._batch = Batch(trap, 1, **keywords)
        self._batch.supply.reseed(_ROW, [self.np_random_seed])
        self.trap = self._batch.trap
        self.observation_space = self._batch.observation.space
        self.action_space = action_space()
        self._running: bool | None = None  # None before the first reset
        self._level, self._split = 0, ""
        self._window: Window | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode.

        Args:
            seed: begins the stream of levels anew.
            options: ``{"level": number}`` picks a level; the dict is not changed.

        Raises:
            ValueError: an option is unknown or the level out of range.
        """
        level = checked_options(options, ["level"]).get("level")
        picked = None if level is None else checked_level(level)
        super().reset(seed=seed)
        batch = self._batch
        if seed is not None:
            batch.supply.reseed(_ROW, [seed])
        if picked is None:
            batch.restart(_ROW)
        else:
            batch.pick(_ROW, np.array([picked]))
        self._running = True
        self._level, self._split = int(batch.state.level[0]), batch.splits()[0]
        if self.render_mode == "human":
            self.render()
        return batch.observation.encode(batch.state)[0], self._info()

    def step(self, action: int) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Take one step.

        Args:
            action: 0 left, 1 down, 2 right, 3 up, 4 act.

        Returns:
            Observation, reward, whether the trap ended the episode, whether the time limit was
            reached, and the infos.

        Raises:
            gymnasium.error.ResetNeeded: there is no running episode.
            ValueError: the action is not one of the five.
        """
        if not self._running:
            raise reset_needed(None if self._running is None else [0])
        batch = self._batch
        paid, ended, late = batch.step(_as_array(action))
        terminated, truncated = bool(ended[0]), bool(late[0])
        self._running = not (terminated or truncated)
        info = self._info()
        info["objectives"] = objectives = {name: pay.item() for name, pay in paid.items()}
        if self.render_mode == "human":
            self.render()
        observation = batch.observation.encode(batch.state)[0]
        return observation, objectives[batch.reward], terminated, truncated, info

    def _info(self) -> dict[str, Any]:
        return {"level": self._level, "split": self._split}

    def render(self) -> NDArray[np.uint8] | str | None:
        """The frame that the render mode asks for; None in a window or without a mode.

        Returns:
            uint8 (height, width, 3) for ``rgb_array``, the map's text for ``ansi``.

        Raises:
            gymnasium.error.ResetNeeded: there was no reset yet.
        """
        if self.render_mode is None:
            logger.warn('render was called without a render mode: make(..., render_mode="ansi")')
            return None
        if self._running is None:
            raise reset_needed()
        if self.render_mode != "human":
            return self._batch.frame(self.render_mode, 0)
        if self._window is None:
            self._window = Window(repr(self.trap), RENDER_FPS)
        self._window.show(self._batch.picture(0))
        return None

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._window is not None:
            self._window.close()
            self._window = None


_ROW = np.array([0])
_TABLE = np.arange(len(ACTIONS))[:, None]
_TABLE.flags.writeable = False


def _as_array(action: Any) -> Ints:
    try:
        index = operator.index(action)
    except TypeError:
        index = -1
    if not 0 <= index < len(ACTIONS):
        raise ValueError(f"action {action!r} is none of the five; expected {EXPECTED_ACTION}")
    return _TABLE[index]
