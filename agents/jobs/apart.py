"""Runs a job in a separate, single-threaded process that ends when its parent ends.

The parent writes the job, pickled, to the process's standard input and keeps that open; the process
ends when it closes. What a library prints goes to standard error, so
that standard output holds the outcome alone.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress

from agents.jobs.job import do_job
from mesa_gym.files import write_text

# Name of a job, and why it failed in a line; "" where it did not.
Outcome = tuple[str, str]
# Two threads a process cost more than they bring.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
SECONDS_BETWEEN_LOOKS = 1.0
END = "\0"  # of an outcome; a process that a library ends has not written it

_running: set[subprocess.Popen[bytes]] = set()


def do_apart(name: str, work: bytes, find_end: Callable[[], str]) -> Outcome:
    """Do a job in a new process, which is killed when ``find_end`` returns a reason.

    ``work`` is the job and the folder of results, pickled: only the new process reads it.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "agents.jobs.apart"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=ONE_THREAD | os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,  # Ctrl-C reaches the first process alone, which answers
    )
    assert process.stdin is not None
    assert process.stdout is not None
    _running.add(process)
    try:
        with suppress(BrokenPipeError):  # it died; its exit code says why
            process.stdin.write(work)
            process.stdin.flush()
        while not (reason := find_end()):
            if select.select([process.stdout], [], [], SECONDS_BETWEEN_LOOKS)[0]:
                break
        if reason:
            process.kill()
        answer = process.stdout.read().decode()
        code = process.wait()
        if answer.endswith(END):  # it may have ended before it was killed
            return name, answer.removesuffix(END)
        return name, reason or explain_end(code)
    finally:
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.stdout.close()
        _running.discard(process)


def explain_end(code: int) -> str:
    """Describe how a process ended that reported no outcome."""
    memory = ", as when memory runs out" if code == -signal.SIGKILL else ""
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name}{memory}"
    return f"its process ended with exit code {code}"


def kill_all() -> None:
    """End the processes of all jobs that are being done."""
    for process in [*_running]:
        process.kill()
        process.wait()


def name_failure(error: BaseException) -> str:
    """Return an error's type and the first line of its message."""
    return f"{type(error).__name__}: {error}".partition("\n")[0]


def main() -> None:
    """Do the job that standard input holds, and write the reason of a failure."""
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    job, out = pickle.load(sys.stdin.buffer)
    try:
        threading.Thread(target=_end_with_parent, daemon=True).start()
        do_job(job, out)
    except BaseException as error:  # SystemExit of a library too
        with suppress(OSError):  # a full disk
            write_text(job.place_traceback(out), traceback.format_exc())
        answer.write(name_failure(error).encode())
    answer.write(END.encode())
    answer.close()
    os._exit(0)  # no thread of a library holds it up


def _end_with_parent() -> None:
    sys.stdin.buffer.read(1)
    os._exit(1)


if __name__ == "__main__":
    main()
