"""A training run as plain data: trap, algorithm and settings, with name, record and command.

This module does not import JAX, so that jobs can be listed without it.
"""

from __future__ import annotations

import ast
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from agents.algorithms import USUAL_SETTINGS, Algorithm, PPOSettings, find_algorithm
from mesa_gym.envs.levels_in_memory import split_alpha
from mesa_gym.envs.settings import Settings
from mesa_gym.errors import shorten
from mesa_gym.files import locate_path
from mesa_gym.policies.agent_files import digest_weights
from mesa_gym.solver.values import explain_branching
from mesa_gym.trained.agent import Agent
from mesa_gym.trained.loading import load
from mesa_gym.trained.weights_file import encode_weights
from mesa_gym.traps import Trap, find_trap

# With 1,000 levels, an agent memorizes them and fails on other levels.
NUM_LEVELS = 30_000
# Settings that a compiled program takes as arguments (``AgentNumbers``), so that one program serves
# all values. Functions that are not in ``TRACING`` read these settings before compilation.
TRACED_SETTINGS = ("learning_rate", "entropy", "discount")
TRACING = ("agents.ppo:train",)


@dataclass(frozen=True)
class Run:
    """A training as plain data, which can be sent to a worker process.

    Attributes:
        trap: the trap's name, such as ``RedBlueDoors``.
        algo: the algorithm's name, as for ``find_algorithm``.
        seed: the seed of weights, actions and the order of levels, 0 to 2**32 - 1.
        steps: environment steps, rounded up to whole rollouts; 0 for the usual number.
        alpha: the share of episodes drawn from the shift distribution, 0 to 1.
        reward: the objective that is rewarded; ``base`` is the base objective.
        num_levels: the number of different training levels.
        settings: the settings of PPO; None for the algorithm's defaults, if it has any.
        keywords: keywords of the trap, such as ``rho=0.9``; they override its ``recipe``.
        start: the folder of an agent with the initial weights; "" for random weights.

    Raises:
        ValueError: a name is unknown, or a number is out of range.
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
        """The ``Algorithm`` named ``algo``."""
        return find_algorithm(self.algo)

    @property
    def usual_settings(self) -> PPOSettings | None:
        """The algorithm's default settings, with at least the discount that the trap needs."""
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

    @property
    def training_keywords(self) -> tuple[str, ...]:
        """The keywords of the trap's ``recipe``, unless the run overrides them, and the run's."""
        recipe, replaced = find_trap(self.trap).recipe, read_keywords(self.keywords)
        words = (f"{name}={value!r}" for name, value in recipe.items() if name not in replaced)
        return (*words, *self.keywords)

    def environment(self) -> Settings:
        """Return the settings of the training environments; ValueError if they are invalid."""
        trap = find_trap(self.trap)(**read_keywords(self.training_keywords))
        return Settings(trap, **self.env_keywords)

    def make_trap(self) -> Trap:
        """Return the trap for scoring its agents, without the training's ``recipe``."""
        return find_trap(self.trap)(**read_keywords(self.keywords))

    def load_start(self) -> Agent | None:
        """Return the agent with the initial weights; None for random weights.

        Raises ValueError if it cannot act on the trap, or does not fit the algorithm's network.
        """
        if not self.start:
            return None
        kind = self.algorithm.kind
        if kind == "sb3":
            raise ValueError(
                f"{self.algo} cannot start from saved weights; leave out --from, or train another"
                " algorithm, such as ppo"
            )
        agent = load(locate_path(self.start), self.environment().trap)
        if agent.kind != kind:
            raise ValueError(
                f"the agent in folder {shorten(str(self.start))} is of kind {agent.kind}, but"
                f" {self.algo} trains agents of kind {kind}"
            )
        if self.settings and self.algorithm.takes("units"):
            width = len(agent.weights["second.weight"])
            if width != self.settings.units:
                raise ValueError(
                    f"the agent in {self.start} has {width} units; add --units {width}"
                )
        return agent

    def find_discount(self, settings: PPOSettings) -> float:
        """Return the training discount: the minimum of the setting and the objective's discount."""
        env_settings = self.environment()
        return min(settings.discount, env_settings.trap.discount(env_settings.reward))

    def changes(self, settings: PPOSettings | None = None) -> dict[str, float]:
        """Return the PPO settings that differ from the defaults: name -> value.

        ``settings`` replaces the run's settings.
        """
        settings = settings or self.settings
        if settings is None:
            return {}
        usual = asdict(self.usual_settings or USUAL_SETTINGS)
        return {name: value for name, value in asdict(settings).items() if value != usual[name]}

    def change(self, **settings: Any) -> Run:
        """Return the run with changed settings of PPO; ValueError for a bad name or value."""
        self.algorithm.require_settings(settings)
        usual = self.settings or USUAL_SETTINGS
        return replace(self, settings=replace(usual, **settings)) if settings else self

    def repeat(self, seeds: Iterable[int]) -> list[Run]:
        """Return one copy of the run for each seed."""
        return [replace(self, seed=seed) for seed in seeds]

    def facts(self) -> dict[str, Any]:
        """Return the entries of an agent's record that describe the training."""
        env_settings = self.environment()
        resolved = {
            "trap": env_settings.trap.name(),
            "algo": self.algorithm.name,
            "reward": env_settings.reward,
            "keywords": self.training_keywords,
        }
        if agent := self.load_start():
            resolved["start"] = digest_weights(encode_weights(agent.weights))
        return asdict(self) | resolved | {"settings": self.changes()}

    def describe_effect(self) -> str:
        """Return a text of all that the weights depend on; runs with equal texts are equal."""
        steps, settings, trap = self.steps, self.settings, self.environment().trap
        if settings:
            steps = -(-steps // settings.rollout_steps)  # whole rollouts are played
            settings = replace(settings, discount=self.find_discount(settings))
        effects = {"keywords": repr(trap), "steps": steps, "settings": settings}
        return repr(sorted((self.facts() | effects).items()))

    @property
    def name(self) -> str:
        """The agent's name; unique for a given trap, ``steps`` and ``num_levels``."""
        alpha = f"-alpha{self.alpha:g}" if self.alpha else ""
        reward = "" if self.reward == "base" else f"-{self.reward}"
        suffix = "".join(f"-{word}" for word in self.keywords)
        changed = "".join(f"-{key.replace('_', '-')}{x}" for key, x in self.changes().items())
        began = f"-from-{Path(self.start).name}" if self.start else ""
        return f"{self.algorithm.name}{alpha}{reward}{changed}{suffix}{began}-s{self.seed}"

    def command(self) -> str:
        """Return the shell command that repeats the training, without ``--out``."""
        entries = asdict(self)
        trap = shlex.join([entries.pop("trap"), *entries.pop("keywords")])
        entries |= self.changes()
        del entries["settings"]
        if start := entries.pop("start"):
            entries["from"] = start
        options = (
            f"--{name.replace('_', '-')} {shlex.quote(str(value))}"
            for name, value in entries.items()
        )
        return " ".join(["python -m agents.train", trap, *options])


class AgentNumbers(NamedTuple):
    """The numbers that a program takes for an agent; for several agents, arrays (agents, ...).

    Attributes:
        seed: uint32, the seed of weights, actions and levels.
        learning_rate, entropy, discount: float32, as in ``PPOSettings``.
        alpha: the share of episodes from the shift, in the form that ``JaxEnv`` takes.
    """

    seed: Any
    learning_rate: Any
    entropy: Any
    discount: Any
    alpha: Any


def list_numbers(runs: Sequence[Run], settings: PPOSettings | None = None) -> AgentNumbers:
    """Return the numbers of trainings as arrays; ``settings`` replaces the runs' settings."""
    settings_by_run = [settings or run.settings or USUAL_SETTINGS for run in runs]
    discounts = [
        run.find_discount(run_settings)
        for run, run_settings in zip(runs, settings_by_run, strict=True)
    ]
    return AgentNumbers(
        np.array([run.seed for run in runs], np.uint32),
        np.array([run_settings.learning_rate for run_settings in settings_by_run], np.float32),
        np.array([run_settings.entropy for run_settings in settings_by_run], np.float32),
        np.array(discounts, np.float32),
        np.stack([split_alpha(run.alpha) for run in runs]),
    )


def strip_numbers(run: Run) -> Run:
    """Return the run with its numbers reset; runs that are then equal share a compiled program."""
    run = replace(run, seed=0)
    if run.algorithm.source not in TRACING or run.settings is None:
        return run
    usual = {name: getattr(USUAL_SETTINGS, name) for name in TRACED_SETTINGS}
    return replace(run, alpha=0.0, settings=replace(run.settings, **usual))


def require_labels(trap: Trap) -> None:
    """Raise ValueError if the exact solver cannot compute optimal actions on a trap."""
    if why := explain_branching(trap):
        raise ValueError(
            f"{trap!r} has no optimal actions to teach: {why}; train on rewards, as --algo ppo does"
        )


def read_keywords(words: Sequence[str]) -> dict[str, Any]:
    """Parse keywords such as ``rho=0.9``; ValueError for other words."""
    keywords = dict[str, Any]()
    for word in words:
        name, equals, value = word.partition("=")
        if not (name and equals and value) or name in keywords:
            raise ValueError(
                f"expected a trap's keywords after its name, each once, such as rho=0.9, got"
                f" {shorten(word)}"
            )
        keywords[name] = read_value(value)
    return keywords


def read_value(text: str) -> Any:
    """Parse a text as a Python literal, or return the text itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
