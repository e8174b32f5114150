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


@dataclass
class _Job:
    unit: Unit
    folder: Path
    process: Any
    share: float = 0.0
    failure: str | None = None


def run(units: Sequence[Unit], workers: int, out: Path, report: Report) -> dict[str, str]:
    """Do all units; one that fails stops only those that need it.

    Args:
        units: in order of preference.
        workers: how many run at a time, each with one thread.
        out: an existing folder, where the results go.
        report: hears how it goes.

    Returns:
        Name of a unit that failed -> why.
    """
    # Two threads a process cost more than they bring. Read when a library is first imported.
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    waiting, failed = list(units), dict[str, str]()
    jobs: dict[Connection, _Job] = {}
    with tempfile.TemporaryDirectory(dir=out, prefix=".work-") as folder:
        try:
            while waiting or jobs:
                _drop_hopeless(waiting, failed)
                while len(jobs) < workers and (unit := _next(waiting, jobs)):
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


def _next(waiting: Sequence[Unit], jobs: dict[Connection, _Job]) -> Unit | None:
    pending = {u.name for u in waiting} | {job.unit.name for job in jobs.values()}
    return next((unit for unit in waiting if not unit.after & pending), None)


def _drop_hopeless(waiting: list[Unit], failed: dict[str, str]) -> None:
    for unit in list(waiting):
        if lost := sorted(unit.after & failed.keys()):
            waiting.remove(unit)
            failed[unit.name] = f"not tried, because this failed: {', '.join(lost)}"


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
    except (ValueError, ImportError, OSError) as error:
        pipe.send(str(error))
    except Exception:  # a bug: whoever mends it needs the traceback
        pipe.send(traceback.format_exc())


def _hear(pipe: Connection, job: _Job) -> bool:
    """Take one message; False where it was the last."""
    try:
        message = pipe.recv()
    except EOFError:
        job.process.join()
        message = f"its process ended with exit code {job.process.exitcode}"
    if isinstance(message, float):
        job.share = message
        return True
    job.failure = message
    job.process.join()
    pipe.close()
    return False


def _finish(job: _Job, out: Path, failed: dict[str, str], report: Report) -> None:
    if job.failure is None:
        for made in job.unit.makes:
            (out / made).parent.mkdir(parents=True, exist_ok=True)
            (job.folder / made).replace(out / made)
        report.note(f"done: {job.unit.name}")
    else:
        failed[job.unit.name] = job.failure
        report.note(f"failed: {job.unit.name}: {job.failure}")


def _show(
    report: Report, units: Sequence[Unit], waiting: Sequence[Unit], jobs: dict[Connection, _Job]
) -> None:
    left = sum(unit.seconds for unit in waiting)
    left += sum(job.unit.seconds * (1 - job.share) for job in jobs.values())
    total = sum(unit.seconds for unit in units)
    report.show(1 - left / total, [job.unit.name for job in jobs.values()])
