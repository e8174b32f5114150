"""Declarations of traps: kinds of proxies, and things that are taken away and brought back."""

import numpy as np
import pytest

from mesa_gym.solver import targets
from mesa_gym.traps import Split, find_trap
from tests.support.parameters import each_trap
from tests.support.small_traps import Corridor

# By hand, from the traps' own descriptions: the objectives that can be the only ones left.
ISOLABLE = {
    "Attributes-v0": ("shape", "colour", "place"),
    "CheeseCorner-v0": ("corner",),
    "CheeseDish-v0": ("cheese", "dish"),
    "PointedGoal-v0": ("pointed", "gem"),
    "NearestFruit-v0": (),
}


def count_things(state):
    return sum(int(slots.sum()) for slots in state.there.values())


@pytest.mark.parametrize("name", ISOLABLE)
def test_isolable_objectives_equal_hand_list(name):
    assert find_trap(name).find_isolable() == ISOLABLE[name]


@each_trap
def test_isolate_removes_targets_and_restores_them(trap):
    """``mesa_gym.testing`` checks that the kept targets stay the same."""
    made = trap()
    starts = made.levels(Split.TEST, np.arange(20))
    if not trap.alone:
        return
    bare = made.isolate(starts)
    left = targets(made, bare)
    assert not any(left[x].any() for x in trap.alone)
    assert count_things(bare) < count_things(starts)
    back = made.restore_targets(bare, starts)
    for kind, there in starts.there.items():
        np.testing.assert_array_equal(back.there[kind], there)
        np.testing.assert_array_equal(bare.at[kind], starts.at[kind])


@pytest.mark.parametrize(
    ("name", "kept", "message"),
    [
        ("NearestFruit", None, "targets of 'ripest', 'nearest' on NearestFruit-v0 cannot be taken"),
        ("CheeseCorner", "cheese", "targets of 'corner' .* cannot be taken away; .*cheese"),
    ],
)
def test_isolate_of_fixed_targets_is_refused(name, kept, message):
    trap = find_trap(name)()
    with pytest.raises(ValueError, match=message):
        trap.isolate(trap.levels(Split.SHIFT, [0]), kept)


@pytest.mark.parametrize(
    ("members", "error", "told"),
    [
        ({"proxy_is": ("place", "place")}, TypeError, "2 kinds; expected one for each proxy: keys"),
        ({"alone": {"chese": ("cheese",)}}, TypeError, "of Wrong names 'chese', not an objective"),
    ],
)
def test_trap_with_a_wrong_declaration_is_refused(members, error, told):
    with pytest.raises(error, match=told):
        type("Wrong", (Corridor,), members)
