"""Locks of units, so that runs which share a folder never do a unit twice at a time.

::

    .work/NAME.lock    locked by the process that does the unit; says what share of it is done
    .work/NAME/        what that process has made so far

The kernel takes the lock from a process that dies, and what lies in the folder is then free. The
file stays: removed while another process opens it, it would be two locks of one name.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WORK = ".work"


@contextmanager
def claimed(out: Path, name: str, wait: bool = False) -> Iterator[Path | None]:
    """Hold a unit's lock.

    Yields:
        A folder of the unit's own, empty now and gone afterwards; None where another process holds
        the lock, and is not to be waited for.
    """
    folder = out / WORK / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _lock(folder).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield None
            return
        shutil.rmtree(folder, ignore_errors=True)  # of a process that was killed
        tell(folder, 0)
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            lock.truncate(0)


def _lock(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def tell(folder: Path, share: float) -> None:
    """Say what share of the unit with this folder is done, 0 to 1."""
    _lock(folder).write_text(f"{share:.2f}")


def shares(out: Path) -> dict[str, float]:
    """Return the share that is done, 0 to 1, of each unit that a run is doing."""
    return {path.name: float(_lock(path).read_text() or 0) for path in (out / WORK).glob("*/")}


def tidy(out: Path) -> None:
    """Remove what killed processes left; what a process holds stays."""
    for folder in (out / WORK).glob("*/"):
        with claimed(out, folder.name):
            pass
