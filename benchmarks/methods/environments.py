"""Training environments of a method: they show encoded planes, and their steps are counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium.vector import VectorWrapper

from agents.run import NUM_LEVELS
from benchmarks.methods.encodings import Encode
from mesa_gym.envs.observations import Bytes
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.traps import Trap


class TrainingEnvs(VectorWrapper):
    """n environments on levels of ``train``, which begin again in the step that ends them.

    Infos hold the last observation of episodes that ended, as Gymnasium has it, and nothing else.

    Args:
        trap: whose levels are played.
        encode: makes observations from planes.
        count: called with the number of steps before they are taken.
        n: how many environments.
    """

    def __init__(self, trap: Trap, encode: Encode, count: Callable[[int], None], n: int) -> None:
        super().__init__(TrapVectorEnv(trap, n, autoreset_mode="SameStep", num_levels=NUM_LEVELS))
        self._encode, self._count = encode, count

    def reset(
        self, *, seed: Any = None, options: dict[str, Any] | None = None
    ) -> tuple[Bytes, dict[str, Any]]:
        """Begin an episode in every environment; options are refused."""
        if options:
            raise ValueError(f"reset takes a seed alone, got the options {sorted(options)}")
        return self._encode(self.env.reset(seed=seed)[0]), {}

    def step(self, actions: Any) -> tuple[Bytes, Any, Any, Any, dict[str, Any]]:
        """Take one step in every environment."""
        self._count(self.num_envs)
        seen, paid, ended, late, infos = self.env.step(actions)
        shown = {}
        if "final_obs" in infos:
            there, last = infos["_final_obs"], np.full(self.num_envs, None, dtype=object)
            for row in there.nonzero()[0].tolist():
                last[row] = self._encode(infos["final_obs"][row])
            shown = {"final_obs": last, "_final_obs": there}
        return self._encode(seen), paid, ended, late, shown
