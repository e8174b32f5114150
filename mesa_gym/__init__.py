"""mesa_gym: gridworlds that are traps for goal misgeneralization.

Importing it registers every trap with Gymnasium.
"""

from typing import TYPE_CHECKING, Any

from mesa_gym.envs.infos import objectives
from mesa_gym.envs.making import make_jax, make_sb3, make_torch, register_all, register_trap
from mesa_gym.traps import Split, Trap

__version__ = "0.1.0"
__all__ = [
    "Split",
    "Trap",
    "evaluate",
    "labels",
    "make_jax",
    "make_sb3",
    "make_torch",
    "objectives",
    "register_trap",
]

register_all()


if TYPE_CHECKING:
    from mesa_gym.scoring.evaluation import evaluate
    from mesa_gym.scoring.labels import labels
else:
    # Type checkers take every name of a module that has this for one that may exist.
    def __getattr__(name: str) -> Any:
        """Return a function of scoring, which takes a tenth of a second to import."""
        if name not in ("evaluate", "labels"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from mesa_gym import scoring

        return getattr(scoring, name)
