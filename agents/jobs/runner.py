"""A run: the jobs that are not done yet, on this machine's cores or on an engine.

A job that fails, dies or runs out of memory stops no other; the same command continues a stopped
run.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import closing, contextmanager
from pathlib import Path

from agents.jobs.apart import kill_all
from agents.jobs.engines import LOCK, RUN, open_engine
from agents.jobs.job import WORK, Job, find_missing, hold_lock
from mesa_gym.files import write_text
from mesa_gym.terminal import say


def run(
    jobs: Sequence[Job], out: Path, workers: int | None = None, on: str | Executor | None = None
) -> dict[str, str]:
    """Do the jobs that are not done, and report the outcome.

    A failing job is reported at once, with its traceback, and stops no other.

    Args:
        jobs: in order of preference.
        out: the results' folder, in which one run works at a time.
        workers: how many jobs this machine does at a time; None for the number of cores.
        on: the engine, as ``agents.jobs.engines.open_engine`` takes it; None for this machine.

    Returns:
        Name of a job that failed -> why, in a line.

    Raises:
        BlockingIOError: another run works in the folder.
        ImportError: the engine's package is not installed.
        ValueError: an existing result was made with other terms, or there is no such engine.
    """
    began, out = time.monotonic(), out.resolve()
    failed = dict[str, str]()
    with hold_lock(out / LOCK):
        shutil.rmtree(out / WORK, ignore_errors=True)  # of processes that were killed
        left = [job for job in jobs if find_missing(job.results, out)]
        token = os.urandom(8).hex()
        try:
            with open_engine(on, workers or os.cpu_count() or 1) as do_jobs:
                outcomes = do_jobs(left, out, token)
                with closing(outcomes), _allow(out, token):
                    for number, (name, reason) in enumerate(outcomes, start=1):
                        told = f"failed: {name}: {reason}" if reason else f"done: {name}"
                        say(f"{told} ({number} of {len(left)})")
                        failed |= {name: reason} if reason else {}
        finally:
            shutil.rmtree(out / WORK, ignore_errors=True)
    for name, reason in failed.items():  # again, as the traceback may stand far above
        say(f"not done: {name}: {reason}")
    minutes, seconds = divmod(round(time.monotonic() - began), 60)
    again = "; the same command tries the others again" if failed else ""
    done = f"{len(left) - len(failed)} of {len(left)} jobs done"
    say(f"{done} in {minutes}:{seconds:02}, in {out}{again}")
    return failed


def tell_kept(out: Path) -> str:
    """Return the sentence that says what an interrupted run leaves in its folder."""
    return f"what was done is kept in {out}, and the same command goes on from there"


@contextmanager
def _allow(out: Path, token: str) -> Iterator[None]:
    """Let jobs run for as long as this lasts; what still runs then is ended."""
    write_text(out / RUN, token)
    try:
        yield
    finally:
        (out / RUN).unlink(missing_ok=True)
        kill_all()
