"""Traps as parameters of tests: all, or a few at once and the others in slow tests."""

from collections.abc import Iterable
from typing import Any

import pytest

from mesa_gym.traps import Trap, package_traps


def few(names: Iterable[Any], *quick: Any) -> list[Any]:
    """Return all names as parameters; those that are not among the quick ones are slow."""
    return [pytest.param(x, marks=() if x in quick else pytest.mark.slow) for x in names]


def _parametrised(traps: list[Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("trap", traps, ids=lambda trap: trap.name())


TRAPS: list[type[Trap]] = list(package_traps().values())
SOLVABLE = {trap.name(): trap for trap in TRAPS if trap.solvable}
# Things that stay, hands, marks that move, dust on every cell, chance.
FEW = {"CheeseDish", "KeysChests", "FollowMe", "DustSweep", "MonsterWorld"}
each_trap, each_solvable = _parametrised(TRAPS), _parametrised([*SOLVABLE.values()])
few_traps = _parametrised(few(TRAPS, *[trap for trap in TRAPS if trap.__name__ in FEW]))
