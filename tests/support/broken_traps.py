"""Tests of the battery: a broken trap is caught by the check that is meant for it."""

from __future__ import annotations

import pytest

from mesa_gym.testing import CHECKS, ConformanceError
from mesa_gym.traps import as_trap
from tests.support.small_traps import Healthy

# These take long, and cheese in a corner has a direction: they run where they are meant.
LONG = {"environment", "vector", "moves", "sizes", "distances", "directions"}
LEVELS = 6
TESTED: set[str] = set()  # checks for which there is a broken trap


def _check_up_to_first(trap, skip):
    """Run the checks of `check_trap` until one fails; they share the states of one trap."""
    made = as_trap(trap)
    for name, run in CHECKS.items():
        if name not in skip:
            run(made, LEVELS)


def caught_by(check, says, method="draw", of=Healthy, **members):
    """Make a test of a broken trap: a class, or a method or members that break a healthy one.

    Args:
        check: the first check that must fail.
        says: a pattern that its message must match.
        method: what the function replaces; ``draw`` and ``rules`` go on where the trap's own end.
        of: the healthy trap.
        **members: further changed members of the class.
    """
    TESTED.add(check)

    def mark(broken=None):
        def changed(self, *given):
            if method in ("draw", "rules"):
                getattr(of, method)(self, *given)
            return broken(self, *given)

        def test():
            changes = {method: changed, **members} if broken else members
            # Levels follow from a trap's name, and level values are kept on disk by it.
            name = broken.__name__.title().replace("_", "") if broken else f"Test{check.title()}"
            trap = broken if isinstance(broken, type) else type(name, (of,), changes)
            with pytest.raises(ConformanceError, match=says) as caught:
                _check_up_to_first(trap, LONG - {check})
            assert caught.value.check == check, caught.value
            assert str(caught.value).startswith(f"check {check!r}: {trap.name()}(size=")

        return test

    return mark
