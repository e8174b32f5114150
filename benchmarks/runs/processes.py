"""Units of work, each done by one thread in a process of its own, under a lock of its own.

One that runs out of memory or dies takes nothing else with it, and libraries are told before their
first import how many threads to use, on this machine as on a cluster's. Runs that share a folder
never do a unit twice at a time::

    .work/NAME.lock    locked by the process that does the unit; says how much of it is done
    .work/NAME/        what that process has made so far

The kernel takes the lock from a process that dies, and what lies in the folder is then free. The
file stays: removed while another process opens it, it would be two locks of one name.
"""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.runs.results import Note, Results
from mesa_gym.files import lock_file, name_errors

WORK = ".work"
# Two threads a process cost more than they bring.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
# Exit codes of a unit's process: a library that ends the process has not chosen them.
DONE, HELD, FAILED = 120, 121, 1

_running: set[subprocess.Popen[bytes]] = set()


@dataclass
class Scratch:
    """A folder in which a unit works.

    Attributes:
        folder: empty and the unit's own; gone once it is over.
        results: what is there already.
        done: seconds of the unit, as it estimates them.
    """

    folder: Path
    results: Results
    done: float = 0.0

    def progress(self, more: float, a_second: float = 1.0) -> None:
        """Say that so much more is done, of which so much takes a second."""
        self.done += more / a_second
        tell_progress(self.folder, self.done)

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


def do_in_process(asked: tuple[str, bytes, str]) -> Outcome:
    """Do a unit in a new process, which ends with this one at the latest.

    Args:
        asked: the unit's name; unit, folder and ``wait`` of ``do_unit``, pickled, as it is not for
            this process to import what a unit needs; where modules are found, as in
            ``PYTHONPATH``.
    """
    name, question, path = asked
    process: subprocess.Popen[bytes] = subprocess.Popen(
        [sys.executable, "-u", "-m", "benchmarks.runs.processes", name],
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
        done = do_unit(unit, out, wait, print)
    except BaseException as error:  # SystemExit of a library too
        traceback.print_exc()
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
    sys.exit(DONE if done else HELD)


def _end_with_parent() -> None:
    """It holds the other end of standard input open until it has the outcome or dies."""
    os.read(0, 1)
    os._exit(FAILED)


def do_unit(unit: Unit, out: Path, wait: bool, note: Note) -> bool:
    """Do a unit in this process, unless it is done.

    Returns:
        Whether it is; False where another process is doing it, and is not to be waited for.
    """
    results = Results(out, note)
    with hold_lock(out, unit.name, wait) as folder:
        if folder is None:
            return False
        if not unit.done(results):
            unit.work(Scratch(folder, results))
            if not unit.done(results):
                raise RuntimeError("it came to its end, and yet not all that it makes is there")
    return True


# -- locks -----------------------------------------------------------------------------------------


@contextmanager
def hold_lock(out: Path, name: str, wait: bool = False) -> Iterator[Path | None]:
    """Hold a unit's lock.

    Yields:
        A folder of the unit's own, empty now and gone afterwards; None where another process holds
        the lock, and is not to be waited for.
    """
    folder = out / WORK / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _lock_path(folder).open("a") as lock:
        if not lock_file(_lock_path(folder), lock.fileno(), wait):
            yield None
            return
        shutil.rmtree(folder, ignore_errors=True)  # of a process that was killed
        tell_progress(folder, 0)
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            lock.truncate(0)


def _lock_path(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def tell_progress(folder: Path, seconds: float) -> None:
    """Say of the unit with this folder how many of its seconds are done."""
    path = _lock_path(folder)
    with name_errors(path):
        path.write_text(f"{seconds:.2f}")


def read_progress(out: Path) -> dict[str, float]:
    """Return how many of its seconds are done of each unit that a run is doing."""
    return {path.name: float(_lock_path(path).read_text() or 0) for path in (out / WORK).glob("*/")}


def remove_leftovers(out: Path) -> None:
    """Remove what killed processes left; what a process holds stays."""
    for folder in (out / WORK).glob("*/"):
        with hold_lock(out, folder.name):
            pass


if __name__ == "__main__":
    main()
