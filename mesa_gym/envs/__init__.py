"""Environments: the Gymnasium API, the vector API, and adapters for other libraries.

``gymnasium.make`` and ``make_vec`` make them; their classes are here for ``isinstance`` and for
type hints, since what ``make`` returns is known to type checkers as any environment.
"""

from mesa_gym.envs.single import TrapEnv
from mesa_gym.envs.vector import TrapVectorEnv

__all__ = ["TrapEnv", "TrapVectorEnv"]
