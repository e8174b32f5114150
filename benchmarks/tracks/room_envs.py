"""Stand-ins in a method's child: of a trap, its numbers; of its environments, those served."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import index
from typing import Any, Protocol

import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from mesa_gym.engine import ACTIONS
from mesa_gym.envs.supply import environment_seeds
from mesa_gym.traps import Split

Shape = tuple[int, int, int]


class Caller(Protocol):
    """The evaluator's end, of which environments are asked."""

    def call(self, name: str, *arguments: Any) -> Any:
        """Call one of its functions; ValueError where that is refused."""


@dataclass(frozen=True)
class Grid:
    """The numbers of a trap that trainers need, and planes that have no names.

    Attributes:
        size: rows and columns.
        planes: how many there are.
        limit: of episodes, in steps.
        gamma: the discount of what is paid.
    """

    size: tuple[int, int]
    planes: int
    limit: int
    gamma: float
    base: str = "base"

    @property
    def channels(self) -> tuple[str, ...]:
        """The planes: agent, wall, and numbers."""
        return ("agent", "wall", *map(str, range(2, self.planes)))

    def discount(self, objective: str) -> float:
        """Return the discount."""
        return self.gamma

    def horizon(self, split: Split) -> int:
        """Return the time limit."""
        return self.limit


class RoomVectorEnv(VectorEnv[NDArray[np.uint8], NDArray[np.int64], NDArray[Any]]):
    """n environments on levels of ``train``, which the evaluator steps.

    An episode that ends begins again in the same step; infos have its last observation alone,
    ``final_obs`` as Gymnasium has it. ``reset`` takes a seed and no options.
    """

    def __init__(self, host: Caller, n: int, shape: Shape) -> None:
        self.num_envs, self._host = index(n), host
        self._number: int = host.call("make", self.num_envs)
        self.metadata = {"autoreset_mode": AutoresetMode.SAME_STEP}
        self.single_observation_space = Box(0, 1, shape, np.uint8)
        self.observation_space = batch_space(self.single_observation_space, n)
        self.single_action_space = Discrete(len(ACTIONS))
        self.action_space = batch_space(self.single_action_space, n)

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        """Begin an episode in every environment.

        Args:
            seed: environment i gets a hash of the seed and i, or its entry of a sequence as it is;
                None leaves the stream of levels as it is.
            options: None.

        Raises:
            ValueError: there are options, or not as many seeds as environments.
        """
        if options:
            raise ValueError(f"no options are served, got {sorted(options)}; reset(seed=...) alone")
        seeds: list[int | None]
        if seed is None:
            seeds = [None] * self.num_envs
        elif isinstance(seed, int):
            seeds = [*environment_seeds(seed, self.num_envs)]
        else:
            seeds = [*seed]
        numbers = [None if each is None else index(each) for each in seeds]
        return self._host.call("begin", self._number, numbers), {}

    def step(
        self, actions: NDArray[np.int64]
    ) -> tuple[
        NDArray[np.uint8], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]
    ]:
        """Take one step in every environment, as ``TrapVectorEnv.step`` does."""
        taken = np.asarray(actions)
        if taken.dtype.kind not in "iu":
            raise ValueError(f"actions are integers, got {taken.dtype}")
        call = self._host.call("step", self._number, taken.astype(np.int64))
        seen, rewards, ended, late, last = call
        if not len(last):
            return seen, rewards, ended, late, {}
        done = ended | late
        final = np.full(self.num_envs, None, dtype=object)
        for row, picture in zip(done.nonzero()[0].tolist(), last, strict=True):
            final[row] = picture
        return seen, rewards, ended, late, {"final_obs": final, "_final_obs": done}
