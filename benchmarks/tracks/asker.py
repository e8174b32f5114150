"""An asker of the track ``ask`` in a room, as a stream knows it."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.rooms.room import Room
from benchmarks.tracks.methods.method import Bytes, Floats, Ints
from mesa_gym.engine import ACTIONS, Bools
from mesa_gym.policies import Policy


class RoomAsker:
    """An ``Asker`` in a room.

    Args:
        room: in which it asks.
        members: those that it chooses from in the closed division; none in the open one.
    """

    def __init__(self, room: Room, members: list[Policy]) -> None:
        self._room, self._members = room, members
        self._answers = np.empty(0, np.int64), np.empty(0, np.int64)

    def begin(self, n: int) -> None:
        """Tell it that n episodes begin."""
        self._room.call("begin", None, n)

    def asks(self, planes: Bytes, left: int) -> Bools:
        """Return which episodes ask before this step, bool (n,)."""
        self._answers = np.empty(0, np.int64), np.empty(0, np.int64)
        found = self._room.call("asks", Bools, planes, left)
        return self._require(found, (len(planes),))

    def take_answers(self, rows: Ints, actions: Ints) -> None:
        """Keep the answers, which go with the next ``act``."""
        self._answers = np.asarray(rows, np.int64), np.asarray(actions, np.int64)

    def act(self, planes: Bytes) -> Floats:
        """Return action probabilities, float64 (n, 5), unchecked, on the planes of ``asks``.

        Raises:
            PolicyError: it chose a member that there is not.
        """
        n, kind = len(planes), Ints if self._members else Floats
        found = self._room.call("answer", kind, *self._answers)
        if not self._members:
            return self._require(found, (n, len(ACTIONS)))
        chosen = self._require(found, (n,))
        if ((chosen < 0) | (chosen >= len(self._members))).any():
            there = f"there are members 0 to {len(self._members) - 1}"
            self._room.fail(f"choose() returned {chosen.tolist()}; {there}")
        shares = np.empty((n, len(ACTIONS)))
        for index in np.unique(chosen):
            own = chosen == index
            shares[own] = self._members[index].act(planes[own])
        return shares

    def _require(self, found: Any, shape: tuple[int, ...]) -> Any:
        if found.shape != shape:
            self._room.fail(f"it gave an array of shape {found.shape}; expected {shape}")
        return found
