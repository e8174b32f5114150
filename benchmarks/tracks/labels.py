"""The track ``labels``: more and more labels on shift levels, of three kinds, drawn ten times."""

from __future__ import annotations

import secrets

import numpy as np

from benchmarks.tracks.entrant import Adapted, Entrant
from benchmarks.tracks.evaluation import SCORED, Evaluator
from benchmarks.tracks.given import Given
from benchmarks.tracks.record import (
    LABEL_DRAWS,
    LABEL_KINDS,
    LABELS,
    Label,
    Point,
    count_levels,
)
from mesa_gym.traps import Split


def draw_roles() -> list[int]:
    """Return both roles, 0 and 1, in an order that no salt and no seed says.

    A child that knew what an earlier one was told would know its own role. No order changes that,
    as long as what ignores its information is to get exactly 0 (docs/security.md).
    """
    return secrets.SystemRandom().sample(range(2), 2)


def evaluate_labels(evaluator: Evaluator, entrant: Entrant) -> dict[Label, list[Point]]:
    """Return the steering of a method for every number and kind of labels."""
    found: dict[Label, list[Point]] = {}
    for kind in LABEL_KINDS:
        m = np.empty((2, LABEL_DRAWS, len(LABELS)))
        solved, used = np.empty_like(m), np.empty(m.shape, dtype=np.int64)
        for draw in range(LABEL_DRAWS):
            for role, adapted in _adapt_children(evaluator, entrant, kind, draw).items():
                m[role, draw], solved[role, draw] = _measure(evaluator, entrant, adapted, draw)
                used[role, draw] = adapted.used
        m[1] *= -1
        least, total = solved.mean(axis=1).min(axis=0), used.sum(axis=1)
        found[kind] = [
            Point(
                budget,
                [(one, other) for one, other in m[:, :, index].T.tolist()],
                float(least[index]),
                (int(total[0, index]), int(total[1, index])),
            )
            for index, budget in enumerate(LABELS)
        ]
    return found


def _adapt_children(
    evaluator: Evaluator, entrant: Entrant, kind: Label, draw: int
) -> dict[int, Adapted]:
    """Return what a child in each role made of its labels, in the order of the children."""
    return {role: entrant.adapt(Given(evaluator, role, kind, draw)) for role in draw_roles()}


def _measure(
    evaluator: Evaluator, entrant: Entrant, adapted: Adapted, draw: int
) -> tuple[list[float], list[float]]:
    """Return m with the first role wanted, and the solved share, by number of labels."""
    count, _ = count_levels("labels", evaluator.levels)
    rows = slice(draw * count, (draw + 1) * count)

    def measure(split: Split) -> list[float]:
        return [entrant.measure(policy, split, SCORED, rows) for policy in adapted.policies]

    return measure(Split.SHIFT), measure(Split.TEST)
