"""Changed levels: which things are taken away and brought back, on every trap and by hand."""

import numpy as np
import pytest
from parameters import each_trap

from mesa_gym.solver import targets
from mesa_gym.traps import Split, find_trap
from mesa_gym.traps.pointed_goal import PointedGoal

# By hand, from the traps' own descriptions: the objectives that can be the only ones left.
ISOLABLE = {
    "Attributes-v0": ("shape", "colour", "place"),
    "CheeseCorner-v0": ("corner",),
    "CheeseDish-v0": ("cheese", "dish"),
    "ChuteOrFire-v0": ("delivered", "gone"),
    "CoinRun-v0": ("far_end",),
    "ColourShape-v0": ("line", "yellow"),
    "OversightLamp-v0": ("exit_a", "feigned"),
    "PointedGoal-v0": ("pointed", "gem"),
    "RedBlueDoors-v0": ("door", "red"),
    "NearestFruit-v0": (),
}


def count_things(state):
    return sum(int(slots.sum()) for slots in state.there.values())


@pytest.mark.parametrize("name", ISOLABLE)
def test_what_can_be_alone_is_what_the_trap_says(name):
    assert find_trap(name).find_isolable() == ISOLABLE[name]


@each_trap
def test_alone_one_objective_pays_and_bare_none_that_is_named(trap):
    made = trap()
    starts = made.levels(Split.SHIFT, np.arange(20))
    before = targets(made, starts)
    for x in trap.find_isolable():
        left = targets(made, made.isolate(starts, x))
        np.testing.assert_array_equal(left[x], before[x])
        assert not any((left[y] & ~left[x]).any() for y in trap.alone if y != x)
    if trap.alone:
        left = targets(made, made.isolate(starts))
        assert not any(left[x].any() for x in trap.alone)


@each_trap
def test_what_is_taken_away_comes_back(trap):
    made = trap()
    starts = made.levels(Split.TEST, np.arange(20))
    if not trap.alone:
        return
    bare = made.isolate(starts)
    assert count_things(bare) < count_things(starts)
    back = made.restore_targets(bare, starts)
    for kind, there in starts.there.items():
        np.testing.assert_array_equal(back.there[kind], there)
        np.testing.assert_array_equal(bare.at[kind], starts.at[kind])


def test_with_the_gem_away_the_sign_s_thing_is_left():
    trap = PointedGoal()
    starts = trap.levels(Split.SHIFT, np.arange(5))
    alone = trap.isolate(starts, "pointed")
    gem = starts.level.traits["gem"]["thing"]
    np.testing.assert_array_equal(alone.there["thing"], ~gem)


@pytest.mark.parametrize(
    ("name", "kept", "message"),
    [
        ("NearestFruit", None, "targets of 'ripest', 'nearest' on NearestFruit-v0 cannot be taken"),
        ("CheeseCorner", "cheese", "targets of 'corner' .* cannot be taken away; .*cheese"),
        ("CheeseDish", "chese", "Did you mean .cheese"),
    ],
)
def test_targets_that_cannot_be_taken_away_are_named(name, kept, message):
    trap = find_trap(name)()
    with pytest.raises(ValueError, match=message):
        trap.isolate(trap.levels(Split.SHIFT, [0]), kept)


def test_a_misspelt_objective_is_refused_when_the_trap_is_declared():
    with pytest.raises(TypeError, match="`alone` of Wrong names 'chese', not an objective"):
        type("Wrong", (find_trap("CheeseDish"),), {"alone": {"chese": ("cheese",)}})
