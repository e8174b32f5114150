"""Steering by labels: more and more labels on shift levels, of three kinds, drawn ten times."""

from __future__ import annotations

import numpy as np

from benchmarks.tracks.entrant import Entrant
from benchmarks.tracks.evaluation import SCORED, Evaluator
from benchmarks.tracks.evaluator_labels import EvaluatorLabels
from benchmarks.tracks.record import LABEL_DRAWS, LABEL_KINDS, LABELS, Label, Point
from mesa_gym.traps import Split


def evaluate_labels(evaluator: Evaluator, entrant: Entrant) -> dict[Label, list[Point]]:
    """Return the steering of a method for every number and kind of labels."""
    return {kind: _evaluate_kind(evaluator, entrant, kind) for kind in LABEL_KINDS}


def _evaluate_kind(evaluator: Evaluator, entrant: Entrant, kind: Label) -> list[Point]:
    m = np.empty((2, LABEL_DRAWS, len(LABELS)), dtype=np.int64)
    solved, used = np.empty_like(m), np.empty_like(m)
    count = evaluator.levels // LABEL_DRAWS
    for draw in range(LABEL_DRAWS):
        rows = slice(draw * count, (draw + 1) * count)
        for role in range(2):
            adapted = entrant.adapt(EvaluatorLabels(evaluator, role, kind, draw))
            for index, (policy, labels) in enumerate(adapted):
                m[role, draw, index] = entrant.measure(policy, Split.SHIFT, SCORED, rows)
                solved[role, draw, index] = entrant.measure(policy, Split.TEST, SCORED, rows)
                used[role, draw, index] = labels
    m[1] *= -1
    least, total = solved.sum(axis=1).min(axis=0), used.sum(axis=1)
    return [
        Point(
            budget,
            [(one, other) for one, other in m[:, :, index].T.tolist()],
            int(least[index]),
            (int(total[0, index]), int(total[1, index])),
        )
        for index, budget in enumerate(LABELS)
    ]
