"""Traps as parameters: all of them, or a few that differ in kind and the rest in slow tests."""

import pytest

from mesa_gym.traps import package_traps

TRAPS = list(package_traps().values())
# Things that stay, hands, marks that move, dust on every cell, chance.
FEW = {"CheeseDish", "KeysChests", "FollowMe", "DustSweep", "MonsterWorld"}


def _as_parameter(trap):
    few = trap.__name__ in FEW
    return pytest.param(trap, id=trap.name(), marks=() if few else pytest.mark.slow)


each_trap = pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name())
few_traps = pytest.mark.parametrize("trap", [*map(_as_parameter, TRAPS)])
