"""Untrusted files: unpacks and decodes them by their content, not by their names."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from mesa_gym import files
from mesa_gym.errors import shorten
from mesa_gym.json_data import BOM

_PACKED: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
_ZIP = b"PK\x03\x04"
_ZSTD = 93
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
INSPECT_LOG = "a log of Inspect"
_KEYS = {  # the keys of objects -> their kind
    ("eval", "status"): INSPECT_LOG,
    ("schema", "splits"): "a score card; mesa-gym leaderboard reads it",
    ("actions", "play"): "a recorded episode; mesa-gym score --episodes reads it",
    ("question", "answer"): "kept answers of a model (keep_answers)",
}


def read_content(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of a file, of each file in a folder, or of each file in an archive.

    Contents are UTF-8 without a byte order mark.

    Raises:
        ValueError: a file is damaged, or has more than ``files.MOST_BYTES`` when unpacked.
        OSError: a file cannot be read.
    """
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
        if file == path or (file.is_file() and not hidden):
            for name, file_bytes in _unpack(str(file), files.read_bytes(file)):
                yield name, file_bytes.removeprefix(BOM.encode())


def _unpack(name: str, file_bytes: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the name and content of each file in ``file_bytes``, which may be an archive."""
    try:
        if file_bytes.startswith(_ZIP):
            yield from _unzip(name, file_bytes)
            return
        for start, unpacked in _PACKED.items():
            if file_bytes.startswith(start):
                with unpacked(io.BytesIO(file_bytes)) as file:
                    file_bytes = file.read(files.MOST_BYTES + 1)
    except (EOFError, OSError, RuntimeError, NotImplementedError, lzma.LZMAError, zlib.error,
            zipfile.BadZipFile) as error:  # fmt: skip
        raise ValueError(
            f"{name} cannot be unpacked ({error}): copy it again, or unpack it first;"
            " archives of Inspect may need `pip install zipfile-zstd`"
        ) from None
    _require_size(name, len(file_bytes))
    encoding = json.detect_encoding(file_bytes)
    # Otherwise a line with a damaged beginning would be read as UTF-16.
    if not encoding.startswith("utf-8") and {*file_bytes[:4]} & {*b"{[\xfe\xff"}:
        file_bytes = file_bytes.decode(encoding, errors="replace").encode(errors="replace")
    yield name, file_bytes


def _require_size(name: str, unpacked: int) -> None:
    if unpacked > files.MOST_BYTES:
        raise ValueError(f"{name} unpacks to more than {files.MOST_BYTES:,} bytes")


def _unzip(name: str, file_bytes: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(file_bytes)) as archive:
        _require_size(name, sum(member.file_size for member in archive.infolist()))
        if any(member.compress_type == _ZSTD for member in archive.infolist()):
            with suppress(ImportError):  # Inspect installs it; it adds the method to zipfile
                import zipfile_zstd  # noqa: F401
        for member in archive.infolist():
            if not member.is_dir():
                yield f"{name}/{member.filename}", archive.read(member)


def name_content(file_bytes: bytes) -> str:
    """Guess the kind of a refused file for the error message, such as "a CSV file"."""
    if not file_bytes.strip():
        return "empty"
    for start, kind in _KINDS.items():
        if file_bytes.startswith(start):
            return kind
    first, *rest = file_bytes.lstrip().split(b"\n", 2)
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
    named = (kind for keys, kind in _KEYS.items() if {*keys} <= entry.keys())
    kind = next(named, f"JSON with the keys {shorten([*entry])}")
    return f"a list of which the first is {kind}" if is_list else kind
