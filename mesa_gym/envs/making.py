"""Making environments for another library, which is imported only when one is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gymnasium
from gymnasium.vector import AutoresetMode

from mesa_gym.envs.vector import TrapVectorEnv

if TYPE_CHECKING:
    from stable_baselines3.common.vec_env import VecMonitor


def make_sb3(id: str, n: int, *, seed: int | None = None, **keywords: Any) -> VecMonitor:
    """N environments for SB3, monitored (else SB3 would not print the mean return).

    Args:
        id: a registered id, such as ``MesaGym/RedBlueDoors-v0``.
        n: how many environments; episodes are the same as in n single ones.
        seed: of the first environment; the others count up from it.
        **keywords: those of ``TrapVectorEnv``, ``autoreset_mode`` apart.

    Raises:
        ImportError: Stable-Baselines3 is not installed; the message names the extra.
    """
    from mesa_gym.envs.sb3 import monitored

    venv = gymnasium.make_vec(
        id,
        n,
        vectorization_mode="vector_entry_point",
        autoreset_mode=AutoresetMode.SAME_STEP.value,
        **keywords,
    )
    assert isinstance(venv, TrapVectorEnv)
    return monitored(venv, seed)
