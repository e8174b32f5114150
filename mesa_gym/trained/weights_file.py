"""Weights as bytes in the safetensors format, with NumPy only; reading checks every field.

A file contains the length of its header in 8 bytes, the header (JSON with the type, shape and
position of each array), and the arrays one after another.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from mesa_gym.errors import shorten
from mesa_gym.files import read_bytes
from mesa_gym.json_data import decode_json

Singles = NDArray[np.float32]
# The library's files have 0.3 MB; an agent for 41 x 41 cells has 15 MB in half precision.
MOST_TENSOR = 2**26
MOST_HEADER = 2**16
TYPES: dict[str, np.dtype[Any]] = {"F16": np.dtype("<f2"), "F32": np.dtype("<f4")}
Side = Annotated[int, Meta(ge=0, le=MOST_TENSOR)]


class _Placed(Struct, frozen=True, forbid_unknown_fields=True):
    """An array in a header; its data starts ``data_offsets[0]`` bytes after the header."""

    dtype: Literal["F16", "F32"]
    shape: Annotated[list[Side], Meta(max_length=4)]
    data_offsets: tuple[Side, Side]


def read_file(path: Path) -> bytes:
    """Return the bytes of a weights file; ValueError before reading if it is too large."""
    if (size := path.stat().st_size) > MOST_TENSOR:
        raise ValueError(f"it has {size:,} bytes; expected at most {MOST_TENSOR:,}")
    return read_bytes(path)


def decode_weights(data: bytes) -> dict[str, Singles]:
    """Return name -> array; half precision is widened exactly to float32.

    Raises:
        ValueError: the bytes are damaged, or contain another type than float16 and float32.
    """
    start = 8 + int.from_bytes(data[:8], "little")
    if start > min(len(data), 8 + MOST_HEADER):
        raise ValueError(f"{len(data):,} bytes that begin with {data[:8]!r} are not safetensors")
    entries, arrays, end = decode_json(data[8:start], dict[str, _Placed]), {}, start
    for name, entry in sorted(entries.items(), key=lambda item: item[1].data_offsets):
        kind, first, last = TYPES[entry.dtype], *(start + place for place in entry.data_offsets)
        size = kind.itemsize * prod(entry.shape)
        if first != end or last > len(data) or last - first != size:
            raise ValueError(
                f"the header puts {shorten(name)}, {entry.dtype} {entry.shape}, in the bytes"
                f" {first:,} to {last:,}; expected {size:,} bytes from {end:,} on, of"
                f" {len(data):,}"
            )
        part = np.frombuffer(data[first:last], kind).reshape(entry.shape)
        arrays[name], end = part.astype(np.float32), last
    if end != len(data):
        raise ValueError(f"the file has {len(data):,} bytes, but its header describes {end:,}")
    return arrays


def encode_weights(weights: Mapping[str, object]) -> bytes:
    """Return name -> array as bytes; an array is in half precision if that is exact."""
    header, parts, end = {}, [], 0
    for name, array in sorted(weights.items()):
        array32 = np.asarray(array, np.float32)
        with np.errstate(over="ignore"):
            half = array32.astype(np.float16)
        kind = "F16" if np.array_equal(half.astype(np.float32), array32) else "F32"
        parts.append((half if kind == "F16" else array32).astype(TYPES[kind]).tobytes())
        first, end = end, end + len(parts[-1])
        header[name] = _Placed(kind, list(array32.shape), (first, end))  # type: ignore[arg-type]
    header_bytes = msgspec.json.encode(header)
    header_bytes += b" " * (-len(header_bytes) % 8)
    return b"".join([len(header_bytes).to_bytes(8, "little"), header_bytes, *parts])
