"""Values of levels, and oracles' actions, kept on disk so that they are computed once.

A file says by its name what its values depend on, and is written whole or not at all, so any
number of processes of one user may share the folder. Checksums find damage and not a forger, so a
folder or file that other users own or can write to is not used.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import secrets
import stat
from collections.abc import Callable
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from mesa_gym.engine import Ints
from mesa_gym.files import read_bytes, write_bytes
from mesa_gym.terminal import printable, say
from mesa_gym.traps import Split, Trap

Arrays = dict[str, np.ndarray]


class ImpossibleValueError(ValueError):
    """Cached values that no solver computed: they were forged, or the machine is damaged."""


T = TypeVar("T")

# The array that says which file it belongs to.
_OF = "of"
_ROOT = Path(__file__).parents[1]
ADMINISTRATOR = 0  # the user who can write everything anyway
_PACKAGES = ("engine", "traps", "solver")


def cache_folder() -> Path:
    """Return ``MESA_GYM_CACHE``, or ``mesa_gym`` in the user's cache folder.

    Without a home the path is below a file, so that nothing can be kept there.
    """
    if folder := os.environ.get("MESA_GYM_CACHE"):
        return Path(folder)
    if not (folder := os.environ.get("XDG_CACHE_HOME", "")):
        try:
            folder = str(Path.home() / ".cache")
        except RuntimeError:  # no HOME, and a user without an entry, as in some containers
            folder = os.devnull
    return Path(folder) / "mesa_gym"


def read_kept(path: Path) -> bytes:
    """Return a file's bytes; OSError if it is missing, or if other users can have written it."""
    _require_private(path.parent)
    _require_private(path)
    return read_bytes(path)


def write_kept(path: Path, data: bytes) -> None:
    """Write a file for ``read_kept``, if that is possible; folders are made for one user alone."""
    with contextlib.suppress(OSError):  # a cache that cannot be written only costs time
        make_private(path.parent)
        write_bytes(path, data)


def make_private(folder: Path) -> None:
    """Make a folder in the cache for one user alone; PermissionError if others can write to it."""
    for part in dict.fromkeys((cache_folder(), folder)):
        part.parent.mkdir(parents=True, exist_ok=True)
        part.mkdir(mode=0o700, exist_ok=True)
        _require_private(part)


def _require_private(path: Path) -> None:
    """Raise PermissionError, and print it once, if another user owns or can write to a path."""
    status = path.stat()
    if os.name != "posix" or (
        status.st_uid in (os.geteuid(), ADMINISTRATOR)
        and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    ):
        return
    _say_once(
        f"the cache {path} is not used, as other users own it or can write to it; run"
        f" `chmod go-w {path}`, or name another folder by MESA_GYM_CACHE"
    )
    raise PermissionError(f"{path} is not private")


@cache
def _say_once(message: str) -> None:
    say(f"mesa-gym: {printable(message)}")


def cache_file(
    trap: Trap,
    split: Split,
    numbers: Ints,
    horizon: int,
    salt: str,
    policy: str = "",
    classes: tuple[type, ...] = (),
) -> Path:
    """Return the cache path for values of levels, or for the actions of a policy on them.

    Its name also depends on the solver's sources, and on those of ``classes``, the policy's.
    """
    digest = blake2b(digest_size=16)
    discounts = {name: o.discount for name, o in trap.objectives.items()}
    digest.update(repr((trap, split.value, salt, horizon, discounts, policy)).encode())
    digest.update(numbers.tobytes())
    # Without a source, values are never read back.
    digest.update(_hash_sources((*classes, *type(trap).__mro__)) or secrets.token_bytes(16))
    return cache_folder() / f"{trap.name()}-{split.value}-{digest.hexdigest()}.npz"


@cache
def _hash_sources(classes: tuple[type, ...]) -> bytes:
    """Return a digest of the engine, the traps, the solver, and the files of a trap's classes.

    The digest is taken once, as a process keeps the code that it has read. Modules that a user's
    file imports are not in it: after a change there, remove the folder.

    Returns:
        The digest; b"" for a class of a notebook or of a function, whose arguments are unknown.
    """
    files = [path for name in _PACKAGES for path in sorted((_ROOT / name).rglob("*.py"))]
    for cls in classes[:-1]:  # the last is `object`
        if "<locals>" in cls.__qualname__:
            return b""
        try:
            files.append(Path(inspect.getfile(cls)))
        except (OSError, TypeError):
            return b""
    try:
        digests = [blake2b(read_bytes(path)).digest() for path in files]
    except OSError:  # of a file that is gone, or in an archive
        return b""
    return blake2b(b"".join(digests)).digest()


def read_arrays(path: Path, parse: Callable[[Arrays], T]) -> T | None:
    """Return ``parse`` of a file's arrays; None if the file is missing, foreign or damaged.

    The caller then computes, and writes the file again. Damage is found by checksums, a foreign
    file by its header. An ``ImpossibleValueError`` of ``parse`` is printed, in one line.
    """
    try:
        # From memory: where the file is damaged, np.load would leave it open.
        with np.load(io.BytesIO(read_kept(path)), allow_pickle=False) as kept:
            arrays = {key: kept[key] for key in kept.files}
        if arrays.pop(_OF) != _identify(path, arrays):
            return None  # of something else and renamed, or a number is another one
        return parse(arrays)
    except ImpossibleValueError as error:
        _say_once(f"the cached values {path} are refused and computed again: {error}")
        return None
    except Exception:  # damage makes NumPy and zipfile raise almost anything
        return None


def _identify(path: Path, arrays: Arrays) -> str:
    """Return a file's name with a digest of its arrays."""
    digest = blake2b(digest_size=16)
    for name, array in sorted(arrays.items()):
        digest.update(repr((name, array.dtype.str, array.shape)).encode() + array.tobytes())
    return f"{path.name} {digest.hexdigest()}"


def write_arrays(path: Path, arrays: Arrays) -> None:
    """Write arrays by name to a file, whole or not at all."""
    buffer = io.BytesIO()
    named: dict[str, Any] = {**arrays, _OF: np.array(_identify(path, arrays))}
    np.savez(buffer, **named)
    write_kept(path, buffer.getvalue())
