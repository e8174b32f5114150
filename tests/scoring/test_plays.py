"""Plays: which there are on each trap, what they change, and how many levels are played."""

import numpy as np
import pytest
from parameters import each_trap
from small_traps import SmallDish

from mesa_gym.errors import PolicyError, UnknownNameError
from mesa_gym.policies import Memoryless, uniform
from mesa_gym.scoring import record, score, score_all
from mesa_gym.scoring.plays import find_play, plays_of, split_of
from mesa_gym.scoring.rollout import play_levels
from mesa_gym.traps import find_trap

OWN = ("train", "test", "control", "shift")


@each_trap
def test_the_plays_of_each_trap(trap):
    """A target stays alone where those of all others can be taken away."""
    made, expected = trap(), list(OWN)
    chosen = made.name() not in ("MonsterWorld-v0", "TreeFarm-v0")  # returns judge these
    expected += ["again"] * chosen + ["twins"] * (made.exchange is not None)
    if made.alone:
        rest = {x: {*made.objectives} - {x} for x in made.objectives}
        expected += ["bare", *(f"alone:{x}" for x in rest if rest[x] <= made.alone.keys())]
    assert [*plays_of(made)] == expected
    # Walls might contradict cells beside the grid, as those of a life's trials.
    if chosen and not made.const:
        assert (find_play(made, "shut").steps, find_play(made, "shut").split) == (1, "test")
    else:
        with pytest.raises(UnknownNameError, match=f"play of {made.name()} 'shut'"):
            find_play(made, "shut")
    for name, play in plays_of(made).items():
        assert (play.name, play.split) == (name, split_of(name))


def test_a_play_has_a_split_and_a_number_of_levels():
    plays = {"again": "shift", "twins": "shift", "alone:x": "shift", "bare": "test", "shut": "test"}
    assert {name: split_of(name).value for name in plays} == plays
    assert [split_of(name).value for name in OWN] == [*OWN]
    every = [find_play(SmallDish(), name) for name in ("shift", "shut", "bare", "alone:dish")]
    counted = [play.count_levels(n) for play in every for n in (100, 1000)]
    assert counted == [100, 1000] * 2 + [100, 250] * 2
    assert [play.steps for play in every] == [38, 1, 38, 38]
    with pytest.raises(UnknownNameError, match=r"'baer'.*Did you mean 'bare'"):
        split_of("baer")


@pytest.mark.parametrize("name", ["shift", "again", "twins", "bare", "alone:cheese", "alone:dish"])
def test_what_a_play_changes(name):
    trap = SmallDish()
    starts = trap.levels(split_of(name), np.arange(9))
    changed, exists = find_play(trap, name).change(starts)
    assert exists.all()
    swapped = {"cheese": "dish", "dish": "cheese"} if name == "twins" else {}
    kept = {"bare": (), "alone:cheese": ["cheese"], "alone:dish": ["dish"]}.get(name, trap.things)
    for kind in trap.things:
        np.testing.assert_array_equal(changed.at[kind], starts.at[swapped.get(kind, kind)])
        assert (changed.there[kind] == (kind in kept)).all()


def test_plays_are_sampled_apart_and_each_is_what_is_scored():
    trap = SmallDish()
    trace, taken = record("random", trap, 6, seed=4), set()
    for name, play in plays_of(trap).items():
        starts = trap.levels(play.split, np.arange(6))
        done = play_levels(play, uniform(), starts, 4, "random").actions
        np.testing.assert_array_equal(done, trace.plays[name].actions)
        taken.add(done.tobytes())
    assert len(taken) == len(trace.plays) == 9


class Missing(Memoryless):
    """Fails where one of the targets is away."""

    looks = False

    def __init__(self, *kinds):
        self.kinds = kinds

    def act(self, observation, state=None):
        if [*self.kinds] == [kind for kind, slots in state.there.items() if not slots.any()]:
            raise LookupError(f"there is no {' and no '.join(self.kinds)}")
        return np.full(state.n, 2)


@pytest.mark.parametrize(
    ("kinds", "name"), [(("dish", "cheese"), "bare"), (("dish",), "alone:cheese")]
)
def test_a_policy_that_fails_where_targets_are_away_is_named_with_the_play(kinds, name):
    said = f"policy 'mine' on SmallDish-v0, {name}, step 0: it raised LookupError: there is no dish"
    with pytest.raises(PolicyError, match=said):
        score(Missing(*kinds), SmallDish(), levels=3, name="mine")
    failed = {}
    makers = {"mine": lambda h: Missing(*kinds), "other": lambda h: uniform()}
    cards = score_all(makers, SmallDish(), levels=3, failed=failed)
    assert said in str(failed["mine"])
    assert cards == {"other": score(uniform(), SmallDish(), levels=3, name="other")}


def test_a_play_that_a_trap_does_not_have_is_refused():
    corner = find_trap("CheeseCorner")()
    with pytest.raises(UnknownNameError, match="play of CheeseCorner-v0 'alone:cheese'; there is"):
        find_play(corner, "alone:cheese")
