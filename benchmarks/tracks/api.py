"""All that a method is written with, to be imported from one place.

- ``Method``, ``Task``: what a method is, and what it is told.
- ``ChoosingMethod``, ``MemberChoice``: labels of any kind choose a member of a set.
- ``compute_shares``, ``measure_disagreement``, ``sort_by_difference``, ``recombine_planes``: how
  members differ.
- ``observe_training``: what a policy sees in training, with which the shift is compared.
- ``LabelledEpisode``, ``Preference``, ``LabelSource``: what labels are.
"""

from __future__ import annotations

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
    LabelledEpisode,
    LabelSource,
    Method,
    Preference,
    Task,
    observe_training,
)

__all__ = [
    "AGENT",
    "WALL",
    "ChoosingMethod",
    "LabelSource",
    "LabelledEpisode",
    "MemberChoice",
    "Method",
    "Preference",
    "Task",
    "compute_shares",
    "measure_disagreement",
    "observe_training",
    "recombine_planes",
    "sort_by_difference",
]
