"""Jobs: pieces of work, each done by one process at a time, under a lock of its own.

Runs that share a folder never do a job twice at a time::

    .work/NAME.lock    locked by the process that does the job
    .work/NAME/        what that process has made so far

The kernel takes the lock from a process that dies, and what lies in the folder is then free. The
file stays: removed while another process opens it, it would be two locks of one name.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.jobs.store import Note, Results, Terms
from mesa_gym.files import lock_file

WORK = ".work"


@dataclass(frozen=True)
class Job:
    """A piece of work that needs no other; picklable.

    It is done where every file is there and of its terms.

    Attributes:
        name: for people, and of its lock.
        files: path of each file or folder that it makes, relative to the results -> its terms.
        make: makes those that are missing, and keeps each as soon as it is whole.
        seconds: about how long it takes.
    """

    name: str
    files: Mapping[Path, Terms]
    make: Callable[[Scratch], None]
    seconds: float


@dataclass(frozen=True)
class Scratch:
    """A folder in which a job works.

    Attributes:
        folder: empty and the job's own; gone once it is over.
        results: what is there already.
        files: those of the job.
        missing: those of them that are to be made.
    """

    folder: Path
    results: Results
    files: Mapping[Path, Terms]
    missing: Sequence[Path]

    def keep(self, path: Path) -> None:
        """Move a whole file or folder from here to the same place of the results."""
        self.results.keep(self.folder / path, path, self.files[path])


def do_job(job: Job, out: Path, wait: bool, note: Note) -> bool:
    """Do a job in this process, unless it is done.

    Returns:
        Whether it is; False where another process is doing it, and is not to be waited for.
    """
    results = Results(out, note)
    with hold_lock(out, job.name, wait) as folder:
        if folder is None:
            return False
        if missing := results.find_missing(job.files):
            job.make(Scratch(folder, results, job.files, missing))
            if left := results.find_missing(job.files):
                raise RuntimeError(f"it came to its end, and yet {left[0]} is not there")
    return True


# -- locks -----------------------------------------------------------------------------------------


@contextmanager
def hold_lock(out: Path, name: str, wait: bool = False) -> Iterator[Path | None]:
    """Hold a job's lock.

    Yields:
        A folder of the job's own, empty now and gone afterwards; None where another process holds
        the lock, and is not to be waited for.
    """
    folder, path = out / WORK / name, out / WORK / f"{name}.lock"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as lock:
        if not lock_file(path, lock.fileno(), wait):
            yield None
            return
        shutil.rmtree(folder, ignore_errors=True)  # of a process that was killed
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers(out: Path) -> None:
    """Remove what killed processes left; what a process holds stays."""
    for folder in (out / WORK).glob("*/"):
        with hold_lock(out, folder.name):
            pass
