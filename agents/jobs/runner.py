"""Runs the jobs that are not done yet, on this machine's cores or on an engine.

A job that fails, dies or runs out of memory does not stop other jobs. The same command continues a
stopped run.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from agents.jobs.apart import kill_all
from agents.jobs.engines import LOCK, RUN, JobLimits, load_engine, open_engine
from agents.jobs.job import (
    DAMAGED,
    TRACEBACKS,
    WAITING_AGENTS,
    WORK,
    Job,
    find_missing,
    hold_lock,
    set_aside,
)
from mesa_gym.files import write_text
from mesa_gym.terminal import say


def run(
    jobs: Sequence[Job],
    out: Path,
    workers: int | None = None,
    on: str | Executor | None = None,
    limits: JobLimits | None = None,
) -> dict[str, str]:
    """Do the jobs that are not done, and report the outcome.

    A failing job is reported at once, and its traceback is written to ``Job.place_traceback``.

    Args:
        jobs: the jobs, in order of preference.
        out: the folder of results, which only one run may use at a time.
        workers: the number of jobs at a time on this machine; None for ``count_workers``.
        on: the engine, as for ``agents.jobs.engines.open_engine``; None for this machine.
        limits: the limits of each Slurm job.

    Returns:
        Name of each job that failed -> the reason in one line.

    Raises:
        BlockingIOError: another run works in the folder.
        FileExistsError: the folder is a file, or has files of others under this package's names.
        ImportError: the engine's package is not installed.
        ValueError: an existing result was made with other terms, or there is no such engine.
    """
    load_engine(on if isinstance(on, str) else None)  # needs an extra
    began, out = time.monotonic(), out.resolve()
    failed = dict[str, str]()
    require_results_folder(out)
    with hold_lock(out / LOCK):
        for name in (WORK, TRACEBACKS):  # of killed processes, and of the last run
            shutil.rmtree(out / name, ignore_errors=True)
        missing = [(job, [*rest]) for job in jobs if (rest := find_missing(job.results, out))]
        for message in (set_aside(result, out) for _, rest in missing for result in rest):
            if message:
                say(message)
        left = [job for job, _ in missing]
        workers = workers or count_workers(len(left))
        say(
            describe_plan(missing, f"on {on}" if isinstance(on, str) else _count(workers, "worker"))
        )
        token = os.urandom(8).hex()
        try:
            with open_engine(on, workers, limits) as do_jobs:
                outcomes = do_jobs(left, out, token)
                with closing(outcomes), _allow(out, token):
                    for number, (name, reason) in enumerate(outcomes, start=1):
                        outcome = f"failed: {name}: {reason}" if reason else f"done: {name}"
                        say(f"{outcome} ({number} of {len(left)})")
                        failed |= {name: reason} if reason else {}
        finally:
            shutil.rmtree(out / WORK, ignore_errors=True)
            for result in (result for job in jobs for result in job.results):
                if (out / result).exists():
                    shutil.rmtree(out / WAITING_AGENTS / result, ignore_errors=True)
            for folder, _, _ in os.walk(out / WAITING_AGENTS, topdown=False):
                with suppress(OSError):  # it is not empty
                    os.rmdir(folder)
    for job in (job for job in left if job.name in failed):
        file = job.place_traceback(out)
        trace = f" (traceback: {file})" if file.exists() else ""
        say(f"not done: {job.name}: {failed[job.name]}{trace}")
    minutes, seconds = divmod(round(time.monotonic() - began), 60)
    again = "; the same command tries the others again" if failed else ""
    done = f"{len(left) - len(failed)} of {len(left)} jobs done"
    say(f"{done} in {minutes}:{seconds:02}, in {out}{again}")
    return failed


def count_workers(jobs: int) -> int:
    """Return the number of jobs at a time: all if there are fewer than two per core, else one each.

    With one job per core, three jobs on two cores would leave a core idle during the last job.
    """
    cores = os.cpu_count() or 1
    return jobs if cores < jobs < 2 * cores else cores


def require_results_folder(out: Path) -> None:
    """Raise FileExistsError if ``out`` is a file, or has other files under a run's names."""
    if out.exists() and not out.is_dir():
        raise FileExistsError(f"{out} is a file; name a folder for the results")
    ours = (WORK, WAITING_AGENTS, TRACEBACKS, DAMAGED, RUN)
    if existing := [name for name in ours if (out / name).exists() and not (out / LOCK).exists()]:
        raise FileExistsError(
            f"{out / existing[0]} is not of a run of jobs; choose another folder for the results"
        )


def describe_plan(missing: Sequence[tuple[Job, Sequence[str]]], workers: str) -> str:
    """Return the first line of a run, such as "27 agents in 6 jobs, about 210 CPU seconds"."""
    agents = sum(len(rest) for job, rest in missing if job.seconds)
    other_results = sum(len(rest) for _, rest in missing) - agents
    seconds = sum(job.seconds * len(rest) / len(job.results) for job, rest in missing)
    counts = {"agent": agents, "other result": other_results}
    results = " and ".join(_count(number, unit) for unit, number in counts.items() if number)
    about = f", about {seconds:,.0f} CPU seconds" if agents else ""
    plan = f"{results} in {_count(len(missing), 'job')}{about}, {workers}"
    return plan if missing else "all results are there"


def _count(number: int, unit: str) -> str:
    return f"{number:,} {unit}{'s' * (number != 1)}"


def tell_kept(out: Path) -> str:
    """Return a sentence about the results that an interrupted run keeps."""
    return f"what was done is kept in {out}, and the same command goes on from there"


@contextmanager
def _allow(out: Path, token: str) -> Iterator[None]:
    """Context manager: jobs may run inside it; the remaining jobs are killed on exit."""
    write_text(out / RUN, token)
    try:
        yield
    finally:
        (out / RUN).unlink(missing_ok=True)
        kill_all()
