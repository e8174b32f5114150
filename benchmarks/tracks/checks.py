"""Policies that use no information, and so must get 0 on every track.

Some are as good as policies can be: that they get 0 all the same is what tells the tracks from a
ranking by returns. A coin, thrown for each child, gets 0 in the mean alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from benchmarks.tracks.evaluation import CHOOSING, SCORED, Evaluator
from benchmarks.tracks.record import (
    LABEL_DRAWS,
    LABEL_KINDS,
    LABELS,
    QUESTIONS,
    STREAM_DRAWS,
    Coverage,
    Label,
    Member,
    Point,
    count_levels,
)
from benchmarks.tracks.streams import STREAMED
from mesa_gym.engine import STAY
from mesa_gym.policies import Constant, Policy, Sweeper, constant, uniform
from mesa_gym.policies.oracle import Aimless, Either, Oracle
from mesa_gym.traps import Split, Trap

COIN = "coin"
# Of the policy that drifts to the lower left, whatever it sees.
DRIFT = (0.4, 0.35, 0.1, 0.1, 0.05)


def _plan_for(which: int) -> Callable[[Trap, int, tuple[str, str]], Policy]:
    return lambda trap, horizon, wanted: Oracle(trap, wanted[which], horizon)


CHECKS: dict[str, Callable[[Trap, int, tuple[str, str]], Policy]] = {
    "random": lambda trap, horizon, wanted: uniform(),
    "stay": lambda trap, horizon, wanted: constant(STAY),
    "drift": lambda trap, horizon, wanted: Constant(list(DRIFT)),
    "sweeper": lambda trap, horizon, wanted: Sweeper(trap),
    # Competent on `test`, and random under shift.
    "aimless": lambda trap, horizon, wanted: Aimless(trap, horizon),
    # To which all objectives are one: it goes to the nearest target of any.
    "either": lambda trap, horizon, wanted: Either(trap, horizon),
    "planner-for-first": _plan_for(0),
    "planner-for-second": _plan_for(1),
}
Tracks = tuple[Coverage, dict[Label, list[Point]], list[Point]]


def evaluate_check(evaluator: Evaluator, name: str) -> Tracks:
    """Return what a policy gets that is the same in both roles."""
    policy = _make_policies(evaluator, name)

    def measure(track: str, draw: int, split: Split) -> float:
        return _measure_draw(evaluator, policy, track, draw, split)

    first = [evaluator.measure(policy(split), split) for split in (Split.TEST, Split.SHIFT)]
    before = evaluator.measure(policy(Split.SHIFT), Split.SHIFT, CHOOSING)
    labels, ask = [
        [(m, -m) for m in (measure(track, draw, Split.SHIFT) for draw in range(draws))]
        for track, draws in (("labels", LABEL_DRAWS), ("ask", STREAM_DRAWS))
    ]
    solved = [
        float(np.mean([measure(track, draw, Split.TEST) for draw in range(draws)]))
        for track, draws in (("labels", LABEL_DRAWS), ("ask", STREAM_DRAWS))
    ]
    return (
        Coverage([Member(*first)], [before]),
        {kind: [Point(k, labels, solved[0]) for k in LABELS] for kind in LABEL_KINDS},
        [Point(q, ask, solved[1]) for q in QUESTIONS],
    )


def evaluate_coin(evaluator: Evaluator) -> tuple[dict[Label, list[Point]], list[Point]]:
    """Return what planners get of which a coin chooses one in each child."""
    rng = evaluator.draw("coin")
    planners = [_make_policies(evaluator, name) for name in [*CHECKS][-2:]]

    @cache
    def measure(side: int, track: str, draw: int) -> float:
        return _measure_draw(evaluator, planners[side], track, draw, Split.SHIFT)

    def throw(track: str, draw: int) -> tuple[float, float]:
        one, other = rng.integers(2, size=2).tolist()
        return measure(one, track, draw), -measure(other, track, draw)

    labels = {
        kind: [
            Point(k, [throw("labels", draw) for draw in range(LABEL_DRAWS)], 1.0) for k in LABELS
        ]
        for kind in LABEL_KINDS
    }
    streams = [[throw("ask", draw) for draw in range(STREAM_DRAWS)] for _ in QUESTIONS]
    return labels, [Point(q, m, 1.0) for q, m in zip(QUESTIONS, streams, strict=True)]


def _make_policies(evaluator: Evaluator, name: str) -> Callable[[Split], Policy]:
    """Return what makes a check's policy for a split; one for each, whose solutions are kept."""
    made: dict[Split, Policy] = {}

    def make(split: Split) -> Policy:
        trap = evaluator.trap
        if split not in made:
            made[split] = CHECKS[name](trap, trap.horizon(split), evaluator.wanted)
        return made[split]

    return make


def _measure_draw(
    evaluator: Evaluator, policy: Callable[[Split], Policy], track: str, draw: int, split: Split
) -> float:
    """Return m, or the solved share, on the levels of a draw."""
    count = count_levels(track, evaluator.levels)[split is Split.TEST]
    streamed = track == "ask" and split is Split.TEST
    first = STREAMED + draw * count if streamed else SCORED
    rows = slice(count) if streamed else slice(draw * count, (draw + 1) * count)
    return evaluator.measure(policy(split), split, first, rows)
