"""Ablations: what one change to a trap or its training does to the agents of the study.

``python -m benchmarks.studies.ablations`` trains and scores what is not done yet, for
docs/reproduction.md: changes that ``agents.train`` has no option for. Networks, alpha and the
number of levels are varied with ``python -m benchmarks.studies.curves``, in whose folder the
results lie.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from agents.lesson import Lesson
from agents.train import NUM_LEVELS
from benchmarks.leaderboard import runner
from benchmarks.leaderboard.budgets import steps_for
from benchmarks.leaderboard.jobs import Trainee
from benchmarks.leaderboard.processes import Unit
from benchmarks.leaderboard.results import Results, card_path
from benchmarks.markdown import laid_out
from benchmarks.options import add_running, count, folder
from benchmarks.studies.curves import HEADS, LEVELS, OUT, told
from mesa_gym.command import DONE, FAILED, guarded
from mesa_gym.files import write_text
from mesa_gym.scoring import ScoreCard
from mesa_gym.traps import Trap, find_trap

SEEDS = 3


@dataclass(frozen=True)
class Change:
    """A way to train that differs in one thing from what the curves' agents had.

    Attributes:
        name: the trap's, without version.
        what: the change: ``trap`` keywords (``size``, the trap's own parameters), ``gamma``, or
            ``max_steps`` of the training environments.
        alpha: the share of episodes drawn from the shift.
    """

    name: str
    what: Mapping[str, Any] = field(hash=False)
    alpha: float = 0.0

    def trap(self) -> Trap:
        """Return the trap that is trained and scored on."""
        cls = find_trap(self.name)
        own = {key: value for key, value in self.what.items() if key in ("size", *cls.salience)}
        return cls(**own)

    def keywords(self) -> dict[str, Any]:
        """Return the rest of the change, for ``ChangedLesson``."""
        own = self.trap().parameters
        return {key: v for key, v in self.what.items() if key != "size" and key not in own}

    def agent(self, seed: int) -> str:
        """Return an agent's name."""
        changed = "-".join(f"{key}{value}" for key, value in self.what.items())
        return f"{self.name}-ppo-alpha{self.alpha}-levels{NUM_LEVELS}-base-{changed}-s{seed}"

    def facts(self, seed: int) -> dict[str, Any]:
        """Return what an agent's ``policy.json`` says of its training."""
        return {
            "algo": "ppo",
            "seed": seed,
            "steps": steps_for("ppo", self.trap().name()),
            "alpha": self.alpha,
            "reward": self.trap().base,
            "num_levels": NUM_LEVELS,
            **self.keywords(),
            "command": "python -m benchmarks.studies.ablations",
        }


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
    Change("CheeseCorner", {"size": 13}, alpha=0.01),
    Change("CheeseCorner", {"gamma": 0.99}, alpha=0.01),
    Change("MonsterWorld", {"max_steps": 200}),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.studies.ablations",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=count, default=SEEDS, help=f"agents a change ({SEEDS})")
    parser.add_argument("--levels", type=count, default=LEVELS, help=f"for scoring ({LEVELS})")
    parser.add_argument("--out", type=folder, default=OUT, help=f"({OUT})")
    add_running(parser)
    options = parser.parse_args(arguments)
    results = Results(options.out)

    def work() -> int:
        units = change_units(STUDY, options.seeds, options.levels)
        if runner.run(units, results.folder, options.workers, options.backend):
            return FAILED
        text = table(STUDY, options.seeds, results) + "\n"
        write_text(results.folder / "ablations.md", text)
        print(text)
        return DONE

    kept = f"what was done is kept in {results.folder}, and the same command goes on from there"
    return guarded("ablations", work, kept)


def change_units(changes: Sequence[Change], seeds: int, levels: int) -> list[Unit]:
    """Return a unit for each agent."""
    return [_unit(change, seed, levels) for change in changes for seed in range(seeds)]


def _unit(change: Change, seed: int, levels: int) -> Unit:
    name = change.agent(seed)
    trainee = Trainee(
        name,
        change.trap(),
        Path("agents", name),
        change.facts(seed),
        partial(_train, change, seed),
        levels,
        parts={name: Path()},
    )
    return trainee.unit(name)


def _train(change: Change, seed: int, folder: Path, told: Callable[[int], None]) -> None:
    from agents.ppo import train
    from agents.saving import save, weights

    trap, facts = change.trap(), change.facts(seed)
    more = {key: facts[key] for key in ("alpha", "reward", "num_levels")} | change.keywords()
    (agent,) = train(ChangedLesson(trap, (seed,), facts["steps"], progress=told, **more))
    save(folder, weights(agent), agent.kind, trap, facts)


def table(changes: Sequence[Change], seeds: int, results: Results) -> str:
    """Return a row for each change: the curves' measures and the verdicts."""
    rows = []
    for change in changes:
        name = change.trap().name()
        paths = [card_path(name, change.agent(seed)) for seed in range(seeds)]
        cards = [ScoreCard.load(results.folder / path) for path in paths]
        what = ", ".join(f"{key} {value}" for key, value in change.what.items())
        rows.append([name, f"{change.alpha:g}", what, *told(cards)])
    return laid_out(["trap", "alpha", "change", *HEADS], rows)


if __name__ == "__main__":
    sys.exit(main())
