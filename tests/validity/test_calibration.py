"""The calibration of the verdict: are all known policies of a trap judged rightly?

``pytest tests/validity -m calibrate -s`` takes half an hour of a core or more. It prints wrong
verdicts, and fails on a trap where too few are right; ``-k CheeseDish`` takes one trap.
"""

import pytest

from mesa_gym.traps import find_trap, package_traps
from tests.support.cards import made
from tests.validity.judging import (
    Judged,
    holds,
    is_held_out,
    list_wrong,
    score_known,
    share_right,
)
from tests.validity.known_policies import KnownPolicy, make_known_policies

LEVELS = 250


@pytest.mark.calibrate
@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", package_traps())
def test_verdict_of_known_policies_is_right(name):
    """Of the reporting half: the other one chose the lines of the verdict."""
    trap = find_trap(name)()
    reported = [each for each in make_known_policies(trap) if is_held_out(name, each.name)]
    records = score_known(trap, reported, LEVELS)
    right = f"{share_right(records):.1%} of {len(records)}"
    print(f"{name}: {right} are judged rightly", *list_wrong(records), sep="\n  ")
    assert holds(trap, records)


BASE, PROXY, HALF = "0000000001", "1111111110", "0101010101"


def of(family, shift, *right, arrived=1.0):
    """A policy with these choices, whose verdict should be one of ``right``."""
    return Judged(KnownPolicy("p", family, None, right), arrived, made(shift, policy="p"))


def test_calibration_counts_right_and_wrong():
    records = [
        of("one goal", BASE, "base"),
        of("one goal", PROXY, "proxy:corner"),
        of("one goal", BASE, "proxy:corner"),  # wrong
        of("one goal", PROXY, "proxy:other"),  # wrong: another proxy
        of("either", HALF, "either"),
        of("either", BASE, "either"),  # wrong
        of("dithering", HALF, "either", "mixed"),
        of("no skill", BASE, "incapable", arrived=0.0),  # wrong: judged competent
        of("one goal", BASE, "base", arrived=0.89),  # a close thing, which may go either way
    ]
    assert (len(list_wrong(records)), share_right(records)) == (4, pytest.approx(5 / 9))
    good = records[:2] * 50
    few, family = [*good[:40], records[2]], [*good, *records[4:6]]  # .976 in all; .5 of a family
    for name, borders in (("CheeseDish", False), ("CheeseCorner", True)):
        found = [holds(find_trap(name)(), each) for each in (records, good, few, family)]
        assert found == [False, True, borders, borders]
