"""Rooms of methods, and the places of their code: none is imported where it is evaluated.

The evaluator holds role, salt, levels, budgets and the solver.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec import ValidationError, convert

from benchmarks.rooms import locks
from benchmarks.rooms.code import Code, find_code
from benchmarks.rooms.room import Bounds, Rooms
from benchmarks.tracks.methods import METHODS
from benchmarks.tracks.record import SAID, MethodFacts
from mesa_gym.errors import PolicyError, unknown

_FACTS_BOUNDS = Bounds(seconds=600, message_bytes=10_000)


class Wall(Rooms):
    """The source of methods' rooms; close it, or use it in a ``with``.

    Raises:
        OSError: this system cannot lock a process up.
    """

    def __init__(self) -> None:
        super().__init__("benchmarks.tracks.inside", version=locks.WRITING)
        self._described: dict[str, MethodFacts] = {}

    def describe(self, method: str) -> MethodFacts:
        """Return what a method says of itself; its class is imported in a room, and asked once.

        Raises:
            ValueError: there is no such method, or it says what is not a fact.
        """
        if method not in self._described:
            try:
                with self.open("", find_source(method), bounds=_FACTS_BOUNDS) as room:
                    said = room.call("describe", dict[str, Any])
                facts = {"name": name_method(method)} | {fact: said.get(fact) for fact in SAID}
                self._described[method] = convert(facts, MethodFacts)
            except (PolicyError, ValidationError) as error:
                raise ValueError(f"method {method}: {error}") from None
        return self._described[method]


def find_source(method: str) -> Code:
    """Find a method's code.

    Args:
        method: one of ``METHODS``, or ``FILE.py:Class``, or ``FOLDER:Class`` of a package.

    Raises:
        UnknownNameError: there is no such method.
        ValueError: there is no such file, or it lies where this process imports from.
    """
    own = str(Path(__file__).parent)
    if method in METHODS:
        module, _, name = METHODS[method].partition(":")
        return Code(module, name, "", (own,))
    if ":" not in method:
        raise unknown("method", method, METHODS)
    found = find_code(method)
    return found._replace(readable=(own, *found.readable))


def name_method(method: str) -> str:
    """Return what records call a method: its name, or ``file.Class``."""
    source = find_source(method)
    return method if method in METHODS else f"{source.module}.{source.name}"
