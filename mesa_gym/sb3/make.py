"""Makes environments for Stable-Baselines3, which is imported only when they are made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import gymnasium
from gymnasium.vector import AutoresetMode

from mesa_gym.envs.making import find_id
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.traps import Trap

if TYPE_CHECKING:
    from stable_baselines3.common.vec_env import VecMonitor


def make_sb3(
    trap: str | Trap, n: int, *, seed: int | Sequence[int] | None = None, **keywords: Any
) -> VecMonitor:
    """Make n environments for SB3, in a ``VecMonitor`` so that SB3 prints the mean return.

    Args:
        trap: a name or id, such as ``RedBlueDoors`` or ``MesaGym/RedBlueDoors-Shift-v0``, or a
            trap.
        n: the number of environments; episodes are equal to the episodes of n single environments.
        seed: an int, which gives environment i a hash of the seed and i, or a sequence of n seeds.
        **keywords: keyword arguments of ``TrapVectorEnv`` except ``autoreset_mode``.

    Raises:
        ImportError: Stable-Baselines3 is not installed; the message names the extra.
        TypeError, ValueError: a keyword is unknown or does not fit; the message says which.

    Example:
        >>> import mesa_gym
        >>> env = mesa_gym.make_sb3("CheeseCorner", 4, seed=0)
        >>> env.reset().shape
        (4, 9, 9, 3)
    """
    from mesa_gym.sb3.env import wrap_envs  # its error names the extra

    if "autoreset_mode" in keywords:
        raise TypeError(
            "make_sb3 got an unexpected keyword argument 'autoreset_mode': Stable-Baselines3 needs"
            f" {AutoresetMode.SAME_STEP.value!r}, which make_sb3 sets; leave the argument out"
        )
    keywords["autoreset_mode"] = AutoresetMode.SAME_STEP.value
    venv: Any
    if isinstance(trap, Trap):
        venv = TrapVectorEnv(trap, n, **keywords)
    else:
        mode = "vector_entry_point"
        venv = gymnasium.make_vec(find_id(trap), n, vectorization_mode=mode, **keywords)
    return wrap_envs(venv, seed)
