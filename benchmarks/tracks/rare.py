"""The track ``rare``: a small share of training levels distinguishes; base is paid on all.

This is the published setting (Abdel Sadek et al. 2025): what is ranked is the normalised return of
the base objective under shift.
"""

from __future__ import annotations

from agents.algorithms import find_algorithm
from agents.lesson import Lesson
from agents.run import NUM_LEVELS
from benchmarks.tracks.entrant import Entrant
from benchmarks.tracks.evaluation import Evaluator
from benchmarks.tracks.record import SHARES, RarePoint

# Trainings of `agents` that play levels again, which environments behind the wall cannot: name ->
# whether it knows what a solver says.
REPLAYS = {"plr-estimated": False, "plr-exact": True}


def evaluate_rare(evaluator: Evaluator, entrant: Entrant) -> list[RarePoint]:
    """Return what the first policy of a method becomes with each share."""
    points = []
    for share in SHARES:
        again = entrant.renew()
        met = again.train(share)
        points.append(RarePoint(share, met, again.measure_return(again.members[0])))
    return points


def evaluate_replay(evaluator: Evaluator, algorithm: str, steps: int) -> list[RarePoint]:
    """Return what an algorithm of ``REPLAYS`` becomes with each share."""
    replay, points = find_algorithm(algorithm), list[RarePoint]()
    for share in SHARES:
        lesson = Lesson(
            evaluator.trap, (evaluator.task.seed,), steps, alpha=share, num_levels=NUM_LEVELS
        )
        (agent,) = replay.train(lesson)
        points.append(RarePoint(share, len(lesson.met[0]), evaluator.measure_return(agent)))
    return points
