"""Traps as parameters: all of them, or a few that differ in kind and the rest in slow tests."""

import pytest
from few import few

from mesa_gym.traps import package_traps

TRAPS = list(package_traps().values())
# Things that stay, hands, marks that move, dust on every cell, chance.
FEW = {"CheeseDish", "KeysChests", "FollowMe", "DustSweep", "MonsterWorld"}


def _parametrised(traps):
    return pytest.mark.parametrize("trap", traps, ids=lambda trap: trap.name())


each_trap = _parametrised(TRAPS)
few_traps = _parametrised(few(TRAPS, *[trap for trap in TRAPS if trap.__name__ in FEW]))
