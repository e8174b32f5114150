"""Units, of which a sweep consists: none depends on another."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a supervisor need not import it
    from benchmarks.results import Results

DONE, HELD, FAILED = "done", "held", "failed"


@dataclass(frozen=True)
class Scratch:
    """A folder in which a unit works.

    Attributes:
        folder: empty and the unit's own; gone once it is over.
        results: what is there already.
        progress: called with the share of the unit that is done, 0 to 1.
    """

    folder: Path
    results: Results
    progress: Callable[[float], None]

    def keep(self, made: Path) -> None:
        """Move a whole file or folder from here to the same place of the results."""
        target = self.results.folder / made
        target.parent.mkdir(parents=True, exist_ok=True)
        (self.folder / made).replace(target)


@dataclass(frozen=True)
class Unit:
    """A piece of work; picklable.

    Attributes:
        name: for people, and of its lock: two runs do not do units of one name at a time.
        done: whether the results hold what it makes.
        work: makes it, and keeps each part as soon as that is whole.
        seconds: about how long it takes.
    """

    name: str
    done: Callable[[Results], bool]
    work: Callable[[Scratch], None]
    seconds: float


@dataclass(frozen=True)
class Job:
    """A unit on its way to the process that does it.

    Attributes:
        name: the unit's.
        pickled: the unit, of which no other process needs to import anything.
        out: the results' folder, the same on every machine.
        wait: for another run that is doing the unit.
        path: where modules are found.
        sender: the process that sends it.
    """

    name: str
    pickled: bytes
    out: Path
    wait: bool
    path: str = field(default_factory=lambda: os.pathsep.join(sys.path))
    sender: int = field(default_factory=os.getpid)


@dataclass(frozen=True)
class Outcome:
    """The outcome of a unit.

    Attributes:
        name: the unit's.
        state: ``DONE``, ``HELD`` by another run, or ``FAILED``.
        reason: why it failed, in a line.
        trace: the traceback of that.
        notes: what a person should know besides.
    """

    name: str
    state: str
    reason: str = ""
    trace: str = ""
    notes: tuple[str, ...] = ()
