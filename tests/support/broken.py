"""What tests of the battery share: a broken trap is caught by the check meant for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from mesa_gym.testing import ConformanceError, check_trap
from mesa_gym.traps import Trap

# These take long, and cheese in a corner has a direction: they run where they are meant.
LONG = {"environment", "vector", "moves", "sizes", "distances", "directions"}
LEVELS = 6


class Broken(NamedTuple):
    """A broken trap, the check that must be the first to fail, and what it must say."""

    trap: type[Trap]
    check: str
    says: str


def caught_by(broken: list[Broken], check: str, says: str) -> Callable[[type[Trap]], type[Trap]]:
    """Add a broken trap to a list."""

    def mark(trap: type[Trap]) -> type[Trap]:
        broken.append(Broken(trap, check, says))
        return trap

    return mark


def each(broken: list[Broken]) -> Any:
    return pytest.mark.parametrize("case", broken, ids=lambda case: case.trap.__name__)


def require_caught(case: Broken) -> None:
    """Check a broken trap: the first check that fails is the one that is meant for it."""
    with pytest.raises(ConformanceError, match=case.says) as caught:
        check_trap(case.trap, LEVELS, skip=LONG - {case.check})
    assert caught.value.check == case.check, caught.value
    assert str(caught.value).startswith(f"check {case.check!r}: {case.trap.name()}(size=")
