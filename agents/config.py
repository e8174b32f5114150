"""The configuration of a training: its algorithm, its settings, and the training as plain data.

This module does not import JAX, which takes a second: trainings are described without it.
"""

from __future__ import annotations

import ast
import shlex
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import Field, asdict, dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mesa_gym.envs.settings import Settings
from mesa_gym.errors import shorten, unknown
from mesa_gym.importing import import_source
from mesa_gym.policies.adapting import takes
from mesa_gym.policies.agent_files import digest_weights
from mesa_gym.trained.agent import Agent
from mesa_gym.trained.loading import load
from mesa_gym.trained.mlp import UNITS
from mesa_gym.trained.weights_file import encode_weights
from mesa_gym.traps import Trap, find_trap, package_traps
from mesa_gym.traps.life import is_life

LARGEST = sys.float_info.max  # for what has no upper bound
# With 1,000 instead an agent learns the levels by heart and is not competent on others.
NUM_LEVELS = 30_000


# -- the settings ----------------------------------------------------------------------------------


def _set_bounds(usual: float, least: float, most: float = LARGEST, above: bool = False) -> Any:
    """Return a field with a default and a range; the lower bound is inclusive unless ``above``."""
    return field(default=usual, metadata={"least": least, "most": most, "above": above})


@dataclass(frozen=True)
class PPOSettings:
    """The settings of PPO; those that are not given have their defaults.

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
        for each in fields(self):
            object.__setattr__(self, each.name, _check(each, getattr(self, each.name)))
        if 2 * self.minibatches > self.rollout_steps:
            raise ValueError(
                f"{self.minibatches} minibatches of the {self.rollout_steps} steps of a rollout"
                f" ({self.environments} environments x rollout_length {self.rollout_length}) have"
                f" fewer than 2 steps; minibatches must be at most {self.rollout_steps // 2} here"
            )

    @property
    def rollout_steps(self) -> int:
        """The environment steps in one rollout, summed over an agent's environments."""
        return self.environments * self.rollout_length


SETTING_NAMES = tuple(each.name for each in fields(PPOSettings))


def _check(each: Field[Any], value: Any) -> int | float:
    """Return the value of a field, a whole number or a float as its default is."""
    whole = type(each.default) is int
    kinds = (int, np.integer) if whole else (int, float, np.integer, np.floating)
    least, most, above = each.metadata.values()
    if isinstance(value, kinds) and not isinstance(value, bool):
        inside = least < value if above else least <= value
        if inside and value <= most:
            return int(value) if whole else float(value)
    raise ValueError(f"{each.name} must be {describe_values(each)}, got {shorten(value)}")


def describe_values(each: Field[Any]) -> str:
    """Return a setting's range in words, such as "a number above 0 and at most 1"."""
    sort = "a whole number" if type(each.default) is int else "a number"
    least, most, above = each.metadata.values()
    if most < LARGEST and not above:
        return f"{sort} from {least:,} to {most:,}"
    end = "" if most == LARGEST else f" and at most {most:,}"
    return f"{sort} {'above' if above else 'of at least'} {least:,}{end}"


# -- the algorithms --------------------------------------------------------------------------------


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
# Lives have six trials each, in which a learner with a memory finds out what pays.
LONGER |= {name: Steps(memory=2000) for name, trap in package_traps().items() if is_life(trap)}


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
    kind: str = "network"
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
        asked, (place, _, name) = self._describe_source(), self.source.rpartition(":")
        module = import_source(asked, place)
        found = getattr(module, name, None)
        if found is None:
            functions = [name for name, value in vars(module).items() if can_train(value)]
            raise unknown(f"function of {place}", name, functions)
        if not can_train(found):
            raise ValueError(
                f"{asked}: {name} is {shorten(found)}; expected a function that takes what"
                " agents.ppo.train takes: a run, seeds, a report and a device"
            )
        return found

    def describe(self) -> str:
        """Return ``about``, or the first docstring line of the function or its module."""
        if self.about:
            return self.about
        function = self.find_function()
        own = None if isinstance(function, partial) else function.__doc__
        module = import_source(self._describe_source(), self.source.rpartition(":")[0])
        return (own or module.__doc__ or "").partition("\n")[0]

    def _describe_source(self) -> str:
        return f"algorithm {shorten(self.source)}"

    def takes(self, name: str) -> bool:
        """Return whether the algorithm takes the PPO setting ``name``."""
        return self.settings is not None and name not in self.unread

    def require_settings(self, names: Collection[str]) -> None:
        """Raise ValueError where the algorithm does not take one of the named PPO settings."""
        for name in names:
            if name not in SETTING_NAMES:
                raise unknown("setting of PPO", name, SETTING_NAMES)
            if not self.takes(name):
                takers = [each.name for each in ALGORITHMS.values() if each.takes(name)]
                raise ValueError(
                    f"{self.name} does not take the setting {name}; it is for {', '.join(takers)}"
                )


def can_train(value: Any) -> bool:
    """Return whether a value is callable with the arguments of ``agents.ppo.train``."""
    return callable(value) and not isinstance(value, type) and takes(value, 4)


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
        "ppo-symmetric", "agents.symmetric:train",
        "PPO on levels that are turned and mirrored, so that no place is a cue.", 7,
        settings=USUAL_SETTINGS,
    ),
    Algorithm(
        "ppo-gru", "agents.ppo:train",
        "PPO of a network with a memory, which learns within an episode.", 20,
        kind="gru", settings=MEMORY_SETTINGS, unread=FIXED, pace="memory",
    ),
    Algorithm(
        "taught", "agents.taught:train",
        "Training by labels: the exact solver's optimal actions, in states of its own play.", 8,
        settings=USUAL_SETTINGS, unread=RETURNS, solves=True,
    ),
    Algorithm(
        "taught-gru", "agents.taught:train",
        "Training by labels of a network with a memory, on its own play.", 24,
        kind="gru", settings=MEMORY_SETTINGS, unread=RETURNS + FIXED, pace="memory", solves=True,
    ),
    Algorithm(
        "sb3-ppo", "agents.sb3:train",
        "PPO of Stable-Baselines3 (Schulman et al. 2017), as ``mesa_gym.sb3.ppo`` sets it up.", 35,
        kind="sb3", pace="sb3_ppo",
    ),
    Algorithm(
        "sb3-a2c", "agents.sb3:train_a2c",
        "A2C of Stable-Baselines3 (Mnih et al. 2016), with the network of ``sb3-ppo``.", 35,
        kind="sb3", pace="sb3_a2c",
    ),
)  # fmt: skip
ALGORITHMS = {each.name: each for each in _ENTRIES}


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


# -- the training ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """A training. Plain data, so that it can be sent to a worker process.

    Attributes:
        trap: its name, such as ``RedBlueDoors``.
        algo: as ``find_algorithm`` takes it.
        seed: 0 to 2**32 - 1, of weights, actions and the order of levels.
        steps: environment steps, of which whole rollouts are played; 0 for the usual ones.
        alpha: the share of episodes drawn from the shift distribution, 0 to 1.
        reward: the objective that is paid; ``base`` is the base objective.
        num_levels: how many different levels are trained on.
        settings: of PPO; None for the algorithm's usual ones, or where it takes none.
        keywords: of the trap, words such as ``rho=0.9``.
        start: the folder of an agent whose weights the training begins with; "" for new ones.

    Raises:
        ValueError: a name is unknown, or a number out of range.
    """

    trap: str
    algo: str = "ppo"
    seed: int = 0
    steps: int = 0
    alpha: float = 0.0
    reward: str = "base"
    num_levels: int = NUM_LEVELS
    settings: PPOSettings | None = None
    keywords: tuple[str, ...] = ()
    start: str = ""

    def __post_init__(self) -> None:
        algorithm = self.algorithm
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"seed must be from 0 to 2**32 - 1, got {self.seed}")
        if self.steps < 0:
            raise ValueError(f"steps must be at least 1, got {self.steps}")
        steps = self.steps or algorithm.count_steps(find_trap(self.trap).name())
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "settings", self.settings or self.usual_settings)
        algorithm.require_settings(self.changes())
        self.environment()
        self.load_start()

    @property
    def algorithm(self) -> Algorithm:
        """The ``Algorithm`` that ``algo`` names."""
        return find_algorithm(self.algo)

    @property
    def usual_settings(self) -> PPOSettings | None:
        """The algorithm's settings, with a discount that sees as far as the trap's goals need."""
        usual = self.algorithm.settings
        if usual is None:
            return None
        return replace(usual, discount=max(usual.discount, find_trap(self.trap).foresight))

    @property
    def seconds(self) -> float:
        """The approximate CPU seconds that training one seed takes."""
        return self.algorithm.seconds * self.steps / self.algorithm.count_steps()

    @property
    def env_keywords(self) -> dict[str, Any]:
        """The keyword arguments of the training environments, besides the trap."""
        return {"alpha": self.alpha, "reward": self.reward, "num_levels": self.num_levels}

    def environment(self) -> Settings:
        """Return the settings of the training environments; ValueError where they are wrong."""
        trap = find_trap(self.trap)(**read_keywords(self.keywords))
        return Settings(trap, **self.env_keywords)

    def load_start(self) -> Agent | None:
        """Return the agent that the training goes on from; None for a new one.

        Raises:
            ValueError: it cannot act on the trap, or is not of the algorithm's network.
        """
        if not self.start:
            return None
        kind, units = self.algorithm.kind, (self.settings or USUAL_SETTINGS).units
        if kind == "sb3":
            raise ValueError(f"{self.algo} begins with new weights; --from is for ppo and others")
        agent = load(Path(self.start), self.environment().trap)
        if agent.kind != kind:
            raise ValueError(
                f"the agent in {self.start} is a {agent.kind}; {self.algo} trains a {kind}"
            )
        width = agent.weights["second.weight"].shape[0] if kind in ("network", "local") else units
        if width != units:
            raise ValueError(f"the agent in {self.start} has {width} units; add --units {width}")
        return agent

    def find_discount(self, settings: PPOSettings) -> float:
        """Return the discount of learning: min(that of the settings, the paid objective's)."""
        made = self.environment()
        return min(settings.discount, made.trap.discount(made.reward))

    def changes(self) -> dict[str, float]:
        """Return the PPO settings that differ from the usual ones: name -> value."""
        if self.settings is None:
            return {}
        usual, own = asdict(self.usual_settings or USUAL_SETTINGS), asdict(self.settings)
        return {name: value for name, value in own.items() if value != usual[name]}

    def change(self, **settings: Any) -> Run:
        """Return the same training with other settings of PPO.

        Raises:
            ValueError: the algorithm does not take one of them, or a value is out of its range.
        """
        self.algorithm.require_settings(settings)
        usual = self.settings or USUAL_SETTINGS
        return replace(self, settings=replace(usual, **settings)) if settings else self

    def facts(self) -> dict[str, Any]:
        """Return the entries of an agent's record that describe the training."""
        made = self.environment()
        resolved = {"trap": made.trap.name(), "algo": self.algorithm.name, "reward": made.reward}
        if agent := self.load_start():
            resolved["start"] = digest_weights(encode_weights(agent.weights))
        return asdict(self) | resolved | {"settings": self.changes()}

    @property
    def name(self) -> str:
        """The agent's name, unique among agents of a trap and number of steps."""
        alpha = f"-alpha{self.alpha:g}" if self.alpha else ""
        reward = "" if self.reward == "base" else f"-{self.reward}"
        given = "".join(f"-{word}" for word in self.keywords)
        changed = "".join(f"-{key.replace('_', '-')}{x}" for key, x in self.changes().items())
        began = f"-from-{Path(self.start).name}" if self.start else ""
        return f"{self.algorithm.name}{alpha}{reward}{changed}{given}{began}-s{self.seed}"

    def command(self) -> str:
        """Return the shell command that repeats the training, without ``--out``."""
        given = asdict(self)
        trap = shlex.join([given.pop("trap"), *given.pop("keywords")])
        given |= self.changes()
        del given["settings"]
        if start := given.pop("start"):
            given["from"] = start
        options = (
            f"--{name.replace('_', '-')} {shlex.quote(str(value))}" for name, value in given.items()
        )
        return " ".join(["python -m agents.train", "--trap", trap, *options])


def require_labels(trap: Trap) -> None:
    """Raise ValueError where the exact solver gives no optimal actions on a trap."""
    if not trap.solvable or trap.branches()[1]:
        raise ValueError(
            f"{trap!r} has no optimal actions to teach: its rules draw outcomes, or it has no exact"
            " solver; train by reward (ppo)"
        )


def read_keywords(words: Sequence[str]) -> dict[str, Any]:
    """Return the keywords of words such as ``rho=0.9``: name -> value.

    Raises:
        ValueError: a word is not of this form.
    """
    found = dict[str, Any]()
    for word in words:
        name, equals, value = word.partition("=")
        if not (name and equals and value) or name in found:
            raise ValueError(
                f"expected a trap's keywords after its name, each once, such as rho=0.9, got"
                f" {shorten(word)}"
            )
        found[name] = read_value(value)
    return found


def read_value(text: str) -> Any:
    """Return the number or other literal of a text, or the text itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
