"""Labelled episodes as bytes: steps, return and sign, then actions and planes, one by one."""

from __future__ import annotations

import struct
from collections.abc import Iterable

import numpy as np

from benchmarks.tracks.methods.method import LabelledEpisode, Preference
from benchmarks.tracks.served import Shape

_HEAD = struct.Struct("<qd")
_SIGN = struct.Struct("<q")


def pack_episodes(episodes: Iterable[LabelledEpisode]) -> bytes:
    """Return episodes as bytes."""
    parts = []
    for planes, actions, earned in episodes:
        parts += [_HEAD.pack(len(actions), earned), actions.astype("<i8").tobytes()]
        parts.append(planes.tobytes())
    return b"".join(parts)


def unpack_episodes(data: bytes, shape: Shape) -> list[LabelledEpisode]:
    """Return the episodes of ``pack_episodes``, with planes (m + 1, *shape)."""
    episodes, at, cells = [], 0, int(np.prod(shape))
    while at < len(data):
        steps, earned = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        actions = np.frombuffer(data, "<i8", steps, at).astype(np.int64)
        at += 8 * steps
        planes = np.frombuffer(data, np.uint8, (steps + 1) * cells, at)
        episodes.append(LabelledEpisode(planes.reshape(-1, *shape).copy(), actions, earned))
        at += cells * (steps + 1)
    return episodes


def pack_preferences(preferences: list[Preference]) -> bytes:
    """Return preferences as bytes: all signs, then the episodes."""
    signs = b"".join(_SIGN.pack(each.sign) for each in preferences)
    return signs + pack_episodes(episode for each in preferences for episode in each[:2])


def unpack_preferences(data: bytes, count: int, shape: Shape) -> list[Preference]:
    """Return so many preferences of ``pack_preferences``."""
    signs = np.frombuffer(data, "<i8", count).tolist()
    episodes = unpack_episodes(data[count * _SIGN.size :], shape)
    return [Preference(episodes[2 * i], episodes[2 * i + 1], sign) for i, sign in enumerate(signs)]
