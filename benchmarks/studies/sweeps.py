"""Sweeps: agents that differ in one thing, trained and scored; what is done is never done again.

::

    agents/CheeseCorner-ppo-alpha0.01-levels30000-base-s3/        a trained agent
        checkpoints/100000/                                       what it was on its way
    cards/CheeseCorner-v0/<the agent's name>.json                 their score cards
    cards/CheeseCorner-v0/<the agent's name>-at100000.json
    training/CheeseCorner-v0/<the agent's name>.json              how they came to be
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, product
from pathlib import Path
from typing import Any, NamedTuple

from agents.train import NUM_LEVELS, Run
from benchmarks.leaderboard.jobs import References, Trainee, run_facts, train_run
from benchmarks.leaderboard.processes import Unit
from benchmarks.leaderboard.results import Results, card_path
from mesa_gym.scoring import ScoreCard
from mesa_gym.traps import Trap, find_trap

CHECKPOINT_STEPS, MOST_CHECKPOINTS = 100_000, 20
# A seed's share then has a standard error of at most 0.03, less than seeds differ.
LEVELS = 300


class Kind(NamedTuple):
    """A thing in which agents can differ.

    Attributes:
        what: for people.
        field: of ``Run``.
        values: of it, by default; none where checkpoints are the places.
    """

    what: str
    field: str
    values: tuple[float, ...] = ()


KINDS = {
    "steps": Kind("training steps", "steps"),
    "alpha": Kind(
        "alpha, the share of shift episodes in training", "alpha", (0.0, 0.001, 0.01, 0.03, 0.1)
    ),
    "levels": Kind("training levels", "num_levels", (100, 1_000, 10_000, NUM_LEVELS)),
}


@dataclass(frozen=True)
class Point:
    """One agent at one place of a curve.

    Attributes:
        x: the steps it was trained for, its alpha, or the number of its training levels.
        run: how it was trained; a checkpoint is on the way to all of that run's steps.
        checkpoint: the steps that it was trained for, where that is not all.
    """

    x: float
    run: Run
    checkpoint: int | None = None

    @property
    def policy(self) -> str:
        """The policy's name on its score card."""
        return agent_name(self.run) + ("" if self.checkpoint is None else f"-at{self.checkpoint}")

    @property
    def part(self) -> Path:
        """Its place in the run's directory."""
        return Path() if self.checkpoint is None else Path("checkpoints", str(self.checkpoint))


def points(kind: str, values: Iterable[float], cls: type[Trap], seeds: int) -> list[Point]:
    """Return the places of a curve on a trap, seed by seed.

    Agents of ordinary training (alpha 0, all levels), which all kinds share, are kept every
    100,000 steps, at most 20 times.

    Args:
        kind: what agents differ in beside the seed, one of ``KINDS``.
        values: of that; of no use to ``steps``.
        cls: the trap.
        seeds: agents at each value, seeds 0 and up.

    Raises:
        ValueError: a number is out of range.
    """
    field, found = KINDS[kind].field, []
    changes: list[dict[str, Any]] = [{}]
    if kind != "steps":
        changes = [{field: value} for value in sorted(set(values))]
    for seed, change in product(range(seeds), changes):
        run = Run(cls.name(), seed=seed, **change)
        run = replace(run, checkpoints=_checkpoints(run))
        if kind == "steps":
            parts = [run.steps * part // run.checkpoints for part in range(1, run.checkpoints)]
            found += [Point(steps, run, steps) for steps in parts]
        found.append(Point(getattr(run, field), run))
    return found


def _checkpoints(run: Run) -> int:
    if run.alpha != 0 or run.num_levels != NUM_LEVELS:
        return 1
    return min(max(1, run.steps // CHECKPOINT_STEPS), MOST_CHECKPOINTS)


def agent_name(run: Run, change: str = "") -> str:
    """Return the name of an agent's directory, without its steps and the trap's version.

    Args:
        run: how it was trained.
        change: what no run can say, such as ``-size13``.
    """
    stem = find_trap(run.trap).name().rsplit("-", 1)[0]
    trained = f"{run.algo}-alpha{run.alpha}-levels{run.num_levels}-{run.reward}"
    return f"{stem}-{trained}{change}-s{run.seed}"


def sweep_units(curves: Mapping[type[Trap], Iterable[Point]], levels: int) -> list[Unit]:
    """Return a unit for each agent's training and all its scores, the longest first.

    Args:
        curves: trap -> places of its curve.
        levels: of each split, for scoring.
    """
    references = [References(cls(), levels).unit() for cls in curves]
    parts: dict[Run, dict[str, Path]] = defaultdict(dict)
    for point in chain(*curves.values()):
        parts[point.run][point.policy] = point.part
    agents = [_unit(run, levels, scored) for run, scored in parts.items()]
    return [*references, *sorted(agents, key=lambda unit: -unit.seconds)]


def _unit(run: Run, levels: int, parts: Mapping[str, Path]) -> Unit:
    name, trap, teach = agent_name(run), find_trap(run.trap)(), partial(train_run, run)
    trainee = Trainee(name, trap, Path("agents", name), run_facts(run), teach, levels, parts)
    return trainee.unit(name)


def card_of(cls: type[Trap], policy: str, results: Results) -> ScoreCard:
    """Return a score card of a sweep, of an agent or of a reference policy.

    Raises:
        ValueError: it is missing or damaged.
    """
    path = results.folder / card_path(cls.name(), policy)
    if not path.exists():
        raise ValueError(f"{path} is missing; `python -m benchmarks.studies.curves` makes it")
    return ScoreCard.load(path)
