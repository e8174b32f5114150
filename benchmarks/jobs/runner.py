"""A run: the jobs that are not done yet, so many at a time, whatever stops them.

Nothing that is done is lost or done again: a job's own process moves what it made to its place,
each file or folder only when whole, and holds the job's lock meanwhile. A kill at any moment costs
the jobs in flight, and other runs in the same folder do other jobs.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

from benchmarks.jobs.job import Job, remove_leftovers
from benchmarks.jobs.process import Outcome, do_in_process, end_all
from benchmarks.jobs.store import Results, require_writable
from benchmarks.options import say
from mesa_gym.errors import missing_extra, unknown

TELLING = 0.1  # hours of work that are told before it begins
# Calls a function with each of some arguments, and yields what it returns as soon as it does.
Each = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]


def run(
    jobs: Sequence[Job], out: Path, workers: int | None = None, backend: str = "local"
) -> dict[str, str]:
    """Do the jobs that are not done, and say how it went.

    Those that another run is doing are waited for. One that fails is told at once, with its
    traceback, and stops no other.

    Args:
        jobs: in order of preference.
        out: the results' folder.
        workers: how many jobs are done at a time; None for the number of cores. A cluster that
            runs already has its own.
        backend: one of ``BACKENDS``.

    Returns:
        Name of a job that failed -> why, in a line.

    Raises:
        ImportError: an extra is not installed; the message names it.
        ValueError: there is no such backend, a result that is there is of other terms, or nothing
            can be written.
    """
    if backend not in BACKENDS:
        raise unknown("backend", backend, BACKENDS)
    began, out = time.monotonic(), out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    remove_leftovers(out)
    left = {job.name: job for job in jobs if Results(out).find_missing(job.files)}
    for folder in {path.parent for job in left.values() for path in job.files}:
        require_writable(out / folder)
    total, failed = len(left), dict[str, str]()
    hours = sum(job.seconds for job in left.values()) / 3600
    if hours > TELLING:
        say(f"{total} jobs are to be done, about {hours:.1f} hours of one core")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        if left:
            with BACKENDS[backend](workers or cores) as each, _make_bar(left.values()) as bar:
                _do_all(each, left, out, bar, failed)
    finally:
        end_all()
        remove_leftovers(out)
    for name, reason in failed.items():  # again, as the traceback may stand far above
        say(f"not done: {name}: {reason}")
    minutes, seconds = divmod(round(time.monotonic() - began), 60)
    say(f"{total - len(failed)} of {total} jobs done in {minutes}:{seconds:02}, under {out}")
    if failed:
        say("the same command tries the others again")
    return failed


def _do_all(each: Each, left: dict[str, Job], out: Path, bar: Any, failed: dict[str, str]) -> None:
    """Do jobs, and at last those that another run was doing; what fails is entered."""
    path, note = os.pathsep.join(sys.path), partial(bar.write, file=sys.stderr)
    for wait in (False, True):
        questions = [(job.name, pickle.dumps((job, out, wait)), path) for job in left.values()]
        outcomes: Iterator[Outcome] = each(do_in_process, questions)
        for outcome in outcomes:
            if outcome.held:
                continue
            bar.update(left.pop(outcome.name).seconds)
            if outcome.reason:
                failed[outcome.name] = outcome.reason
                note(f"failed: {outcome.name}: {outcome.reason}\n{outcome.said}".rstrip())
            else:
                note(f"{outcome.said}\ndone: {outcome.name}".lstrip())
        if left and not wait:
            note(f"another run is doing {len(left)} of the jobs: waiting for it")


def _make_bar(jobs: Iterable[Job]) -> Any:
    """Return a bar on standard error of the seconds of jobs; elsewhere there are lines alone."""
    try:
        from tqdm import tqdm
    except ImportError:
        raise missing_extra("tqdm", "sb3") from None
    shape = "{percentage:3.0f}% |{bar:20}| {elapsed}<{remaining}"
    total = sum(job.seconds for job in jobs)
    return tqdm(total=total, bar_format=shape, leave=False, dynamic_ncols=True, disable=None)


# -- backends --------------------------------------------------------------------------------------


@contextmanager
def _use_threads(workers: int | None) -> Iterator[Each]:
    with ThreadPool(workers) as pool:  # each thread waits for the process of a job
        yield pool.imap_unordered


@contextmanager
def _use_dask(workers: int | None) -> Iterator[Each]:
    """Machines of a cluster, which need this checkout, its packages and ``out`` at the same paths.

    ``DASK_SCHEDULER_ADDRESS`` says where it is; without, one is started on this machine.
    """
    try:
        import dask
        from distributed import Client, LocalCluster, as_completed
    except ImportError as error:
        raise missing_extra(error.name or "dask", "cluster") from None
    address = dask.config.get("scheduler-address", None)
    # Ctrl-C reaches all of a terminal's processes: the cluster's are to leave it to this one.
    heard = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        options = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
        here = None if address else LocalCluster(**options)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, heard)
    with here or nullcontext(), Client(here or address) as client:

        def each(function: Callable[[Any], Any], arguments: Iterable[Any]) -> Iterator[Any]:
            futures = client.map(function, [*arguments], pure=False)
            return (future.result() for future in as_completed(futures))

        yield each


BACKENDS: dict[str, Callable[[int | None], AbstractContextManager[Each]]] = {
    "local": _use_threads,
    "dask": _use_dask,
}
