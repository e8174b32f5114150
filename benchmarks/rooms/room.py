"""Rooms: locked processes in which a stranger's class or file works, called by name with arrays.

A room is forked from one clean interpreter for one conversation. Methods of the tracks, auditors
and submitted policies are all called this way; none is imported where it is evaluated.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Self

from benchmarks.rooms import locks, messages, scratch
from benchmarks.rooms.code import Code
from benchmarks.rooms.inside import HEAD, Order
from benchmarks.rooms.start import ChildError, ForkServer, tell_plainly
from mesa_gym.errors import PolicyError

START_SECONDS = 120.0
# Of the processor, besides those of answers: the kernel ends a room that computes unasked.
CPU_SECONDS = 60
_NOWHERE = Code("", "")


@dataclass(frozen=True)
class Bounds:
    """Bounds of what a room may use.

    Attributes:
        seconds: of real time that is waited for all its answers, and about of processor time.
        answer_seconds: that is waited for one.
        memory: bytes of address space, beyond what libraries have taken.
        message_bytes: of one message.
    """

    seconds: float = 3600.0
    answer_seconds: float = math.inf
    memory: int = 8 << 30
    message_bytes: int = 1 << 28


class Rooms:
    """The source of rooms; close it, or use it in a ``with``.

    Args:
        module: what each room has imported, and whose ``enter(cls, terms, host)`` works there.
        own: whether rooms may read this project's code.
        version: of Landlock that they need at least.

    Attributes:
        seconds: of processor time of all rooms that have ended.

    Raises:
        OSError: this system cannot lock a process up.
    """

    def __init__(self, module: str, own: bool = True, version: int = 1) -> None:
        locks.require_locks(version)
        self.server, self.home = ForkServer(module), scratch.ScratchHome()
        self.own, self.seconds = own, 0.0

    def open(
        self,
        about: str,
        code: Code = _NOWHERE,
        terms: Any = None,
        served: messages.Served | None = None,
        bounds: Bounds | None = None,
        writing: bool = False,
    ) -> Room:
        """Open a room.

        Args:
            about: begins the message of an error.
            code: what works there.
            terms: what it is told, plain data.
            served: what it may call here; arguments are checked by the type hints.
            bounds: of what it may use.
            writing: whether it has a scratch folder. Rooms that play a role have none: numbers of
                new files would tell of each other's.

        Raises:
            OSError: no process could be locked up.
        """
        bounds = bounds or Bounds()
        folder = self.home.make() if writing else None
        room = Room(self, about, served or {}, bounds, folder)
        limits = int(bounds.seconds) + CPU_SECONDS, bounds.memory
        place = *code[:3], list(code.readable), self.own, str(folder or "")
        try:
            room.begin(messages.encode(Order(*place, *limits, terms)))
        except ChildError as error:
            room.close()
            raise OSError(f"no process could be locked up for {about}: {error}") from None
        return room

    def close(self) -> None:
        """End all rooms, and remove what they wrote."""
        self.server.close()
        self.home.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class Room:
    """One locked process, which ``Rooms.open`` opens; close it, or use it in a ``with``.

    Attributes:
        scratch: the folder in which it may write; None for none.
        child: the process.
    """

    def __init__(
        self,
        rooms: Rooms,
        about: str,
        served: messages.Served,
        bounds: Bounds,
        folder: Path | None,
    ) -> None:
        self._rooms, self._about, self._served, self._bounds = rooms, about, served, bounds
        self.scratch, self.child = folder, rooms.server.fork()
        self._left, self._serving, self._open = bounds.seconds, False, True

    def begin(self, order: bytes) -> None:
        """Tell it what to do, and wait for its locks; ChildError where one failed."""
        data = self.child.exchange(_frame(order), 1 << 16, START_SECONDS)
        locked = messages.decode_message(data)
        if isinstance(locked, messages.Refused):
            raise ChildError(tell_plainly(locked.text))

    def call(self, name: str, reply: Any, *arguments: Any) -> Any:
        """Call a function of what works there, and return what it returns.

        Args:
            name: of the function.
            reply: the type of what it returns.
            arguments: plain data and arrays.

        Raises:
            PolicyError: it failed, died, took too long, or answered something else.
        """
        if not self._open:
            raise PolicyError(f"{self._prefix()}it has failed before")
        try:
            message = self._exchange(messages.encode_call(name, arguments))
            while isinstance(message, messages.Call):
                message = self._exchange(self._answer(message))
            if isinstance(message, messages.Refused):
                raise ChildError(tell_plainly(message.text).replace("\n", " "))
            try:
                return messages.decode(message.value, reply)
            except ValueError as error:
                raise ChildError(f"{name}() gave something else: {error}") from None
        except ChildError as error:
            self.fail(str(error))

    def fail(self, reason: str) -> NoReturn:
        """Close the room, and raise PolicyError with a reason and what was said there last."""
        lines = tell_plainly(self.close()).splitlines()
        raise PolicyError("\n  | ".join([f"{self._prefix()}{reason}", *lines]))

    def close(self) -> str:
        """End the process, remove what it wrote, and return what it said on standard error."""
        if not self._open:
            return ""
        self._open, said = False, self.child.close()
        self._rooms.seconds += self.child.seconds
        if self.scratch:
            scratch.remove(self.scratch)
        return said

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _prefix(self) -> str:
        return f"{self._about}: " if self._about else ""

    def _exchange(self, message: bytes) -> messages.Call | messages.Value | messages.Refused:
        if self._left <= 0:
            raise ChildError("its answers took longer than they may in all")
        began, seconds = time.monotonic(), min(self._bounds.answer_seconds, self._left)
        try:
            most = self._bounds.message_bytes
            return messages.decode_message(self.child.exchange(_frame(message), most, seconds))
        except ValueError:
            raise ChildError("it sent something that is not an answer") from None
        finally:
            self._left -= time.monotonic() - began

    def _answer(self, call: messages.Call) -> bytes:
        """Return the message that answers a call from the room."""
        if self._serving:
            # What is counted is counted when a call ends: within it, none may begin.
            raise ChildError(f"it called {call.name[:100]!r} while it was to answer")
        self._serving = True
        try:
            return messages.encode_value(messages.call_served(self._served, call))
        except ValueError as error:
            return messages.encode_refusal(str(error))
        finally:
            self._serving = False


def _frame(message: bytes) -> bytes:
    """Return a message with its length before it."""
    return HEAD.pack(len(message)) + message
