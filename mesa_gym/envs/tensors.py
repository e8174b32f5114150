"""Environments on a device: the whole loop of step, autoreset and observation in torch."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.error import Error

from mesa_gym.engine import ACTIONS, State
from mesa_gym.envs.base import DeviceEnv
from mesa_gym.envs.checks import (
    EXPECTED_ACTION,
    check_actions,
    integer,
    reset_needed,
    spread,
)
from mesa_gym.envs.levels_in_memory import (
    MOST_BANKED,
    bank_of,
    environment_seeds,
    open_streams,
    pick_rows,
)
from mesa_gym.envs.observations import planes_of
from mesa_gym.errors import require_extra, shorten
from mesa_gym.traps import LEVELS, Trap

with require_extra("sb3"):
    import array_api_compat.torch
    import torch
    from torch import Tensor

NO_ACTION = f"an action is none of the five; expected {EXPECTED_ACTION}"
INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


class TensorEnv(DeviceEnv):
    """n environments of a trap whose inputs, outputs and states are tensors on one device.

    Levels are generated once, on the CPU, and copied to the device. Afterwards nothing is copied to
    the host and nothing waits for the device: after an episode ends, the next one begins in the
    same step. The episodes equal those of a ``TrapVectorEnv`` with the same ``num_levels`` and
    seed in same-step autoreset mode. Returned tensors may be kept or changed.

    The class is made for a GPU, where the cost of a step is its 93 to 287 kernels (depending on the
    trap), for any number of environments. On a CPU it is several times slower than
    ``gymnasium.make_vec``: use it there only to test GPU code.

    Infos describe the step just taken: ``reward_<name>`` for each objective (float32 (n,), zeros
    after a reset), ``level`` and ``split`` of the step's episode (int64 (n,)) and ``final_obs``,
    the observation after the step and before a reset: bootstrap truncated episodes from it.

    Args:
        trap: as for ``TrapEnv``.
        num_envs: the number of environments.
        device: the torch device of all tensors, such as ``cuda``.
        seed: one seed (environment i gets a hash of it and i), or a sequence of one seed per
            environment; None for random seeds.
        num_levels: the number of levels (with ``alpha``, the same number of shift levels is added).
        compile: whether to compile the step as one graph; the first step then takes longer.
        **keywords: as for ``TrapEnv``, with the same errors; the observation is ``planes``,
            ``centred``, ``flat`` or ``chw``.

    Attributes:
        trap: the trap; ``device`` is a ``torch.device``. ``state`` and ``episode`` are arguments
            of ``advance``, None and -1 before the first reset.
        observation_space: the space of all environments, as is ``action_space``;
            ``single_observation_space`` and ``single_action_space`` are of one environment.
    """

    def __init__(
        self,
        trap: str | type[Trap] | Trap,
        num_envs: int,
        *,
        device: Any = "cpu",
        seed: int | Sequence[int] | None = None,
        num_levels: int = MOST_BANKED,
        compile: bool = False,
        **keywords: Any,
    ) -> None:
        super().__init__(trap, num_envs, num_levels, keywords)
        require_device(device)
        bank = bank_of(self.settings)
        self._planes = torch.as_tensor(planes_of(self.trap, bank), device=device)
        self.device = self._planes.device
        tables = {name: self._ship(table) for name, table in bank.level.tables.items()}
        shipped = bank.map(self._ship)
        self._bank = shipped._replace(level=shipped.level._replace(tables=tables))
        self._rules = self.trap.bound(array_api_compat.torch, device=self.device)
        channels = [self.trap.channel[plane] for plane in self.trap.channels]
        self._channels = torch.as_tensor(channels, device=self.device)
        self._observation = self.settings.observation.bound(self._rules, num_envs)
        self._advance = self.advance
        if compile:
            self._advance = torch.compile(self.advance, fullgraph=True, dynamic=False)
        self._reseed(secrets.randbits(62) if seed is None else seed)
        self.state: State | None = None

    def _ship(self, array: object) -> Tensor:
        """Return a NumPy array as a tensor on the device."""
        return torch.as_tensor(np.ascontiguousarray(array), device=self.device)

    def _reseed(self, seed: Any) -> None:
        if isinstance(seed, Sequence):
            seeds = [
                integer("a seed", value, error=Error)
                for value in spread("seed", seed, self.num_envs)
            ]
        else:
            seeds = environment_seeds(seed, self.num_envs)
        streams = open_streams(seeds)
        self._stream = torch.as_tensor(streams, device=self.device)
        self.episode = torch.full_like(self._stream, -1)

    def reset(self, seed: int | Sequence[int] | None = None) -> tuple[Tensor, dict[str, Any]]:
        """Begin an episode in every environment.

        Args:
            seed: as for the class; None continues the streams of levels.

        Returns:
            Observations (n, ...) and infos.
        """
        if seed is not None:
            self._reseed(seed)
        self.episode = self.episode + 1
        where = pick_rows(self._stream, self.episode, self.settings)
        self.state = self._bank.take(where)
        obs = self._observation.from_planes(self._planes[where], self.state)
        zeros = torch.zeros(self.num_envs, device=self.device)
        rewards = {name: zeros.clone() for name in self.trap.objectives}
        level = self.state.level.number.clone()
        return obs, {**self._tell(level, level // LEVELS, rewards), "final_obs": obs.clone()}

    def step(self, actions: object) -> tuple[Tensor, Tensor, Tensor, Tensor, dict[str, Any]]:
        """Take one step in every environment; after an episode ends, the next one begins.

        Args:
            actions: integers (n,) on the device, 0 left, 1 down, 2 right, 3 up, 4 act. Another
                value raises a device error (on a GPU, torch reports it later). An array of NumPy or
                a list is checked and copied to the device, so the step then waits for the host.

        Returns:
            Observations (n, ...), rewards float32 (n,), terminations, truncations (bool) and infos.

        Raises:
            gymnasium.error.ResetNeeded: before the first reset.
            ValueError: the actions are not n integers, or are tensors of another device.
        """
        if self.state is None:
            raise reset_needed()
        if not isinstance(actions, Tensor):
            actions = self._ship(check_actions(actions, self.num_envs))
        self._check(actions)
        legal = (actions >= 0) & (actions < len(ACTIONS))
        torch._assert_async(legal.all(), NO_ACTION)
        self.state, self.episode, result = self._advance(self.state, self.episode, actions)
        return result

    def advance(self, state: State, episode: Tensor, actions: Tensor) -> Any:
        """Return state and episode after ``actions``, and the results of ``step``.

        The function is pure, waits for nothing and checks nothing, as CUDA graphs and compilers
        require. The actions must be 0 to 4.
        """
        after, rewards, ended = self._rules.step(state, actions.long())
        reward, truncated, done = self._judge(after.clock, rewards, ended)
        final_planes = self._rules.observe(after)
        if self.trap.channels != self.trap.planes:
            final_planes = final_planes[..., self._channels]
        episode = episode + done
        where = pick_rows(self._stream, episode, self.settings)
        following = after.replaced(done, self._bank.take(where), torch.where)
        planes = torch.where(done[:, None, None, None], self._planes[where], final_planes)
        level = after.level.number.clone()
        infos = self._tell(level, level // LEVELS, rewards)
        infos["final_obs"] = self._observation.from_planes(final_planes, after)
        result = (
            self._observation.from_planes(planes, following),
            reward,
            ended.clone(),
            truncated,
            infos,
        )
        return following, episode, result

    def _check(self, actions: Tensor) -> None:
        shape, fits = tuple(actions.shape), actions.dtype in INTEGERS
        if not fits or shape != (self.num_envs,) or actions.device != self.device:
            raise ValueError(
                f"actions must be {self.num_envs} integers, one for each environment, as a tensor"
                f" on {self.device}, an array of NumPy or a list; got {actions.dtype} of the shape"
                f" {shape} on {actions.device}"
            )


def require_device(device: Any) -> None:
    """Raise ValueError if this machine's torch cannot use a device."""
    try:
        torch.empty(0, device=device)
    except (AssertionError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        if reason.startswith(("Expected one of", "Invalid device")):
            message = f"unknown device {shorten(device)}: expected cpu, cuda or cuda:N"
            raise ValueError(message) from None
        raise ValueError(f"device {shorten(device)} is not available: {reason}") from None
