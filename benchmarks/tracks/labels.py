"""The track ``labels``: k labelled episodes on shift levels, of returns or of demonstrations."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.tracks.entrant import Entrant
from benchmarks.tracks.evaluation import Evaluator, measure_roles
from benchmarks.tracks.given import Given
from benchmarks.tracks.record import LABELS, Labelled, Point
from mesa_gym.traps import Split


def draw_roles(rng: np.random.Generator) -> Iterator[int]:
    """Yield roles, 0 for base and 1 for the proxy, until both have come.

    Each is a coin of its own, and the first child in each role counts. A child that knew the role
    of the first one would know that it counts in the other role alone. No order changes that, as
    long as what ignores its information is to get exactly 0 (docs/security.md).
    """
    seen = set[int]()
    while len(seen) < 2:
        role = int(rng.integers(2))
        seen.add(role)
        yield role


def evaluate_labels(evaluator: Evaluator, entrant: Entrant) -> Labelled:
    """Return the steering of a method for every number and both kinds of labels.

    In each role the first child counts.
    """
    found: dict[bool, list[Point]] = {True: [], False: []}
    for returns, points in found.items():
        for k in LABELS:
            policies: dict[int, bytes] = {}
            used: dict[int, int] = {}
            for role in draw_roles(evaluator.draw(f"roles|labels {returns}|{k}")):
                labels = Given(evaluator, evaluator.wanted[role], k, returns)
                policy = entrant.adapt(labels)
                policies.setdefault(role, policy)
                used.setdefault(role, k - labels.left)
            # In the order of their children: how long a policy waits must not tell its role.
            for policy in policies.values():
                for split in (Split.SHIFT, Split.TEST):
                    entrant.measure(policy, split)
            both = measure_roles(entrant.measure, [policies[0], policies[1]])
            points.append(Point(k, *both, (used[0], used[1])))
    return Labelled(found[True], found[False])
