"""Supervision of a unit by a backend's worker: it starts a process for it, and waits.

So a unit that runs out of memory or ends its process takes nothing else with it, and its libraries
are told before their first import to use one thread, under every backend alike.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from benchmarks.jobs import FAILED, Job, Outcome

# Two threads a process cost more than they bring.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
WATCH_SECONDS = 0.5


def supervise(job: Job) -> Outcome:
    """Do a job in a new process, which ends at the latest with this one."""
    if os.getpid() != job.sender:
        _end_with_parent()
    command = [sys.executable, "-m", "benchmarks.worker", str(job.out), job.name]
    environment = os.environ | ONE_THREAD | {"PYTHONPATH": job.path}
    with deaf():
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
    with process:
        try:
            if answer := _ask(process, pickle.dumps(job)):
                outcome: Outcome = pickle.loads(answer)
                return outcome
            return Outcome(job.name, FAILED, _end(process.wait()))
        finally:
            process.kill()


def _ask(process: subprocess.Popen[bytes], question: bytes) -> bytes:
    """Return what a process answers; nothing where it dies. Its input stays open."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(question)
        process.stdin.flush()
    except BrokenPipeError:
        return b""
    return process.stdout.read()


def _end(code: int) -> str:
    if code >= 0:
        return f"its process ended with exit code {code}"
    why = ", as when memory runs out" if code == -signal.SIGKILL else ""
    return f"its process was ended by {signal.Signals(-code).name}{why}"


@contextmanager
def deaf() -> Iterator[None]:
    """Processes that are started here never hear Ctrl-C, which reaches all of a terminal's.

    This one does, and ends them.
    """
    heard = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, heard)


@cache
def _end_with_parent() -> None:
    """Loky's workers would go on with what is queued when the process that queued it is killed."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
