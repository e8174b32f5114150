"""Environments: the Gymnasium API, the vector API, and adapters for other libraries.

Create environments with ``gymnasium.make`` and ``make_vec``. The classes are exported for
``isinstance`` and type hints: a type checker cannot infer the class of what ``make`` returns.
"""

from mesa_gym.envs.single import TrapEnv
from mesa_gym.envs.vector import TrapVectorEnv

__all__ = ["TrapEnv", "TrapVectorEnv"]
