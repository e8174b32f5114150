"""Files: written whole or not at all, read without waiting on a pipe, and locked."""

from __future__ import annotations

import csv
import errno
import io
import json
import math
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mesa_gym.json_data import parse_json

MOST_BYTES = 1 << 30  # of a file that is read: a model of a gigabyte is none of a gridworld's
# What file systems say that have no locks.
_LOCKLESS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file so that a part of it is never seen, even after a power cut.

    Folders are made.

    Raises:
        OSError: the file cannot be written; the error names it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with name_errors(path):
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                # Else a file system may keep the new name before what the file holds.
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
            _sync(path.parent)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


@contextmanager
def name_errors(path: Path) -> Iterator[None]:
    """Name ``path`` in OSErrors, which on a full disk name no file or a temporary one."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


def _sync(folder: Path) -> None:
    """Flush a folder's entries to the disk, where the system can open a folder for it."""
    if os.name != "posix":
        return
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def append_line(path: Path, line: bytes) -> None:
    """Add a line to a file, whole or not at all; several processes may add to it in turns.

    It begins a line of its own, also behind a half line that a killed process left.

    Args:
        path: of the file, whose folders are made.
        line: ends in a line break and has no other.

    Raises:
        OSError: the file cannot be written, such as on a full disk; the error names it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with name_errors(path), path.open("ab", buffering=0) as file, path.open("rb") as before:
        _lock_where_possible(path, file.fileno())
        end = file.seek(0, os.SEEK_END)
        if end and before.seek(end - 1) and before.read(1) != b"\n":
            line = b"\n" + line
        left = memoryview(line)
        try:
            while left:  # a disk that fills up takes a part, and refuses the next
                left = left[file.write(left) :]
        except BaseException:
            file.truncate(end)
            raise


def _lock_where_possible(path: Path, handle: int) -> None:
    """Lock an open file against other writers; a file system without locks goes without."""
    try:
        lock_file(path, handle, wait=True)
    except OSError as error:
        if error.errno is not None:
            raise


def write_text(path: Path, text: str) -> None:
    """``write_bytes`` for UTF-8 text."""
    write_bytes(path, text.encode(errors="surrogateescape"))  # paths of commands are bytes


def format_csv(rows: Sequence[Mapping[str, Any]], heads: Iterable[str] = ()) -> str:
    """Return rows as CSV (RFC 4180); a missing value is an empty field.

    Args:
        rows: column -> value.
        heads: the first columns; others follow in the order of first appearance.
    """
    text = io.StringIO()
    columns = dict.fromkeys([*heads, *(name for row in rows for name in row)])
    writer = csv.DictWriter(text, [*columns], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def write_json(path: Path, data: Any) -> None:
    """``write_text`` for plain data without NaN."""
    write_text(path, json.dumps(data, indent=1) + "\n")


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a plain file; a test checks that all reading is by this function.

    Raises:
        ValueError: the file is a pipe, which might never end, or a device, or has more than
            ``MOST_BYTES``.
        OSError: the file cannot be read.
    """
    status = path.stat()
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        raise ValueError(f"{path} is a pipe or a device; put a plain file there, or delete it")
    if status.st_size > MOST_BYTES:
        raise ValueError(f"{path} has {status.st_size:,} bytes; a file may have {MOST_BYTES:,}")
    return path.read_bytes()


def require_ours(folder: Path, marks: Mapping[str, bytes]) -> None:
    """Raise FileExistsError, before long work, where it would replace a file of others.

    Args:
        folder: that the work writes into.
        marks: name of each file -> bytes that such a file of ours contains.
    """
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file; name a folder")
    for path, mark in ((folder / name, mark) for name, mark in marks.items()):
        if path.exists() and (path.is_dir() or mark not in read_bytes(path)):
            raise FileExistsError(
                f"{path} would be replaced, and this command did not write it; choose another"
                " folder, or move the file away"
            )


def lock_file(path: Path, handle: int, wait: bool) -> bool:
    """Lock an open file, until it is closed, against other processes that lock it.

    Args:
        path: of the file, for the message.
        handle: its descriptor.
        wait: whether to wait where another process holds the lock.

    Returns:
        Whether it is locked now.

    Raises:
        OSError: its file system, or this system, has no locks; the message says what to do.
    """
    try:
        import fcntl
    except ImportError:
        raise OSError(
            f"{path} cannot be locked, as this system has no locks (flock): use Linux, macOS or"
            " WSL; mesa-gym's own commands need none"
        ) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _LOCKLESS:
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise OSError(
            f"{path} cannot be locked, as its file system has no locks (flock), and without one two"
            " processes would do the same work; choose a folder on a local disk or NFS version 4,"
            " or give each machine its own and copy them together afterwards"
        ) from None
    return True


def read_json(path: Path) -> Any:
    """The plain data of a JSON file.

    Raises:
        ValueError: it holds no JSON, or a key twice in one object; the message names the file.
    """
    data = read_bytes(path)
    try:
        return parse_json(data)
    except ValueError as error:
        raise ValueError(f"{path} is not JSON ({error})") from None


def without_nan(value: Any) -> Any:
    """Return plain data with NaN replaced by None, which JSON has, and tuples by lists."""
    if isinstance(value, dict):
        return {key: without_nan(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(entry) for entry in value]
    return None if isinstance(value, float) and math.isnan(value) else value
