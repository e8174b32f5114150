"""Stable-Baselines3: environments, a network, settings and a callback for its agents.

Names that need Stable-Baselines3 are imported lazily.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mesa_gym.errors import require_extra
from mesa_gym.sb3.make import make_sb3

__all__ = [
    "AnnealedPPO",
    "CentredExtractor",
    "ScoreCallback",
    "export",
    "make_sb3",
    "ppo",
]

if TYPE_CHECKING:
    from mesa_gym.sb3.callback import ScoreCallback
    from mesa_gym.sb3.exporting import export
    from mesa_gym.sb3.training import AnnealedPPO, CentredExtractor, ppo
else:
    _HOMES = {"ScoreCallback": "callback", "export": "exporting"}

    def __getattr__(name: str) -> Any:
        """Return a public name, from the module that defines it."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        with require_extra("sb3"):
            return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'training')}"), name)
