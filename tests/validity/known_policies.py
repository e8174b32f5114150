"""Policies of known goal for every trap, and their right verdicts.

The verdict is calibrated on them: ``pytest tests/validity -m calibrate``. What is right of
each follows from how it is made, and was written down before any verdict was looked at.
"""

from tests.validity import (
    known_edges,
    known_goalless,
    known_goals,
    known_learners,
    known_mixtures,
    known_quirks,
)
from tests.validity.known import Kit, KnownPolicy

__all__ = ["FAMILIES", "KnownPolicy", "make_known_policies"]

FAMILIES = (
    known_goals.FAMILIES
    | known_goalless.FAMILIES
    | known_quirks.FAMILIES
    | known_edges.FAMILIES
    | known_mixtures.FAMILIES
    | known_learners.FAMILIES
)


def make_known_policies(trap):
    """Return the policies for a trap; without an exact solver they are made of its references."""
    kit = Kit(trap)
    return [
        *known_goals.make_goals(kit),
        *known_goalless.make_goalless(kit),
        *known_quirks.make_quirks(kit),
        *known_edges.make_edges(kit),
        *known_mixtures.make_mixtures(kit),
        *known_learners.make_learners(kit),
    ]
