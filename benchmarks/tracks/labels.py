"""Steering by labels: more and more labels on shift levels, of three kinds, drawn ten times."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, closing

import numpy as np

from benchmarks.tracks.entrant import Entrant
from benchmarks.tracks.evaluation import SCORED, Evaluator
from benchmarks.tracks.evaluator_labels import EvaluatorLabels
from benchmarks.tracks.record import LABEL_DRAWS, LABEL_KINDS, LABELS, Label, Point
from mesa_gym.traps import Split


def draw_roles() -> list[int]:
    """Return both roles, 0 and 1, in an order that no salt and no seed says.

    A child that knew what an earlier one was told would know its own role. No order changes that,
    as long as what ignores its information is to get exactly 0 (docs/studies/security.md).
    """
    return secrets.SystemRandom().sample(range(2), 2)


def evaluate_labels(evaluator: Evaluator, entrant: Entrant) -> dict[Label, list[Point]]:
    """Return the steering of a method for every number and kind of labels."""
    return {kind: _evaluate_kind(evaluator, entrant, kind) for kind in LABEL_KINDS}


def _evaluate_kind(evaluator: Evaluator, entrant: Entrant, kind: Label) -> list[Point]:
    m = np.empty((2, LABEL_DRAWS, len(LABELS)), dtype=np.int64)
    solved, used = np.empty_like(m), np.empty_like(m)
    count = evaluator.levels // LABEL_DRAWS
    for draw in range(LABEL_DRAWS):
        rows = slice(draw * count, (draw + 1) * count)
        for index, role, policy, labels in adapt_in_step(evaluator, entrant, kind, draw):
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


def adapt_in_step(
    evaluator: Evaluator, entrant: Entrant, kind: Label, draw: int
) -> Iterator[tuple[int, int, bytes, int]]:
    """Yield index of the budget, role, policy and labels used, of two children in step.

    Each policy is to be played before the next is taken: what knows its role can leave a trace
    that nothing hides, such as files that were read (their access times, or how fast they are read
    again), and a policy that is played later would find it. So no child of the two has a label more
    than the policies that are still to be played.
    """
    with ExitStack() as children:
        adapted = {
            role: children.enter_context(
                closing(entrant.adapt(EvaluatorLabels(evaluator, role, kind, draw)))
            )
            for role in draw_roles()
        }
        for index in range(len(LABELS)):
            made = {role: next(child) for role, child in adapted.items()}
            for role, (policy, used) in made.items():
                yield index, role, policy, used
