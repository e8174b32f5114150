"""Settings: ways to train agents that differ in their seed alone, trained and scored once.

::

    agents/CheeseCorner-ppo-alpha0.01-s3/                  a trained agent
    cards/CheeseCorner-v0/CheeseCorner-ppo-alpha0.01-s3.json
    training/CheeseCorner-v0/CheeseCorner-ppo-alpha0.01-s3.json
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

from agents.lesson import Lesson
from agents.train import NUM_LEVELS, Run, learn
from benchmarks.runs.jobs import Trainee, run_facts
from benchmarks.runs.processes import Unit
from benchmarks.runs.results import Results, card_path
from mesa_gym.scoring import ScoreCard
from mesa_gym.traps import Trap, find_trap


@dataclass(frozen=True)
class Setting:
    """A way to train, which a row of a study's table has.

    Attributes:
        trap: the trap's name, without version.
        algo: one of ``agents.train.ALGORITHMS``; what stands below ``steps`` is for ``ppo`` alone.
        alpha: the share of training episodes drawn from the shift.
        num_levels: how many different levels are trained on.
        reward: the objective that is paid.
        steps: environment steps; 0 for those of ``agents.train.steps_for``.
        gamma: the discount of learning; None for the usual one.
        max_steps: the time limit of training episodes; None for the trap's own.
        own_levels: whether each seed has training levels of its own.
        units: of each hidden layer of the network; None for all.
        stages: as of ``agents.train.Run``.
    """

    trap: str
    algo: str = "ppo"
    alpha: float = 0.0
    num_levels: int = NUM_LEVELS
    reward: str = "base"
    steps: int = 0
    gamma: float | None = None
    max_steps: int | None = None
    own_levels: bool = False
    units: int | None = None
    stages: tuple[str, ...] = ()

    @property
    def changes(self) -> dict[str, Any]:
        """The fields that are not as usual."""
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)[2:]
            if getattr(self, field.name) != field.default
        }

    @property
    def name(self) -> str:
        """The name of its agents, without their seed."""
        changes = {key: str(value) for key, value in self.changes.items() if key != "stages"}
        parts = [f"{key.replace('_', '-')}{value}" for key, value in changes.items()]
        parts += [re.sub(r"[^\w.]+", "-", text) for text in self.stages]
        return "-".join([self.trap, self.algo, *parts])

    def agent(self, seed: int) -> str:
        """Return the name of an agent."""
        return f"{self.name}-s{seed}"

    def make(self) -> Trap:
        """Return the trap that is trained and scored on."""
        return self.run(0).environment().trap

    def run(self, seed: int) -> Run:
        """Return an agent's training, apart from what only a study changes."""
        own = ("trap", "algo", "alpha", "num_levels", "reward", "steps", "stages")
        run = Run(seed=seed, **{name: getattr(self, name) for name in own})
        changed = {"units": self.units, "discount": self.gamma}
        return run.change(**{name: each for name, each in changed.items() if each is not None})

    def facts(self, seed: int) -> dict[str, Any]:
        """Return what ``policy.json`` must say of an agent's training.

        Raises:
            ValueError: a name is unknown, or a number out of range.
        """
        command = f"python -m benchmarks study reproduction: {self.name}"
        return run_facts(self.run(seed)) | {"command": command}

    def unit(self, seed: int, levels: int) -> Unit:
        """Return an agent's training and its scores on so many levels of each split."""
        name = self.agent(seed)
        teach, path = partial(train, self, seed), Path("agents", name)
        return Trainee(name, self.make(), path, self.facts(seed), teach, levels).unit(name)

    def card(self, seed: int, results: Results) -> ScoreCard:
        """Return an agent's score card.

        Raises:
            OSError, ValueError: it is missing or damaged.
        """
        path = card_path(find_trap(self.trap).name(), self.agent(seed))
        return ScoreCard.load(results.folder / path)


@dataclass(frozen=True)
class ChangedLesson(Lesson):
    """A lesson with what a setting changes; one without a setting changes nothing."""

    setting: Setting | None = None

    def keywords(self) -> dict[str, Any]:
        """Return the keywords of the environments, besides the trap."""
        more: dict[str, Any] = {}
        if self.setting and self.setting.max_steps:
            more["max_steps"] = self.setting.max_steps
        if self.setting and self.setting.own_levels:
            more["salt"] = f"training levels of seed {self.seeds[0]}"
        return super().keywords() | more


def train(setting: Setting, seed: int, folder: Path, told: Callable[[int], None]) -> None:
    """Train an agent and write its directory, as ``Trainee.teach`` does."""
    from agents.saving import record_agent, save

    make_lesson = partial(ChangedLesson, setting=setting)
    (agent,), (curve,) = learn(setting.run(seed), (seed,), make_lesson, progress=told)
    facts = setting.facts(seed) | {"curve": curve}
    del facts["trap"], facts["seed"]
    save(folder, record_agent(agent, setting.make(), setting.agent(seed), seed, **facts))
