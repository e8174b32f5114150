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

A method's child (``benchmarks.tracks.child``) gets SETTINGS and two FILEs, works, and says RESULT.
Meanwhile it asks, and the scorer answers GIVEN, or REFUSED with a text:

=======  ==================================================  ===================================
asked   bytes                                                given
=======  ==================================================  ===================================
MAKE     a number of environments, int64                     their number, int64
RESET    that number, seeds int64 (n,), -1 for none          observations, a bit each
STEP     that number, actions int64 (n,)                     float64 rewards (n,), ended and late
                                                             bool (n,), observations, a bit each
PLAY     starts, int64 (k,); first BEGIN and ASK come        the episodes
SHOW     starts, int64 (k,)                                  the episodes
COMPARE starts, int64 (k,); as PLAY, for two policies        the episodes of both, and signs
=======  ==================================================  ===================================

A child that adapts says RESULT for each number of labels, and is told MORE (int64, how many come).

A child that answers questions of the track ``ask`` is told BEGIN, and at every step QUESTION (how
many questions are left, int64, and observations; ANSWER: bool (n,)) and ACT (uint8 (n,), an answer
or ``NONE``; ANSWER: float64 (n, 5), or in the closed division members, int64 (n,)).
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import BinaryIO

HEAD = struct.Struct("<BQ")
SEED_BYTES = 32
NAME_BYTES = 16
LONGEST_TEXT = 4096
NONE = 255  # in ACT: no answer


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
    GIVEN = 10
    REFUSED = 11
    QUESTION = 12
    ACT = 13
    MAKE = 14
    RESET = 15
    STEP = 16
    PLAY = 17
    SHOW = 18
    RESULT = 19
    COMPARE = 20
    MORE = 21


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
