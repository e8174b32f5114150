"""Files of the values of levels and of oracles' actions, so that they are computed once.

A *shelf* is a group of files whose names begin with an identity of everything that their arrays
depend on. The rest of a name is a digest of the arrays, which detects damage. A file is written
completely or not at all and never changes, so several processes may share the folder. Digests do
not detect forgery, so a folder or file that other users own or can write to is not used.
"""

from __future__ import annotations

import contextlib
import io
import lzma
import os
import stat
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

import numpy as np

from mesa_gym.files import locate_path, read_bytes, write_bytes
from mesa_gym.solver.identity import identify_code
from mesa_gym.solver.value_columns import Arrays
from mesa_gym.terminal import say_once
from mesa_gym.traps import Split, Trap

# The package's files, which have the values of the standard levels.
STANDARD_FOLDER = Path(__file__).parent / "standard"
_COMPRESSED = b"\xfd7zXZ"
# Compression of numbers of 8 bytes, which is a twentieth smaller than the usual one.
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9, "lc": 0, "lp": 3, "pb": 3}]
ADMINISTRATOR = 0  # root, who can write every file anyway


def cache_folder() -> Path:
    """Return ``MESA_GYM_CACHE``, or ``mesa_gym`` in the user's cache folder.

    A relative ``XDG_CACHE_HOME`` is ignored, as its specification says. Without a home directory,
    the path is below a file, so that nothing can be written there.
    """
    if folder := os.environ.get("MESA_GYM_CACHE"):
        return locate_path(folder)
    if not os.path.isabs(folder := os.environ.get("XDG_CACHE_HOME", "")):
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


def write_kept(path: Path, data: bytes) -> bool:
    """Write a file for ``read_kept`` if possible; new folders are private to the user."""
    with contextlib.suppress(OSError):  # a cache that cannot be written only costs time
        make_private(path.parent)
        write_bytes(path, data)
        return True
    return False


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


def name_shelf(
    trap: Trap, split: Split, horizon: int, salt: str, content: object, *classes: type
) -> str:
    """Return the identity of arrays of a split's levels; "" if the code is unknown.

    Args:
        trap: the trap.
        split: the split.
        horizon: the time limit.
        salt: the levels' salt.
        content: an object whose text names the arrays.
        classes: other classes whose code computes the arrays.
    """
    if (code := identify_code(type(trap), *classes)) is None:
        return ""
    discounts = {name: o.discount for name, o in trap.objectives.items()}
    parts = trap, type(trap).__qualname__, split.value, salt, horizon, discounts, content, code
    digest = blake2b(repr(parts).encode(), digest_size=10)
    return f"{trap.name()}-{split.value}-{digest.hexdigest()}"


def list_shelf(shelf: str, folder: Path) -> list[Path]:
    """Return a shelf's files in a folder."""
    return sorted(folder.glob(f"{shelf}-*.npz")) if shelf else []


def read_shelf(shelf: str) -> Iterator[tuple[Path, Arrays]]:
    """Yield a shelf's files with their arrays, first of the package, then of the cache.

    Damaged files are left out, and one line is printed about each.
    """
    folders = STANDARD_FOLDER, cache_folder()
    for path in [path for folder in folders for path in list_shelf(shelf, folder)]:
        try:
            data = read_bytes(path) if path.parent == STANDARD_FOLDER else read_kept(path)
            arrays = _unpack(data)
            if path.name != name_file(shelf, arrays):
                raise ValueError("the name does not fit the arrays")
        except OSError:  # such as a file that another process has just joined with others
            continue
        except Exception as error:  # damage makes NumPy, zipfile and lzma raise almost anything
            refuse_file(path, f"it is damaged ({type(error).__name__})")
        else:
            yield path, arrays


def refuse_file(path: Path, reason: str) -> None:
    """Print, once, that a file is not used."""
    say_once(f"the values {path} are refused, and their levels are solved: {reason}")


def write_shelf(shelf: str, arrays: Arrays) -> Path | None:
    """Write arrays to a new file of a shelf in the cache; return it, or None if that failed."""
    path = cache_folder() / name_file(shelf, arrays)
    return path if shelf and write_kept(path, pack_arrays(arrays)) else None


def pack_arrays(arrays: Arrays, compress: bool = False) -> bytes:
    """Return named arrays as the bytes of an ``.npz`` file; equal arrays give equal bytes."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return lzma.compress(buffer.getvalue(), filters=_FILTERS) if compress else buffer.getvalue()


def _unpack(data: bytes) -> Arrays:
    """Return the arrays of a file, which ``pack_arrays`` may have compressed."""
    data = lzma.decompress(data) if data.startswith(_COMPRESSED) else data
    # Read from memory, because np.load would leave a damaged file open.
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def name_file(shelf: str, arrays: Arrays) -> str:
    """Return the name of a shelf's file, which ends with a digest of its arrays."""
    digest = blake2b(shelf.encode(), digest_size=8)
    for name, array in sorted(arrays.items()):
        digest.update(repr((name, array.dtype.str, array.shape)).encode() + array.tobytes())
    return f"{shelf}-{digest.hexdigest()}.npz"
