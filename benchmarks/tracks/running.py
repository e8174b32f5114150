"""Evaluation of methods: the units of the tracks' board, and the rerun of one method."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from agents.run import steps_for
from benchmarks.runs.processes import Scratch, Unit
from benchmarks.runs.results import Results, require_same_training
from benchmarks.tracks.assignment import Facts
from benchmarks.tracks.checks import CHECKS, check
from benchmarks.tracks.coverage import evaluate_coverage
from benchmarks.tracks.entrant import Entrant, describe
from benchmarks.tracks.evaluation import LEVELS, Evaluator
from benchmarks.tracks.labels import evaluate_labels
from benchmarks.tracks.methods import METHODS
from benchmarks.tracks.questions import evaluate_questions
from benchmarks.tracks.record import SHARES, TrackRecord, record_path
from benchmarks.tracks.shares import train_with_shares
from benchmarks.tracks.wall import Wall, name_method
from mesa_gym.scoring import salt_digest
from mesa_gym.traps import find_trap

TRACKS: dict[str, Callable[[Evaluator, Entrant], Any]] = {
    "coverage": lambda evaluator, entrant: evaluate_coverage(entrant.measure, entrant.members),
    "labels": evaluate_labels,
    "ask": evaluate_questions,
}
# The salt of the committed records. A rerun draws one of its own.
PUBLIC_SALT = "tracks"
# A method trains up to this many agents on a trap, each on so many steps.
MOST_STEPS = 1_500_000
USUAL_STEPS = 400_000
AGENTS, STEPS_A_SECOND, EVALUATION_SECONDS = 4, 25_000, 120


def steps_on(trap: str) -> int:
    """Return how many steps an agent of a method takes in training, by a trap's name."""
    usual = steps_for(find_trap(trap).name())
    return min(MOST_STEPS, USUAL_STEPS if usual <= 600_000 else usual)


def describe_methods(wall: Wall, names: Sequence[str]) -> dict[str, Facts]:
    """Return what methods say of themselves.

    Raises:
        UnknownNameError: there is no such method.
        ValueError: a class is not a method, or lacks what a track that it enters needs.
    """
    found = {}
    for name in names:
        facts = found[name] = describe(wall, name)
        given = ", ".join(facts.tracks) or "no track"
        if not facts.tracks or not {*facts.tracks} <= {*TRACKS}:
            raise ValueError(f"{name} enters {given}; tracks are {', '.join(TRACKS)}")
        for step in ("train", *({"ask"} & {*facts.tracks})):
            if step not in facts.steps:
                raise ValueError(f"{name} enters {given} and has no {step}(); write it")
    return found


def shared_sets(facts: Mapping[str, Facts]) -> list[list[str]]:
    """Return methods together that share a set of policies, which is then trained once."""
    groups: dict[str, list[str]] = {}
    for name, each in facts.items():
        groups.setdefault(each.shares or name, []).append(name)
    return [*groups.values()]


def evaluate_methods(
    wall: Wall,
    names: Sequence[str],
    trap: str,
    seed: int,
    steps: int,
    salt: str = PUBLIC_SALT,
    tracks: Collection[str] = TRACKS,
    levels: int = LEVELS,
    tell: Callable[[str], None] = lambda line: None,
) -> list[TrackRecord]:
    """Train a set of policies once, and evaluate the methods that share it.

    Args:
        wall: behind which they run.
        names: of the methods.
        trap: name.
        seed: of training.
        steps: of training one agent.
        salt: of levels, planes and roles.
        tracks: those to evaluate, of what the methods enter.
        levels: how many of ``shift`` and of ``test`` are scored.
        tell: called with what is being done.
    """
    facts = describe_methods(wall, names)
    began = _measure_seconds(wall)
    evaluator = Evaluator(find_trap(trap)(), salt, levels)
    first: Entrant | None = None
    records = []
    for name, about in facts.items():
        entrant = Entrant(wall, name, evaluator, seed, steps)
        if first is None:
            first = entrant
            tell(f"{trap}, seed {seed}: training")
            entrant.train("coverage" not in about.tracks)
            trained = _measure_seconds(wall) - began
        else:  # what training taught the first of them is all that training teaches
            entrant.inherit(first)
        began = _measure_seconds(wall)
        found: dict[str, Any] = {}
        for track in (each for each in tracks if each in about.tracks):
            tell(f"{trap}, seed {seed}: {track}, every budget in both roles")
            found[track] = TRACKS[track](evaluator, entrant)
        seconds = trained + _measure_seconds(wall) - began
        said = {"priors": about.priors, "kind": about.kind, "about": about.about}
        records.append(
            _make_record(
                evaluator, name_method(name), seed, steps, seconds=seconds, **said, **found
            )
        )
    return records


def evaluate_alone(*arguments: Any) -> list[TrackRecord]:
    """Evaluate methods behind a wall of their own, in a process of a runner."""
    with Wall() as wall:
        return evaluate_methods(wall, *arguments)


def _measure_seconds(wall: Wall) -> float:
    return time.process_time() + wall.seconds


def evaluate_checks(trap: str, salt: str = PUBLIC_SALT, levels: int = LEVELS) -> list[TrackRecord]:
    """Evaluate the policies that must get 0."""
    evaluator, records = Evaluator(find_trap(trap)(), salt, levels), []
    for name in CHECKS:
        began = time.process_time()
        cover, labels, ask = check(evaluator, name)
        found = {"coverage": cover, "labels": labels, "ask": ask, "kind": "check"}
        seconds = time.process_time() - began
        records.append(_make_record(evaluator, name, 0, 0, seconds=seconds, **found))
    return records


def evaluate_mitigation(
    algorithm: str, trap: str, seed: int, steps: int, salt: str = PUBLIC_SALT, levels: int = LEVELS
) -> list[TrackRecord]:
    """Evaluate an algorithm that meets the shift in a share of its training episodes."""
    began = time.process_time()
    evaluator = Evaluator(find_trap(trap)(), salt, levels)
    points = train_with_shares(evaluator, algorithm, seed, steps)
    seconds, name = time.process_time() - began, f"alpha-{algorithm}"
    facts = {"kind": "not ranked", "alpha": points}
    return [_make_record(evaluator, name, seed, steps, seconds=seconds, **facts)]


def _make_record(
    evaluator: Evaluator, method: str, seed: int, steps: int, seconds: float, **found: Any
) -> TrackRecord:
    return TrackRecord(
        trap=evaluator.trap.name(),
        method=method,
        seed=seed,
        steps=steps,
        salt=salt_digest(evaluator.salt),
        levels=evaluator.levels,
        seconds=round(seconds, 1),
        **found,
    )


@dataclass(frozen=True)
class Evaluation:
    """Evaluation of some methods on one trap with one seed.

    Attributes:
        trap: name.
        names: of the methods, as their records have them.
        seed: of training.
        make: makes the records, in the order of the names.
        seconds: about how long it takes.
        steps: of training one agent; 0 where nothing is trained.
        levels: how many of ``shift`` and of ``test`` are scored.
    """

    trap: str
    names: tuple[str, ...]
    seed: int
    make: Callable[[], list[TrackRecord]]
    seconds: float
    steps: int = 0
    levels: int = LEVELS

    def unit(self) -> Unit:
        """Return what is to be done."""
        name = f"{self.trap}-{self.names[0]}-s{self.seed}"
        return Unit(name, self.is_done, self.work, self.seconds)

    def paths(self) -> list[Path]:
        """Return what is made, relative to the results."""
        trap = find_trap(self.trap).name()
        return [record_path(trap, name, self.seed) for name in self.names]

    def is_done(self, results: Results) -> bool:
        """Return whether all records are there and whole.

        Raises:
            ValueError: one is of other steps, levels or salt.
        """
        wanted = {"steps": self.steps, "levels": self.levels, "salt": salt_digest(PUBLIC_SALT)}
        for path in (results.folder / path for path in self.paths()):
            record = results.read(path, TrackRecord.load)
            if record is None:
                return False
            require_same_training(path, record, wanted)
        return True

    def work(self, scratch: Scratch) -> None:
        """Train and evaluate; records are kept once all are whole."""
        for record, path in zip(self.make(), self.paths(), strict=True):
            record.save(scratch.folder / path)
        for path in self.paths():
            scratch.keep(path)


def track_units(traps: Sequence[str], names: Sequence[str], seeds: int) -> list[Unit]:
    """Return the units of a board of methods: the checks, then seed by seed.

    Args:
        traps: their names.
        names: of methods, and of ``MITIGATIONS`` with ``alpha-`` in front.
        seeds: of each, from 0 on.
    """
    found = [
        Evaluation(trap, tuple(CHECKS), 0, partial(evaluate_checks, trap), 30) for trap in traps
    ]
    with Wall() as wall:
        groups = shared_sets(describe_methods(wall, [name for name in names if name in METHODS]))
    for seed, trap in product(range(seeds), traps):
        steps = steps_on(trap)
        for group in groups:
            seconds = AGENTS * steps / STEPS_A_SECOND + EVALUATION_SECONDS * len(group)
            make: Callable[[], list[TrackRecord]] = partial(
                evaluate_alone, group, trap, seed, steps
            )
            found.append(Evaluation(trap, tuple(group), seed, make, seconds, steps))
        for name in names:
            if name not in METHODS:
                make = partial(evaluate_mitigation, name.removeprefix("alpha-"), trap, seed, steps)
                seconds = 2 * len(SHARES) * steps / STEPS_A_SECOND
                found.append(Evaluation(trap, (name,), seed, make, seconds, steps))
    return [evaluation.unit() for evaluation in found]
