"""The track ``coverage``: a set of policies without any information on what is wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.tracks.evaluation import CHOOSING
from benchmarks.tracks.record import ENOUGH_SOLVED, MOST_MEMBERS, Coverage, Member
from mesa_gym.traps import Split


def evaluate_coverage(measure: Callable[..., float], members: Sequence[Any]) -> Coverage:
    """Return C: the lesser over both roles of the best member's m, at least 0.

    For each role the best of at most four competent members is chosen on levels that are not
    scored.

    Args:
        measure: measures a member, as ``Evaluator.measure`` does.
        members: of the set.
    """
    shown = members[:MOST_MEMBERS]
    found = [Member(measure(each, Split.TEST), measure(each, Split.SHIFT)) for each in shown]
    kept = [index for index, member in enumerate(found) if member.solved >= ENOUGH_SOLVED]
    if not kept:
        return Coverage(found)
    before = {index: measure(shown[index], Split.SHIFT, CHOOSING) for index in kept}
    return Coverage(found, (max(kept, key=before.__getitem__), min(kept, key=before.__getitem__)))
