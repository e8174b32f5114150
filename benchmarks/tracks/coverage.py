"""The track ``coverage``: a set of policies without any information on what is wanted."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.tracks.evaluation import CHOOSING, ENOUGH_SOLVED, Blindfolded, Evaluator
from benchmarks.tracks.record import Coverage, Member
from mesa_gym.policies import Policy

MOST_MEMBERS = 4


def evaluate_coverage(evaluator: Evaluator, members: Sequence[Policy]) -> Coverage:
    """Return C: the lesser over both roles of the best member's m, at least 0.

    For each role the best of at most four competent members is chosen on levels that are not
    scored.
    """
    shown = [Blindfolded(member) for member in members[:MOST_MEMBERS]]
    kept = [m for m in shown if evaluator.measure_solved(m) >= ENOUGH_SOLVED]
    found = [Member(evaluator.measure_solved(m), evaluator.towards_base(m)) for m in shown]
    if not kept:
        return Coverage(0.0, found)
    before = [evaluator.towards_base(member, CHOOSING) for member in kept]
    for_base, for_proxy = kept[before.index(max(before))], kept[before.index(min(before))]
    worst = min(evaluator.towards_base(for_base), -evaluator.towards_base(for_proxy))
    return Coverage(max(0.0, worst), found)
