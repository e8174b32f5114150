"""Plain data between evaluator and room: the terms of a task, and facts of a method."""

from __future__ import annotations

import msgspec

from benchmarks.tracks.record import Label, Line, Policies


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Facts that a method's class says of itself.

    Attributes:
        policies, trained, priors, paper: its attributes.
        about: the first line of its docstring.
    """

    policies: Policies
    trained: bool
    priors: Line
    paper: Line
    about: Line


class TaskTerms(msgspec.Struct, frozen=True):
    """A task as a room is told of it: without a trap, a level's number, a role or a salt.

    Attributes:
        policies: of the method.
        size, channels, horizon, discount, seed, steps, most_steps: of the task.
        label: the kind of labels.
    """

    policies: Policies
    size: tuple[int, int]
    channels: int
    horizon: int
    discount: float
    seed: int
    steps: int
    most_steps: int
    label: Label = "returns"
