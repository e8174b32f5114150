"""The algorithms: one entry each, with name, module, cost, steps and settings.

A new algorithm is a module with a function ``train``, as ``agents.ppo`` has it, and an entry of
``ALGORITHMS``. A user's own needs no entry: it is named ``FILE.py:function``. This module does not
import JAX, which takes a second: trainings are described without it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from types import ModuleType
from typing import Any

from agents.settings import NAMES, PPOSettings
from mesa_gym.errors import shorten, unknown
from mesa_gym.importing import import_source
from mesa_gym.policies.adapting import takes
from mesa_gym.traps import package_traps
from mesa_gym.traps.life import is_life

# Environment steps after which PPO is competent, or no longer becomes so; on some traps more.
USUAL_STEPS = 600_000
LONG = {
    "ChuteOrFire-v0": 1_500_000,
    "DustSweep-v0": 1_000_000,
    "DustVacuum-v0": 1_000_000,
    "FollowMe-v0": 1_000_000,
    "KeysChests-v0": 3_000_000,
    "MonsterWorld-v0": 1_000_000,
    "PointedGoal-v0": 1_500_000,
    "TreeFarm-v0": 1_000_000,
}
# Of six trials each, in which a learner with a memory finds out what pays.
LIVES = [name for name, trap in package_traps().items() if is_life(trap)]


@dataclass(frozen=True)
class Algorithm:
    """A way to train agents.

    Attributes:
        name: the algorithm's name, with which its agents' names begin.
        module: the module or file of its function, which is imported where it is needed.
        seconds: CPU time to train one seed on a trap for which PPO takes ``USUAL_STEPS``.
        kind: of its agents, in ``policy.json``.
        steps: the usual environment steps.
        trap_steps: trap -> steps, where they differ; None for more wherever PPO takes more.
        settings: the default settings; None for an algorithm without PPO's settings.
        unread: the settings among them that it does not read, and so does not take.
        solves: whether it solves the levels before it trains, which takes a while.
        function: the name of its function in the module.
        about: what it is, in a line; "" for the first line of the function's docstring or, where
            it has none, of its module's.
    """

    name: str
    module: str
    seconds: float
    kind: str = "network"
    steps: int = USUAL_STEPS
    trap_steps: Mapping[str, int] | None = None
    settings: PPOSettings | None = None
    unread: tuple[str, ...] = ()
    solves: bool = False
    function: str = "train"
    about: str = ""

    def count_steps(self, trap: str) -> int:
        """Return the algorithm's usual steps on a trap, which is named with its version."""
        if self.trap_steps is None:
            return LONG.get(trap, USUAL_STEPS) * self.steps // USUAL_STEPS
        return self.trap_steps.get(trap, self.steps)

    def find_function(self) -> Callable[..., Any]:
        """Return the function that trains.

        Raises:
            ValueError: the module or file cannot be imported, or has no such function.
        """
        asked, module = self._describe_place(), self._import_module()
        found = getattr(module, self.function, None)
        if found is None:
            functions = [name for name, value in vars(module).items() if can_train(value)]
            raise unknown(f"function of {self.module}", self.function, functions)
        if not can_train(found):
            raise ValueError(
                f"{asked}: {self.function} is {shorten(found)}; expected a function that takes what"
                " agents.ppo.train takes: a run, seeds, a report and a device"
            )
        return found

    def describe(self) -> str:
        """Return ``about``, or the first docstring line of the function or its module."""
        function = self.find_function()
        own = None if isinstance(function, partial) else function.__doc__
        return (self.about or own or self._import_module().__doc__ or "").partition("\n")[0]

    def _import_module(self) -> ModuleType:
        return import_source(self._describe_place(), self.module)

    def _describe_place(self) -> str:
        return f"algorithm {shorten(f'{self.module}:{self.function}')}"

    def find_changes(self, settings: PPOSettings | None) -> dict[str, float]:
        """Return the settings that differ from the algorithm's usual ones: name -> value.

        Raises:
            ValueError: it does not take one of them.
        """
        if settings is None:
            return {}
        known = asdict(self.settings or PPOSettings())
        changes = {name: value for name, value in asdict(settings).items() if value != known[name]}
        self.require_settings(changes)
        return changes

    def takes(self, name: str) -> bool:
        """Return whether the algorithm takes the PPO setting ``name``."""
        return self.settings is not None and name not in self.unread

    def require_settings(self, names: Collection[str]) -> None:
        """Raise ValueError where the algorithm does not take one of the named PPO settings."""
        for name in names:
            if name not in NAMES:
                raise unknown("setting of PPO", name, NAMES)
            if not self.takes(name):
                takers = [each.name for each in ENTRIES if each.takes(name)]
                raise ValueError(
                    f"{self.name} does not take the setting {name}; it is for {', '.join(takers)}"
                )


def can_train(value: Any) -> bool:
    """Return whether a value is callable with the arguments of ``agents.ppo.train``."""
    return callable(value) and not isinstance(value, type) and takes(value, 4)


PPO = PPOSettings()
GRU = PPOSettings(
    learning_rate=8e-3, minibatches=16, rollout_length=64, entropy=0.1, gae_lambda=0.9, discount=0.9
)
GRU_STEPS = dict.fromkeys(LONG, 1_500_000) | dict.fromkeys(LIVES, 2_000_000)
SB3_STEPS = dict.fromkeys(LONG, 800_000) | {"AbsentSupervisor-v0": 800_000}
SB3_STEPS |= {"KeysChests-v0": 2_000_000, "MonsterWorld-v0": 1_600_000}
A2C_STEPS = dict.fromkeys([*LONG, "AbsentSupervisor-v0"], 1_200_000)
A2C_STEPS |= {"KeysChests-v0": 2_400_000}
# Settings of what PPO learns from returns, which training by labels does not read.
OF_RETURNS = ("clip", "entropy", "value_loss", "gae_lambda")
ENTRIES = (
    Algorithm("ppo", "agents.ppo", 6, settings=PPO, about="PPO (Schulman et al. 2017)."),
    Algorithm(
        "ppo-pixels", "agents.ppo", 11, "pixels", settings=PPO,
        about="PPO on pictures, tile by tile, around the agent.",
    ),
    Algorithm(
        "ppo-local", "agents.ppo", 6, "local", settings=PPO,
        about="PPO that sees things at most three cells away.",
    ),
    Algorithm(
        "ppo-planner", "agents.ppo", 3, "planner", 100_000, settings=PPO,
        about="PPO of a network that plans by construction.",
    ),
    Algorithm(
        "ppo-gru", "agents.ppo", 20, "gru", trap_steps=GRU_STEPS, settings=GRU,
        about="PPO of a network with a memory, which learns within an episode.",
    ),
    Algorithm("ppo-symmetric", "agents.symmetric", 7, settings=PPO),
    Algorithm("taught", "agents.taught", 8, settings=PPO, unread=OF_RETURNS, solves=True),
    Algorithm(
        "taught-gru", "agents.taught", 24, "gru", trap_steps=GRU_STEPS, settings=GRU,
        unread=OF_RETURNS, solves=True,
        about="Training by labels of a network with a memory, on its own play.",
    ),
    Algorithm("sb3-ppo", "agents.sb3", 35, "sb3", 400_000, SB3_STEPS),
    Algorithm("sb3-a2c", "agents.sb3", 35, "sb3", 600_000, A2C_STEPS, function="train_a2c"),
)  # fmt: skip
ALGORITHMS = {each.name: each for each in ENTRIES}


def find_algorithm(name: str) -> Algorithm:
    """Return the algorithm of a name.

    Args:
        name: one of ``ALGORITHMS``, or ``FILE.py:function`` or ``module:function`` of one's own,
            which takes and returns what ``agents.ppo.train`` does. Its agents are called by the
            function's name.

    Raises:
        UnknownNameError: the name is unknown; the message names the nearest.
        ValueError: a function has no name that agents could have.
    """
    if name in ALGORITHMS:
        return ALGORITHMS[name]
    source, colon, function = name.rpartition(":")
    if not colon:
        raise unknown("algorithm", name, [*ALGORITHMS, "FILE.py:function"])
    if not function.isidentifier():
        raise ValueError(f"algorithm {shorten(name)}: expected FILE.py:function")
    if function in ALGORITHMS:
        raise ValueError(
            f"algorithm {shorten(name)}: its agents would be named as those of {function};"
            " rename the function"
        )
    seconds = ALGORITHMS["ppo"].seconds  # nothing better is known
    return Algorithm(function, source, seconds, function=function)
