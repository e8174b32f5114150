"""Training algorithms: their functions, default steps and settings, and those that a user defines.

This module does not import JAX, which takes a second: trainings are described without it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from agents.ppo_settings import SETTING_NAMES, PPOSettings
from mesa_gym.cli.extras import require_modules
from mesa_gym.errors import shorten, unknown
from mesa_gym.importing import import_source
from mesa_gym.policies.adapters import can_call
from mesa_gym.traps import package_traps


class Steps(NamedTuple):
    """Thousands of environment steps after which agents are competent, or no longer become so.

    Of PPO and what learns as fast, of networks with a memory, and of Stable-Baselines3's PPO and
    A2C.
    """

    ppo: int = 600
    memory: int = 600
    sb3_ppo: int = 400
    sb3_a2c: int = 600


LONGER = {
    "AbsentSupervisor-v0": Steps(sb3_ppo=800, sb3_a2c=1200),
    "ChuteOrFire-v0": Steps(1500, 1500, 800, 1200),
    "DustSweep-v0": Steps(1000, 1500, 800, 1200),
    "DustVacuum-v0": Steps(1000, 1500, 800, 1200),
    "FollowMe-v0": Steps(1000, 1500, 800, 1200),
    "KeysChests-v0": Steps(3000, 1500, 2000, 2400),
    "MonsterWorld-v0": Steps(1000, 1500, 1600, 1200),
    "PointedGoal-v0": Steps(1500, 1500, 800, 1200),
    "TreeFarm-v0": Steps(1000, 1500, 800, 1200),
}
# An agent with a memory needs longer where it is to find out what pays.
LONGER |= {name: Steps(memory=2000) for name, trap in package_traps().items() if trap.learner}


@dataclass(frozen=True)
class Algorithm:
    """A function that trains agents, and its defaults.

    Attributes:
        name: the algorithm's name, with which its agents' names begin.
        source: the function, as module or file and name; it is imported where it is needed.
        about: what it is, in a line; "" for the first line of the docstring of the function or,
            where it has none, of its module.
        seconds: CPU time to train one seed for its usual steps.
        kind: of its agents, in ``policy.json``.
        settings: the default settings; None for an algorithm without PPO's settings.
        unread: the settings among them that it does not read, and so does not take.
        pace: whose steps it takes, a field of ``Steps``.
        fewer: how many times fewer steps it takes than these.
        solves: whether it solves the levels before it trains, which takes a while.
    """

    name: str
    source: str
    about: str
    seconds: float
    kind: str = "mlp"
    settings: PPOSettings | None = None
    unread: tuple[str, ...] = ()
    pace: str = "ppo"
    fewer: int = 1
    solves: bool = False

    def count_steps(self, trap: str = "") -> int:
        """Return the algorithm's usual steps on a trap, which is named with its version."""
        thousands: int = getattr(LONGER.get(trap, Steps()), self.pace)
        return 1000 * thousands // self.fewer

    def find_function(self) -> Callable[..., Any]:
        """Return the function that trains.

        Raises:
            ValueError: the module or file cannot be imported, or has no such function.
        """
        source, (place, _, name) = self._describe_source(), self.source.rpartition(":")
        module = import_source(source, place)
        function = getattr(module, name, None)
        if function is None:
            functions = [name for name, value in vars(module).items() if can_train(value)]
            raise unknown(f"function of {place}", name, functions)
        if not can_train(function):
            raise ValueError(
                f"{source}: {name} is {shorten(function)}; expected a function that takes what"
                " agents.ppo.train takes: runs, a report and a device"
            )
        return function

    def describe(self) -> str:
        """Return ``about``, or the first docstring line of the function or its module."""
        if self.about:
            return self.about
        function = self.find_function()
        docstring = None if isinstance(function, partial) else function.__doc__
        module = import_source(self._describe_source(), self.source.rpartition(":")[0])
        return (docstring or module.__doc__ or "").partition("\n")[0]

    def require_packages(self) -> None:
        """Raise, before any training, the errors of an algorithm that cannot be imported.

        Raises:
            ImportError: an extra is not installed; the message names it.
            ValueError: a function of one's own cannot be imported.
        """
        if self.name not in ALGORITHMS:
            self.find_function()
        else:
            require_modules(("stable_baselines3",) if self.kind == "sb3" else ("jax", "optax"))

    def _describe_source(self) -> str:
        return f"algorithm {shorten(self.source)}"

    def takes(self, name: str) -> bool:
        """Return whether the algorithm takes the PPO setting ``name``."""
        return self.settings is not None and name not in self.unread

    def require_settings(self, names: Collection[str]) -> None:
        """Raise ValueError if the algorithm does not accept one of the named PPO settings."""
        for name in names:
            if name not in SETTING_NAMES:
                raise unknown("setting of PPO", name, SETTING_NAMES)
            if not self.takes(name):
                takers = [
                    algorithm.name for algorithm in ALGORITHMS.values() if algorithm.takes(name)
                ]
                raise ValueError(
                    f"{self.name} does not take the setting {name}; it is for {', '.join(takers)}"
                )


def can_train(value: Any) -> bool:
    """Return whether a value is callable with the arguments of ``agents.ppo.train``."""
    return callable(value) and not isinstance(value, type) and can_call(value, 3)


USUAL_SETTINGS = PPOSettings()
MEMORY_SETTINGS = PPOSettings(
    learning_rate=8e-3, minibatches=16, rollout_length=64, entropy=0.1, gae_lambda=0.9, discount=0.9
)
# What PPO learns from returns, which training by labels does not read; and a width that is fixed.
RETURNS = ("clip", "entropy", "value_loss", "gae_lambda")
FIXED = ("units",)
_ENTRIES = (
    Algorithm("ppo", "agents.ppo:train", "PPO (Schulman et al. 2017).", 6, settings=USUAL_SETTINGS),
    Algorithm(
        "ppo-local", "agents.ppo:train", "PPO that sees things at most three cells away.", 6,
        kind="local", settings=USUAL_SETTINGS,
    ),
    Algorithm(
        "ppo-planner", "agents.ppo:train", "PPO of a network that plans by construction.", 3,
        kind="planner", settings=USUAL_SETTINGS, unread=FIXED, fewer=6,
    ),
    Algorithm(
        "ppo-symmetric", "agents.symmetric:train_on_turned_levels",
        "PPO on levels that are turned and mirrored, so that no place is a cue.", 7,
        settings=USUAL_SETTINGS,
    ),
    Algorithm(
        "ppo-gru", "agents.ppo:train",
        "PPO of a network with a memory, which learns within an episode.", 20,
        kind="gru", settings=MEMORY_SETTINGS, unread=FIXED, pace="memory",
    ),
    Algorithm(
        "taught", "agents.taught:train_by_labels",
        "Training by labels: the exact solver's optimal actions, in states of its own play.", 8,
        settings=USUAL_SETTINGS, unread=RETURNS, solves=True,
    ),
    Algorithm(
        "taught-gru", "agents.taught:train_by_labels",
        "Training by labels of a network with a memory, on its own play.", 24,
        kind="gru", settings=MEMORY_SETTINGS, unread=RETURNS + FIXED, pace="memory", solves=True,
    ),
    Algorithm(
        "sb3-ppo", "agents.sb3_baselines:train",
        "PPO of Stable-Baselines3 (Schulman et al. 2017), as ``mesa_gym.sb3.ppo`` sets it up.", 35,
        kind="sb3", pace="sb3_ppo",
    ),
    Algorithm(
        "sb3-a2c", "agents.sb3_baselines:train_a2c",
        "A2C of Stable-Baselines3 (Mnih et al. 2016), with the network of ``sb3-ppo``.", 35,
        kind="sb3", pace="sb3_a2c",
    ),
)  # fmt: skip
ALGORITHMS = {algorithm.name: algorithm for algorithm in _ENTRIES}


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
    _, colon, function = name.rpartition(":")
    if not colon:
        raise unknown("algorithm", name, [*ALGORITHMS, "FILE.py:function"])
    if not function.isidentifier():
        raise ValueError(f"algorithm {shorten(name)}: expected FILE.py:function")
    if function in ALGORITHMS:
        raise ValueError(
            f"algorithm {shorten(name)}: its agents would be named as those of {function};"
            " rename the function"
        )
    return Algorithm(function, name, "", ALGORITHMS["ppo"].seconds)  # nothing better is known
