"""Rooms in which submitted files act; they are never loaded where they are scored."""

from __future__ import annotations

from msgspec import to_builtins

from benchmarks.rooms import locks
from benchmarks.rooms.policy import RoomPolicy
from benchmarks.rooms.room import Bounds, Rooms
from benchmarks.submissions.terms import FileTerms
from mesa_gym.envs.observations import OBSERVATIONS

# While a policy is scored on one trap; an answer is a number for each row and action.
BOUNDS = Bounds(seconds=600, answer_seconds=30, memory=1 << 30, message_bytes=1 << 24)


def require_locks() -> None:
    """Raise OSError where no submitted file can be run."""
    locks.require_locks(
        1,
        "a foreign policy runs in a locked process, where it can do no harm (action traces are"
        " scored anywhere: mesa_gym.scoring.record, then python -m benchmarks submit export"
        " --traces)",
    )


def make_rooms() -> Rooms:
    """Return the source of rooms for submitted files."""
    require_locks()
    return Rooms("benchmarks.submissions.inside")


def open_policy(rooms: Rooms, terms: FileTerms, data: bytes, bounds: Bounds = BOUNDS) -> RoomPolicy:
    """Return the policy of a submitted file, in a room of its own; close that.

    Raises:
        PolicyError: it cannot be loaded.
        OSError: no process can be locked up.
    """
    room = rooms.open("", terms=to_builtins(terms), bounds=bounds)
    observation = room.call("load", str, data)
    if observation not in OBSERVATIONS:
        room.fail(f"it wants the observation {observation[:100]!r}, which there is not")
    return RoomPolicy(room, observation=observation)
