"""Folders for what rooms write; those of an evaluator that was killed are removed by the next."""

from __future__ import annotations

import os
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

with suppress(ImportError):  # Windows lacks it; ``require_locks`` says so
    import fcntl

_PREFIX = "mesa-gym-rooms-"


class ScratchHome:
    """A folder in which each room has one of its own; close it.

    It is locked while this process lives, whatever ends it.
    """

    def __init__(self) -> None:
        remove_stale()
        self.folder, self._lock = Path(), -1
        while self._lock < 0:  # another process may have taken the new folder for a stale one
            self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX)).resolve()
            self._lock = _lock(self.folder)

    def make(self) -> Path:
        """Make a room's folder."""
        return Path(tempfile.mkdtemp(dir=self.folder))

    def close(self) -> None:
        """Remove all."""
        if self._lock >= 0:
            remove(self.folder)
            os.close(self._lock)
            self._lock = -1


def remove(folder: Path) -> None:
    """Remove a folder, as deep as it may be."""
    subprocess.run(["rm", "-rf", "--", folder], check=False)


def remove_stale() -> None:
    """Remove the folders of this user's evaluators that have ended."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        lock = _lock(folder)
        if lock >= 0:
            remove(folder)
            os.close(lock)


def _lock(folder: Path) -> int:
    """Return the handle of a folder that is now locked; -1 where it is not ours, or in use."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return -1
    try:
        if os.fstat(handle).st_uid != os.geteuid():
            raise BlockingIOError
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(handle), os.stat(folder)):
            return handle
    except OSError:
        pass
    os.close(handle)
    return -1
