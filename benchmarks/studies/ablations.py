"""Ablations: what one change to a trap or its training does to the agents of the study.

``python -m benchmarks.studies.ablations`` trains and scores what is not done yet, for
docs/reproduction.md: changes that ``agents.train`` has no option for. Networks, alpha and the
number of levels are varied with ``python -m benchmarks.studies.curves``, in whose folder the
results lie.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from agents.lesson import Lesson
from agents.train import Run
from benchmarks.leaderboard.jobs import Trainee, run_facts
from benchmarks.leaderboard.processes import Unit
from benchmarks.leaderboard.results import Results
from benchmarks.markdown import laid_out
from benchmarks.options import add_running, count
from benchmarks.studies.commands import add_levels, finished, parser_of, show
from benchmarks.studies.curves import HEADS, OUT, told
from benchmarks.studies.sweeps import LEVELS, agent_name, card_of
from mesa_gym.command import DONE
from mesa_gym.traps import Trap, find_trap

SEEDS = 3


@dataclass(frozen=True)
class Change:
    """A way to train that differs in one thing from what the curves' agents had.

    Attributes:
        name: the trap's, without version.
        keywords: of the trap, such as ``size``.
        lesson: of ``ChangedLesson``: ``gamma``, or ``max_steps``.
        alpha: the share of episodes drawn from the shift.
    """

    name: str
    keywords: Mapping[str, Any] = field(default_factory=dict, hash=False)
    lesson: Mapping[str, Any] = field(default_factory=dict, hash=False)
    alpha: float = 0.0

    @property
    def what(self) -> dict[str, Any]:
        """The change."""
        return {**self.keywords, **self.lesson}

    def trap(self) -> Trap:
        """Return the trap that is trained and scored on."""
        return find_trap(self.name)(**self.keywords)

    def run(self, seed: int) -> Run:
        """Return the training without the change."""
        return Run(self.name, seed=seed, alpha=self.alpha)

    def agent(self, seed: int) -> str:
        """Return an agent's name."""
        changed = "".join(f"-{key}{value}" for key, value in self.what.items())
        return agent_name(self.run(seed), changed)

    def facts(self, seed: int) -> dict[str, Any]:
        """Return what an agent's ``policy.json`` says of its training."""
        command = {"command": "python -m benchmarks.studies.ablations"}
        return run_facts(self.run(seed)) | dict(self.lesson) | command


@dataclass(frozen=True)
class ChangedLesson(Lesson):
    """A training with another discount or time limit; None leaves it as it is.

    Attributes:
        gamma: the discount of learning.
        max_steps: the time limit of episodes.
    """

    gamma: float | None = None
    max_steps: int | None = None

    @property
    def discount(self) -> float:
        """The discount of learning."""
        return super().discount if self.gamma is None else self.gamma

    def keywords(self) -> dict[str, Any]:
        """Return the keywords of the environments."""
        return super().keywords() | {"max_steps": self.max_steps}


# Steps towards what the sources had: larger grids, a longer view, long episodes.
STUDY = (
    Change("CheeseCorner", keywords={"size": 13}, alpha=0.01),
    Change("CheeseCorner", lesson={"gamma": 0.99}, alpha=0.01),
    Change("MonsterWorld", lesson={"max_steps": 200}),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    parser = parser_of("ablations", __doc__, OUT)
    parser.add_argument("--seeds", type=count, default=SEEDS, help=f"agents a change ({SEEDS})")
    add_levels(parser, LEVELS)
    add_running(parser)
    options = parser.parse_args(arguments)

    def finish() -> int:
        show(options.out / "ablations.md", table(STUDY, options.seeds, Results(options.out)))
        return DONE

    def units() -> list[Unit]:
        return change_units(STUDY, options.seeds, options.levels)

    return finished("ablations", options, units, finish)


def change_units(changes: Sequence[Change], seeds: int, levels: int) -> list[Unit]:
    """Return a unit for each agent."""
    return [_unit(change, seed, levels) for change in changes for seed in range(seeds)]


def _unit(change: Change, seed: int, levels: int) -> Unit:
    name, trap, teach = change.agent(seed), change.trap(), partial(_train, change, seed)
    agent, parts = Path("agents", name), {name: Path()}
    return Trainee(name, trap, agent, change.facts(seed), teach, levels, parts).unit(name)


def _train(change: Change, seed: int, folder: Path, told: Callable[[int], None]) -> None:
    from agents.ppo import train
    from agents.saving import save, weights

    trap, facts = change.trap(), change.facts(seed)
    more = {key: facts[key] for key in ("alpha", "reward", "num_levels", *change.lesson)}
    (agent,) = train(ChangedLesson(trap, (seed,), facts["steps"], progress=told, **more))
    save(folder, weights(agent), agent.kind, trap, facts)


def table(changes: Sequence[Change], seeds: int, results: Results) -> str:
    """Return a row for each change: the curves' measures and the verdicts."""
    rows = []
    for change in changes:
        cls = find_trap(change.name)
        cards = [card_of(cls, change.agent(seed), results) for seed in range(seeds)]
        what = ", ".join(f"{key} {value}" for key, value in change.what.items())
        rows.append([cls.name(), f"{change.alpha:g}", what, *told(cards)])
    return laid_out(["trap", "alpha", "change", *HEADS], rows)


if __name__ == "__main__":
    # Workers find functions of this module by its name, which is not __main__.
    from benchmarks.studies import ablations

    sys.exit(ablations.main())
