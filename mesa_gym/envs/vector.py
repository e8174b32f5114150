"""The Gymnasium vector environment: n environments advanced together."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import error, logger
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from mesa_gym.envs.batch import RENDER_FPS, Batch, Step, action_space
from mesa_gym.envs.checks import (
    checked_actions,
    checked_levels,
    checked_mask,
    checked_options,
    checked_seeds,
    reset_needed,
)
from mesa_gym.envs.supply import Supply
from mesa_gym.errors import unknown
from mesa_gym.grid import Bools, Ints
from mesa_gym.traps import Trap

Observations = NDArray[np.uint8]
Infos = dict[str, Any]


class TrapVectorEnv(VectorEnv[Observations, Ints, NDArray[Any]]):
    """n environments of a trap; all results are what ``SyncVectorEnv`` over ``TrapEnv`` gives.

    Environment i after ``reset(seed=s)`` is a ``TrapEnv`` after ``reset(seed=s + i)``. Nothing that
    is returned is used again, so it may be kept or changed. ``mesa_gym.objectives(infos)``
    reads what each objective paid, whatever the autoreset mode.

    Args:
        trap: a name or id such as ``RedBlueDoors-v0``, a trap's class, or a trap.
        num_envs: how many environments.
        autoreset_mode: what follows the end of an episode (Gymnasium's enum or its value).
        max_episode_steps: a further time limit; the lesser of it and ``max_steps`` holds.
        render_mode: ``rgb_array``, ``ansi`` or None.
        **keywords: those of ``TrapEnv``.

    Attributes:
        trap: the trap.
        autoreset_mode: the enum; it stands in ``metadata`` as well.

    Raises:
        TypeError: there is no such keyword; the message names the nearest.
        ValueError: a keyword does not fit; the message says what was expected.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array", "ansi"], "render_fps": RENDER_FPS}

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
        if num_envs < 1:
            raise ValueError(f"num_envs must be at least 1, got {num_envs}")
        modes = self.metadata["render_modes"]
        if render_mode not in (None, *modes):
            raise unknown("render mode of a vector environment", render_mode, modes)
        self.render_mode = render_mode
        self.num_envs = num_envs
        self.autoreset_mode = _autoreset_mode(autoreset_mode)
        self.metadata = {**self.metadata, "autoreset_mode": self.autoreset_mode}
        self._batch = Batch(trap, num_envs, **keywords)
        if max_episode_steps is not None:
            self._batch.max_steps = min(self._batch.max_steps, max_episode_steps)
        self.trap = self._batch.trap
        self.single_observation_space = self._batch.observation.space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.single_action_space = action_space()
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._every = np.ones(num_envs, dtype=np.bool_)
        self._seeds = [secrets.randbits(128) for _ in range(num_envs)]
        self._generators: dict[int, np.random.Generator] = {}
        self._batch.supply.reseed(np.arange(num_envs), self._seeds)
        self._started = False
        self._finished = _NONE  # rows whose episode has ended and that were not reset since

    # -- seeds -----------------------------------------------------------------------------------

    @property
    def np_random_seed(self) -> tuple[int, ...]:  # type: ignore[override]
        """The seed of each environment."""
        return tuple(self._seeds)

    @property  # type: ignore[misc]
    def np_random(self) -> tuple[np.random.Generator, ...]:  # type: ignore[override]
        """A generator for each environment, for users; levels depend on the seeds alone."""
        for row, seed in enumerate(self._seeds):
            if row not in self._generators:
                self._generators[row] = seeding.np_random(seed)[0]
        return tuple(self._generators[row] for row in range(self.num_envs))

    def _reseed(self, seeds: dict[int, int]) -> None:
        if not seeds:
            return
        for row, seed in seeds.items():
            self._seeds[row] = seed
            self._generators.pop(row, None)
        self._batch.supply.reseed(np.array(list(seeds)), list(seeds.values()))

    # -- episodes --------------------------------------------------------------------------------

    @property
    def supply(self) -> Supply:
        """Where levels come from; another one, seeded, may be put there before the first reset."""
        return self._batch.supply

    @supply.setter
    def supply(self, supply: Supply) -> None:
        self._batch.supply = supply

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Observations, Infos]:
        """Begin an episode in every environment, or in those of a mask.

        Args:
            seed: environment i gets ``seed + i``, or its entry of a sequence; None leaves the
                stream of levels as it is.
            options: ``level``, a number for all or one for each environment, picks levels (where
                it is None, the stream goes on); ``reset_mask``, bool (n,), resets only some
                environments. The dict is not changed.

        Returns:
            The observations of all environments; ``level`` and ``split`` of those that were reset.

        Raises:
            ValueError, TypeError: an option does not fit.
            gymnasium.error.ResetNeeded: a mask, before all environments were reset once.
        """
        options = checked_options(options, ["level", "reset_mask"])
        mask = checked_mask(options, self.num_envs)
        if not self._started and not mask.all():
            raise error.ResetNeeded("reset all environments once before resetting some of them")
        rows = mask.nonzero()[0]
        picks = checked_levels(options.get("level"), rows, self.num_envs)
        self._reseed(checked_seeds(seed, rows, self.num_envs))
        stream = np.array([row for row in rows if row not in picks], dtype=np.int64)
        if stream.size:
            self._batch.restart(stream)
        if picks:
            self._batch.pick(np.array(list(picks)), np.array(list(picks.values())))
        self._started = True
        self._finished = self._finished[~mask[self._finished]]
        return self._observe(), self._level_infos(mask)

    def step(self, actions: Ints) -> tuple[Observations, NDArray[np.float64], Bools, Bools, Infos]:
        """Take one step in every environment.

        Args:
            actions: integers (n,), 0 left, 1 down, 2 right, 3 up, 4 act.

        Returns:
            Observations, rewards float64 (n,), terminations and truncations bool (n,), infos.

        Raises:
            gymnasium.error.ResetNeeded: before the first reset, and with autoreset disabled for
                environments whose episode has ended.
            ValueError: an action is not one of the five; the first is named.
        """
        if not self._started:
            raise reset_needed()
        ended = self._finished
        if ended.size and self.autoreset_mode is AutoresetMode.DISABLED:
            raise reset_needed(ended.tolist())
        step = self._batch.step(checked_actions(actions, self.num_envs))
        if ended.size:
            # They took a step like the others, which the reset undoes: cheaper than leaving out.
            self._batch.restart(ended)
            for array in (*step.paid.values(), step.terminated, step.truncated):
                array[ended] = 0
        rewards = step.paid[self._batch.reward].copy()
        self._finished = (step.terminated | step.truncated).nonzero()[0]
        if self._finished.size and self.autoreset_mode is AutoresetMode.SAME_STEP:
            infos = self._autoreset(step)
        else:
            infos = self._infos(step, ended)
        return self._observe(), rewards, step.terminated, step.truncated, infos

    def _autoreset(self, step: Step) -> Infos:
        """Reset what has just ended; its last observation and infos move to the final ones."""
        ended, self._finished = self._finished, _NONE
        mask = np.zeros(self.num_envs, dtype=np.bool_)
        mask[ended] = True
        final_obs = np.full(self.num_envs, None, dtype=object)
        for row, seen in zip(ended, self._observe(ended), strict=True):
            final_obs[row] = seen
        final_info = self._level_infos(mask)
        _add_objectives(final_info, {k: pay * mask for k, pay in step.paid.items()}, mask)
        self._batch.restart(ended)
        for pay in step.paid.values():
            pay[ended] = 0.0
        return {
            **self._infos(step, ended),
            "final_obs": final_obs,
            "_final_obs": mask.copy(),
            "final_info": final_info,
            "_final_info": mask,
        }

    # -- what is shown ---------------------------------------------------------------------------

    def _observe(self, rows: Ints | None = None) -> Observations:
        state = self._batch.state if rows is None else self._batch.state.take(rows)
        return self._batch.observation.encode(state)

    def _level_infos(self, mask: Bools) -> Infos:
        """``level`` and ``split`` of the rows in the mask."""
        level, split = self._batch.state.level.copy(), self._batch.splits()
        if not mask.all():
            level[~mask] = 0
            split[~mask] = None
        return {"level": level, "_level": mask.copy(), "split": split, "_split": mask.copy()}

    def _infos(self, step: Step, reset: Ints) -> Infos:
        """The infos of a step in which the rows ``reset`` began a new episode instead."""
        every = self._every.copy()
        infos = {
            "level": self._batch.state.level.copy(),
            "_level": every,
            "split": self._batch.splits(),
            "_split": every.copy(),
        }
        if reset.size < self.num_envs:
            stepped = every.copy()
            stepped[reset] = False
            _add_objectives(infos, step.paid, stepped)
        return infos

    def render(self) -> tuple[Any, ...] | None:
        """A frame of each environment, in the render mode's kind; None without a mode."""
        if self.render_mode is None:
            logger.warn('render was called without a render mode: make(..., render_mode="ansi")')
            return None
        return tuple(self.render_row(row) for row in range(self.num_envs))

    def render_row(self, row: int) -> NDArray[np.uint8] | str:
        """The frame of one environment: uint8 (height, width, 3), or a map's text for ``ansi``.

        Raises:
            gymnasium.error.ResetNeeded: there was no reset yet.
        """
        if not self._started:
            raise reset_needed()
        return self._batch.frame(self.render_mode or "rgb_array", row)


_NONE = np.zeros(0, dtype=np.int64)


def _add_objectives(infos: Infos, paid: dict[str, NDArray[np.float64]], mask: Bools) -> None:
    nested = infos["objectives"] = {}
    for name, pay in paid.items():
        nested[name] = pay
        nested[f"_{name}"] = mask.copy()
    infos["_objectives"] = mask.copy()


def _autoreset_mode(mode: str | AutoresetMode) -> AutoresetMode:
    try:
        return AutoresetMode(mode)
    except ValueError:
        raise unknown("autoreset mode", mode, [m.value for m in AutoresetMode]) from None
