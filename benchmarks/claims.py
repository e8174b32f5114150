"""Who does a unit: one process at a time, whatever runs there are, and until it dies.

::

    .work/NAME.lock    locked by the process that does the unit; says what share of it is done
    .work/NAME/        what it has made so far

The kernel takes the lock from a process that is killed: the file is then a leftover, and what lies
in the folder is free.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WORK = ".work"
LOCK = ".lock"


class Claim:
    """A unit's lock, held."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path, self.handle = path, handle
        self.tell(0)

    @property
    def folder(self) -> Path:
        """The unit's own."""
        return self.path.with_name(self.path.name.removesuffix(LOCK))

    def tell(self, share: float) -> None:
        """Say what share of the unit is done, 0 to 1."""
        os.pwrite(self.handle, b"%4.2f" % share, 0)

    def clear(self) -> None:
        """Make the folder, empty: what it held was made by a process that was killed."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()

    def release(self) -> None:
        """Remove all traces, then let go."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.path.unlink(missing_ok=True)
        os.close(self.handle)


@contextmanager
def claimed(out: Path, name: str, wait: bool) -> Iterator[Claim | None]:
    """Hold a unit's lock.

    Args:
        out: the results' folder.
        name: the unit's.
        wait: until its holder lets go.

    Yields:
        The claim; None where another process holds it.
    """
    claim = _claim(out / WORK / f"{name}{LOCK}", fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    try:
        yield claim
    finally:
        if claim is not None:
            claim.release()


def _claim(path: Path, how: int) -> Claim | None:
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except FileNotFoundError:  # the folder was tidied away just now
            continue
        try:
            fcntl.flock(handle, how)
            # Who held it before has removed the file, and others may lock a new one by now.
            if os.path.samestat(os.fstat(handle), path.stat()):
                return Claim(path, handle)
        except BlockingIOError:
            os.close(handle)
            return None
        except FileNotFoundError:
            pass
        os.close(handle)


def shares(out: Path) -> dict[str, float]:
    """Of each unit that a run is doing, what share of it is done, 0 to 1."""
    found = {}
    for path in (out / WORK).glob(f"*{LOCK}"):
        with contextlib.suppress(FileNotFoundError):  # it is over
            found[path.name.removesuffix(LOCK)] = float(path.read_bytes() or 0)
    return found


def tidy(out: Path) -> None:
    """Remove what killed runs left; what a run holds stays."""
    for path in (out / WORK).glob(f"*{LOCK}"):
        with claimed(out, path.name.removesuffix(LOCK), wait=False):
            pass
    with contextlib.suppress(OSError):  # a run is at work there, or none ever was
        (out / WORK).rmdir()
