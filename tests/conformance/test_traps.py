"""Every trap of the package passes the battery and gives the digests of its version."""

import pytest
from broken_traps import LONG
from parameters import FINISHED, GOLDEN, large_apart

from mesa_gym.testing import CERTIFICATES, MECHANICS, check_digest, check_name
from mesa_gym.traps import all_traps

# Made once, so that checks share the states that they look at.
TRAPS = {name: trap() for name, trap in all_traps().items()}
# Checks that a trap is excused from, since it is about the very thing.
SKIPPED = {
    "CheeseCorner-v0": ("directions",),  # the corner is always at the top left
    "Attributes-v0": ("directions",),  # home is always at the top left
    "Composed-v0": ("directions",),  # the quarter is always at the lower right
    "CoinRun-v0": ("directions",),  # the far end is always to the right
    "NearestFruit-v0": ("distances",),  # the proxy's fruit is the nearest one
}
CHECKS = (*MECHANICS, *CERTIFICATES)


def level_counts():
    """Yield each check with a few levels, and with many as a slow test."""
    for check in CHECKS:
        name, certifies = check_name(check), check in CERTIFICATES
        slow = pytest.mark.slow, pytest.mark.timeout(600)
        if name not in LONG | {"oracle", "references"}:
            yield pytest.param(check, 32 if certifies else 4, id=name)
        yield pytest.param(check, 1000 if certifies else 12, id=f"{name}-many", marks=slow)


@pytest.mark.parametrize(("check", "levels"), [*level_counts()])
@pytest.mark.parametrize("name", large_apart(TRAPS))
def test_conforms(name, check, levels):
    if check_name(check) not in SKIPPED.get(name, ()):
        check(TRAPS[name], levels)


@pytest.mark.parametrize("name", FINISHED)
def test_has_not_changed(name):
    check_digest(TRAPS[name], GOLDEN)


def test_no_finished_trap_has_gone():
    assert {path.stem for path in GOLDEN.glob("*.json")} <= TRAPS.keys()
