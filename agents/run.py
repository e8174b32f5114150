"""A training: its algorithm, trap, seeds and steps."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass, replace
from typing import Any

from agents.algorithms import ALGORITHMS, Algorithm, find_algorithm
from agents.settings import PPOSettings
from agents.stages import Stage, read_stages
from mesa_gym.envs.settings import Settings
from mesa_gym.trained.kinds import KINDS
from mesa_gym.traps import find_trap

# With 1,000 instead an agent learns the levels by heart and is not competent on others.
NUM_LEVELS = 30_000


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
        checkpoints: how many equal parts a stage has; what the agent was at the end of each
            except the last of all is kept beside it.
        settings: of PPO; None for the algorithm's usual ones, or where it takes none.
        stages: of the training, as ``agents.stages.read_stages`` reads them: what they do not say
            is as above, and they can set keywords of the trap too.

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
    checkpoints: int = 1
    settings: PPOSettings | None = None
    stages: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        algorithm = self.algorithm
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"seed must be from 0 to 2**32 - 1, got {self.seed}")
        if self.steps < 0:
            raise ValueError(f"steps must be at least 1, got {self.steps}")
        if self.checkpoints < 1:
            raise ValueError(f"checkpoints must be at least 1, got {self.checkpoints}")
        steps = self.steps or algorithm.count_steps(find_trap(self.trap).name())
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "settings", self.settings or algorithm.settings)
        self.changes()
        others = " and ".join(name for name, each in ALGORITHMS.items() if each.staged)
        if len(self.parts()) > 1 and not algorithm.staged:
            raise ValueError(f"{algorithm.name} trains in one stage; {others} in several")

    @property
    def algorithm(self) -> Algorithm:
        """The algorithm itself."""
        return find_algorithm(self.algo)

    def parts(self) -> list[Stage]:
        """Return its stages; making them checks the other attributes."""
        names = ("steps", "alpha", "reward", "num_levels")
        usual = {name: getattr(self, name) for name in names}
        return read_stages(self.trap, self.stages, usual, sized=KINDS[self.algorithm.kind].sized)

    @property
    def seconds(self) -> float:
        """The seconds of a CPU that training one seed takes, roughly."""
        return self.algorithm.seconds * self.steps / self.algorithm.steps

    def environment(self) -> Settings:
        """Return the settings of its environments, in the last stage."""
        return self.parts()[-1].settings

    def changes(self) -> dict[str, float]:
        """Return the training's unusual settings."""
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
        """Return the entries of an agent's record that describe its training."""
        last = self.environment()
        resolved = {"trap": last.trap.name(), "algo": self.algorithm.name, "reward": last.reward}
        return asdict(self) | resolved | {"settings": self.changes()}

    @property
    def name(self) -> str:
        """Name of the agent, unique among those of a trap that are trained for as many steps."""
        alpha = f"-alpha{self.alpha:g}" if self.alpha else ""
        reward = "" if self.reward == "base" else f"-{self.reward}"
        stages = "".join(f"-{text.replace(' ', '-')}" for text in self.stages)
        changed = "".join(f"-{key.replace('_', '-')}{x}" for key, x in self.changes().items())
        return f"{self.algorithm.name}{alpha}{reward}{changed}{stages}-s{self.seed}"

    def command(self) -> str:
        """Return the command that repeats it, apart from --out."""
        given = asdict(self)
        stages = [f"--stage {shlex.quote(text)}" for text in given.pop("stages")]
        given |= self.changes()
        del given["settings"]
        options = (
            f"--{name.replace('_', '-')} {shlex.quote(str(value))}" for name, value in given.items()
        )
        return " ".join(["python -m agents.train", *options, *stages])
