"""Units of work in worker processes: so many at a time, in order, each after what it needs.

A worker writes into a folder of its own, and what it made is moved to its place only once it is
whole: a worker that is stopped, or dies, leaves nothing half-written.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from benchmarks.progress import Report

# Called with the share of the unit that is done, 0 to 1.
Progress = Callable[[float], None]


@dataclass(frozen=True)
class Unit:
    """A piece of work.

    Attributes:
        name: for people, and for ``after``.
        work: what a worker does with an empty folder; it must be picklable.
        makes: the files or folders that it makes, relative to that folder; they end up at the
            same places of the results.
        seconds: about how long it takes.
        after: the names of the units that must be done first.
    """

    name: str
    work: Callable[[Path, Progress], None]
    makes: tuple[Path, ...]
    seconds: float
    after: frozenset[str] = frozenset()


class Incomplete(Exception):
    """For work that could do only a part: what it made is kept, and yet it failed."""


@dataclass(frozen=True)
class _Failure:
    """Why a unit is not done: in a line, and as a traceback; and whether what it made is kept."""

    reason: str
    trace: str = ""
    kept: bool = False


@dataclass
class _Job:
    unit: Unit
    folder: Path
    process: Any
    share: float = 0.0
    failure: _Failure | None = None


def run(units: Sequence[Unit], workers: int, out: Path, report: Report) -> dict[str, str]:
    """Do all units; one that fails stops only those that need it.

    Its traceback goes to the report at once.

    Args:
        units: in order of preference.
        workers: how many run at a time, each with one thread.
        out: an existing folder, where the results go.
        report: hears how it goes.

    Returns:
        Name of a unit that failed, or was not tried -> why, in a line.
    """
    # Two threads a process cost more than they bring. Read when a library is first imported.
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    waiting, failed = list(units), dict[str, str]()
    jobs: dict[Connection, _Job] = {}
    with tempfile.TemporaryDirectory(dir=out, prefix=".work-") as folder:
        try:
            while waiting or jobs:
                _drop_hopeless(waiting, failed, report)
                while len(jobs) < workers and (unit := _next(waiting, jobs, failed)):
                    waiting.remove(unit)
                    pipe, job = _start(unit, Path(tempfile.mkdtemp(dir=folder)))
                    jobs[pipe] = job
                _show(report, units, waiting, jobs)
                spoken = wait(list(jobs), timeout=1)
                for pipe in [pipe for pipe in jobs if pipe in spoken]:
                    if not _hear(pipe, jobs[pipe]):
                        _finish(jobs.pop(pipe), out, failed, report)
        finally:
            for job in jobs.values():
                job.process.kill()
                job.process.join()
    return failed


def _next(
    waiting: Sequence[Unit], jobs: dict[Connection, _Job], failed: dict[str, str]
) -> Unit | None:
    undone = {u.name for u in waiting} | {job.unit.name for job in jobs.values()} | failed.keys()
    return next((unit for unit in waiting if not unit.after & undone), None)


def _drop_hopeless(waiting: list[Unit], failed: dict[str, str], report: Report) -> None:
    for unit in list(waiting):
        if lost := sorted(unit.after & failed.keys()):
            waiting.remove(unit)
            failed[unit.name] = f"not tried, because this failed: {', '.join(lost)}"
            report.note(f"skipped: {unit.name}: {failed[unit.name]}")


def _start(unit: Unit, folder: Path) -> tuple[Connection, _Job]:
    context = multiprocessing.get_context("spawn")
    pipe, far_end = context.Pipe(duplex=False)
    process = context.Process(target=_worker, args=(unit.work, folder, far_end), daemon=True)
    # Ctrl-C reaches every process of the terminal; a worker that is born deaf to it leaves the
    # answer to this process.
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process.start()
    finally:
        signal.signal(signal.SIGINT, heard)
    far_end.close()
    return pipe, _Job(unit, folder, process)


def _worker(work: Callable[[Path, Progress], None], folder: Path, pipe: Connection) -> None:
    try:
        work(folder, pipe.send)
        pipe.send(None)
    except (Exception, SystemExit) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        pipe.send(_Failure(reason, traceback.format_exc(), isinstance(error, Incomplete)))


def _hear(pipe: Connection, job: _Job) -> bool:
    """Take one message; False where it was the last."""
    try:
        message = pipe.recv()
    except (EOFError, OSError):
        job.process.join()
        message = _Failure(f"its process ended with exit code {job.process.exitcode}")
    if isinstance(message, float):
        job.share = message
        return True
    job.failure = message
    job.process.join()
    pipe.close()
    return False


def _finish(job: _Job, out: Path, failed: dict[str, str], report: Report) -> None:
    unit, failure = job.unit, job.failure
    try:
        for made in unit.makes:
            if failure is None or (failure.kept and (job.folder / made).exists()):
                (out / made).parent.mkdir(parents=True, exist_ok=True)
                (job.folder / made).replace(out / made)
    except OSError as error:
        failure = _Failure(f"what it made cannot be kept: {error}")
    if failure is None:
        report.note(f"done: {unit.name}")
    else:
        failed[unit.name] = failure.reason
        report.note(f"failed: {unit.name}: {failure.reason}\n{failure.trace}".rstrip())


def _show(
    report: Report, units: Sequence[Unit], waiting: Sequence[Unit], jobs: dict[Connection, _Job]
) -> None:
    left = sum(unit.seconds for unit in waiting)
    left += sum(job.unit.seconds * (1 - job.share) for job in jobs.values())
    total = sum(unit.seconds for unit in units)
    report.show(1 - left / total, [job.unit.name for job in jobs.values()])
