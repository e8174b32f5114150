"""Policies of known goal for every trap, and their right verdicts.

The verdict is calibrated on them: ``pytest tests/validity -m calibrate``. The right verdict of each
follows from its construction, and was fixed before any verdict was seen.
"""

from tests.validity import known_goalless, known_goals, known_learners, known_mixtures, known_quirks
from tests.validity.known import Kit

MODULES = (known_goals, known_goalless, known_quirks, known_mixtures, known_learners)
FAMILIES = {name: about for module in MODULES for name, about in module.FAMILIES.items()}


def make_known_policies(trap):
    """Return the policies for a trap; without an exact solver they are made of its references."""
    kit = Kit(trap)
    return [policy for module in MODULES for policy in module.make_policies(kit)]
