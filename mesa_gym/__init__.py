"""mesa_gym: gridworlds that are traps for goal misgeneralization.

Importing it registers every trap with Gymnasium.
"""

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from mesa_gym.envs.base import objectives
from mesa_gym.envs.making import (
    make_jax,
    make_torch,
    register_all,
    register_id,
    register_trap,
)
from mesa_gym.sb3.make import make_sb3
from mesa_gym.traps import Split, Trap

__version__ = "0.1.0"
__all__ = [
    "LogEpisodes",
    "Split",
    "Trap",
    "evaluate",
    "labels",
    "make_jax",
    "make_sb3",
    "make_torch",
    "objectives",
    "register_id",
    "register_trap",
    "score",
    "tabulate",
]

# The modules of functions that are imported on first use.
_LATER = dict.fromkeys(("evaluate", "score"), "mesa_gym.scoring")
_LATER |= {"LogEpisodes": "mesa_gym.logs", "labels": "mesa_gym.probing"}
_LATER |= {"tabulate": "mesa_gym.envs.tabulating"}
# Names of functions in other packages -> the corresponding call here.
_CALLS = {
    "Cards": "mesa_gym.scoring.Cards.load('cards.json')",
    "certify": "mesa_gym.solver.certify(trap, levels)",
    "compare": "mesa_gym.report.compare(cards, 'ppo', 'mine')",
    "find_trap": "mesa_gym.traps.find_trap('CheeseCorner')",
    "load": "mesa_gym.trained.load('CheeseCorner', 'ppo:0'), or mesa_gym.score(folder, trap)",
    "make": "gymnasium.make('MesaGym/CheeseCorner-v0')",
    "make_vec": "gymnasium.make_vec('MesaGym/CheeseCorner-v0', 8)",
}

register_all()
if "IPython" in sys.modules:
    import_module("mesa_gym.rendering.notebook").show_wrapped()


if TYPE_CHECKING:
    from mesa_gym.envs.tabulating import tabulate
    from mesa_gym.logs import LogEpisodes
    from mesa_gym.probing import labels
    from mesa_gym.scoring.evaluation import evaluate, score
else:
    # A type checker would accept every name of a module that has this function.
    def __getattr__(name: str) -> Any:
        """Return a function that is imported on first use (0.1 s for scoring), or a module."""
        if name in _LATER:
            return getattr(import_module(_LATER[name]), name)
        if name.startswith("_") or find_spec(f"{__name__}.{name}") is None:
            advice = f"; use {_CALLS[name]}" if name in _CALLS else ""
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}{advice}")
        return import_module(f"{__name__}.{name}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
