"""Evaluation of methods: what one gets on one task, and the jobs of all tasks and seeds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from benchmarks.jobs.job import Job, Scratch
from benchmarks.jobs.store import Results
from benchmarks.tracks.entrant import Entrant, describe, name_method
from benchmarks.tracks.evaluation import CHOOSING, LEVELS, Evaluator
from benchmarks.tracks.labels import evaluate_labels
from benchmarks.tracks.record import Member, TrackRecord
from benchmarks.tracks.record_files import COMMITTED, MethodRecords, read_method
from benchmarks.tracks.tasks import BOARD_VERSION, SEEDS, BoardTask, find_public_salt, find_task
from mesa_gym.policies import Policy
from mesa_gym.scoring import salt_digest
from mesa_gym.traps import Split

# About how fast a method trains, and what its evaluation takes.
AGENTS, STEPS_A_SECOND, EVALUATION_SECONDS = 4, 25_000, 60


def evaluate_method(
    method: str,
    task: BoardTask,
    salt: str,
    levels: int = LEVELS,
    steps: int | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> TrackRecord:
    """Train a method, and return what it gets.

    Args:
        method: a name of ``METHODS``, or ``FILE.py:Class``.
        task: with its seed.
        salt: of levels, planes and roles.
        levels: how many of ``shift`` and of ``test`` are scored.
        steps: of training one agent; None for the task's.
        tell: called with what is being done.

    Raises:
        ValueError: there is no such method, or it broke a rule.
    """
    began = time.process_time()
    evaluator = Evaluator(task, salt, levels)
    entrant = Entrant(method, evaluator, steps or task.steps)
    tell(f"{task.name}, seed {task.seed}: training")
    entrant.train()
    tell(f"{task.name}, seed {task.seed}: labels")
    return TrackRecord(
        task=task.name,
        seed=task.seed,
        trap=evaluator.trap.name(),
        encoding=task.encoding,
        wanted=task.wanted,
        salt=salt_digest(salt),
        levels=levels,
        steps=entrant.steps,
        members=[_measure_member(entrant, policy) for policy in entrant.members],
        labels=evaluate_labels(evaluator, entrant),
        seconds=round(time.process_time() - began, 1),
    )


def _measure_member(entrant: Entrant, policy: Policy) -> Member:
    return Member(
        entrant.measure(policy, Split.TEST),
        entrant.measure(policy, Split.SHIFT),
        entrant.measure(policy, Split.SHIFT, CHOOSING),
    )


@dataclass(frozen=True)
class Evaluation:
    """The evaluation of a method on one task with the public salt.

    Attributes:
        method: its name or place.
        task: with its seed.
        levels: how many of ``shift`` and of ``test`` are scored.
    """

    method: str
    task: BoardTask
    levels: int = LEVELS

    def describe(self) -> Job:
        """Return what is to be done."""
        task = self.task
        name = f"{task.name}-{name_method(self.method)}-s{task.seed}"
        terms = {
            "board": BOARD_VERSION,
            "levels": self.levels,
            "salt": salt_digest(find_public_salt(task.seed)),
            "encoding": task.encoding,
            "wanted": list(task.wanted),
        }
        seconds = AGENTS * task.steps / STEPS_A_SECOND + EVALUATION_SECONDS
        return Job(name, {Path("methods", f"{name}.jsonl"): terms}, self.make, seconds)

    def make(self, scratch: Scratch) -> None:
        """Train and evaluate."""
        salt = find_public_salt(self.task.seed)
        record = evaluate_method(self.method, self.task, salt, self.levels)
        facts = describe(self.method)
        (path,) = scratch.files
        MethodRecords(facts, [record]).save(scratch.folder / path)
        scratch.keep(path)


def list_jobs(tasks: Sequence[str], methods: Sequence[str], seeds: int = SEEDS) -> list[Job]:
    """Return the jobs of methods on tasks, seed by seed."""
    return [
        Evaluation(method, find_task(task, seed)).describe()
        for seed, task, method in product(range(seeds), tasks, methods)
    ]


def gather_records(results: Results) -> list[MethodRecords]:
    """Return the methods of which a folder holds records, with those that are committed besides.

    Raises:
        ValueError: a file is damaged, or records of one name are of different methods.
    """
    found: dict[str, MethodRecords] = {}
    for path in sorted((results.folder / "methods").glob("*.jsonl")):
        kept = results.load(path, read_method)
        name = kept.facts.name
        committed = COMMITTED / f"{name}.jsonl"
        own = found.get(name) or (read_method(committed) if committed.exists() else kept)
        if own.facts != kept.facts:
            raise ValueError(
                f"{path} is of another method of this name, or of another version, than those in"
                f" {COMMITTED}; remove them where all was run again"
            )
        records = {(each.task, each.seed): each for each in own.records + kept.records}
        found[name] = MethodRecords(kept.facts, [*records.values()])
    return [found[name] for name in sorted(found)]
