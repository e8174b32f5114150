"""Frames that go through the pipes: a kind, a length, and so many bytes. Nothing is ever unpickled.

The scorer asks and the child answers each question once:

=========  =================================================  =======================
question   bytes                                              answer
=========  =================================================  =======================
SETTINGS   JSON of ``loading.ChildSettings`` and bounds       LOCKED: nothing
FILE       the submitted file                                 READY: an observation's name
BEGIN      a bool for each row, then the seed of a generator  DONE: nothing
ASK        uint8 observations (n, ...)                        ANSWER: float64 (n, 5)
=========  =================================================  =======================

or FAILED, with a text, to any of them. What fails before LOCKED is not a submission's fault.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import BinaryIO

HEAD = struct.Struct("<BQ")
SEED_BYTES = 32
NAME_BYTES = 16
LONGEST_TEXT = 4096


class Kind(IntEnum):
    """Kind of a frame."""

    SETTINGS = 1
    FILE = 2
    BEGIN = 3
    ASK = 4
    LOCKED = 5
    READY = 6
    DONE = 7
    ANSWER = 8
    FAILED = 9


def pack(kind: Kind, content: bytes = b"") -> bytes:
    """Return a frame."""
    return HEAD.pack(kind, len(content)) + content


def receive(pipe: BinaryIO) -> tuple[Kind, bytes]:
    """Read the scorer's next frame, in the child, which trusts it; EOFError at the end."""
    kind, length = HEAD.unpack(_exactly(pipe, HEAD.size))
    return Kind(kind), _exactly(pipe, length)


def _exactly(pipe: BinaryIO, length: int) -> bytes:
    data = pipe.read(length)
    if len(data) != length:
        raise EOFError("the scorer has gone")
    return data


def plain(text: str, lines: int = 12) -> str:
    """Return the end of a foreign text: a few lines, without control characters."""
    kept = [line[:400] for line in text.splitlines() if line.strip()][-lines:]
    return "\n".join("".join(c if c.isprintable() else "�" for c in line) for line in kept)
