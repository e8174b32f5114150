"""mesa_gym: gridworlds that are traps for goal misgeneralization.

Importing it registers every trap with Gymnasium.
"""

from __future__ import annotations

from typing import Any

from mesa_gym.envs.infos import objectives
from mesa_gym.envs.registration import register_all, register_trap
from mesa_gym.traps import Split, Trap

__version__ = "0.1.0"
__all__ = ["Split", "Trap", "make_sb3", "objectives", "register_trap"]

register_all()


def __getattr__(name: str) -> Any:
    if name == "make_sb3":  # needs an extra, which `import mesa_gym` must not
        from mesa_gym.envs.sb3 import make_sb3

        return make_sb3
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
