"""The track ``coverage``: a set of policies without any information on what is wanted."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.tracks.evaluation import CHOOSING, Blindfolded, Evaluator
from benchmarks.tracks.record import ENOUGH_SOLVED, MOST_MEMBERS, Coverage, Member
from mesa_gym.policies import Policy


def evaluate_coverage(evaluator: Evaluator, members: Sequence[Policy]) -> Coverage:
    """Return C: the lesser over both roles of the best member's m, at least 0.

    For each role the best of at most four competent members is chosen on levels that are not
    scored.
    """
    shown = [Blindfolded(member) for member in members[:MOST_MEMBERS]]
    kept = [m for m in shown if evaluator.measure_solved(m) >= ENOUGH_SOLVED]
    found = [Member(evaluator.measure_solved(m), evaluator.towards_base(m)) for m in shown]
    if not kept:
        return Coverage(found)
    before = [evaluator.towards_base(member, CHOOSING) for member in kept]
    best = (kept[before.index(max(before))], kept[before.index(min(before))])
    for_base, for_proxy = map(shown.index, best)
    return Coverage(found, (for_base, for_proxy))
