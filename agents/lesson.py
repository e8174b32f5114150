"""A lesson, which agents are to learn: the one argument of every algorithm."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agents.ppo_settings import PPOSettings
from mesa_gym.envs.supply import environment_seeds
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.trained.agent import Agent
from mesa_gym.traps import Split, Trap

POINTS = 40  # of a learning curve
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Lesson:
    """A training of one agent a seed.

    Attributes:
        trap: what to train on, split ``train``.
        seeds: of weights, actions and levels.
        steps: environment steps of each agent; an algorithm may round up to whole rollouts.
        alpha: the share of episodes drawn from the shift distribution.
        reward: the objective that is paid; ``base`` is the base objective.
        num_levels: how many different levels are trained on; None for all.
        checkpoints: after how many steps to ``keep`` the agents, ascending.
        device: where environments and networks live, as torch names it; None for environments in
            NumPy.
        progress: called with the number of steps that all agents have taken since the last call.
        keep: called at a checkpoint with its steps, a seed and that seed's agent so far.
        settings: of PPO.
        start: agents of the algorithm to go on from, one a seed; None for untrained ones.
        make_envs: makes so many environments in NumPy elsewhere, on levels of ``train``, that pay
            base and begin again in the step that ends an episode; None for those of the trap.
        curves: for each agent the sums and counts of the returns (undiscounted, of the paid
            objective) of the episodes that ended in each of ``POINTS`` parts of the training.
    """

    trap: Trap
    seeds: tuple[int, ...]
    steps: int
    alpha: float = 0.0
    reward: str = "base"
    num_levels: int | None = None
    checkpoints: tuple[int, ...] = ()
    device: str | None = None
    progress: Progress = lambda steps: None
    keep: Callable[[int, int, Agent], None] = lambda steps, seed, agent: None
    settings: PPOSettings = field(default_factory=PPOSettings)
    start: Sequence[Any] | None = None
    make_envs: Callable[[int], Any] | None = None
    curves: list[list[list[float]]] = field(init=False)

    def __post_init__(self) -> None:
        empty = [[[0.0, 0.0] for _ in range(POINTS)] for _ in self.seeds]
        object.__setattr__(self, "curves", empty)

    def each(self) -> Iterator[Lesson]:
        """Yield a lesson for each agent alone, which notes its curve in this one."""
        for index, curve in enumerate(self.curves):
            own = slice(index, index + 1)
            start = None if self.start is None else self.start[own]
            alone = replace(self, seeds=self.seeds[own], start=start)
            alone.curves[0] = curve
            yield alone

    @property
    def discount(self) -> float:
        """The discount of learning: the settings', or the paid objective's own where that is less.

        Scores have a discount of their own, 0.99.
        """
        return min(self.settings.discount, self.trap.discount(self.reward))

    @property
    def objective(self) -> str:
        """The paid objective's own name."""
        return self.trap.base if self.reward == "base" else self.reward

    @property
    def horizon(self) -> int:
        """The time limit of episodes, in steps."""
        return self.trap.horizon(Split.TRAIN)

    def environment_seeds(self) -> list[int]:
        """Return the seeds of PPO's environments, those of the first agent first."""
        n = self.settings.environments
        return [each for seed in self.seeds for each in environment_seeds(seed, n)]

    def environments(self, n: int) -> Any:
        """Make n environments in NumPy.

        Raises:
            ValueError: they are made elsewhere, and the lesson is not what they are of.
        """
        if self.make_envs is None:
            return TrapVectorEnv(self.trap, n, autoreset_mode="SameStep", **self.keywords())
        if self.alpha or self.objective != self.trap.base:
            raise ValueError(
                f"these environments have levels of train, which pay {self.trap.base}; got alpha"
                f" {self.alpha} and reward {self.reward!r}"
            )
        return self.make_envs(n)

    def keywords(self) -> dict[str, Any]:
        """Return the keywords of the environments, besides the trap."""
        return {"alpha": self.alpha, "reward": self.reward, "num_levels": self.num_levels}

    def note(self, agent: int, step: int, earned: float, episodes: float = 1) -> None:
        """Add episodes that ended before the agent's step, with the sum of their returns."""
        part = self.curves[agent][min(POINTS - 1, max(0, step - 1) * POINTS // self.steps)]
        part[0] += earned
        part[1] += episodes

    def curve(self, agent: int) -> list[tuple[int, float]]:
        """Return (steps, mean return) for each part in which an episode ended."""
        return [
            (self.steps * (index + 1) // POINTS, earned / episodes)
            for index, (earned, episodes) in enumerate(self.curves[agent])
            if episodes
        ]
