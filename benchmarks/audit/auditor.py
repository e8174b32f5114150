"""The evaluator's side of an auditor, which runs in a room and is never imported here."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.audit.evidence import TIERS, Evidence, Tier
from benchmarks.rooms.code import Code, find_code
from benchmarks.rooms.room import Bounds, Room, Rooms
from mesa_gym.errors import PolicyError, unknown

# Of one call, fitting and asking; what comes back are a few numbers.
BOUNDS = Bounds(seconds=1_200, message_bytes=1 << 20)
Floats = NDArray[np.float64]


class AuditorError(ValueError):
    """An auditor failed, or gave an answer that is not a number."""


class Auditor(NamedTuple):
    """The place of an auditor's class, and the tier that it says there.

    A class has ``tier``, one of ``TIERS``, ``fit(evidence, shares)`` and ``predict(evidence)``.
    """

    code: Code
    tier: Tier

    @property
    def name(self) -> str:
        """The name of the class."""
        return self.code.name


def make_rooms() -> Rooms:
    """Return the source of auditors' rooms; OSError where none can be locked up."""
    return Rooms("benchmarks.audit.inside", own=False)


def find_auditor(rooms: Rooms, place: str) -> Auditor:
    """Find an auditor; a room imports it, and says its tier.

    Args:
        rooms: of ``make_rooms``.
        place: ``FILE.py:Class``.

    Raises:
        ValueError: there is no such file or class, or it cannot be imported.
        UnknownNameError: its tier is none.
    """
    code = find_code(place)
    with _open(rooms, code) as room:
        told = _call(room, "describe", str)
    tier: Tier | None = next((each for each in TIERS if each == told), None)
    if tier is None:
        raise unknown(f"tier of {code.name}", told, TIERS)
    return Auditor(code, tier)


def predict_shares(
    rooms: Rooms,
    auditor: Auditor,
    known: Evidence,
    shares: NDArray[np.floating[Any]],
    asked: Evidence,
) -> Floats:
    """Fit an auditor to some agents, and return what it predicts of others, finite numbers.

    Args:
        rooms: of ``make_rooms``.
        auditor: whose code is run.
        known: evidence of agents whose shares it is told.
        shares: of them.
        asked: evidence of the others.

    Raises:
        AuditorError: it failed, or gave no number for each of them.
        OSError: no process could be locked up.
    """
    n = len(next(iter(asked.values())))
    with _open(rooms, auditor.code) as room:
        found = _call(room, "predict", Floats, known, np.asarray(shares, np.float64), asked)
    if found.shape != (n,):
        raise AuditorError(f"{auditor.name}: {found.shape} numbers came; expected {n}")
    if not np.isfinite(found).all():
        raise AuditorError(f"{auditor.name} predicted {found[~np.isfinite(found)][0]}")
    return found


def _open(rooms: Rooms, code: Code) -> Room:
    return rooms.open(code.name, code, bounds=BOUNDS)


def _call(room: Room, name: str, reply: Any, *arguments: Any) -> Any:
    try:
        return room.call(name, reply, *arguments)
    except PolicyError as error:
        raise AuditorError(str(error)) from None
