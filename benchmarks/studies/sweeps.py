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
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agents.train import NUM_LEVELS, Run
from benchmarks.leaderboard.budgets import steps_for
from benchmarks.leaderboard.jobs import References, Trainee, run_facts, train_run
from benchmarks.leaderboard.processes import Unit
from benchmarks.leaderboard.results import Results, card_path
from mesa_gym.policies import references
from mesa_gym.scoring import ScoreCard
from mesa_gym.traps import Trap, find_trap

CHECKPOINT_STEPS, MOST_CHECKPOINTS = 100_000, 20
KINDS = {
    "steps": "training steps",
    "alpha": "alpha, the share of shift episodes in training",
    "levels": "training levels",
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


@dataclass(frozen=True)
class Sweep:
    """A curve's agents.

    Attributes:
        kind: what they differ in beside the seed, one of ``KINDS``.
        values: of alpha or the number of levels; of no use to ``steps``.
        names: of the traps.
        seeds: agents at each value, seeds 0 and up.
        levels: of each split, for scoring.
        steps: of training, on every trap; None for as many as each is known to take.
        checkpoints: how many equal parts of training are kept, of use to ``steps``; None for one
            each 100,000 steps, at most 20. An agent that ``steps`` shares with the other kinds
            (alpha 0, all levels) is always trained so.
        algo: of ``agents.train``.

    Raises:
        ValueError: a name or number does not fit.
    """

    kind: str
    values: tuple[float, ...]
    names: tuple[str, ...]
    seeds: int
    levels: int
    steps: int | None = None
    checkpoints: int | None = None
    algo: str = "ppo"

    def traps(self) -> list[type[Trap]]:
        """Return the traps, each once."""
        return list(dict.fromkeys(map(find_trap, self.names)))

    def runs(self, cls: type[Trap]) -> list[Run]:
        """Return the agents to train on a trap, seed by seed."""
        steps = self.steps or steps_for(self.algo, cls.name())
        common = Run(cls.name(), self.algo, 0, steps).__dict__
        return [
            Run(**common | facts | {"seed": seed, "checkpoints": self._parts(steps, facts)})
            for seed in range(self.seeds)
            for facts in self._facts()
        ]

    def _facts(self) -> list[dict[str, float]]:
        if self.kind == "steps":
            return [{}]
        values = sorted(set(self.values))
        if self.kind == "alpha":
            return [{"alpha": float(value)} for value in values]
        return [{"num_levels": int(value)} for value in values]

    def _parts(self, steps: int, facts: dict[str, float]) -> int:
        if facts.get("alpha", 0) != 0 or facts.get("num_levels", NUM_LEVELS) != NUM_LEVELS:
            return 1
        if self.checkpoints is not None:
            return self.checkpoints
        return min(max(1, steps // CHECKPOINT_STEPS), MOST_CHECKPOINTS)

    def points(self, run: Run) -> list[Point]:
        """Return what is scored of an agent."""
        if self.kind == "alpha":
            return [Point(run.alpha, run)]
        if self.kind == "levels":
            return [Point(run.num_levels, run)]
        parts = [run.steps * part // run.checkpoints for part in range(1, run.checkpoints)]
        return [*(Point(steps, run, steps) for steps in parts), Point(run.steps, run)]


def agent_name(run: Run) -> str:
    """Return the name of an agent's directory, without its steps and the trap's version."""
    stem = find_trap(run.trap).name().rsplit("-", 1)[0]
    return f"{stem}-{run.algo}-alpha{run.alpha}-levels{run.num_levels}-{run.reward}-s{run.seed}"


def agent_folder(run: Run) -> Path:
    """Return the path of an agent's directory, relative to the results."""
    return Path("agents", agent_name(run))


def sweep_units(sweep: Sweep) -> list[Unit]:
    """Return a unit for each agent's training and all its scores, the longest first.

    Raises:
        ValueError: a trap's name is unknown, or a number out of range.
    """
    references = [References(cls(), sweep.levels).unit() for cls in sweep.traps()]
    agents = [_unit(sweep, run) for cls in sweep.traps() for run in sweep.runs(cls)]
    return [*references, *sorted(agents, key=lambda unit: -unit.seconds)]


def _unit(sweep: Sweep, run: Run) -> Unit:
    name = agent_name(run)
    trainee = Trainee(
        name,
        find_trap(run.trap)(),
        agent_folder(run),
        run_facts(run) | ({"checkpoints": run.checkpoints} if sweep.kind == "steps" else {}),
        partial(train_run, run),
        sweep.levels,
        parts={point.policy: point.part for point in sweep.points(run)},
    )
    return trainee.unit(name)


def cards(sweep: Sweep, cls: type[Trap], results: Results) -> list[tuple[Point, ScoreCard]]:
    """Return the score cards of a trap's agents: by seed, and along the curve.

    Raises:
        ValueError: one is missing or damaged.
    """
    points = [point for run in sweep.runs(cls) for point in sweep.points(run)]
    return [(point, _card(cls, point.policy, results)) for point in points]


def reference_cards(cls: type[Trap], results: Results) -> dict[str, ScoreCard]:
    """Return name -> score card, of the trap's reference policies."""
    return {policy: _card(cls, policy, results) for policy in references(cls)}


def _card(cls: type[Trap], policy: str, results: Results) -> ScoreCard:
    path = results.folder / card_path(cls.name(), policy)
    if not path.exists():
        raise ValueError(f"{path} is missing; `python -m benchmarks.studies.curves` makes it")
    return ScoreCard.load(path)


def seeds_of(points: Sequence[tuple[Point, ScoreCard]]) -> dict[int, list[tuple[Point, ScoreCard]]]:
    """Return seed -> its points, along the curve."""
    found: dict[int, list[tuple[Point, ScoreCard]]] = defaultdict(list)
    for point, card in points:
        found[point.run.seed].append((point, card))
    return {seed: sorted(line, key=lambda pair: pair[0].x) for seed, line in found.items()}
