"""A training: its algorithm, trap, seeds and steps."""

from __future__ import annotations

import ast
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from agents.algorithms import Algorithm, find_algorithm
from agents.settings import PPOSettings
from mesa_gym.envs.settings import Settings
from mesa_gym.errors import shorten
from mesa_gym.traps import Trap, find_trap

# With 1,000 instead an agent learns the levels by heart and is not competent on others.
NUM_LEVELS = 30_000


@dataclass(frozen=True)
class TrainingPlan:
    """A training, apart from the network and the seeds.

    Attributes:
        made: the settings of its environments.
        steps: environment steps asked for; whole rollouts are played.
        settings: of PPO.
    """

    made: Settings
    steps: int
    settings: PPOSettings

    @property
    def keywords(self) -> dict[str, Any]:
        """The keyword arguments of the training environments, besides the trap."""
        return {name: getattr(self.made, name) for name in ("alpha", "reward", "num_levels")}

    @property
    def discount(self) -> float:
        """The discount of learning: min(learning discount, the paid objective's)."""
        return min(self.settings.discount, self.made.trap.discount(self.made.reward))


@dataclass(frozen=True)
class Run:
    """A training. Plain data, so that it can be sent to a worker process.

    Attributes:
        trap: its name, such as ``RedBlueDoors``.
        algo: as ``agents.algorithms.find_algorithm`` takes it.
        seed: 0 to 2**32 - 1, of weights, actions and the order of levels.
        steps: environment steps; 0 for the algorithm's usual ones.
        alpha: the share of episodes drawn from the shift distribution, 0 to 1.
        reward: the objective that is paid; ``base`` is the base objective.
        num_levels: how many different levels are trained on.
        settings: of PPO; None for the algorithm's usual ones, or where it takes none.
        keywords: of the trap, words such as ``rho=0.9``.

    Raises:
        ValueError: a name is unknown or a number out of range.
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

    def __post_init__(self) -> None:
        algorithm = self.algorithm
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"seed must be from 0 to 2**32 - 1, got {self.seed}")
        if self.steps < 0:
            raise ValueError(f"steps must be at least 1, got {self.steps}")
        steps = self.steps or algorithm.count_steps(find_trap(self.trap).name())
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "settings", self.settings or algorithm.settings)
        self.changes()
        self.environment()

    @property
    def algorithm(self) -> Algorithm:
        """The ``Algorithm`` that ``algo`` names."""
        return find_algorithm(self.algo)

    @property
    def seconds(self) -> float:
        """The approximate CPU seconds that training one seed takes."""
        return self.algorithm.seconds * self.steps / self.algorithm.steps

    def environment(self) -> Settings:
        """Return the settings of the training environments; ValueError where they are wrong."""
        given = read_keywords(self.keywords)
        own = {name: getattr(self, name) for name in ("alpha", "reward", "num_levels")}
        return Settings(find_trap(self.trap)(**given), **own)

    def plan(self) -> TrainingPlan:
        """Return the environments, steps and PPO settings as a ``TrainingPlan``."""
        return TrainingPlan(self.environment(), self.steps, self.settings or PPOSettings())

    def changes(self) -> dict[str, float]:
        """Return the PPO settings that differ from the algorithm's usual ones."""
        return self.algorithm.find_changes(self.settings)

    def change(self, **settings: Any) -> Run:
        """Return the same training with other settings of PPO.

        Raises:
            ValueError: the algorithm does not take one of them, or a value is out of its range.
        """
        self.algorithm.require_settings(settings)
        usual = self.settings or PPOSettings()
        return replace(self, settings=replace(usual, **settings)) if settings else self

    def facts(self) -> dict[str, Any]:
        """Return the entries of an agent's record that describe the training."""
        made = self.environment()
        resolved = {"trap": made.trap.name(), "algo": self.algorithm.name, "reward": made.reward}
        return asdict(self) | resolved | {"settings": self.changes()}

    @property
    def name(self) -> str:
        """The agent's name, unique among agents of a trap and number of steps."""
        alpha = f"-alpha{self.alpha:g}" if self.alpha else ""
        reward = "" if self.reward == "base" else f"-{self.reward}"
        given = "".join(f"-{word}" for word in self.keywords)
        changed = "".join(f"-{key.replace('_', '-')}{x}" for key, x in self.changes().items())
        return f"{self.algorithm.name}{alpha}{reward}{changed}{given}-s{self.seed}"

    def command(self) -> str:
        """Return the shell command that repeats the training, without ``--out``."""
        given = asdict(self)
        trap = shlex.join([given.pop("trap"), *given.pop("keywords")])
        given |= self.changes()
        del given["settings"]
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
        try:
            found[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            found[name] = value
    return found
