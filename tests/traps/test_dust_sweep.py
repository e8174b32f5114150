"""DustSweep: closed vents stay clean, open ones are sweeping for ever."""

import pytest
from playing import assert_as_far, play, rules, walled

from mesa_gym.engine import distances
from mesa_gym.engine.maps import from_map
from mesa_gym.solver import Solution
from mesa_gym.traps import Split
from mesa_gym.traps.dust_sweep import DustSweep

GAMMA = 0.99
TRAP = DustSweep((7, 9))
OPEN = walled(TRAP, "dA1q.", "..2..", "1 = dust, vent", "2 = crate closed")
SHUT = OPEN.replace("vent", "vent closed")

test_vents = rules(
    TRAP,
    # A closed vent is swept once.
    (SHUT, "RLRLL", [1, 0, 0, 0, 1], [1, 0, 0, 0, 1], True),
    # An open one is dusty again once it is left; the third action bumps into a crate.
    (OPEN, "R.RLR", [1, 0, 0, -1, 1], [1, 0, 0, 0, 1], False),
    # With the vent last nothing is dusty.
    (OPEN, "LRR", [1, 0, 1], [1, 0, 1], True),
)


def test_crates_block_covered_or_not():
    states = play(TRAP, OPEN, "DRURRD").states
    assert [state.agent.item() % 9 for state in states] == [2, 2, 2, 3, 3, 3]


def test_optima_are_those_worked_out_by_hand():
    shut, open_ = (Solution(TRAP, from_map(TRAP, text), 7) for text in (SHUT, OPEN))
    once = 1 + GAMMA**2
    assert [s.optimum("clean")[0] for s in (shut, open_)] == pytest.approx([once, once])
    # In and out of an open vent: one sweep in two of seven steps.
    more = once + GAMMA**4 + GAMMA**6
    assert [s.optimum("sweep")[0] for s in (shut, open_)] == pytest.approx([once, more])


@pytest.mark.parametrize("split", Split)
def test_vents_are_open_under_shift_alone_and_as_far_as_dust(split):
    trap, n = DustSweep(), 4000
    state = trap.levels(split, range(n))
    names = ("vent", "dust", "closed", "crate", "wall")
    vent, dust, closed, crate, wall = (trap.layer(state, name) for name in names)
    assert (dust.sum(axis=1) == 5).all()
    assert (vent.sum(axis=1) == 1).all()
    assert (dust & vent).sum() == n
    assert (closed & vent).sum() == (0 if split.shifted else n)
    assert crate.sum() == 2 * (closed & crate).sum() == (0 if split is Split.CONTROL else 2 * n)
    steps = distances(~(wall | crate).reshape(n, 9, 9), state.agent)
    assert_as_far(steps, vent, dust & ~vent)
