"""Untrusted files: unpacks and decodes them by their content, not by their names."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from mesa_gym import files
from mesa_gym.errors import shorten
from mesa_gym.json_data import BOM

_PACKED: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
_ZIP = b"PK\x03\x04"
_ZSTD = 93
_TAR = b"ustar"
_TAR_AT = 257  # its place in the first header
START = 2000  # bytes by which a file is recognized
_SEPARATOR = b"\x1e"  # before each value of a JSON text sequence (RFC 7464)
_KINDS = {
    b"\x28\xb5\x2f\xfd": "compressed by zstd; unpack it first: zstd -d FILE",
    b"\x89PNG": "a picture (PNG)",
    b"%PDF": "a PDF file",
    b"SQLite format 3": "an SQLite database",
    b"PAR1": "a Parquet file",
    b"\x93NUMPY": "a NumPy array",
    b"\x80": "a pickle, which may run code and is not read",
    b"<": "HTML or XML",
}
# Tables that lack the lists and objects of an episode or a card, and the line that writes them.
AS_LINES = "write it by {}.to_json('FILE.jsonl', orient='records', lines=True)"
BY_COLUMNS = f"a table by columns; {AS_LINES.format('frame')}"
INSPECT_LOG = "a log of Inspect"
RECORDED_EPISODE = "a recorded episode"
_KEYS = {  # the keys of objects -> their kind
    ("eval", "status"): INSPECT_LOG,
    ("schema", "splits"): "a score card; mesa-gym leaderboard reads it",
    ("actions", "play"): f"{RECORDED_EPISODE}; mesa-gym score --episodes reads it",
    ("model", "settings"): "kept answers of a model (keep_answers)",
    ("question", "answer"): "kept answers of a model (keep_answers)",
}


class DamagedFileError(ValueError):
    """An archive is cut off or damaged, and its first part may have been read already."""


class Content(NamedTuple):
    """A file, or a file in an archive: its name, its beginning, and its chunks.

    Attributes:
        name: its path.
        start: its first bytes.
        read: returns an iterator over all its bytes, in chunks.
    """

    name: str
    start: bytes
    read: Callable[[], Iterator[bytes]]

    def join(self) -> bytes:
        """Return all its bytes; ValueError if they are more than ``files.MOST_BYTES``."""
        chunks, size = list[bytes](), 0
        for chunk in self.read():
            chunks.append(chunk)
            size += len(chunk)
            if size > files.MOST_BYTES:
                raise ValueError(
                    f"{self.name} has more than {files.MOST_BYTES:,} bytes; only a log with an"
                    " episode in each line may be longer"
                )
        return b"".join(chunks)


def open_content(path: Path) -> Iterator[Content]:
    """Yield each file of ``read_content``; texts in UTF-8 have any size and are read in parts.

    They may be packed by gzip, bzip2 or xz. Other archives, and other encodings, are kept in
    memory.
    """
    for file in list_members(path):
        read = partial(_read_unpacked, file)
        start = next(read(), b"")[:START]
        archive = start.startswith((_ZIP, _SEPARATOR)) or start.startswith(_TAR, _TAR_AT)
        if not archive and json.detect_encoding(start) == "utf-8":
            yield Content(str(file), start, read)
            continue
        for name, data in read_content(file):
            yield Content(name, data[:START], partial(iter, [data]))


def _read_unpacked(path: Path) -> Iterator[bytes]:
    """Yield a file in chunks, unpacked if it is packed by gzip, bzip2 or xz."""
    start = next(files.read_chunks(path), b"")[:START]
    packed = next((mark for mark in _PACKED if start.startswith(mark)), None)
    if packed is None:
        yield from files.read_chunks(path)
        return
    with _name_damage(str(path)), _PACKED[packed](path) as file:
        while chunk := file.read(files.CHUNK):
            yield chunk


def list_members(path: Path) -> Iterator[Path]:
    """Yield a file, or the files of a folder that are not hidden."""
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
        if file == path or (file.is_file() and not hidden):
            yield file


def read_content(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of a file, of each file in a folder, or of each file in an archive.

    Contents are UTF-8 without a byte order mark or record separators. Hidden files are left out.

    Raises:
        ValueError: a file is damaged, or has more than ``files.MOST_BYTES``, also when unpacked.
        OSError: a file cannot be read.
    """
    for file in list_members(path):
        for name, file_bytes in _unpack(str(file), files.read_bytes(file)):
            yield name, _decode(file_bytes)


def _decode(file_bytes: bytes) -> bytes:
    """Return a text as UTF-8, without a byte order mark and record separators."""
    encoding = json.detect_encoding(file_bytes)
    # Otherwise a line with a damaged beginning would be read as UTF-16.
    if not encoding.startswith("utf-8") and {*file_bytes[:4]} & {*b"{[\x1e\xfe\xff"}:
        file_bytes = file_bytes.decode(encoding, errors="replace").encode(errors="replace")
    file_bytes = file_bytes.removeprefix(BOM.encode())
    # JSON has no such byte within a value.
    return file_bytes.replace(_SEPARATOR, b"") if file_bytes[:1] == _SEPARATOR else file_bytes


def _unpack(name: str, file_bytes: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the name and content of each file in ``file_bytes``, which may be an archive."""
    with _name_damage(name):
        for start, unpacked in _PACKED.items():
            if file_bytes.startswith(start):
                with unpacked(io.BytesIO(file_bytes)) as file:
                    file_bytes = file.read(files.MOST_BYTES + 1)
                break
        _require_size(name, len(file_bytes))
        if file_bytes.startswith(_ZIP):
            yield from _unzip(name, file_bytes)
        elif file_bytes.startswith(_TAR, _TAR_AT):
            yield from _untar(name, file_bytes)
        else:
            yield name, file_bytes


@contextmanager
def _name_damage(name: str) -> Iterator[None]:
    """Raise ``DamagedFileError``, which names the file, for the errors of damaged archives."""
    try:
        yield
    except (EOFError, OSError, RuntimeError, NotImplementedError, lzma.LZMAError, zlib.error,
            tarfile.TarError, zipfile.BadZipFile) as error:  # fmt: skip
        raise DamagedFileError(
            f"{name} cannot be unpacked ({error}): copy it again, or unpack it first;"
            " archives of Inspect may need `pip install zipfile-zstd`"
        ) from None


def _require_size(name: str, unpacked: int) -> None:
    if unpacked > files.MOST_BYTES:
        raise ValueError(f"{name} unpacks to more than {files.MOST_BYTES:,} bytes; unpack it first")


def _unzip(name: str, file_bytes: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(file_bytes)) as archive:
        if "xl/workbook.xml" in archive.namelist():
            raise ValueError(
                f"{name} is a spreadsheet; {AS_LINES.format('pandas.read_excel(FILE)')}"
            )
        _require_size(name, sum(member.file_size for member in archive.infolist()))
        if any(member.compress_type == _ZSTD for member in archive.infolist()):
            with suppress(ImportError):  # Inspect installs it; it adds the method to zipfile
                import zipfile_zstd  # noqa: F401
        for member in archive.infolist():
            if not member.is_dir() and not _is_hidden(member.filename):
                yield f"{name}/{member.filename}", archive.read(member)


def _untar(name: str, file_bytes: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a tar archive; links are left out."""
    total = 0
    with tarfile.open(fileobj=io.BytesIO(file_bytes), mode="r:") as archive:
        for member in archive:
            total += member.size  # a sparse file is larger than the archive
            _require_size(name, total)
            file = archive.extractfile(member) if member.isreg() else None
            if file is not None and not _is_hidden(member.name):
                yield f"{name}/{member.name}", file.read()


def _is_hidden(member: str) -> bool:
    """Return whether a file of an archive is hidden; macOS adds such files."""
    parts = [part for part in member.split("/") if part not in ("", ".", "..")]
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def name_content(file_bytes: bytes) -> str:
    """Guess the kind of a refused file for the error message, such as "a CSV file"."""
    if not file_bytes.strip():
        return "empty"
    for start, kind in _KINDS.items():
        if file_bytes.startswith(start):
            return kind
    file_bytes = file_bytes.lstrip()
    first, *rest = file_bytes.split(b"\n", 2)
    try:
        parsed = json.loads(file_bytes)
    except (RecursionError, ValueError):
        with suppress(IndexError, RecursionError, ValueError):
            # The first line of a row of the leaderboard is its origin.
            return f"lines, of which the second is {name_json(json.loads(rest[0]))}"
        if first[:1] in (b"{", b"["):
            return "damaged JSON"
        if not first.isascii() or b"\0" in first:
            return "binary, or text that is not UTF-8"
        return (
            "a CSV file" if first.count(b",") + first.count(b";") + first.count(b"\t") else "text"
        )
    return name_json(parsed)


def name_json(parsed: Any) -> str:
    """Guess the kind of a JSON value, such as "a score card; mesa-gym leaderboard reads it"."""
    is_list = isinstance(parsed, list)
    entry = parsed[0] if is_list and parsed else parsed
    if not isinstance(entry, dict):
        return f"JSON with {shorten(entry)}"
    columns = [column for column in entry.values() if isinstance(column, dict) and "0" in column]
    if not is_list and len(entry) > 1 and len(columns) == len(entry):
        return BY_COLUMNS
    named = (kind for keys, kind in _KEYS.items() if {*keys} <= entry.keys())
    kind = next(named, f"JSON with the keys {shorten([*entry])}")
    return f"a list of which the first is {kind}" if is_list else kind
