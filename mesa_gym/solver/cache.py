"""Values of levels, kept on disk so that they are computed once.

A file is written whole or not at all, and says by its name what it holds, so any number of
processes may share the folder. The folder may hold other things as well: only files of the names
that are given here are ever counted or deleted.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from importlib.util import resolve_name
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

import mesa_gym.engine
from mesa_gym.engine import Ints
from mesa_gym.errors import shorten
from mesa_gym.files import find_final_name, read_bytes, write_bytes
from mesa_gym.traps import Split, Trap

Arrays = dict[str, np.ndarray]
T = TypeVar("T")

SIZE = "MESA_GYM_CACHE_SIZE"
USUAL_SIZE = "1G"
UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_SIZE = re.compile(r"(?P<number>\d+(\.\d+)?) ?(?P<unit>[KMGT]?)B?", re.ASCII | re.IGNORECASE)
_NAME = re.compile(rf"(?P<trap>\w+-v\d+)-({'|'.join(Split)})-[0-9a-f]{{32}}\.npz")
# A statement that imports; parsing the file would take a hundred times as long.
_IMPORT = re.compile(
    r"^\s*(?:from|import)\s+([\w.]+)(?:\s+import\s+(\([^)]*\)|[^\n]*))?", re.MULTILINE
)
# The array that says which file it belongs to.
_OF = "of"
# A file that its writer has not finished by then never will be.
UNFINISHED_SECONDS = 3600
_PACKAGES = Path(mesa_gym.engine.__path__[0]), Path(__file__).parent


def cache_folder() -> Path:
    """Return ``MESA_GYM_CACHE``, or ``mesa_gym`` in the user's cache folder."""
    if folder := os.environ.get("MESA_GYM_CACHE"):
        return Path(folder)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mesa_gym"


def size_bound() -> int:
    """Return how many bytes are kept at most, as ``MESA_GYM_CACHE_SIZE`` says: ``500M``, ``2G``.

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


def cache_file(
    trap: Trap, split: Split, numbers: Ints, horizon: int, salt: str, of: bytes = b""
) -> Path:
    """Return where values of the given levels lie; the sources of what computes them count too.

    What is kept besides the solver's values says by ``of`` what it is, and what it depends on.

    Raises:
        ValueError: ``MESA_GYM_CACHE_SIZE`` does not say a size; said before the work, not after.
    """
    size_bound()
    digest = blake2b(digest_size=16)
    discounts = {name: o.discount for name, o in trap.objectives.items()}
    digest.update(repr((trap, split.value, salt, horizon, discounts)).encode())
    digest.update(numbers.tobytes() + of)
    for source in _sources(type(trap)):
        digest.update(source)
    return cache_folder() / f"{trap.name()}-{split.value}-{digest.hexdigest()}.npz"


def _sources(trap: type[Trap]) -> Iterator[bytes]:
    """Yield the files of the engine, the solver, a trap's class and its parents.

    With what the latter import of their own packages.
    """
    for folder in _PACKAGES:
        yield from (path.read_bytes() for path in sorted(folder.glob("*.py")))
    if "<locals>" in trap.__qualname__:
        yield secrets.token_bytes(16)  # what the function was given counts, and cannot be seen
    names = list({cls.__module__: None for cls in trap.__mro__ if issubclass(cls, Trap)})
    for name in names:  # it grows
        try:
            source = Path(inspect.getfile(sys.modules[name])).read_bytes()
        except (OSError, KeyError, TypeError):
            yield secrets.token_bytes(16)  # typed into a notebook: values are never read back
            continue
        yield source
        own = (m for m in _find_imports(source, name) if m.split(".")[0] == name.split(".")[0])
        names += [module for module in own if module in sys.modules and module not in names]


def _find_imports(source: bytes, of: str) -> list[str]:
    """Return what the file of a module may import; names imported from packages may be more."""
    found: set[str] = set()
    package = getattr(sys.modules[of], "__package__", None) or of
    for module, names in _IMPORT.findall(source.decode(errors="replace")):
        stem = module if module.endswith(".") else f"{module}."  # of `from . import name`
        found |= {module, *(f"{stem}{name}" for name in re.findall(r"\w+", names))}
    # Text may look like an import from above all packages.
    depth = package.count(".") + 1
    known = (name for name in found if len(name) - len(name.lstrip(".")) <= depth)
    return sorted(resolve_name(name, package) for name in known if name.strip("."))


def read(path: Path, parse: Callable[[Arrays], T]) -> T | None:
    """Return what ``parse`` makes of a file's arrays; None if it is missing, foreign or damaged.

    The caller then computes, and writes the file again. Damage is told by the checksums of the
    zip format, a foreign file by what it says it is.
    """
    try:
        # From memory: where the file is damaged, np.load would leave it open.
        with np.load(io.BytesIO(read_bytes(path)), allow_pickle=False) as kept:
            arrays = {key: kept[key] for key in kept.files}
        if arrays.pop(_OF) != path.name:
            return None  # of something else, and renamed
        value = parse(arrays)
    except Exception:  # damage makes NumPy and zipfile raise almost anything
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # used now: others are deleted before it
    return value


def write(path: Path, arrays: Arrays) -> None:
    """Keep arrays by name, whole or not at all, and delete what is then too much."""
    buffer = io.BytesIO()
    named: dict[str, Any] = {**arrays, _OF: np.array(path.name)}
    np.savez(buffer, **named)
    with contextlib.suppress(OSError):  # a cache that cannot be written only costs time
        write_bytes(path, buffer.getvalue())
        _tidy(path)


@dataclass(frozen=True)
class KeptFile:
    """A file of the cache.

    Attributes:
        path: where it lies.
        trap: the name of the trap whose levels' values it holds.
        size: bytes.
        used: when it was last read or written, in seconds since the epoch.
        whole: False for what a writer has not finished, or never will, as it was killed.
    """

    path: Path
    trap: str
    size: int
    used: float
    whole: bool


def kept_files() -> list[KeptFile]:
    """Return the cache's own files, the least recently used first.

    Raises:
        OSError: the folder cannot be read.
    """
    found: list[KeptFile] = []
    with contextlib.suppress(FileNotFoundError), os.scandir(cache_folder()) as entries:
        for entry in entries:
            unfinished = find_final_name(entry.name)
            name = _NAME.fullmatch(unfinished or entry.name)
            if name is None or not entry.is_file(follow_symlinks=False):
                continue
            with contextlib.suppress(FileNotFoundError):  # another process was faster
                stat = entry.stat(follow_symlinks=False)
                path, whole = Path(entry.path), unfinished is None
                found.append(KeptFile(path, name["trap"], stat.st_size, stat.st_mtime, whole))
    return sorted(found, key=lambda file: (file.used, file.path))


def delete(files: list[KeptFile]) -> list[KeptFile]:
    """Delete files of the cache and return those that were still there.

    Raises:
        OSError: one cannot be deleted.
    """
    deleted = []
    for file in files:
        with contextlib.suppress(FileNotFoundError):
            file.path.unlink()
            deleted.append(file)
    return deleted


def _tidy(newest: Path) -> None:
    """Delete what killed writers left, and the least recently used of what is too much."""
    files, now = kept_files(), time.time()
    excess = sum(file.size for file in files if file.whole) - size_bound()
    for file in files:
        if file.whole:
            unwanted = excess > 0 and file.path.name != newest.name
            excess -= file.size if unwanted else 0
        else:
            unwanted = now - file.used > UNFINISHED_SECONDS
        if unwanted:
            with contextlib.suppress(OSError):  # another user's, in a folder that several share
                delete([file])
