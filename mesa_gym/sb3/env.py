"""Stable-Baselines3: a native ``VecEnv`` over one ``TrapVectorEnv``."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode

from mesa_gym.envs.base import key_payments, objectives
from mesa_gym.envs.checks import require_options, spread
from mesa_gym.envs.levels_in_memory import environment_seeds
from mesa_gym.envs.vector import SubEnv, TrapVectorEnv
from mesa_gym.errors import require_extra

with require_extra("sb3"):
    from stable_baselines3.common.vec_env import VecEnv, VecMonitor
    from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvStepReturn


class TrapVecEnv(VecEnv):
    """n environments of a trap for SB3, which step like a ``DummyVecEnv`` of ``TrapEnv``.

    With a list of seeds, the levels are equal too; one seed gives environment i a hash of the seed
    and i. Only infos differ, for speed: the info of a running episode is empty. The info of an
    ended episode has ``terminal_observation``, ``TimeLimit.truncated``, ``level``, ``split`` and
    ``reward_<name>``, the undiscounted return of that objective.

    Args:
        venv: a vector environment that resets in the same step.

    Raises:
        ValueError: the vector environment has another autoreset mode.
    """

    actions: np.ndarray

    def __init__(self, venv: TrapVectorEnv) -> None:
        if venv.autoreset_mode is not AutoresetMode.SAME_STEP:
            raise ValueError(
                f"SB3 needs autoreset_mode={AutoresetMode.SAME_STEP.value!r},"
                f" got {venv.autoreset_mode.value!r}"
            )
        self.venv = venv
        self.spec = venv.spec
        self._totals: dict[str, np.ndarray] = {}
        super().__init__(venv.num_envs, venv.single_observation_space, venv.single_action_space)
        self.metadata = venv.metadata  # SB3's default lacks the frames per second

    def seed(self, seed: int | Sequence[int] | None = None) -> Sequence[int | None]:
        """Seed the next reset, and return the seed of each environment.

        Args:
            seed: an int, which gives environment i a hash of the seed and i; a sequence of one seed
                per environment; or None for a random seed from SB3.
        """
        if isinstance(seed, Sequence | np.ndarray):
            self._seeds = spread("seed", [*seed], self.num_envs)
        else:
            chosen = super().seed(seed)[0]
            assert chosen is not None
            self._seeds = [*environment_seeds(chosen, self.num_envs)]
        return self._seeds

    def reset(self) -> np.ndarray:
        """Begin an episode in every environment, with the seeds and options set since the last one.

        Returns:
            Observations (n, ...).
        """
        reset_options = [require_options(options, "level", "map") for options in self._options]
        names = {name for options in reset_options for name in options}
        picks = {name: [options.get(name) for options in reset_options] for name in names}
        observations, infos = self.venv.reset(seed=self._seeds, options=picks)
        self._reset_seeds()
        self._reset_options()
        zeros = {x: np.zeros(self.num_envs) for x in self.venv.trap.objectives}
        self._totals = key_payments(zeros)
        self.reset_infos = [self._info(infos, row) for row in range(self.num_envs)]
        return observations

    def step_async(self, actions: np.ndarray) -> None:
        """Store the actions, integers (n,), for ``step_wait``."""
        self.actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        """Take the step with the stored actions.

        Returns:
            Observations (n, ...), rewards float32 (n,), dones bool (n,) and n infos.
        """
        observations, rewards, terminated, truncated, infos = self.venv.step(self.actions)
        for key, reward in key_payments(objectives(infos)).items():
            self._totals[key] += reward
        dones = terminated | truncated
        rows: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for row in dones.nonzero()[0].tolist():
            rows[row] = self._info(infos["final_info"], row)
            rows[row]["TimeLimit.truncated"] = bool(truncated[row] and not terminated[row])
            rows[row]["terminal_observation"] = infos["final_obs"][row]
            for total in self._totals.values():
                total[row] = 0.0
            self.reset_infos[row] = self._info(infos, row)
        return observations, rewards.astype(np.float32), dones, rows

    def _info(self, infos: dict[str, Any], row: int) -> dict[str, Any]:
        numbers = {key: int(infos[key][row]) for key in ("level", "split")}
        return numbers | {key: float(total[row]) for key, total in self._totals.items()}

    def close(self) -> None:
        """Close the vector environment."""
        self.venv.close()

    def get_images(self) -> Sequence[np.ndarray | None]:
        """Return an image of each environment; None without render mode ``rgb_array``."""
        if self.render_mode != "rgb_array":
            return [None] * self.num_envs
        return list(self.venv.render() or ())

    # -- single environments -----------------------------------------------------------------------

    def _targets(self, indices: VecEnvIndices) -> list[SubEnv]:
        return [self.venv.envs[i] for i in self._get_indices(indices)]

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """Return an attribute of each environment."""
        return [getattr(row, attr_name) for row in self._targets(indices)]

    def set_attr(self, attr_name: str, value: object, indices: VecEnvIndices = None) -> None:
        """Set an attribute of each environment; see ``TrapVectorEnv.set_attr``."""
        targets = self._targets(indices)
        if {env.index for env in targets} == {*range(self.num_envs)}:
            self.venv.set_attr(attr_name, [value] * self.num_envs)
        else:
            for row in targets:
                setattr(row, attr_name, value)

    def env_method(
        self, method_name: str, *args: object, indices: VecEnvIndices = None, **kwargs: object
    ) -> list[Any]:
        """Call a method of each environment."""
        return [method(*args, **kwargs) for method in self.get_attr(method_name, indices)]

    def env_is_wrapped(self, wrapper_class: object, indices: VecEnvIndices = None) -> list[bool]:
        """Return False for each environment, as no environment is wrapped."""
        return [False for _ in self._targets(indices)]


class TrapVecMonitor(VecMonitor):
    """A ``VecMonitor`` that can be pickled and copied; SB3's keeps members of its class."""

    def __getstate__(self) -> dict[str, object]:
        return {name: x for name, x in vars(self).items() if name != "class_attributes"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.class_attributes = dict(inspect.getmembers(type(self)))


def wrap_envs(venv: TrapVectorEnv, seed: int | Sequence[int] | None) -> VecMonitor:
    """Return the environments as an SB3 ``VecMonitor``, seeded unless the seed is None."""
    env = TrapVecEnv(venv)
    if seed is not None:
        env.seed(seed)
    return TrapVecMonitor(env)
