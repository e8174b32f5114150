"""Evaluation of methods: the jobs of the tracks' board, and the rerun of one method."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from agents.algorithms import find_algorithm
from benchmarks.jobs.job import Job, Scratch
from benchmarks.jobs.store import Terms
from benchmarks.tracks.checks import CHECKS, COIN, evaluate_check, evaluate_coin
from benchmarks.tracks.coverage import evaluate_coverage
from benchmarks.tracks.entrant import Entrant, describe
from benchmarks.tracks.evaluation import LEVELS, Evaluator
from benchmarks.tracks.labels import evaluate_labels
from benchmarks.tracks.methods import METHODS
from benchmarks.tracks.rare import REPLAYS, evaluate_rare, evaluate_replay
from benchmarks.tracks.record import SHARES, TrackRecord, record_path
from benchmarks.tracks.streams import evaluate_streams
from benchmarks.tracks.tasks import SEEDS, BoardTask, find_public_salt, find_task
from benchmarks.tracks.terms import Facts
from benchmarks.tracks.wall import Wall, name_method
from mesa_gym.scoring import salt_digest

TRACKS: dict[str, Callable[[Evaluator, Entrant], Any]] = {
    "coverage": lambda evaluator, entrant: evaluate_coverage(entrant.measure, entrant.members),
    "labels": evaluate_labels,
    "ask": evaluate_streams,
    # Last, since it trains again.
    "rare": evaluate_rare,
}
# What a record takes over from what a method says of itself.
SAID = ("division", "kind", "priors", "about", "paper")
# About how fast a method trains, and what its evaluation takes.
AGENTS, STEPS_A_SECOND, EVALUATION_SECONDS = 4, 25_000, 60


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
    task: BoardTask,
    salt: str,
    tracks: Collection[str] = TRACKS,
    levels: int = LEVELS,
    steps: int | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> list[TrackRecord]:
    """Train a set of policies once, and evaluate the methods that share it.

    Args:
        wall: behind which they run.
        names: of the methods.
        task: with its seed.
        salt: of levels, planes and roles.
        tracks: those to evaluate, of what the methods enter.
        levels: how many of ``shift`` and of ``test`` are scored.
        steps: of training one agent; None for the task's.
        tell: called with what is being done.
    """
    facts = describe_methods(wall, names)
    began = _measure_seconds(wall)
    evaluator = Evaluator(task, salt, levels)
    first: Entrant | None = None
    records = []
    for name, about in facts.items():
        entrant = Entrant(wall, name, about.division, evaluator, steps or task.steps)
        if first is None:
            first = entrant
            tell(f"{task.name}, seed {task.seed}: training")
            entrant.train()
            trained = _measure_seconds(wall) - began
        else:  # what training taught the first of them is all that training teaches
            entrant.inherit(first)
        began, taken = _measure_seconds(wall), entrant.steps
        found: dict[str, Any] = {}
        for track in (each for each in TRACKS if each in tracks and each in about.tracks):
            tell(f"{task.name}, seed {task.seed}: {track}")
            found[track] = TRACKS[track](evaluator, entrant)
        seconds = trained + _measure_seconds(wall) - began
        said = {name: getattr(about, name) for name in SAID}
        records.append(_make_record(evaluator, name_method(name), seconds, taken, **said, **found))
    return records


def evaluate_alone(
    names: Sequence[str], task: BoardTask, salt: str, levels: int = LEVELS, steps: int | None = None
) -> list[TrackRecord]:
    """Evaluate methods behind a wall of their own, in a process of a runner."""
    with Wall() as wall:
        return evaluate_methods(wall, names, task, salt, levels=levels, steps=steps)


def _measure_seconds(wall: Wall) -> float:
    return time.process_time() + wall.seconds


def evaluate_checks(task: BoardTask, salt: str, levels: int = LEVELS) -> list[TrackRecord]:
    """Evaluate the policies that must get 0, and the coin, which gets 0 in the mean."""
    evaluator, records = Evaluator(task, salt, levels), []
    for name in CHECKS:
        began = time.process_time()
        cover, labels, ask = evaluate_check(evaluator, name)
        found: dict[str, Any] = {"coverage": cover, "labels": labels, "ask": ask, "kind": "check"}
        seconds = time.process_time() - began
        records.append(_make_record(evaluator, name, seconds, division="open", **found))
    began = time.process_time()
    labels, ask = evaluate_coin(evaluator)
    found = {"labels": labels, "ask": ask, "kind": "chance", "division": "open"}
    return [*records, _make_record(evaluator, COIN, time.process_time() - began, **found)]


def evaluate_replays(
    algorithm: str, task: BoardTask, salt: str, levels: int = LEVELS
) -> list[TrackRecord]:
    """Evaluate an algorithm that plays training levels again, on the track ``rare``."""
    began = time.process_time()
    evaluator = Evaluator(task, salt, levels)
    points = evaluate_replay(evaluator, algorithm, task.steps)
    kind = "privileged" if REPLAYS[algorithm] else "ranked"
    seconds, taken = time.process_time() - began, task.steps  # with each share
    about = find_algorithm(algorithm).describe()
    found = {"kind": kind, "division": "closed", "about": about, "rare": points}
    return [_make_record(evaluator, algorithm, seconds, taken, **found)]


def _make_record(
    evaluator: Evaluator, method: str, seconds: float, steps: int = 0, **found: Any
) -> TrackRecord:
    task = evaluator.task
    return TrackRecord(
        task=task.name,
        method=method,
        seed=task.seed,
        encoding=task.encoding,
        wanted=task.wanted,
        steps=steps,
        salt=salt_digest(evaluator.salt),
        levels=evaluator.levels,
        seconds=round(seconds, 1),
        **found,
    )


@dataclass(frozen=True)
class Evaluation:
    """Evaluation of some methods on one task.

    Attributes:
        task: with its seed.
        names: of the methods, as their records have them.
        make: makes the records, in the order of the names.
        seconds: about how long it takes.
        levels: how many of ``shift`` and of ``test`` are scored.
    """

    task: BoardTask
    names: tuple[str, ...]
    make: Callable[[], list[TrackRecord]]
    seconds: float
    levels: int = LEVELS

    def job(self) -> Job:
        """Return what is to be done; terms stand in the records themselves."""
        task, files = self.task, dict[Path, Terms]()
        for name in self.names:
            files[record_path(task.name, name, task.seed)] = {
                "task": task.name,
                "method": name,
                "seed": task.seed,
                "levels": self.levels,
                "salt": salt_digest(find_public_salt(task.seed)),
                "encoding": task.encoding,
                "wanted": task.wanted,
            }
        return Job(f"{task.name}-{self.names[0]}-s{task.seed}", files, self.work, self.seconds)

    def work(self, scratch: Scratch) -> None:
        """Train and evaluate; those of the records that are missing are kept."""
        for record, path in zip(self.make(), scratch.files, strict=True):
            if path in scratch.missing:
                record.save(scratch.folder / path)
                scratch.keep(path)


def list_track_jobs(tasks: Sequence[str], names: Sequence[str], seeds: int = SEEDS) -> list[Job]:
    """Return the jobs of a board of methods: seed by seed, the checks of each first.

    Args:
        tasks: their names.
        names: of methods, and of ``REPLAYS``.
        seeds: of each, from 0 on.
    """
    found = list[Evaluation]()
    with Wall() as wall:
        groups = shared_sets(describe_methods(wall, [name for name in names if name in METHODS]))
    for seed, name in product(range(seeds), tasks):
        task, salt = find_task(name, seed), find_public_salt(seed)
        made = partial(evaluate_checks, task, salt)
        found.append(Evaluation(task, (*CHECKS, COIN), made, 30))
        for group in groups:
            seconds = AGENTS * task.steps / STEPS_A_SECOND + EVALUATION_SECONDS * len(group)
            made = partial(evaluate_alone, group, task, salt)
            found.append(Evaluation(task, tuple(group), made, seconds))
        for algorithm in (each for each in names if each in REPLAYS):
            made = partial(evaluate_replays, algorithm, task, salt)
            seconds = len(SHARES) * task.steps / STEPS_A_SECOND
            found.append(Evaluation(task, (algorithm,), made, seconds))
    return [evaluation.job() for evaluation in found]
