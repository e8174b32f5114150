"""Plain data between evaluator and child, as JSON: an assignment, and facts of a method."""

from __future__ import annotations

from typing import Literal

import msgspec

from benchmarks.tracks.record import Label, Line
from benchmarks.tracks.served import Shape
from benchmarks.tracks.tasks import Division

Work = Literal["describe", "train", "adapt", "ask", "play"]


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Facts that a method's class says of itself.

    Attributes:
        tracks, division, priors, paper, kind, shares: its attributes.
        about: the first line of its docstring.
        steps: which of ``train`` and ``ask`` it has.
    """

    tracks: list[Line]
    division: Division
    priors: Line
    paper: Line
    kind: Literal["ranked", "untrained", "hand-written knowledge", "privileged"]
    shares: Line | None
    about: Line
    steps: list[Line]


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """A call that a child is to make: without a trap, a level's number, a role or a salt.

    Attributes:
        work: which step.
        module, name: of the method's class.
        file: from where the module's first part is loaded; "" where it is installed, or ours.
        readable: files and folders that may be read besides the libraries.
        scratch: the one folder that may be written; "" for none.
        seconds, memory, file_bytes: of processor time, and bytes that are taken or written.
        division: in which the method enters.
        size, channels, horizon, discount, seed, steps, most_steps: of the task.
        label: the kind of labels.
    """

    work: Work
    module: str
    name: str
    file: str
    readable: list[str]
    scratch: str
    seconds: int
    memory: int
    file_bytes: int
    division: Division = "open"
    size: tuple[int, int] = (0, 0)
    channels: int = 0
    horizon: int = 0
    discount: float = 0.0
    seed: int = 0
    steps: int = 0
    most_steps: int = 0
    label: Label = "returns"

    @property
    def shape(self) -> Shape:
        """Of an observation."""
        return (*self.size, self.channels)
