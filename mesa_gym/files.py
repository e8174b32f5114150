"""Files: written completely or not at all, read without waiting for a pipe, and locked."""

from __future__ import annotations

import csv
import errno
import glob
import io
import json
import os
import secrets
import shutil
import stat
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from hashlib import blake2b
from io import FileIO
from pathlib import Path
from typing import Any

from mesa_gym.json_data import parse_json

# The largest file that is read whole, and the longest line of a log; models for a gridworld are
# smaller.
MOST_BYTES = 1 << 30
CHUNK = 1 << 22
OWNER_WRITES = 0o644
ABANDONED = 86_400.0  # seconds after which no process still writes a partial file
# Error codes of file systems without locks.
_LOCKLESS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)


def locate_path(path: str | Path) -> Path:
    """Return the absolute path that a person means, before the program changes its folder.

    ``~`` is the home folder. Links stay, as only writing follows them (``follow_link``).

    Raises:
        ValueError: the path is empty, or neither a text nor a path.
    """
    if not isinstance(path, str | Path) or not str(path):
        raise ValueError(f"the path is {path!r}; expected the name of a file or folder")
    return Path(os.path.expanduser(path)).absolute()


def find_paths(word: str | Path) -> list[Path]:
    """Return the path that a word names, if it exists, else the paths that match it as a pattern.

    So a name with brackets or stars is read as a name first.
    """
    if os.path.exists(path := locate_path(word)):
        return [path]
    return sorted(map(locate_path, glob.glob(os.path.expanduser(word))))


def follow_link(path: Path) -> Path:
    """Return the file that a link names, which need not exist; another path is unchanged.

    Raises:
        OSError: links go round in a circle.
    """
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    return target


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file so that a partial file never exists, even after a power cut.

    Missing folders are created. A link stays, and its target is written. A file that is replaced
    keeps its permissions; a new file can be written by its owner alone, and is private if the
    user's umask says so.

    Raises:
        OSError: the file cannot be written; the error names it.
    """
    path = follow_link(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with name_errors(path):
        temporary = name_partial(path)
        try:
            with temporary.open("xb") as file:
                permissions = _find_permissions(path, file.fileno())
                file.write(data)
                file.flush()
                # Otherwise a file system may store the new name before the contents.
                os.fsync(file.fileno())
            os.chmod(temporary, permissions)
            os.replace(temporary, path)
            _sync(path.parent)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def name_partial(path: Path) -> Path:
    """Return a free hidden name for a partial file or folder, which is renamed to ``path``.

    Partial ones of the same path that killed processes left are removed after ``ABANDONED``.
    """
    for partial in path.parent.glob(f".{glob.escape(path.name)}.{'[0-9a-f]' * 16}"):
        with suppress(OSError):  # such as another process that removes it too
            if time.time() - partial.stat().st_mtime > ABANDONED:
                shutil.rmtree(partial) if partial.is_dir() else partial.unlink()
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}")


def _find_permissions(path: Path, handle: int) -> int:
    """Return the permissions of a file that is replaced, or of a new file by the umask."""
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    return stat.S_IMODE(os.fstat(handle).st_mode) & OWNER_WRITES


@contextmanager
def name_errors(path: Path) -> Iterator[None]:
    """Name ``path`` in OSErrors; on a full disk, an error has no file name or a temporary one."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


def _sync(folder: Path) -> None:
    """Flush a folder's entries to the disk, if the system can open a folder."""
    if os.name != "posix":
        return
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def append_line(path: Path, line: bytes) -> None:
    """Append a line to a file, completely or not at all; several processes may take turns.

    Args:
        path: the file; missing folders are created.
        line: a text that ends with its only line break.

    Raises:
        OSError: the file cannot be written, such as on a full disk; the error names it.
    """
    with open_to_append(path) as file:
        write_line(file, line)


@contextmanager
def open_to_append(path: Path) -> Iterator[FileIO]:
    """Open a file for ``write_line``, locked against other processes that append to it.

    Missing folders are created, also those of a link's target.

    Raises:
        OSError: the file cannot be written; the error names it.
    """
    path = follow_link(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with name_errors(path), path.open("a+b", buffering=0) as file:
        try:
            lock_file(path, file.fileno(), wait=True)
        except OSError as error:
            if error.errno is not None:  # None: the file system has no locks
                raise
        yield file


def write_line(file: FileIO, line: bytes) -> None:
    """Append a line to an open file, completely or not at all.

    The line starts on a new line, even after a partial line of a killed process.
    """
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - 1))
    if end and file.read(1) != b"\n":
        line = b"\n" + line
    left = memoryview(line)
    try:
        while left:  # a nearly full disk writes a part and rejects the next
            left = left[file.write(left) :]
    except BaseException:
        file.truncate(end)
        raise


def write_text(path: Path, text: str) -> None:
    """``write_bytes`` for UTF-8 text."""
    write_bytes(path, text.encode(errors="surrogateescape"))  # paths of commands are bytes


def format_csv(rows: Sequence[Mapping[str, object]], heads: Iterable[str] = ()) -> str:
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


def write_json(path: Path, data: object) -> None:
    """``write_text`` for plain data without NaN."""
    write_text(path, json.dumps(data, indent=1) + "\n")


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a regular file; a test checks that all reading uses this function.

    Raises:
        ValueError: the file is a pipe, which might never end, or a device, or has more than
            ``MOST_BYTES``.
        OSError: the file cannot be read.
    """
    _require_regular(path)
    if (size := path.stat().st_size) > MOST_BYTES:
        raise ValueError(f"{path} has {size:,} bytes; a file may have {MOST_BYTES:,}")
    return path.read_bytes()


def read_chunks(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file of any size in chunks of ``CHUNK`` bytes.

    Raises:
        ValueError: the file is a pipe or a device.
        OSError: the file cannot be read.
    """
    _require_regular(path)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _require_regular(path: Path) -> None:
    status = path.stat()
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        raise ValueError(f"{path} is a pipe or a device; put a plain file there, or delete it")


def hash_file(path: Path) -> str:
    """Return 32 hex digits that differ for different contents of a file; errors as reading."""
    return blake2b(read_bytes(path), digest_size=16).hexdigest()


def require_ours(folder: Path, marks: Mapping[str, bytes]) -> None:
    """Raise FileExistsError, before long work, if it would replace files of others.

    Args:
        folder: the output folder.
        marks: name of each file -> bytes that identify a file of this package.
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
        path: the file, for the message.
        handle: its descriptor.
        wait: whether to wait while another process holds the lock.

    Returns:
        Whether the file is locked now.

    Raises:
        OSError: the file system or the operating system has no locks; the message says what to do.
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
    """Return the plain data of a JSON file.

    Raises:
        ValueError: the file is not JSON, or an object has a key twice; the message names the file.
    """
    data = read_bytes(path)
    try:
        return parse_json(data)
    except ValueError as error:
        raise ValueError(f"{path} is not JSON ({error})") from None
