"""mesa_gym: gridworlds that are traps for goal misgeneralization.

Importing it registers every trap with Gymnasium.
"""

from mesa_gym.envs.infos import objectives
from mesa_gym.envs.making import make_sb3, make_torch, register_all, register_trap
from mesa_gym.traps import Split, Trap

__version__ = "0.1.0"
__all__ = ["Split", "Trap", "make_sb3", "make_torch", "objectives", "register_trap"]

register_all()
