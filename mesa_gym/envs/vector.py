"""The Gymnasium vector environment: n environments advanced together."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import logger
from gymnasium.error import Error, ResetNeeded
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray

from mesa_gym.engine import Bools, Floats, Ints, State
from mesa_gym.envs.base import CHANGEABLE, PREFIX, RENDER_FPS, BaseEnv, ManyEnvs, OneEnv
from mesa_gym.envs.checks import (
    check_actions,
    check_mask,
    integer,
    require_options,
    reset_needed,
    spread,
)
from mesa_gym.envs.keywords import fixed_error
from mesa_gym.envs.levels_in_memory import LevelQueue, environment_seeds
from mesa_gym.envs.running_states import LivePlanes, StateRows
from mesa_gym.envs.settings import Settings
from mesa_gym.errors import shorten, unknown
from mesa_gym.traps import Trap

Observations = NDArray[Any]
Paid = dict[str, Floats]
Infos = dict[str, Any]


class TrapVectorEnv(BaseEnv, ManyEnvs, VectorEnv[Observations, Ints, NDArray[Any]]):
    """n environments of a trap; steps return the results of ``SyncVectorEnv`` over ``TrapEnv``.

    With a list of seeds, the results are equal. With one seed, environment i gets a hash of the
    seed and i (see ``np_random_seed``), while ``SyncVectorEnv`` uses seed + i: trainings with
    neighbouring seeds would then share nearly all levels. Returned arrays and dicts may be kept or
    changed. ``mesa_gym.objectives(infos)`` returns the reward of each objective in every autoreset
    mode.

    Args:
        trap: as for ``TrapEnv``.
        num_envs: the number of environments.
        autoreset_mode: when a finished environment resets (Gymnasium's enum or its value).
        max_episode_steps: a second time limit; the lower of it and ``max_steps`` applies.
        render_mode: ``rgb_array``, ``ansi`` or None.
        **keywords: as for ``TrapEnv``, with the same errors.

    Attributes:
        trap: the trap.
        autoreset_mode: the enum, which ``metadata`` contains as well.
        envs: one ``SubEnv`` per environment, for ``call``, ``get_attr`` and ``set_attr``.
        alpha, step_reward: may be set, to one value for all environments; ``set_attr`` sets them
            too. The other keywords are attributes that cannot be set.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array", "ansi"], "render_fps": RENDER_FPS}
    _home: StateRows  # memory for the states; steps may return arrays outside of it

    def __init__(
        self,
        trap: str | type[Trap] | Trap,
        num_envs: int = 1,
        *,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        **keywords: Any,
    ) -> None:
        n = self.num_envs = integer("num_envs", num_envs, 1)
        settings = Settings(trap, **keywords)
        names = [mode.value for mode in AutoresetMode]
        if autoreset_mode not in (*AutoresetMode, *names):
            raise unknown("autoreset mode", autoreset_mode, names)
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = {**self.metadata, "autoreset_mode": self.autoreset_mode}
        if max_episode_steps is not None:
            limit = integer("max_episode_steps", max_episode_steps, 1)
            if limit > (max_steps := settings.max_steps):
                logger.warn(
                    f"max_episode_steps={limit} changes nothing: an environment truncates itself"
                    f" after {max_steps} steps; for longer episodes give max_steps={limit}"
                )
            settings = settings.changed(max_steps=min(max_steps, limit))
        self._configure(settings, render_mode)
        self._set_spaces(self.settings.observation.space)
        self.envs = [SubEnv(self, index) for index in range(n)]
        self._queue = LevelQueue(self.settings, n)
        self._generators: dict[int, np.random.Generator] = {}
        self._seeds = [0] * n
        self._reseed({row: secrets.randbits(128) for row in range(n)})
        self._live = LivePlanes(self.trap, n)
        self._splits = np.zeros(n, dtype=np.int64)
        self._payments = [PREFIX + name for name in self.trap.objectives]
        self._masks = [f"_{name}" for name in ("level", "split", *self._payments)]
        # NumPy needs as long to convert a Python number as to compute with an array.
        self._limit = np.asarray(self.settings.max_steps)
        self._bonus = np.asarray(self.settings.step_reward)
        # Rows whose episode has ended and that were not reset since then.
        self._finished = np.zeros(0, dtype=np.int64)

    @property
    def state(self) -> State:
        """A copy of the current states, (n,); ResetNeeded before the first reset."""
        return self.trap.joined([self._present])

    @property
    def np_random_seed(self) -> tuple[int, ...]:  # type: ignore[override]
        """The seed of each environment."""
        return tuple(self._seeds)

    @property  # type: ignore[misc]
    def np_random(self) -> tuple[np.random.Generator, ...]:  # type: ignore[override]
        """A NumPy generator for each environment, for users; levels do not depend on it."""
        for row in range(self.num_envs):
            if row not in self._generators:
                self._generators[row] = seeding.np_random(self._seeds[row])[0]
        return tuple(self._generators[row] for row in range(self.num_envs))

    def _reseed(self, seeds: dict[int, int]) -> None:
        for row, seed in seeds.items():
            self._seeds[row] = seed
            self._generators.pop(row, None)
        if seeds:
            self._queue.reseed(np.array(list(seeds)), list(seeds.values()))

    # -- episodes --------------------------------------------------------------------------------

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Observations, Infos]:
        """Begin an episode in every environment, or in the environments of ``reset_mask``.

        Args:
            seed: one seed (environment i gets a hash of it and i), or a sequence of one seed per
                environment; None leaves the streams of levels unchanged.
            options: ``level`` (a number for all, or one per environment) selects levels. ``map``
                likewise begins from maps. None in either takes the next level of the stream.
                ``state`` continues from n states as ``set_state`` does, without other options.
                ``reset_mask``, bool (n,), resets only some environments. The dict is not changed.

        Returns:
            The observations of all environments; the infos of the environments that were reset.

        Raises:
            ValueError, TypeError: an option does not fit.
            gymnasium.error.ResetNeeded: a mask was given before all environments were reset once.
        """
        n, options = self.num_envs, require_options(options, "level", "map", "state", "reset_mask")
        states = options.pop("state", None)
        if states is not None and any(value is not None for value in options.values()):
            raise ValueError(f"options name states beside {', '.join(options)}; give one of them")
        mask = check_mask(options.pop("reset_mask", None), n)
        if self._state is None and not mask.all():
            raise ResetNeeded("reset all environments once before resetting some of them")
        rows = mask.nonzero()[0]
        if seed is None or isinstance(seed, Sequence | np.ndarray):
            seeds = spread("seed", seed, n)
        else:
            seeds = environment_seeds(seed, n)
        choices = {
            row: integer(f"seed of environment {row}", seeds[row], error=Error)
            for row in rows.tolist()
            if seeds[row] is not None
        }
        levels, maps = (spread(name, options.get(name), n) for name in ("level", "map"))
        level_rows, starts = self._queue.draw_asked(
            [levels[i] for i in rows], [maps[i] for i in rows]
        )
        start_infos = None if states is None else self.set_state(states)
        self._reseed(choices)
        if start_infos is not None:
            return start_infos
        if starts is not None:
            self._begin(rows[level_rows], self._queue.put_starts(rows[level_rows], starts))
        if len(level_rows) < len(rows):
            self._begin(np.delete(rows, level_rows))
        self._finished = self._finished[~mask[self._finished]]
        return self._observe(), self._infos(self._zero_payments(), mask)

    def set_state(self, state: State) -> tuple[Observations, Infos]:
        """Continue from n states, each with its remaining steps of ``max_steps``.

        An environment without remaining steps is treated like one whose episode has ended. See
        ``TrapEnv.set_state`` for the rest.
        """
        rows = np.arange(self.num_envs)
        self._begin(rows, self._queue.put_states(rows, state))
        self._finished = (self._present.clock >= self.settings.max_steps).nonzero()[0]
        return self._observe(), self._infos(self._zero_payments())

    def _zero_payments(self) -> Paid:
        return {name: np.zeros(self.num_envs) for name in self.trap.objectives}

    def step(self, actions: Ints) -> tuple[Observations, Floats, Bools, Bools, Infos]:
        """Take one step in every environment.

        Args:
            actions: integers (n,), 0 left, 1 down, 2 right, 3 up, 4 act.

        Returns:
            Observations, rewards float64 (n,), terminations and truncations bool (n,), infos.

        Raises:
            gymnasium.error.ResetNeeded: before the first reset, or if the episode of an environment
                has ended and autoreset is disabled.
            ValueError: an action is not one of the five; the message names the first.
        """
        before, again, mode = self._state, self._finished, self.autoreset_mode
        if before is None or (again.size and mode is AutoresetMode.DISABLED):
            raise reset_needed(again.tolist())
        after, payments, ended = self.trap.step(before, check_actions(actions, self.num_envs))
        self._live.follow(before, after)
        self._state = after
        terminated = ended.copy()  # a trap may return an array of the state
        if again.size:
            # These rows were stepped too, because leaving them out is slower; undo their step.
            self._begin(again)
            for array in (*payments.values(), terminated):
                array[again] = 0
        truncated = self._present.clock >= self._limit
        over = terminated | truncated
        rewards = payments[self.settings.reward] + self._bonus
        if again.size:
            rewards[again] = 0  # a step that only resets pays nothing, not even the bonus
        self._finished = over.nonzero()[0]
        if self._finished.size and mode is AutoresetMode.SAME_STEP:
            final = self._autoreset(payments, over)
            return self._observe(), rewards, terminated, truncated, self._infos(payments) | final
        return self._observe(), rewards, terminated, truncated, self._infos(payments)

    def _autoreset(self, rewards: Paid, over: Bools) -> Infos:
        """Reset the environments that ended; return their last observations and infos."""
        ended, self._finished = self._finished, self._finished[:0]
        last_obs = self.settings.observation.encode_rows(self._live.planes, self._present, ended)
        final_obs = np.empty(self.num_envs, dtype=object)  # filled with None
        for row, one in zip(ended.tolist(), last_obs, strict=True):
            final_obs[row] = one
        last = self._infos({name: pay * over for name, pay in rewards.items()}, over)
        self._begin(ended)
        for pay in rewards.values():
            pay[ended] = 0.0
        final = {"final_obs": final_obs, "final_info": last}
        return {**final, "_final_obs": over.copy(), "_final_info": over}

    def _change(self, **values: object) -> None:
        super()._change(**values)
        self._bonus = np.asarray(self.settings.step_reward)

    def _replace_queue(self, queue: LevelQueue) -> None:
        states, self._queue = None if self._state is None else self.state, queue
        if states is not None:
            self._state, rows = None, np.arange(self.num_envs)
            self._begin(rows, queue.put_starts(rows, states))

    def _begin(self, rows: Ints, where: Ints | None = None) -> None:
        """Begin episodes in ``rows``: the next ones, or those in rows ``where`` of the starts."""
        where = self._queue.next_starts(rows) if where is None else where
        starts = self._queue.starts
        if self._state is None:  # the first reset, which includes all environments
            self._home = StateRows(starts.state.take(np.zeros(self.num_envs, dtype=np.int64)))
        else:
            self._home.hold(self._state)
        self._home.copy(rows, starts.rows, where)
        self._state = self._home.state
        self._live.begin(rows, starts.planes.take(where, axis=0))
        self._splits[rows] = starts.splits[where]

    def _observe(self) -> Observations:
        return self.settings.observation.from_planes(self._live.planes, self._present)

    def _infos(self, rewards: Paid, mask: Bools | None = None) -> Infos:
        """Return infos of the environments in ``mask`` (None: all); entries of others are 0."""
        level, split = self._present.level.number.copy(), self._splits.copy()
        if mask is None:
            flags = np.ones(self.num_envs, dtype=np.bool_)
        else:
            level, split, flags = level * mask, split * mask, mask.copy()
        infos: Infos = dict.fromkeys(self._masks, flags)
        infos.update(zip(self._payments, rewards.values(), strict=True), level=level, split=split)
        return infos

    def render(self) -> tuple[Any, ...] | None:
        """Return a frame of each environment in the format of the render mode, or None."""
        return self.call("render") if self._renders() else None

    # -- single environments ---------------------------------------------------------------------

    def call(self, name: str, *args: object, **kwargs: object) -> tuple[Any, ...]:
        """Call method ``name`` of each environment, or return the attribute ``name``."""
        attributes = (getattr(env, name) for env in self.envs)
        return tuple(one(*args, **kwargs) if callable(one) else one for one in attributes)

    def get_attr(self, name: str) -> tuple[Any, ...]:
        """Return an attribute of each environment."""
        return self.call(name)

    def set_attr(self, name: str, values: object) -> None:
        """Set ``name`` of each environment, to one value or to a value of a list or tuple.

        Raises:
            AttributeError: ``name`` is a keyword that cannot be changed.
            ValueError: values of ``alpha`` or ``step_reward`` differ between environments.
        """
        spread_values = spread("value", values, self.num_envs)
        if name in self._fixed or name in CHANGEABLE:
            if any(value != spread_values[0] for value in spread_values):
                raise ValueError(
                    f"{name} has one value for all environments, got {shorten(values)}; for several"
                    ' values make environments with vectorization_mode="sync"'
                )
            setattr(self, name, spread_values[0])
            return
        for env, value in zip(self.envs, spread_values, strict=True):
            setattr(env, name, value)


class SubEnv(OneEnv):
    """One environment of a vector environment, with some attributes of a ``TrapEnv``."""

    def __init__(self, venv: TrapVectorEnv, index: int) -> None:
        self.venv = venv
        self.index = index

    def __getattr__(self, name: str) -> Any:
        if name == "venv":  # while a copy is made
            raise AttributeError(name)
        if name in ("observation_space", "action_space"):
            return getattr(self.venv, f"single_{name}")
        if name in ("spec", "metadata", "render_mode", *CHANGEABLE) or name in self.venv._fixed:
            return getattr(self.venv, name)
        if name in ("np_random", "np_random_seed"):
            return getattr(self.venv, name)[self.index]
        raise AttributeError(f"an environment of a vector environment has no {name!r}")

    def __setattr__(self, name: str, value: object) -> None:
        """Set an attribute; AttributeError for a keyword, which all environments share."""
        if name in CHANGEABLE:
            raise AttributeError(
                f"{name} has one value for all environments of a vector environment, so it cannot"
                f" be set to {shorten(value)} for environment {self.index} alone; set it for all:"
                f" envs.set_attr({name!r}, {shorten(value)})"
            )
        if "venv" in vars(self) and name in self.venv._fixed:
            raise fixed_error(name, value)
        super().__setattr__(name, value)

    @property
    def _present(self) -> State:
        return self.venv._present.single(self.index)

    @property
    def unwrapped(self) -> SubEnv:
        """This environment, because it has no wrapper."""
        return self

    def get_wrapper_attr(self, name: str) -> Any:
        """Return the attribute ``name``."""
        return getattr(self, name)

    def render(self) -> Any:
        """Return the environment's frame in the format of its render mode."""
        return self._frame()
