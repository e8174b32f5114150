"""Training environments that a method steps, and that count its steps."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from gymnasium.error import Error
from msgspec import Meta

from agents.run import NUM_LEVELS
from benchmarks.tracks.methods.method import Bytes, Floats, Ints
from mesa_gym.engine import Bools
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.traps import Trap

MOST_ENVS, MOST_ROWS = 64, 4096
Number = Annotated[int, Meta(ge=0, lt=MOST_ENVS)]
Rows = Annotated[int, Meta(ge=1, le=MOST_ROWS)]
# None leaves the stream of levels as it is.
Seeds = Annotated[list[Annotated[int, Meta(ge=0, le=2**63 - 1)] | None], Meta(max_length=MOST_ROWS)]


class TrainingEnvs:
    """The environments of one method: no option of theirs reaches another level.

    Args:
        trap: whose training levels are played.
        most_steps: that all environments together may take.

    Attributes:
        steps: that were taken.
    """

    def __init__(self, trap: Trap, most_steps: int) -> None:
        self._trap, self._most_steps = trap, most_steps
        self._venvs: list[TrapVectorEnv] = []
        self.steps = 0

    def call(self, name: str, *arguments: Any) -> Any:
        """Call ``make``, ``begin`` or ``step``."""
        return getattr(self, name)(*arguments)

    def make(self, n: Rows) -> int:
        """Make n environments, and return their number."""
        if len(self._venvs) == MOST_ENVS:
            raise ValueError(f"environments cannot be made more than {MOST_ENVS} times")
        venv = TrapVectorEnv(self._trap, n, autoreset_mode="SameStep", num_levels=NUM_LEVELS)
        self._venvs.append(venv)
        return len(self._venvs) - 1

    def begin(self, number: Number, seeds: Seeds) -> Bytes:
        """Begin an episode in each environment, and return what is seen."""
        return self._find(number, len(seeds)).reset(seed=seeds)[0]

    def step(self, number: Number, actions: Ints) -> tuple[Bytes, Floats, Bools, Bools, Bytes]:
        """Take a step: what is seen, paid and ended, and the last pictures of what has ended."""
        venv = self._find(number, actions.size)
        if self.steps + venv.num_envs > self._most_steps:
            raise ValueError(f"{self.steps} steps were taken; a method has {self._most_steps} here")
        try:
            seen, rewards, ended, late, infos = venv.step(actions.ravel())
        except Error as error:
            raise ValueError(str(error)) from None
        self.steps += venv.num_envs
        last = seen[:0]
        if "final_obs" in infos:
            last = np.stack(infos["final_obs"][infos["_final_obs"]])
        return seen, rewards, ended, late, last

    def _find(self, number: int, given: int) -> TrapVectorEnv:
        """Return an environment that takes so many numbers."""
        if number >= len(self._venvs):
            raise ValueError(f"there is no environment {number}")
        venv = self._venvs[number]
        if given != venv.num_envs:
            raise ValueError(f"got {given} numbers for {venv.num_envs} environments")
        return venv
