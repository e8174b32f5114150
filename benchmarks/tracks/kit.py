"""All that a method is written with, to be imported from one place.

- ``Method``, ``Task``: what a method is, and what it is told.
- ``ChoosingMethod``, ``MemberChoice``: labels of any kind choose a member of a set.
- ``Weighing``: answers weigh the members of a set, in a stream.
- ``Disagreement``, ``Never``, ``OneClass``: when to ask.
- ``compute_shares``, ``measure_disagreement``, ``sort_by_difference``, ``recombine_planes``: how
  members differ.
- ``observe_training``: what a policy sees in training, with which the shift is compared.
- ``LabelledEpisode``, ``Preference``, ``LabelSource``, ``Asker``, ``ClosedAsker``: what labels and
  questions are.
"""

from __future__ import annotations

from benchmarks.tracks.methods.asking import Disagreement, Never, Weighing
from benchmarks.tracks.methods.members import (
    ChoosingMethod,
    MemberChoice,
    compute_shares,
    measure_disagreement,
    recombine_planes,
    sort_by_difference,
)
from benchmarks.tracks.methods.method import (
    AGENT,
    WALL,
    Asker,
    ClosedAsker,
    LabelledEpisode,
    LabelSource,
    Method,
    Preference,
    Task,
    observe_training,
)
from benchmarks.tracks.methods.svdd import OneClass

__all__ = [
    "AGENT",
    "WALL",
    "Asker",
    "ChoosingMethod",
    "ClosedAsker",
    "Disagreement",
    "LabelSource",
    "LabelledEpisode",
    "MemberChoice",
    "Method",
    "Never",
    "OneClass",
    "Preference",
    "Task",
    "Weighing",
    "compute_shares",
    "measure_disagreement",
    "observe_training",
    "recombine_planes",
    "sort_by_difference",
]
