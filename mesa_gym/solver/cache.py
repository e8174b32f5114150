"""What was computed of levels, kept on disk under the digest of all that it depends on."""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import os
import secrets
import sys
import zipfile
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

import numpy as np

import mesa_gym.grid
import mesa_gym.solver
from mesa_gym.files import write_bytes
from mesa_gym.grid import Ints
from mesa_gym.traps import Split, Trap

Arrays = dict[str, np.ndarray]
T = TypeVar("T")


def cache_folder() -> Path:
    """Where values are kept: ``MESA_GYM_CACHE``, or ``mesa_gym`` in the user's cache folder."""
    if folder := os.environ.get("MESA_GYM_CACHE"):
        return Path(folder)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "mesa_gym"


def cache_file(trap: Trap, split: Split, numbers: Ints, horizon: int, salt: str) -> Path:
    """Where values of the given levels lie; the sources of what computes them count too."""
    digest = blake2b(digest_size=16)
    discounts = {name: o.discount for name, o in trap.objectives.items()}
    digest.update(repr((trap, split.value, salt, horizon, discounts)).encode())
    digest.update(numbers.tobytes())
    for source in _sources(type(trap)):
        digest.update(source)
    for package in (mesa_gym.grid, mesa_gym.solver):
        for path in sorted(Path(package.__path__[0]).glob("*.py")):
            digest.update(path.read_bytes())
    return cache_folder() / f"{trap.name()}-{split.value}-{digest.hexdigest()}.npz"


def _sources(trap: type[Trap]) -> Iterator[bytes]:
    """The files of a trap's class and its parents, and of what they import of their package."""
    waiting = [cls.__module__ for cls in trap.__mro__ if issubclass(cls, Trap)]
    done: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in done:
            continue
        done.add(name)
        package = name.split(".")[0]
        try:
            source = Path(inspect.getfile(sys.modules[name])).read_bytes()
            named = sorted(m for m in _imported(source) if m.split(".")[0] == package)
        except (OSError, KeyError, TypeError, SyntaxError):
            yield secrets.token_bytes(16)  # typed into a notebook: values are never read back
            continue
        yield source
        waiting += [module for module in named if module in sys.modules]


def _imported(source: bytes) -> set[str]:
    """The modules that a file names in its imports; names imported from packages may be more."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def read(path: Path, parse: Callable[[Arrays], T]) -> T | None:
    """What ``parse`` makes of a file's arrays; None where it is absent or damaged."""
    try:
        # From memory: where the file is damaged, np.load would leave it open.
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as kept:
            return parse({key: kept[key] for key in kept.files})
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None


def write(path: Path, arrays: Arrays) -> None:
    """Keep arrays by name, whole or not at all."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    with contextlib.suppress(OSError):  # a cache that cannot be written only costs time
        write_bytes(path, buffer.getvalue())
