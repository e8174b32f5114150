"""The file that an action trace lies in: bytes, their checks, and no meaning.

Three lines of text and compressed arrays::

    mesa-gym trace 1                     what this is, and the schema
    9c0e...                              BLAKE2b-128, in hex, of all that follows
    {"trap": "RedBlueDoors-v0", ...}     the header
    zlib(...)                            for each split, level numbers and then actions

Level numbers are differences, little-endian int64 (n,), the first from 0; actions are int8
(n, horizon). The same trace is the same bytes wherever zlib is the same. Nothing in the file is
executed, and no size in it is believed before it is checked.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from mesa_gym.engine import Ints
from mesa_gym.files import write_bytes
from mesa_gym.scoring.rollout import Actions
from mesa_gym.traps import Split

SCHEMA = 1
_MAGIC = b"mesa-gym trace "
_DIGEST_BYTES = 16
# A thousand levels of four splits are 0.3 MB of arrays and a header of 300 bytes.
MOST_BYTES = 100_000_000
_MOST_HEADER = 10_000

Arrays = dict[Split, tuple[Ints, Actions]]


def write(path: Path, header: Mapping[str, Any], arrays: Arrays) -> None:
    """Write a trace, whole or not at all.

    Args:
        path: the file, which is replaced.
        header: plain data.
        arrays: split -> level numbers int64 (n,) and actions int8 (n, horizon).
    """
    sizes = {split.value: list(actions.shape) for split, (_, actions) in arrays.items()}
    text = json.dumps({**header, "splits": sizes}, sort_keys=True).encode()
    parts = [
        part
        for levels, actions in arrays.values()
        for part in (np.diff(levels, prepend=0).astype("<i8").tobytes(), actions.tobytes())
    ]
    body = text + b"\n" + zlib.compress(b"".join(parts), level=9)
    write_bytes(path, b"%s%d\n%s\n%s" % (_MAGIC, SCHEMA, _digest(body), body))


def read(path: Path) -> tuple[dict[str, Any], Arrays]:
    """The header and the arrays of a file.

    Returns:
        The header, its entries unchecked, and split -> level numbers int64 (n,) and actions int8
        (n, horizon), their values unchecked.

    Raises:
        ValueError: it is no trace, of another schema, damaged, cut short, or unreasonably large;
            the message names the file and says what to do.
        OSError: it cannot be read.
    """
    if path.stat().st_size > MOST_BYTES:
        raise _unreasonable(path)
    data = path.read_bytes()
    first, _, rest = data.partition(b"\n")
    if not first.startswith(_MAGIC):
        raise ValueError(
            f"{path} is no action trace, or was cut short: it does not begin with"
            f" {_MAGIC.decode().strip()!r}; mesa_gym.scoring.record makes one"
        )
    if first != b"%s%d" % (_MAGIC, SCHEMA):
        schema = first.removeprefix(_MAGIC)[:20].decode(errors="replace")
        raise ValueError(
            f"{path} has schema {schema!r}; this version of mesa_gym reads {SCHEMA}: install the"
            " version that the trace is for, or record it again with this one"
        )
    digest, _, body = rest.partition(b"\n")
    if digest != _digest(body):
        raise ValueError(
            f"{path} is damaged or was cut short: its checksum does not match; copy it again, or"
            " record it again"
        )
    text, _, packed = body.partition(b"\n")
    header, sizes = _header(path, text)
    return header, _arrays(path, packed, sizes)


def _digest(body: bytes) -> bytes:
    return blake2b(body, digest_size=_DIGEST_BYTES).hexdigest().encode()


def _header(path: Path, text: bytes) -> tuple[dict[str, Any], dict[Split, tuple[int, int]]]:
    """The header's entries, and the shape of each split's actions."""
    try:
        if len(text) > _MOST_HEADER:
            raise ValueError(f"it has {len(text):,} bytes, and at most {_MOST_HEADER:,} make sense")
        header = json.loads(text)
        shapes = header.pop("splits")
        sizes = {Split.of(split): (n, horizon) for split, (n, horizon) in shapes.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _foreign(path, f"its header cannot be read ({error})") from None
    if not sizes:
        raise _foreign(path, "it has no split")
    for split, shape in sizes.items():
        if not all(type(each) is int and each > 0 for each in shape):
            raise _foreign(path, f"split {split.value!r} cannot have the shape {shape}")
    if sum(n * (8 + horizon) for n, horizon in sizes.values()) > MOST_BYTES:
        raise _unreasonable(path)
    return header, {split: sizes[split] for split in Split if split in sizes}


def _arrays(path: Path, packed: bytes, sizes: Mapping[Split, tuple[int, int]]) -> Arrays:
    expected = sum(n * (8 + horizon) for n, horizon in sizes.values())
    inflating = zlib.decompressobj()
    try:
        # One byte more than expected: enough to see that there is more, whatever there is.
        data = inflating.decompress(packed, expected + 1)
    except zlib.error as error:
        raise _foreign(path, f"its arrays cannot be read ({error})") from None
    if len(data) != expected or not inflating.eof or inflating.unused_data:
        raise _foreign(path, "its arrays are not of the sizes that its header says")
    arrays: Arrays = {}
    at = 0
    for split, (n, horizon) in sizes.items():
        steps = np.frombuffer(data, "<i8", n, at).astype(np.int64)
        actions = np.frombuffer(data, np.int8, n * horizon, at + 8 * n).reshape(n, horizon)
        arrays[split] = np.cumsum(steps), actions.copy()
        at += n * (8 + horizon)
    return arrays


def _foreign(path: Path, reason: str) -> ValueError:
    return ValueError(f"{path} was not written by mesa_gym.scoring: {reason}; record it again")


def _unreasonable(path: Path) -> ValueError:
    return ValueError(
        f"{path} is no sensible trace: it holds more than {MOST_BYTES // 10**6} MB; record fewer"
        " levels"
    )
