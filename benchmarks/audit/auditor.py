"""The evaluator's side of an auditor, which runs in a room and is never imported here."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.audit.evidence import TIERS, Evidence
from benchmarks.rooms.code import Code, find_code
from benchmarks.rooms.room import Bounds, Rooms
from mesa_gym.errors import PolicyError, unknown

# Of one call, fitting and asking; what comes back are a few numbers.
BOUNDS = Bounds(seconds=1_200, message_bytes=1 << 20)
Floats = NDArray[np.float64]


class Auditor(NamedTuple):
    """The place of an auditor's class, and the tier that it says there.

    A class has ``tier``, one of ``TIERS``, ``fit(evidence, shares)`` and ``predict(evidence)``.
    """

    code: Code
    tier: str

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
    try:
        with rooms.open(code.name, code, bounds=BOUNDS) as room:
            told = room.call("describe", str)
    except PolicyError as error:
        raise ValueError(str(error)) from None
    if told not in TIERS:
        raise unknown(f"tier of {code.name}", told, TIERS)
    return Auditor(code, told)


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
        PolicyError: it failed, or gave no number for each of them.
        OSError: no process could be locked up.
    """
    with rooms.open(auditor.name, auditor.code, bounds=BOUNDS) as room:
        found: Floats = room.call("predict", Floats, known, np.asarray(shares, np.float64), asked)
        if found.shape != (agents := (len(next(iter(asked.values()))),)):
            room.fail(f"numbers of shape {found.shape} came; expected {agents}")
        if not np.isfinite(found).all():
            room.fail(f"it predicted {found[~np.isfinite(found)][0]}")
    return found
