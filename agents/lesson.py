"""A lesson, which an agent is to learn: the one argument of every algorithm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agents.curve import Curve
from mesa_gym.traps import Split, Trap

if TYPE_CHECKING:  # torch is an extra
    from agents.actors import Actor

# How far ahead agents look while they learn; scores have a discount of their own, 0.99.
GAMMA = 0.97
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Lesson:
    """A training, as an algorithm's ``train(lesson)`` gets it.

    Attributes:
        trap: what to train on, split ``train``.
        network: one of ``agents.networks.NETWORKS``.
        seed: of weights, actions and levels.
        steps: environment steps; an algorithm may round up to whole rollouts.
        alpha: the share of episodes drawn from the shift distribution.
        reward: the objective that is paid; ``base`` is the base objective.
        num_levels: how many different levels are trained on; None for all.
        max_steps: the time limit; None for the trap's own.
        gamma: the discount, or the paid objective's own where that is less.
        progress: called with the number of steps taken since the last call.
        parts: how many equal parts the training has.
        keep: called with the steps and the actor, which goes on learning, after each part but the
            last; an algorithm may wait for its next update.
        curve: where an algorithm notes what episodes earned.
    """

    trap: Trap
    network: str
    seed: int
    steps: int
    alpha: float = 0.0
    reward: str = "base"
    num_levels: int | None = None
    max_steps: int | None = None
    gamma: float = GAMMA
    progress: Progress = lambda steps: None
    parts: int = 1
    keep: Callable[[int, Actor], None] = lambda steps, actor: None
    curve: Curve = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "curve", Curve(self.steps))

    @property
    def discount(self) -> float:
        """An objective that looks less far ahead than agents do is learnt as it is meant."""
        return min(self.gamma, self.trap.discount(self.reward))

    @property
    def objective(self) -> str:
        """The paid objective's own name."""
        return self.trap.base if self.reward == "base" else self.reward

    @property
    def horizon(self) -> int:
        """The time limit of episodes, in steps."""
        return self.trap.horizon(Split.TRAIN) if self.max_steps is None else self.max_steps

    @property
    def first_seed(self) -> int:
        """Of the environments: seeds s and s + 1 of a vector environment share all streams of
        levels but one."""
        return 100_000 * self.seed

    def keywords(self) -> dict[str, Any]:
        """Of the environments."""
        return {
            "size": self.trap.size,
            **self.trap.parameters,
            "alpha": self.alpha,
            "reward": self.reward,
            "num_levels": self.num_levels,
            "max_steps": self.max_steps,
        }

    def due(self) -> list[int]:
        """After how many steps to ``keep``."""
        return [self.steps * part // self.parts for part in range(1, self.parts)]
