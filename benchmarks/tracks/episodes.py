"""Labelled episodes as bytes: steps and return, then actions and planes, one after another."""

from __future__ import annotations

import struct
from collections.abc import Iterable

import numpy as np

from benchmarks.tracks.methods.method import LabelledEpisode
from benchmarks.tracks.served import Shape

_HEAD = struct.Struct("<qd")


def pack_episodes(episodes: Iterable[LabelledEpisode]) -> bytes:
    """Return episodes as bytes."""
    parts = []
    for planes, actions, earned in episodes:
        parts += [_HEAD.pack(len(actions), earned), actions.astype("<i8").tobytes()]
        parts.append(planes.tobytes())
    return b"".join(parts)


def unpack_episodes(data: bytes, shape: Shape) -> list[LabelledEpisode]:
    """Return the episodes of ``pack_episodes``, with planes (m, *shape)."""
    episodes, at, cells = [], 0, int(np.prod(shape))
    while at < len(data):
        steps, earned = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        actions = np.frombuffer(data, "<i8", steps, at).astype(np.int64)
        planes = np.frombuffer(data, np.uint8, steps * cells, at + 8 * steps)
        episodes.append(LabelledEpisode(planes.reshape(steps, *shape).copy(), actions, earned))
        at += (8 + cells) * steps
    return episodes
