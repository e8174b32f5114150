"""A run: the jobs that are not done yet, so many at a time, each in a process.

A process has one thread, and ends with this one. A job that fails, dies or runs out of memory stops
no other; the same command continues a stopped run.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.pool import ThreadPool
from multiprocessing.process import BaseProcess
from pathlib import Path

from agents.jobs.job import WORK, Job, do_job, find_missing, hold_lock
from mesa_gym.terminal import say

LOCK = ".lock"
# Two threads a process cost more than they bring.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# Name of a job, and why it failed in a line; "" where it did not.
Outcome = tuple[str, str]

_SPAWNING = multiprocessing.get_context("spawn")
_running: set[BaseProcess] = set()


def run(jobs: Sequence[Job], out: Path, workers: int | None = None) -> dict[str, str]:
    """Do the jobs that are not done, and report the outcome.

    A failing job is reported at once, with its traceback, and stops no other.

    Args:
        jobs: in order of preference.
        out: the results' folder, in which one run works at a time.
        workers: how many jobs are done at a time; None for the number of cores.

    Returns:
        Name of a job that failed -> why, in a line.

    Raises:
        BlockingIOError: another run works in the folder.
        ValueError: an existing result was made with other terms.
    """
    began, out = time.monotonic(), out.resolve()
    failed = dict[str, str]()
    with hold_lock(out / LOCK):
        shutil.rmtree(out / WORK, ignore_errors=True)  # of processes that were killed
        left = [job for job in jobs if find_missing(job.results, out)]
        try:
            outcomes = _do_jobs(left, out, workers or os.cpu_count() or 1)
            for number, (name, reason) in enumerate(outcomes, start=1):
                told = f"failed: {name}: {reason}" if reason else f"done: {name}"
                say(f"{told} ({number} of {len(left)})")
                failed |= {name: reason} if reason else {}
        finally:
            for process in [*_running]:
                process.kill()
                process.join()
            shutil.rmtree(out / WORK, ignore_errors=True)
    for name, reason in failed.items():  # again, as the traceback may stand far above
        say(f"not done: {name}: {reason}")
    minutes, seconds = divmod(round(time.monotonic() - began), 60)
    again = "; the same command tries the others again" if failed else ""
    done = f"{len(left) - len(failed)} of {len(left)} jobs done"
    say(f"{done} in {minutes}:{seconds:02}, in {out}{again}")
    return failed


def _do_jobs(jobs: Sequence[Job], out: Path, workers: int) -> Iterator[Outcome]:
    os.environ.update({name: "1" for name in THREADS if name not in os.environ})
    with ThreadPool(workers) as pool:  # each thread waits for the process of a job
        yield from pool.imap_unordered(partial(do_in_process, out=out), jobs)


def do_in_process(job: Job, out: Path) -> Outcome:
    """Do a job in a new process, which ends with this one at the latest."""
    mine, theirs = _SPAWNING.Pipe(duplex=False)
    process = _SPAWNING.Process(target=_work, args=(job, out, theirs), daemon=True)
    process.start()
    _running.add(process)
    theirs.close()
    try:
        outcome: Outcome = mine.recv()
    except EOFError:  # it died
        process.join()
        code = process.exitcode or 0
        memory = ", as when memory runs out" if code == -signal.SIGKILL else ""
        killed = code < 0 and f"its process was ended by {signal.Signals(-code).name}{memory}"
        outcome = job.name, killed or f"its process ended with exit code {code}"
    process.join()
    _running.discard(process)
    return outcome


def _work(job: Job, out: Path, answer: Connection) -> None:
    """Do a job in the new process, and print the traceback where it fails."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the first process answers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        do_job(job, out)
        reason = ""
    except BaseException as error:  # SystemExit of a library too
        traceback.print_exc()
        reason = f"{type(error).__name__}: {error}".partition("\n")[0]
    answer.send((job.name, reason))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
    os._exit(1)
