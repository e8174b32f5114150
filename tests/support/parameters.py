"""Traps as parameters of tests: fast, thorough or slow."""

from pathlib import Path
from typing import Any

import pytest

from mesa_gym.traps import Trap, package_traps


def thorough(*values):
    """Return values as one parameter, of a thorough test."""
    return pytest.param(*values, marks=pytest.mark.thorough)


def few(names, *quick, thorough=()):
    """Return all names as parameters; those that are neither quick nor thorough are slow."""
    marks: dict[Any, Any] = dict.fromkeys(thorough, pytest.mark.thorough) | dict.fromkeys(quick, ())
    return [pytest.param(x, marks=marks.get(x, pytest.mark.slow)) for x in names]


# These have the most states by far, or outcomes for each; in the fast tests others stand for them.
LARGE = {"DustSweep-v0", "DustVacuum-v0", "FollowMe-v0", "KeysChests-v0", "TreeFarm-v0"}


def large_apart(names):
    """Return names of traps as parameters; large traps are thorough."""
    return few(names, *(set(names) - LARGE), thorough=LARGE)


def _parametrised(traps):
    return pytest.mark.parametrize("trap", traps, ids=lambda trap: trap.name())


TRAPS: list[type[Trap]] = list(package_traps().values())
GOLDEN = Path(__file__).parents[1] / "golden"
# Those whose digests are recorded; tests/traps/test_new_trap.py names the others.
FINISHED = [name for name in package_traps() if (GOLDEN / f"{name}.json").exists()]
SOLVABLE = {trap.name(): trap for trap in TRAPS if trap.solvable}
_large = [trap for trap in TRAPS if trap.name() in LARGE]
# Things that stay, and chance; the large ones add hands, marks that move, dust on every cell.
_quick = [trap for trap in TRAPS if trap.__name__ in ("CheeseDish", "MonsterWorld")]
each_trap = _parametrised(TRAPS)
# Of lives, which have one law, one is fast.
_lives = [t for t in SOLVABLE.values() if t.learner and t.__name__ != "FlashOrPay"]
_later = [*_large, *_lives]
each_solvable = _parametrised(few(SOLVABLE.values(), *{*TRAPS} - {*_later}, thorough=_later))
# Where nothing is drawn, so that a level can live in a page.
LIVE = [trap for trap in SOLVABLE.values() if not trap.outcomes]
each_live = _parametrised(LIVE)
few_traps = _parametrised(few(TRAPS, *_quick, thorough=_large))
