"""The Gymnasium environment: one level at a time, on NumPy scalars."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import logger
from gymnasium.envs.registration import EnvSpec
from gymnasium.spaces import Discrete
from numpy.typing import NDArray

from mesa_gym.engine import ACTIONS, Bools, State
from mesa_gym.envs.canvas import Canvas
from mesa_gym.envs.checks import checked_action, checked_options, checked_seed, reset_needed
from mesa_gym.envs.observations import planes_of
from mesa_gym.envs.settings import RENDER_FPS, Controls, Settings
from mesa_gym.envs.supply import Supply
from mesa_gym.envs.window import Window
from mesa_gym.errors import unknown
from mesa_gym.traps import Trap

Observation = NDArray[np.uint8]


class TrapEnv(Controls, gymnasium.Env[Any, Any]):
    """One environment of a trap.

    Infos hold ``level``, ``split`` (a number: 0 train, 1 test, 2 control, 3 shift) and
    ``objectives``: what each objective paid in this step (name -> float), zeros after a reset.
    The reward is one of them. Nothing that is returned is used again, so it may be kept or
    changed.

    ``reset(seed=s)`` fixes the stream of levels; ``reset(options={"level": 17})`` picks one of the
    split, 0 to 2**48 - 1, and ``reset(options={"map": text})`` one that is written as a map;
    neither uses up an episode of the stream.

    Args:
        trap: a name or id such as ``RedBlueDoors-v0``, a trap's class, or a trap.
        render_mode: ``human`` (a window), ``rgb_array`` (uint8, 32 pixels a cell), ``ansi`` (a
            map in characters) or None.
        **keywords: ``split``, ``size``, ``alpha``, ``reward``, ``num_levels``, ``max_steps``,
            ``observation``, ``salt`` and the trap's own parameters: see ``Settings``.

    Attributes:
        trap: the trap.

    Raises:
        TypeError: there is no such keyword; the message names the nearest.
        ValueError: a keyword does not fit; the message says what was expected.
    """

    metadata = {"render_modes": ["human", "rgb_array", "ansi"], "render_fps": RENDER_FPS}

    _spec: EnvSpec | None = None

    def __init__(
        self, trap: str | type[Trap] | Trap, *, render_mode: str | None = None, **keywords: Any
    ) -> None:
        modes = self.metadata["render_modes"]
        if render_mode not in (None, *modes):
            raise unknown("render mode", render_mode, modes)
        self.render_mode = render_mode
        self.settings = Settings(trap, **keywords)
        self.trap = self.settings.trap
        self._supply = Supply(self.settings, 1)
        self._supply.reseed(_ROW, [self.np_random_seed])
        self._rules = self.trap.bound(batched=False)
        self._canvas = Canvas(self._rules)
        self.observation_space = self.settings.observation.space
        self.action_space = Discrete(len(ACTIONS))
        self._state: State | None = None  # before the first reset
        self._running = False
        self._info: dict[str, Any] = {}
        self._window: Window | None = None

    @property
    def spec(self) -> EnvSpec | None:
        """The spec that it was made from, with the time limit that holds."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        self._spec = self.settings.completed(spec)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode.

        Args:
            seed: begins the stream of levels again.
            options: ``{"level": number}`` picks a level, ``{"map": text}`` reads one from a map, as
                ``render_mode="ansi"`` shows it; the dict is not changed.

        Returns:
            The observation and the infos.

        Raises:
            ValueError: an option is unknown, the level out of range or the map not of this trap.
        """
        asked = checked_options(options, ["level", "map"])
        _, start = self.settings.starts([asked.get("level")], [asked.get("map")])
        if seed is not None:
            seed = checked_seed(seed, 0)
            self._supply.reseed(_ROW, [seed])
        super().reset(seed=seed)
        if start is None:
            store, row = self._supply.store, int(self._supply.take(_ROW)[0])
            self._state, planes = store.state.single(row), store.planes[row]
        else:
            self._state, planes = start.single(0), planes_of(self.trap, start)
        self._canvas.begin(_ROW, planes.reshape(1, -1))
        self._running = True
        self._info = {
            "level": int(self._state.level.number),
            "split": int(self.settings.splits(self._state.level.number)),
        }
        if self.render_mode == "human":
            self.render()
        zeros = dict.fromkeys(self.trap.objectives, 0.0)
        return self._observe(self._state), {**self._info, "objectives": zeros}

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
        before = self._state
        if before is None or not self._running:
            raise reset_needed(None if before is None else [0])
        after, paid, ended = self._rules.step(before, checked_action(action))
        self._canvas.follow(before, after)
        self._state = after
        terminated, truncated = bool(ended), bool(after.clock >= self.settings.max_steps)
        self._running = not (terminated or truncated)
        if self.render_mode == "human":
            self.render()
        infos = {**self._info, "objectives": paid}
        return self._observe(after), paid[self.settings.reward], terminated, truncated, infos

    def _observe(self, state: State) -> Observation:
        return self.settings.observation.show(self._canvas.planes, state)[0]

    def action_masks(self) -> Bools:
        """Return which actions are not blocked, bool (5,); ResetNeeded before the first reset."""
        if self._state is None:
            raise reset_needed()
        return self.settings.free(self._state)

    def render(self) -> NDArray[np.uint8] | str | None:
        """Return the frame that the render mode asks for; None in a window or without a mode.

        Returns:
            uint8 (height, width, 3) for ``rgb_array``, the map's text for ``ansi``.

        Raises:
            gymnasium.error.ResetNeeded: there was no reset yet.
        """
        if self.render_mode is None:
            logger.warn('render was called without a render mode: make(..., render_mode="ansi")')
            return None
        if self._state is None:
            raise reset_needed()
        shown = self.settings.frame(self._state.batched(), 0, self.render_mode)
        if self.render_mode != "human":
            return shown
        if self._window is None:
            self._window = Window(repr(self.trap), RENDER_FPS)
        self._window.show(shown)
        return None

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._window is not None:
            self._window.close()
            self._window = None


_ROW = np.array([0])
