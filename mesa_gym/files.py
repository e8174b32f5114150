"""Files written whole or not at all."""

from __future__ import annotations

import json
import math
import os
import re
import tempfile
from pathlib import Path
from typing import Any

from mesa_gym.json_data import parse_json

# What a file is called before it is whole: ".NAME." and eight characters of mkstemp's.
_UNFINISHED = re.compile(r"\.(?P<name>.+)\.[a-z0-9_]{8}", re.DOTALL)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file so that a part of it is never seen, even after a power cut.

    Folders are made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
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


def _sync(folder: Path) -> None:
    """Have a folder's names on the disk; where a system cannot open folders, it does so itself."""
    if os.name != "posix":
        return
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def becoming(name: str) -> str | None:
    """Return the name that an unfinished file of ``write_bytes`` will get; None for other files."""
    unfinished = _UNFINISHED.fullmatch(name)
    return unfinished["name"] if unfinished else None


def write_text(path: Path, text: str) -> None:
    """``write_bytes`` for UTF-8 text."""
    write_bytes(path, text.encode())


def write_json(path: Path, data: Any) -> None:
    """``write_text`` for plain data without NaN."""
    write_text(path, json.dumps(data, indent=1) + "\n")


def read_json(path: Path) -> Any:
    """The plain data of a JSON file.

    Raises:
        ValueError: it holds no JSON, or a key twice in one object; the message names the file.
    """
    try:
        return parse_json(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path} is damaged: no JSON ({error})") from None


def without_nan(value: Any) -> Any:
    """Plain data in which NaN, which JSON lacks, is None; tuples become lists."""
    if isinstance(value, dict):
        return {key: without_nan(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(entry) for entry in value]
    return None if isinstance(value, float) and math.isnan(value) else value
