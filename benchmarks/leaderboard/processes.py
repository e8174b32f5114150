"""Units of work, each done by one thread in a process of its own.

One that runs out of memory or dies takes nothing else with it, and libraries are told before their
first import how many threads to use, on this machine as on a cluster's.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.leaderboard.locks import claimed, tell
from benchmarks.leaderboard.results import Note, Results

# Two threads a process cost more than they bring.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
# Exit codes of a unit's process: a library that ends the process has not chosen them.
DONE, HELD, FAILED = 120, 121, 1

_running: set[subprocess.Popen[bytes]] = set()


@dataclass(frozen=True)
class Scratch:
    """A folder in which a unit works.

    Attributes:
        folder: empty and the unit's own; gone once it is over.
        results: what is there already.
    """

    folder: Path
    results: Results

    def progress(self, share: float) -> None:
        """Say what share of the unit is done, 0 to 1."""
        tell(self.folder, share)

    def keep(self, made: Path) -> None:
        """Move a whole file or folder from here to the same place of the results."""
        target = self.results.folder / made
        target.parent.mkdir(parents=True, exist_ok=True)
        (self.folder / made).replace(target)


@dataclass(frozen=True)
class Unit:
    """A piece of work that needs no other; picklable.

    Attributes:
        name: for people, and of its lock.
        done: whether the results hold what it makes.
        work: makes it, and keeps each file or folder as soon as that is whole.
        seconds: about how long it takes.
    """

    name: str
    done: Callable[[Results], bool]
    work: Callable[[Scratch], None]
    seconds: float


@dataclass(frozen=True)
class Outcome:
    """The outcome of a unit."""

    name: str
    held: bool  # by another run
    reason: str  # why it failed, in a line; "" where it did not
    said: str  # all that its process wrote, with the traceback


def do_in_process(name: str, question: bytes, path: str) -> Outcome:
    """Do a unit in a new process, which ends with this one at the latest.

    Args:
        name: the unit's.
        question: unit, folder and ``wait`` of ``do``, pickled: it is not for this process to import
            what a unit needs.
        path: where modules are found, as in ``PYTHONPATH``.
    """
    process: subprocess.Popen[bytes] = subprocess.Popen(
        [sys.executable, "-u", "-m", "benchmarks.leaderboard.processes", name],
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
    unit, out, wait = pickle.load(sys.stdin.buffer)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        done = do(unit, out, wait, print)
    except BaseException as error:  # SystemExit of a library too
        traceback.print_exc()
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
    sys.exit(DONE if done else HELD)


def _end_with_parent() -> None:
    """It holds the other end of standard input open until it has the outcome or dies."""
    os.read(0, 1)
    os._exit(FAILED)


def do(unit: Unit, out: Path, wait: bool, note: Note) -> bool:
    """Do a unit in this process, unless it is done.

    Returns:
        Whether it is; False where another process is doing it, and is not to be waited for.
    """
    results = Results(out, note)
    with claimed(out, unit.name, wait) as folder:
        if folder is None:
            return False
        if not unit.done(results):
            unit.work(Scratch(folder, results))
            if not unit.done(results):
                raise RuntimeError("it came to its end, and yet not all that it makes is there")
    return True


if __name__ == "__main__":
    main()
