"""Base classes of environments: spaces, frames, action masks, rewards, ends and infos of a step."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any, Self

import numpy as np
from gymnasium import logger
from gymnasium.envs.registration import EnvSpec
from gymnasium.spaces import Discrete
from gymnasium.vector.utils import batch_space

from mesa_gym.engine import ACTIONS, STAY, Bools, Floats, Move, State
from mesa_gym.envs.checks import ACTION_SCALARS, integer, reset_needed
from mesa_gym.envs.keywords import KeywordAttributes
from mesa_gym.envs.levels_in_memory import LevelQueue, split_codes
from mesa_gym.envs.settings import Settings, require_split
from mesa_gym.errors import unknown
from mesa_gym.traps import Trap

PREFIX = "reward_"  # Gymnasium's MuJoCo environments use the same prefix for reward terms
RENDER_FPS = 8
FRAME_TILE = 32  # pixels per cell of a rendered frame
SHAPES = ("planes", "centred", "flat", "chw")  # observations that only rearrange the planes
CHANGEABLE = ("alpha", "step_reward")  # keywords that an environment on NumPy can change


class OneEnv:
    """Actions and frames of one environment, alone or in a vector environment."""

    settings: Settings
    render_mode: str | None

    @property
    def state(self) -> State:
        """A copy of the current state, without batch axis; ResetNeeded before a reset.

        This error is an AttributeError too, so that ``hasattr`` returns False before a reset.
        """
        return self.settings.trap.joined([self._present.batched()]).single(0)

    @property
    def _present(self) -> State:
        raise NotImplementedError

    def get_action_meanings(self) -> list[str]:
        """Return the name of each action."""
        return list(ACTIONS)

    def action_masks(self) -> Bools:
        """Return which actions are not blocked, bool (5,); ResetNeeded before the first reset.

        The mask does not predict random outcomes: in a trap with random outcomes, an action is
        masked only if it leads to a wall. ``redirect``, which may replace the action, is ignored.
        """
        state, rules = self._present, self.settings.trap.bound(batched=False)
        moves = [Move(rules, state, action) for action in ACTION_SCALARS[:STAY]]
        blocked = [m.on("wall") if rules.outcomes else rules.impassable(m) for m in moves]
        return ~np.array([*blocked, False])

    def _frame(self) -> Any:
        """Return a frame of the environment; with the render mode ``ansi``, the map as text."""
        trap, state = self.settings.trap, self._present.batched()
        if self.render_mode == "ansi":
            from mesa_gym.engine.maps import to_map  # rarely needed

            return to_map(trap, state)
        from mesa_gym.rendering import render_rgb

        return render_rgb(trap, state, FRAME_TILE)[0]


class BaseEnv(KeywordAttributes):
    """The state, spec, render mode and keywords of a Gymnasium environment, single or vector."""

    metadata: dict[str, Any]
    _spec: EnvSpec | None = None
    _original_spec: EnvSpec | None = None  # as it was set, with its own limit and threshold
    _state: State | None = None  # None before the first reset
    _queue: LevelQueue

    def _configure(self, settings: Settings, render_mode: str | None) -> None:
        modes = self.metadata["render_modes"]
        if render_mode not in (None, *modes):
            raise unknown("render mode", render_mode, modes)
        self.render_mode = render_mode
        self._set_keywords(settings, CHANGEABLE)

    @property
    def alpha(self) -> float:
        """The share of episodes drawn from the shift; a change applies from the next episode on."""
        return self.settings.alpha

    @alpha.setter
    def alpha(self, share: float) -> None:
        self._change(alpha=share)

    @property
    def step_reward(self) -> float:
        """The number added to the reward of each step; a change applies from the next step on."""
        return self.settings.step_reward

    @step_reward.setter
    def step_reward(self, reward: float) -> None:
        self._change(step_reward=reward)

    def _change(self, **values: Any) -> None:
        """Change settings between two steps; the running episodes continue."""
        settings = self.settings.changed(**values)
        vars(self)["settings"] = settings
        queue = self._queue.changed(settings)
        if queue is not self._queue:
            self._replace_queue(queue)
        if (spec := self._original_spec) is not None:
            self.spec = replace(spec, kwargs=spec.kwargs | values)

    def _replace_queue(self, queue: LevelQueue) -> None:
        """Use another queue, and store the states of running episodes in it."""
        raise NotImplementedError

    def __copy__(self) -> Self:
        """Copy deeply, because each step writes into the arrays of planes and states."""
        return deepcopy(self)

    @property
    def spec(self) -> EnvSpec | None:
        """The environment's spec, with its actual time limit and reward threshold."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        self._original_spec = spec
        if spec is not None:
            require_split(spec.id, self.settings.split)
            threshold = spec.reward_threshold if self.settings.pays_base else None
            limit = self.settings.max_steps
            spec = replace(spec, max_episode_steps=limit, reward_threshold=threshold)
        self._spec = spec

    @property
    def _present(self) -> State:
        """The current state or states; later episodes overwrite their tables."""
        if self._state is None:
            raise reset_needed()
        return self._state

    def _repr_png_(self) -> bytes | None:
        """Return the frames of at most 8 environments, which a notebook shows; None before reset.

        They need no render mode. A notebook shows a wrapped environment as well.
        """
        from mesa_gym.rendering.notebook import draw_strip  # rarely needed

        if (state := self._state) is None:
            return None
        states = [state.single(row) for row in range(state.n)] if state.agent.ndim else [state]
        return draw_strip(self.settings.trap, states)

    def _renders(self) -> bool:
        """Return whether the environment has a render mode; warn if not."""
        if self.render_mode is None:
            logger.warn('render was called without a render mode: make(..., render_mode="ansi")')
        return self.render_mode is not None


class ManyEnvs:
    """Base class of vector environments: the spaces of n environments of a trap."""

    num_envs: int

    def _set_spaces(self, observed: Any) -> None:
        self.single_observation_space: Any = observed
        self.observation_space: Any = batch_space(observed, self.num_envs)
        self.single_action_space: Any = Discrete(len(ACTIONS))
        self.action_space: Any = batch_space(self.single_action_space, self.num_envs)


class DeviceEnv(KeywordAttributes, ManyEnvs):
    """Base class of n environments on a device: settings, spaces, rewards and ends of a step.

    Raises:
        ValueError: a keyword does not fit, the observation is not in ``SHAPES``, or some of the
            trap's planes are mixed.
    """

    def __init__(
        self, trap: str | type[Trap] | Trap, num_envs: int, num_levels: int, keywords: Any
    ) -> None:
        self.num_envs = integer("num_envs", num_envs, 1)
        count = integer("num_levels", num_levels, 1)  # None is not allowed
        settings = Settings(trap, num_levels=count, **keywords)
        if (name := settings.observation.name) not in SHAPES:
            raise unknown("observation on a device", name, SHAPES)
        self._set_keywords(settings)
        self._set_spaces(self.settings.observation.space)
        self._payments = [PREFIX + name for name in self.trap.objectives]

    def _judge(self, clock: Any, rewards: dict[str, Any], ended: Any) -> tuple[Any, Any, Any]:
        """Return rewards, truncations, and whether episodes have ended in any way, (n,) each."""
        truncated = clock >= self.settings.max_steps
        return (
            rewards[self.settings.reward] + self.settings.step_reward,
            truncated,
            ended | truncated,
        )

    def _tell(
        self, level: object, shifted: object, rewards: Mapping[str, object]
    ) -> dict[str, Any]:
        """Return infos; ``level`` is level numbers, ``shifted`` is 1 for shift levels by alpha."""
        infos = dict(zip(self._payments, rewards.values(), strict=True))
        return {"level": level, "split": split_codes(self.settings, shifted), **infos}


def key_payments(rewards: Mapping[str, object]) -> dict[str, Any]:
    """Return payments with the infos' keys, which ``objectives`` reads."""
    return {PREFIX + name: pay for name, pay in rewards.items()}


def objectives(infos: Mapping[str, object]) -> dict[str, Floats | float]:
    """Return the reward of each objective in one step, read from the step's infos.

    With same-step autoreset, the last rewards of a finished episode are in ``final_info`` and are
    missing from ``infos["reward_<objective>"]``. This function reads both.

    Args:
        infos: the infos of a step or reset, from one environment, or from a vector environment in
            any autoreset mode.

    Returns:
        Objective name -> float64 (n,), 0 if no step was taken (a float for one environment).

    Example:
        >>> import gymnasium, mesa_gym
        >>> env = gymnasium.make("MesaGym/CheeseCorner-v0")
        >>> observation, info = env.reset(seed=0)
        >>> *_, info = env.step(env.action_space.sample())
        >>> sorted(mesa_gym.objectives(info))
        ['cheese', 'corner']

    Raises:
        ValueError: the infos are a list, as Stable-Baselines3's vector environments return them.
    """
    if not isinstance(infos, dict):
        raise ValueError(
            f"infos are {type(infos).__name__}; expected a dict, such as one info of a list:"
            " [mesa_gym.objectives(info) for info in infos]"
        )
    last = infos.get("final_info", {})
    rewards = {key: pay for key, pay in infos.items() if key.startswith(PREFIX)}
    return {key.removeprefix(PREFIX): pay + last.get(key, 0.0) for key, pay in rewards.items()}
