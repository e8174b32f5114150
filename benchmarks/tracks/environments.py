"""Training environments that a method steps from its room, and that count its steps."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from gymnasium.error import Error
from msgspec import Meta

from agents.run import NUM_LEVELS
from benchmarks.rooms.messages import Served
from benchmarks.tracks.methods.method import Bytes, Floats, Ints
from mesa_gym.engine import Bools
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.traps import LEVELS as SHIFT_LEVELS
from mesa_gym.traps import Trap

MOST_ENVS, MOST_ROWS = 64, 4096
Number = Annotated[int, Meta(ge=0, lt=MOST_ENVS)]
Rows = Annotated[int, Meta(ge=1, le=MOST_ROWS)]
# None leaves the stream of levels as it is.
Seeds = Annotated[list[Annotated[int, Meta(ge=0, le=2**63 - 1)] | None], Meta(max_length=MOST_ROWS)]


class TrainingEnvs:
    """The environments of one room: no option of theirs reaches another level.

    Where episodes are drawn from the shift, a method could pick them: by seeds, whose levels
    anyone can compute, and by resets, which cost no step. There seeds are the evaluator's own, and
    each environment is reset once.

    Args:
        trap: whose training levels are played.
        most_steps: that all environments together may take.
        alpha: the share of episodes that are drawn from the shift.
        chance: draws the seeds where there is such a share.

    Attributes:
        steps: that were taken.
        met: levels of the shift on which an episode began.
    """

    def __init__(
        self, trap: Trap, most_steps: int, alpha: float, chance: np.random.Generator
    ) -> None:
        self._trap, self._most_steps = trap, most_steps
        self._alpha, self._chance = alpha, chance
        self._venvs: list[TrapVectorEnv] = []
        self._begun = set[int]()
        self.steps = 0
        self.met = set[int]()

    def serve(self) -> Served:
        """Return what a room may call."""
        return {"make": self.make, "begin": self.begin, "step": self.step}

    def make(self, n: Rows) -> int:
        """Make n environments, and return their number."""
        if len(self._venvs) == MOST_ENVS:
            raise ValueError(f"environments cannot be made more than {MOST_ENVS} times")
        terms: dict[str, Any] = {"num_levels": NUM_LEVELS, "alpha": self._alpha}
        self._venvs.append(TrapVectorEnv(self._trap, n, autoreset_mode="SameStep", **terms))
        return len(self._venvs) - 1

    def begin(self, number: Number, seeds: Seeds) -> Bytes:
        """Begin an episode in each environment, and return what is seen."""
        venv = self._find(number, len(seeds))
        if self._alpha:
            if number in self._begun:
                raise ValueError(
                    "an environment is reset once where training has levels of the shift; episodes"
                    " that end begin again by themselves"
                )
            self._begun.add(number)
            seeds = self._chance.integers(2**32, size=len(seeds)).tolist()
        return venv.reset(seed=seeds)[0]

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
        if self._alpha:
            self.met.update(infos["level"][infos["level"] >= SHIFT_LEVELS].tolist())
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
