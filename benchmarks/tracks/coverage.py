"""The track ``coverage``: a set of policies without any information on what is wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.tracks.evaluation import CHOOSING
from benchmarks.tracks.record import Coverage, Member
from mesa_gym.traps import Split


def evaluate_coverage(measure: Callable[..., float], members: Sequence[Any]) -> Coverage:
    """Return what every member does, on scored levels and on those by which members are chosen.

    Args:
        measure: measures a member, as ``Evaluator.measure`` does.
        members: of the set.
    """
    found = [Member(measure(each, Split.TEST), measure(each, Split.SHIFT)) for each in members]
    return Coverage(found, [measure(each, Split.SHIFT, CHOOSING) for each in members])
