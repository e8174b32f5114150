"""The Gymnasium environment: one level at a time, on NumPy scalars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
from gymnasium.error import Error
from gymnasium.spaces import Discrete
from numpy.typing import NDArray

from mesa_gym.engine import ACTIONS, Bytes, Ints, State
from mesa_gym.envs.base import PREFIX, RENDER_FPS, BaseEnv, OneEnv, key_payments
from mesa_gym.envs.checks import check_action, integer, require_options, reset_needed
from mesa_gym.envs.levels_in_memory import LevelQueue
from mesa_gym.envs.running_states import LivePlanes
from mesa_gym.envs.settings import Settings
from mesa_gym.traps import Trap

if TYPE_CHECKING:
    from mesa_gym.rendering.window import Window

Observation = NDArray[Any]

_ROW = np.array([0])


class TrapEnv(BaseEnv, OneEnv, gymnasium.Env[Any, Any]):
    """One environment of a trap.

    Infos contain ``level``, ``split`` (a number: 0 train, 1 test, 2 control, 3 shift) and
    ``reward_<name>``, the reward of each objective in this step, a float, 0 after a reset. The
    environment's reward is one of them. Returned arrays and dicts may be kept or changed.

    Args:
        trap: a name or id such as ``RedBlueDoors-v0``, a trap's class, or a trap.
        render_mode: ``human`` (a window), ``rgb_array`` (uint8, 32 pixels per cell), ``ansi`` (a
            map in characters) or None.
        **keywords: ``split``, ``size``, ``alpha``, ``reward``, ``num_levels``, ``max_steps``,
            ``observation``, ``agent_view_size``, ``salt`` and the trap's own parameters: see
            ``Settings``.

    Attributes:
        trap: the trap.
        alpha, step_reward: may be set, for example by a curriculum. The other keywords are
            attributes that cannot be set.

    Raises:
        TypeError, ValueError: a keyword is unknown or does not fit; the message says which.
    """

    metadata: dict[str, Any] = {
        "render_modes": ["human", "rgb_array", "ansi"],
        "render_fps": RENDER_FPS,
    }
    _window: Window | None = None
    _recorder: Any = None  # the recorder of ``LogEpisodes``, called at the start and at each step

    def __init__(
        self, trap: str | type[Trap] | Trap, *, render_mode: str | None = None, **keywords: Any
    ) -> None:
        self._configure(Settings(trap, **keywords), render_mode)
        self._queue = LevelQueue(self.settings, 1)
        self._queue.reseed(_ROW, [self.np_random_seed])
        self._rules = self.trap.bound(batched=False)
        self._live = LivePlanes(self._rules)
        self.observation_space = self.settings.observation.space
        self.action_space = Discrete(len(ACTIONS))
        self._running = False
        self._info: dict[str, Any] = {}
        self._unpaid = key_payments(dict.fromkeys(self.trap.objectives, 0.0))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode.

        Args:
            seed: seeds the stream of levels.
            options: ``{"level": 17}`` selects a level of the split, 0 to 2**48 - 1.
                ``{"map": text}`` begins from a map in the format of ``render_mode="ansi"``.
                ``{"state": state}`` calls ``set_state`` so that wrappers notice the new episode.
                None takes the next level of the stream. The dict is not changed.

        Returns:
            The observation and infos.

        Raises:
            ValueError: an option is unknown, the level is out of range, the map or state belongs
                to another trap, or several of these options are given.
        """
        reset_options = require_options(options, "level", "map", "state")
        recorder = self._recorder
        if recorder is not None and recorder.expected is not None:
            reset_options["state"] = recorder.expected.state
        _, start = self._queue.draw_asked([reset_options.get("level")], [reset_options.get("map")])
        state = reset_options.get("state")
        if state is not None and start is not None:
            raise ValueError("options name a state beside a level or a map; give one of them")
        if seed is not None:
            seed = integer("seed of environment 0", seed, error=Error)
        start_infos = None
        if state is not None:
            start_infos = self._continue_from(state, 'reset(options={"state": ...})')
        if seed is not None:
            self._queue.reseed(_ROW, [seed])
        super().reset(seed=seed)
        if start_infos is not None:
            return start_infos
        queue = self._queue
        where = queue.next_starts(_ROW) if start is None else queue.put_starts(_ROW, start)
        return self._begin(where, reset_options.get("map"))

    def set_state(self, state: State) -> tuple[Observation, dict[str, Any]]:
        """Continue from a state, with the steps that remain of ``max_steps`` after its clock.

        No episode of the stream is used up, and no reset is needed before. A state does not store
        its split, so infos contain the split of this environment (``shift`` for levels that
        ``alpha`` mixes in, with numbers from 2**48).

        Args:
            state: the attribute ``state`` of this or another environment with the same trap and
                size, or one level of ``trap.levels(...)``, by its method ``single(row)``.

        Returns:
            The observation and infos, as after a reset.

        Raises:
            ValueError: the state is of another trap or size, or one of its values is out of range.
        """
        return self._continue_from(state, "set_state")

    def _continue_from(self, state: State, caller: str) -> tuple[Observation, dict[str, Any]]:
        batched = state.batched() if isinstance(state, State) else state
        return self._begin(self._queue.put_states(_ROW, batched), state, caller)

    def _replace_queue(self, queue: LevelQueue) -> None:
        self._queue = queue
        if self._state is not None:
            where = queue.put_starts(_ROW, self._state.batched())
            self._state = queue.starts.state.single(int(where[0]))

    def _begin(
        self, where: Ints, origin: object, caller: str = "reset"
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode from the start state in row ``where`` of the queue, int64 (1,).

        ``origin`` is the state or map that a user passed to ``caller``; None for a level by its
        number.
        """
        starts, row = self._queue.starts, int(where[0])
        self._state = starts.state.single(row)
        self._live.begin(_ROW, starts.planes[where])
        self._running = bool(self._state.clock < self.settings.max_steps)
        self._info = {"level": int(self._state.level.number), "split": int(starts.splits[row])}
        if self._recorder is not None:
            self._recorder.begin(self, origin, caller, **self._info)
        if self.render_mode == "human":
            self.render()
        return self._observe(self._state), {**self._info, **self._unpaid}

    def step(self, action: int) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Take one step.

        Args:
            action: 0 left, 1 down, 2 right, 3 up, 4 act.

        Returns:
            Observation, reward, whether the trap ended the episode (terminated), whether the time
            limit was reached (truncated), and the infos.

        Raises:
            gymnasium.error.ResetNeeded: no episode is running.
            ValueError: the action is not one of the five.
        """
        attributes = vars(self)  # to set these takes less time than through `__setattr__`
        before = self._state
        if before is None or not self._running:
            raise reset_needed([] if before is None else [0])
        checked = check_action(action)
        after, rewards, ended = self._rules.step(before, checked)
        self._live.follow(before, after)
        attributes["_state"] = after
        terminated, truncated = bool(ended), bool(after.clock >= self.settings.max_steps)
        attributes["_running"] = not (terminated or truncated)
        if self._recorder is not None:
            self._recorder.step(self, int(checked), not self._running)
        if self.render_mode == "human":
            self.render()
        infos = dict(self._info)
        for name, pay in rewards.items():  # the keys of `key_payments`, in less time
            infos[PREFIX + name] = float(pay)
        reward = float(rewards[self.settings.reward]) + self.settings.step_reward
        return self._observe(after), reward, terminated, truncated, infos

    def _observe(self, state: State) -> Observation:
        return self.settings.observation.from_planes(self._live.planes, state)[0]

    def render(self) -> Bytes | str | None:
        """Return a frame in the format of the render mode; None for a window or without a mode.

        Returns:
            uint8 (height, width, 3) for ``rgb_array``, the map as text for ``ansi``.

        Raises:
            gymnasium.error.ResetNeeded: there was no reset yet.
        """
        if not self._renders():
            return None
        frame = self._frame()
        if self.render_mode != "human":
            return frame
        if self._window is None:
            from mesa_gym.rendering.window import Window  # rarely needed

            self._window = Window(repr(self.trap), RENDER_FPS)
        self._window.show(frame)
        return None

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._window is not None:
            self._window.close()
            self._window = None

    def __getstate__(self) -> dict[str, object]:
        """Return the attributes to copy or pickle, without the open window."""
        return {name: kept for name, kept in vars(self).items() if name != "_window"}
