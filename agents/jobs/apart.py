"""Runs a job in a separate, single-threaded process that ends when its parent ends.

The parent pickles the job to the process's standard input and keeps this pipe open; the process
ends when the pipe closes. Output of libraries goes to standard error, so that standard output
contains only the outcome.
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

# (name of a job, reason for its failure in one line); the reason is "" if the job did not fail.
Outcome = tuple[str, str]
# A second thread per process costs more time than it saves.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
SECONDS_BETWEEN_LOOKS = 1.0
END = "\0"  # ends an outcome; missing if a library ended the process

_running: set[subprocess.Popen[bytes]] = set()


def do_apart(name: str, work: bytes, find_end: Callable[[], str]) -> Outcome:
    """Do a job in a new process, which is killed when ``find_end`` returns a reason.

    ``work`` is the pickled job and folder of results, which only the new process unpickles.
    """
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "agents.jobs.apart"],  # not from the current folder
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=ONE_THREAD | os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,  # Ctrl-C reaches only the parent, which handles it
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
    """Describe how a process without an outcome ended."""
    memory = ", as when memory runs out" if code == -signal.SIGKILL else ""
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name}{memory}"
    return f"its process ended with exit code {code}"


def kill_all() -> None:
    """Kill the processes of all running jobs."""
    for process in [*_running]:
        process.kill()
        process.wait()


def name_failure(error: BaseException) -> str:
    """Return an error's type and the first line of its message."""
    return f"{type(error).__name__}: {error}".partition("\n")[0]


def main() -> None:
    """Do the job on standard input, and write the outcome to standard output."""
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    job, out = pickle.load(sys.stdin.buffer)
    try:
        threading.Thread(target=_end_with_parent, daemon=True).start()
        do_job(job, out)
    except BaseException as error:  # also SystemExit of a library
        with suppress(OSError):  # a full disk
            write_text(job.place_traceback(out), traceback.format_exc())
        answer.write(name_failure(error).encode())
    answer.write(END.encode())
    answer.close()
    os._exit(0)  # do not wait for the threads of libraries


def _end_with_parent() -> None:
    sys.stdin.buffer.read(1)
    os._exit(1)


if __name__ == "__main__":
    main()
