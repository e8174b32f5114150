"""A job in a process of its own, which has one thread for its work.

A job that runs out of memory or dies takes nothing else with it, and libraries are told before
their first import how many threads to use, on this machine as on a cluster's.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import traceback
from contextlib import suppress
from dataclasses import dataclass

from benchmarks.jobs.job import do_job

# Two threads a process cost more than they bring.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
# Exit codes of a job's process: a library that ends the process has not chosen them.
DONE, HELD, FAILED = 120, 121, 1

_running: set[subprocess.Popen[bytes]] = set()


@dataclass(frozen=True)
class Outcome:
    """The outcome of a job."""

    name: str
    held: bool  # by another run
    reason: str  # why it failed, in a line; "" where it did not
    said: str  # all that its process wrote, with the traceback


def do_in_process(asked: tuple[str, bytes, str]) -> Outcome:
    """Do a job in a new process, which ends with this one at the latest.

    Args:
        asked: the job's name; job, folder and ``wait`` of ``do_job``, pickled, as it is not for
            this process to import what a job needs; where modules are found, as in ``PYTHONPATH``.
    """
    name, question, path = asked
    process: subprocess.Popen[bytes] = subprocess.Popen(
        [sys.executable, "-u", "-m", "benchmarks.jobs.process", name],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | ONE_THREAD | {"PYTHONPATH": path},
        process_group=0,  # Ctrl-C reaches all of a terminal's group
    )
    _running.add(process)
    assert process.stdin
    assert process.stdout
    with process:
        try:
            with suppress(BrokenPipeError):  # it died, and says why
                process.stdin.write(question)
            said = process.stdout.read().decode(errors="replace").rstrip()
            code = process.wait()
        finally:
            process.kill()
            _running.discard(process)
    reason = ""
    if code == FAILED and said:
        said, _, reason = said.rpartition("\n")
    elif code < 0:
        why = ", as when memory runs out" if code == -signal.SIGKILL else ""
        reason = f"its process was ended by {signal.Signals(-code).name}{why}"
    elif code not in (DONE, HELD):
        reason = f"its process ended with exit code {code}"
    return Outcome(name, code == HELD, reason, said)


def end_all() -> None:
    """End the processes that were started here."""
    for process in [*_running]:
        process.kill()
        process.wait()


def main() -> None:
    """Do, in the new process, what standard input says; tell by exit code and last line."""
    job, out, wait = pickle.load(sys.stdin.buffer)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        done = do_job(job, out, wait, print)
    except BaseException as error:  # SystemExit of a library too
        traceback.print_exc()
        sys.exit(f"{type(error).__name__}: {error}".partition("\n")[0])
    sys.exit(DONE if done else HELD)


def _end_with_parent() -> None:
    """It holds the other end of standard input open until it has the outcome or dies."""
    os.read(0, 1)
    os._exit(FAILED)


if __name__ == "__main__":
    main()
