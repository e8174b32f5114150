"""Plain data between evaluator and room: the terms of a task, and facts of a method."""

from __future__ import annotations

from typing import Literal

import msgspec

from benchmarks.tracks.record import Label, Line
from benchmarks.tracks.tasks import Division


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


class TaskTerms(msgspec.Struct, frozen=True):
    """A task as a room is told of it: without a trap, a level's number, a role or a salt.

    Attributes:
        division: in which the method enters.
        size, channels, horizon, discount, seed, steps, most_steps: of the task.
        label: the kind of labels.
    """

    division: Division
    size: tuple[int, int]
    channels: int
    horizon: int
    discount: float
    seed: int
    steps: int
    most_steps: int
    label: Label = "returns"
