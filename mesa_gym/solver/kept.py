"""The folder of kept values, and the bound on its size.

It may hold other things as well: only files of the cache's names are ever counted or deleted.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from mesa_gym.errors import shorten
from mesa_gym.files import find_final_name
from mesa_gym.traps import Split

SIZE = "MESA_GYM_CACHE_SIZE"
USUAL_SIZE = "1G"
UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_SIZE = re.compile(r"(?P<number>\d+(\.\d+)?) ?(?P<unit>[KMGT]?)B?", re.ASCII | re.IGNORECASE)
_NAME = re.compile(rf"\w+-v\d+-({'|'.join(Split)})-[0-9a-f]{{32}}\.npz")


class KeptFile(NamedTuple):
    """A file of the cache, which a writer may not have finished.

    Attributes:
        used: when it was last read or written, in seconds since the epoch.
        path: where it lies.
        size: bytes.
    """

    used: float
    path: Path
    size: int


def cache_folder() -> Path:
    """Return ``MESA_GYM_CACHE``, or ``mesa_gym`` in the user's cache folder."""
    if folder := os.environ.get("MESA_GYM_CACHE"):
        return Path(folder)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mesa_gym"


def size_bound() -> int:
    """Return the bound in bytes that ``MESA_GYM_CACHE_SIZE`` sets: ``500M``, ``2G``.

    Raises:
        ValueError: it says something else.
    """
    text = os.environ.get(SIZE) or USUAL_SIZE
    given = _SIZE.fullmatch(text)
    size = int(float(given["number"]) * UNITS[given["unit"].upper()]) if given else 0
    if size < 1:
        raise ValueError(
            f"{SIZE} is {shorten(text)}; expected a number of bytes above 0, such as 500M or 2G (K,"
            " M, G and T are powers of 1,000)"
        )
    return size


def kept_files() -> list[KeptFile]:
    """Return the cache's own files, the least recently used first.

    Raises:
        OSError: the folder cannot be read.
    """
    found: list[KeptFile] = []
    with suppress(FileNotFoundError), os.scandir(cache_folder()) as entries:
        for entry in entries:
            name = _NAME.fullmatch(find_final_name(entry.name) or entry.name)
            if name is None or not entry.is_file(follow_symlinks=False):
                continue
            with suppress(FileNotFoundError):  # another process was faster
                stat = entry.stat(follow_symlinks=False)
                found.append(KeptFile(stat.st_mtime, Path(entry.path), stat.st_size))
    return sorted(found)


def delete_excess(newest: Path) -> None:
    """Delete the least recently used files beyond the bound, but never the newest.

    Where a writer was killed, what it left counts as a file, and is the least recently used one
    some day.
    """
    files = [file for file in kept_files() if file.path.name != newest.name]
    excess = sum(file.size for file in files) + newest.stat().st_size - size_bound()
    for file in files:
        if excess <= 0:
            break
        with suppress(OSError):  # another user's, in a folder that several share
            file.path.unlink()
        excess -= file.size
