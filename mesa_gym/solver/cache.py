"""Disk cache of the values of levels and of oracles' actions, so that they are computed once.

The name of a file identifies everything that its values depend on. A file is written completely or
not at all, so several processes of one user may share the folder. Checksums detect damage but not
forgery, so a folder or file that other users own or can write to is not used.
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
    """Cached values that no solver can have computed: they were forged or damaged."""


T = TypeVar("T")

# The array that identifies the file to which the arrays belong.
_OF = "of"
_ROOT = Path(__file__).parents[1]
ADMINISTRATOR = 0  # root, who can write every file anyway
_PACKAGES = ("engine", "traps", "solver")


def cache_folder() -> Path:
    """Return ``MESA_GYM_CACHE``, or ``mesa_gym`` in the user's cache folder.

    Without a home directory, the path is below a file, so that nothing can be written there.
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
    """Return a file's bytes; OSError if it is missing or if other users can have written it."""
    _require_private(path.parent)
    _require_private(path)
    return read_bytes(path)


def write_kept(path: Path, data: bytes) -> None:
    """Write a file for ``read_kept`` if possible; new folders are private to the user."""
    with contextlib.suppress(OSError):  # a cache that cannot be written only costs time
        make_private(path.parent)
        write_bytes(path, data)


def make_private(folder: Path) -> None:
    """Make a private folder in the cache; PermissionError if other users can write to it."""
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
    say_once(
        f"the cache {path} is not used, as other users own it or can write to it; run"
        f" `chmod go-w {path}`, or name another folder by MESA_GYM_CACHE"
    )
    raise PermissionError(f"{path} is not private")


@cache
def say_once(message: str) -> None:
    """Print a message on standard error, once in a process."""
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

    Its name also depends on the sources of the solver and of ``classes``, the policy's classes.
    """
    digest = blake2b(digest_size=16)
    discounts = {name: o.discount for name, o in trap.objectives.items()}
    digest.update(repr((trap, split.value, salt, horizon, discounts, policy)).encode())
    digest.update(numbers.tobytes())
    # Without sources the name is random, so that the values are never read.
    digest.update(_hash_sources((*classes, *type(trap).__mro__)) or secrets.token_bytes(16))
    return cache_folder() / f"{trap.name()}-{split.value}-{digest.hexdigest()}.npz"


@cache
def _hash_sources(classes: tuple[type, ...]) -> bytes:
    """Return a digest of the engine, the traps, the solver, and the files of a trap's classes.

    The digest is computed once, because a process keeps the code that it has loaded. Modules that
    a user's file imports are not included: after a change there, remove the cache folder.

    Returns:
        The digest; b"" for a class in a notebook or a function, whose arguments are unknown.
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
    except OSError:  # a file was removed, or is in an archive
        return b""
    return blake2b(b"".join(digests)).digest()


def read_arrays(path: Path, parse: Callable[[Arrays], T]) -> T | None:
    """Return ``parse`` of a file's arrays; None if the file is missing, foreign or damaged.

    The caller then computes the values and writes the file again. Checksums detect damage, and the
    header detects a foreign file. An ``ImpossibleValueError`` of ``parse`` is printed in one line.
    """
    try:
        # Read from memory, because np.load would leave a damaged file open.
        with np.load(io.BytesIO(read_kept(path)), allow_pickle=False) as kept:
            arrays = {key: kept[key] for key in kept.files}
        if arrays.pop(_OF) != identify(path.name, arrays):
            return None  # the file was renamed, or a number was changed
        return parse(arrays)
    except ImpossibleValueError as error:
        say_once(f"the cached values {path} are refused and computed again: {error}")
        return None
    except Exception:  # damage makes NumPy and zipfile raise almost anything
        return None


def identify(owner: str, arrays: Arrays) -> str:
    """Return a text that identifies arrays: the name of their owner, and a digest."""
    digest = blake2b(digest_size=16)
    for name, array in sorted(arrays.items()):
        digest.update(repr((name, array.dtype.str, array.shape)).encode() + array.tobytes())
    return f"{owner} {digest.hexdigest()}"


def write_arrays(path: Path, arrays: Arrays) -> None:
    """Write named arrays to a file, completely or not at all."""
    buffer = io.BytesIO()
    named: dict[str, Any] = {**arrays, _OF: np.array(identify(path.name, arrays))}
    np.savez(buffer, **named)
    write_kept(path, buffer.getvalue())
