"""Training algorithms, with their default settings and steps, and training functions of users.

This module does not import JAX, because that import takes a second.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from dataclasses import Field, dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mesa_gym.errors import shorten, unknown
from mesa_gym.files import hash_file
from mesa_gym.importing import import_source
from mesa_gym.policies.adapters import can_call
from mesa_gym.trained.mlp import UNITS
from mesa_gym.traps import package_traps

LARGEST = sys.float_info.max  # the upper bound of settings without one


def _set_bounds(usual: float, least: float, most: float = LARGEST, above: bool = False) -> Any:
    """Return a field with a default and a range; the lower bound is inclusive unless ``above``."""
    return field(default=usual, metadata={"least": least, "most": most, "above": above})


@dataclass(frozen=True)
class PPOSettings:
    """The settings of PPO; missing settings take their defaults.

    Attributes:
        learning_rate: of Adam at first (Muon's is 8 times as large); it falls during training.
        epochs: passes over each rollout.
        minibatches: parts of a rollout; a pass takes a step for each.
        environments: of each agent.
        rollout_length: steps in each environment between updates.
        clip: how far a ratio of probabilities may lie from 1 before it is clipped.
        entropy: weight of the entropy, in nats, at first; it falls as well.
        value_loss: weight of the squared error of the value.
        gae_lambda: of generalised advantage estimation (Schulman et al. 2016).
        discount: of learning; if the paid objective's is less, that one is used.
        gradient_norm: Euclidean length to which an agent's longer gradients are cut.
        units: of each of the two hidden layers.

    Raises:
        ValueError: a value is out of its range, or not a whole number where it must be one.
    """

    learning_rate: float = _set_bounds(5e-3, 0, 1, above=True)
    epochs: int = _set_bounds(2, 1)
    minibatches: int = _set_bounds(4, 1)
    environments: int = _set_bounds(128, 1)
    rollout_length: int = _set_bounds(32, 1)
    clip: float = _set_bounds(0.2, 0, 1, above=True)
    entropy: float = _set_bounds(0.01, 0)
    value_loss: float = _set_bounds(0.5, 0)
    gae_lambda: float = _set_bounds(0.95, 0, 1)
    discount: float = _set_bounds(0.95, 0, 1)
    gradient_norm: float = _set_bounds(0.5, 0, above=True)
    units: int = _set_bounds(UNITS, 1)

    def __post_init__(self) -> None:
        for setting in fields(self):
            object.__setattr__(self, setting.name, _check(setting, getattr(self, setting.name)))
        if 2 * self.minibatches > self.rollout_steps:
            raise ValueError(
                f"a rollout has {self.rollout_steps} steps (environments {self.environments} x"
                f" rollout_length {self.rollout_length}), and a minibatch needs at least 2 of them;"
                f" minibatches must be at most {self.rollout_steps // 2}, got {self.minibatches}"
            )

    @property
    def rollout_steps(self) -> int:
        """The environment steps in one rollout, summed over an agent's environments."""
        return self.environments * self.rollout_length


SETTING_NAMES = tuple(setting.name for setting in fields(PPOSettings))


def _check(setting: Field[Any], value: Any) -> int | float:
    """Return a setting's value as an int or float, like its default; ValueError if not in range."""
    is_integer = type(setting.default) is int
    kinds = (int, np.integer) if is_integer else (int, float, np.integer, np.floating)
    least, most, above = setting.metadata.values()
    if isinstance(value, kinds) and not isinstance(value, bool):
        inside = least < value if above else least <= value
        if inside and value <= most:
            return int(value) if is_integer else float(value)
    raise ValueError(f"{setting.name} must be {describe_values(setting)}, got {shorten(value)}")


def describe_values(setting: Field[Any]) -> str:
    """Return a setting's range in words, such as "a number above 0 and at most 1"."""
    sort = "a whole number" if type(setting.default) is int else "a number"
    least, most, above = setting.metadata.values()
    if most < LARGEST and not above:
        return f"{sort} from {least:,} to {most:,}"
    end = "" if most == LARGEST else f" and at most {most:,}"
    return f"{sort} {'above' if above else 'of at least'} {least:,}{end}"


# Default environment steps by trap ("" for all others), with a column for each ``Algorithm.pace``.
# After these steps agents are competent, or do not become competent with more steps.
PACES = ("ppo", "planner", "memory", "sb3-ppo", "sb3-a2c")
USUAL_STEPS = {
    "": (600_000, 100_000, 600_000, 400_000, 600_000),
    "AbsentSupervisor-v0": (600_000, 100_000, 600_000, 800_000, 1_200_000),
    "ChuteOrFire-v0": (1_500_000, 250_000, 1_500_000, 800_000, 1_200_000),
    "DustSweep-v0": (1_000_000, 166_666, 1_500_000, 800_000, 1_200_000),
    "DustVacuum-v0": (1_000_000, 166_666, 1_500_000, 800_000, 1_200_000),
    "FollowMe-v0": (1_000_000, 166_666, 1_500_000, 800_000, 1_200_000),
    "KeysChests-v0": (3_000_000, 500_000, 1_500_000, 2_000_000, 2_400_000),
    "MonsterWorld-v0": (1_000_000, 166_666, 1_500_000, 1_600_000, 1_200_000),
    "PointedGoal-v0": (1_500_000, 250_000, 1_500_000, 800_000, 1_200_000),
    "SimplerOfTwo-v0": (1_500_000, 250_000, 1_500_000, 800_000, 1_200_000),
    "TreeFarm-v0": (1_000_000, 166_666, 1_500_000, 800_000, 1_200_000),
}
# An agent with a memory trains longer on traps where it must find out what is rewarded.
LIVES = (600_000, 100_000, 2_000_000, 400_000, 600_000)
USUAL_STEPS |= {name: LIVES for name, trap in package_traps().items() if trap.learner}


@dataclass(frozen=True)
class Algorithm:
    """A function that trains agents, and its defaults.

    Attributes:
        name: the algorithm's name, which starts the names of its agents.
        source: the training function as ``module:function`` or ``file:function``; imported lazily.
        about: a one-line description; "" for the first docstring line of the function or, without
            a docstring, of its module.
        seconds: CPU time to train one seed for the usual steps.
        kind: the kind of its agents' network, as in ``policy.json``.
        settings: the default settings; None for an algorithm without PPO's settings.
        unread: the PPO settings that the algorithm does not use, and therefore rejects.
        pace: the column of ``USUAL_STEPS`` with its usual steps.
        solves: whether it first solves the training levels, which takes a while.
    """

    name: str
    source: str
    about: str
    seconds: float
    kind: str = "mlp"
    settings: PPOSettings | None = None
    unread: tuple[str, ...] = ()
    pace: str = "ppo"
    solves: bool = False

    def count_steps(self, trap: str = "") -> int:
        """Return the algorithm's usual steps on a trap, given by its name with version."""
        return USUAL_STEPS.get(trap, USUAL_STEPS[""])[PACES.index(self.pace)]

    def find_function(self) -> Callable[..., Any]:
        """Return the function that trains; ValueError if it cannot be imported or cannot train."""
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

    def digest_file(self) -> str:
        """Return the digest of a user's file, 32 hex digits; "" for an algorithm of the suite."""
        if self.name in ALGORITHMS:
            return ""
        file = import_source(self._describe_source(), self.source.rpartition(":")[0]).__file__
        return hash_file(Path(file)) if file else ""

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
                    f"{self.name} has no setting {name}; these algorithms have it:"
                    f" {', '.join(takers)}"
                )


def can_train(value: Any) -> bool:
    """Return whether a value is callable with the arguments of ``agents.ppo.train``."""
    return callable(value) and not isinstance(value, type) and can_call(value, 3)


USUAL_SETTINGS = PPOSettings()
MEMORY_SETTINGS = PPOSettings(
    learning_rate=8e-3, minibatches=16, rollout_length=64, entropy=0.1, gae_lambda=0.9, discount=0.9
)
# Settings of PPO's loss, which training by labels ignores; settings that fixed networks ignore.
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
        kind="planner", settings=USUAL_SETTINGS, unread=FIXED, pace="planner",
    ),
    Algorithm(
        "ppo-symmetric", "agents.cures:train_on_turned_levels",
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
        kind="sb3", pace="sb3-ppo",
    ),
    Algorithm(
        "sb3-a2c", "agents.sb3_baselines:train_a2c",
        "A2C of Stable-Baselines3 (Mnih et al. 2016), with the network of ``sb3-ppo``.", 35,
        kind="sb3", pace="sb3-a2c",
    ),
)  # fmt: skip
ALGORITHMS = {algorithm.name: algorithm for algorithm in _ENTRIES}


def find_algorithm(name: str) -> Algorithm:
    """Return the algorithm for a name; ValueError for an unknown or a taken name.

    The name is one of ``ALGORITHMS``, or ``FILE.py:function`` or ``module:function`` for a user's
    function with the arguments and results of ``agents.ppo.train``, which also names its agents.
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
            f"algorithm {shorten(name)}: {function} is the name of another algorithm; rename the"
            " function"
        )
    return Algorithm(function, name, "", ALGORITHMS["ppo"].seconds)  # the time is a guess
