"""Traps as parameters of tests: fast, thorough or slow."""

import json
import os
import time
import zlib
from pathlib import Path
from typing import Any

import pytest

from mesa_gym.traps import Trap, package_traps


def thorough(*values):
    """Return values as one parameter, of a thorough test."""
    return pytest.param(*values, marks=pytest.mark.thorough)


# A test that draws by the day names it; DAY=20786 draws as on that day.
DAY = int(os.environ.get("DAY") or time.time() // 86_400)


def is_today(name, days):
    """Return whether a trap has its turn, which it has once in so many days."""
    return zlib.crc32(name.encode()) % days == DAY % days


def few(names, *quick, thorough=()):
    """Return all names as parameters; those that are neither quick nor thorough are slow."""
    marks: dict[Any, Any] = dict.fromkeys(thorough, pytest.mark.thorough) | dict.fromkeys(quick, ())
    return [pytest.param(x, marks=marks.get(x, pytest.mark.slow)) for x in names]


# Random cases: a few in the fast tests, more in the thorough ones.
with_seeds = pytest.mark.parametrize("seed", [*range(3), *map(thorough, range(3, 40))])
# These have the most states by far, or outcomes for each.
LARGE = {"DustSweep-v0", "DustVacuum-v0", "FollowMe-v0", "KeysChests-v0", "TreeFarm-v0"}
# In the fast tests these stand for all traps: a place, things, doors, signs, chance, and a life.
QUICK = {"CheeseCorner-v0", "CheeseDish-v0", "RedBlueDoors-v0", "PointedGoal-v0"}
QUICK |= {"MonsterWorld-v0", "FlashOrPay-v0"}


def quick_apart(traps):
    """Return traps or their names as parameters; those beside the quick traps are thorough."""
    quick = [x for x in traps if (x if isinstance(x, str) else x.name()) in QUICK]
    return few(traps, *quick, thorough=traps)


def _parametrised(traps):
    return pytest.mark.parametrize("trap", traps, ids=lambda trap: trap.name())


TRAPS: list[type[Trap]] = list(package_traps().values())
DIGESTS = Path(__file__).parents[1] / "golden" / "digests.json"
# Those whose digests are recorded; tests/traps/test_new_trap.py names the others.
FINISHED = [*json.loads(DIGESTS.read_text())]
SOLVABLE = {trap.name(): trap for trap in TRAPS if trap.solvable}
_large = [trap for trap in TRAPS if trap.name() in LARGE]
# Things that stay, and chance; the large ones add hands, marks that move, dust on every cell.
_quick = [trap for trap in TRAPS if trap.__name__ in ("CheeseDish", "MonsterWorld")]
each_trap = _parametrised(quick_apart(TRAPS))
each_solvable = _parametrised(quick_apart(SOLVABLE.values()))
# Where nothing is drawn, so that a level can live in a page.
LIVE = [trap for trap in SOLVABLE.values() if not trap.outcomes]
each_live = _parametrised(quick_apart(LIVE))
few_traps = _parametrised(few(TRAPS, *_quick, thorough=_large))
