"""Plays and rollouts: each play's changes; batches and steps after an end do not matter."""

import numpy as np
import pytest

from mesa_gym.engine.maps import from_map
from mesa_gym.errors import PolicyError, UnknownNameError
from mesa_gym.policies import Memoryless, Sweeper, uniform
from mesa_gym.scoring import score, score_all
from mesa_gym.scoring.playing import play_changed
from mesa_gym.scoring.plays import find_play, plays_of, split_of
from mesa_gym.scoring.record import ENDED, replay
from mesa_gym.traps.cheese_corner import CheeseCorner
from tests.support.parameters import each_trap
from tests.support.playing import play_all, walled
from tests.support.small_traps import SmallDish

OWN = ("train", "test", "control", "shift")


@each_trap
def test_plays_of_each_trap_follow_its_declarations(trap):
    """A target stays alone where those of all others can be taken away."""
    made, expected = trap(), list(OWN)
    chosen = made.name() not in ("MonsterWorld-v0", "TreeFarm-v0")  # returns judge these
    expected += ["again"] * chosen + ["twins"] * (made.exchange is not None)
    if made.alone:
        rest = {x: {*made.objectives} - {x} for x in made.objectives}
        expected += ["bare", *(f"alone:{x}" for x in rest if rest[x] <= made.alone.keys())]
    assert [*plays_of(made)] == expected
    for name, play in plays_of(made).items():
        assert (play.name, play.split) == (name, split_of(name))


def test_play_has_split_and_level_count():
    plays = {"again": "shift", "twins": "shift", "alone:x": "shift", "bare": "test"}
    assert {name: split_of(name).value for name in plays} == plays
    assert [split_of(name).value for name in OWN] == [*OWN]
    every = [find_play(SmallDish(), name) for name in ("shift", "bare", "alone:dish")]
    assert [min(1000, play.most) for play in every] == [1000, 250, 250]
    assert [play.steps for play in every] == [38, 38, 38]
    with pytest.raises(UnknownNameError, match=r"'baer'.*Did you mean 'bare'"):
        split_of("baer")


@pytest.mark.parametrize("name", ["shift", "again", "twins", "bare", "alone:cheese", "alone:dish"])
def test_play_changes_levels_as_its_name_says(name):
    trap = SmallDish()
    starts = trap.levels(split_of(name), np.arange(9))
    changed = find_play(trap, name).change(starts)
    swapped = {"cheese": "dish", "dish": "cheese"} if name == "twins" else {}
    kept = {"bare": (), "alone:cheese": ["cheese"], "alone:dish": ["dish"]}.get(name, trap.things)
    for kind in trap.things:
        np.testing.assert_array_equal(changed.at[kind], starts.at[swapped.get(kind, kind)])
        assert (changed.there[kind] == (kind in kept)).all()


def test_play_changed_alone_equals_play_all():
    trap = SmallDish()
    scored, taken = play_all("random", trap, 6, seed=4), set()
    for name, play in plays_of(trap).items():
        starts = trap.levels(play.split, np.arange(6))
        done = play_changed(play, uniform(), starts, 4, "random").actions
        np.testing.assert_array_equal(done, scored[name].actions)
        taken.add(done.tobytes())
    assert len(taken) == len(scored) == 9


class Missing(Memoryless):
    """A policy that fails if a target is missing."""

    needs_observation = False

    def __init__(self, *kinds):
        self.kinds = kinds

    def act(self, observation, state=None):
        if [*self.kinds] == [kind for kind, slots in state.there.items() if not slots.any()]:
            raise LookupError(f"there is no {' and no '.join(self.kinds)}")
        return np.full(state.n, 2)


@pytest.mark.parametrize(
    ("kinds", "name"), [(("dish", "cheese"), "bare"), (("dish",), "alone:cheese")]
)
def test_failing_policy_is_named_with_its_play(kinds, name):
    said = f"policy 'mine' on SmallDish-v0, {name}, step 0: it raised LookupError: there is no dish"
    with pytest.raises(PolicyError, match=said):
        score(Missing(*kinds), SmallDish(), levels=3, name="mine")
    failed = {}
    makers = {"mine": lambda h: Missing(*kinds), "other": lambda h: uniform()}
    cards = score_all(makers, SmallDish(), levels=3, failed=failed)
    assert said in str(failed["mine"])
    assert cards == {"other": score(uniform(), SmallDish(), levels=3, name="other")}


@pytest.mark.parametrize("name", plays_of(SmallDish()))
def test_level_record_is_independent_of_other_levels(name):
    """Neither levels nor lengths of other episodes matter, with or without a memory."""
    trap, some = SmallDish(), np.array([31, 4])
    play = find_play(trap, name)
    starts = trap.levels(play.split, np.arange(40))
    for policy in (uniform(), Sweeper(trap)):
        both = [play_changed(play, policy, each, 3) for each in (starts, starts.take(some))]
        together, alone = ([r.actions, r.moved.T, *(p.T for p in r.paid.values())] for r in both)
        for one, other in zip(alone, together, strict=True):
            np.testing.assert_array_equal(one, other[some])
        assert (play_changed(play, policy, starts, 4).actions != together[0]).any()


# -- ghosts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("left", ["", "cheese", "dish"])
def test_emptied_cell_of_removed_target_still_pays(left):
    """A corridor of five cells is walked in Python integers, with a target at either end.

    Cheese that is there is eaten and ends the episode; ghosts pay at each entry and end nothing.
    """
    trap, n = SmallDish(), 60
    whole = from_map(trap, walled(trap, "c.A.d")).take(np.zeros(n, dtype=np.int64))
    starts = trap.isolate(whole, left or None)
    actions = np.random.default_rng(0).choice([0, 0, 1, 2, 2, 4], (n, 16)).astype(np.int8)
    found = replay(trap, starts, actions, whole)
    ghosts = 0
    for row in range(n):
        cell, over = 2, False
        for t, action in enumerate(actions[row].tolist()):
            after = min(max(cell + {0: -1, 2: 1}.get(action, 0), 0), 4)
            pays = {"cheese": after == 0 < cell, "dish": after == 4 > cell}
            for x, entered in pays.items():
                first = x == left and found.paid[x][:t, row].any()  # the dish pays once
                assert found.paid[x][t, row] == (entered and not over and not first), (row, t, x)
                ghosts += entered and not over and x != left
            assert found.moved[t, row] == (after != cell and not over)
            assert (found.actions[row, t] == ENDED) == over
            cell, over = after, over or (left == "cheese" and pays["cheese"])
    assert ghosts > 20


# -- rules that allow no state after the end -------------------------------------------------------


class Strict(CheeseCorner):
    """A trap that ends once the cheese is gone, and whose rules raise an error without cheese."""

    default_size = (7, 7)
    alone = {}

    def rules(self, move):
        if move.none("cheese").any():
            raise ValueError("no cheese is left")
        super().rules(move)
        move.clear("cheese")

    def reference(self, objective, state):
        return np.zeros(state.n, dtype=np.int64)


@pytest.mark.parametrize("policy", ["random", "oracle:cheese", "oracle:corner"])
def test_saved_record_is_scored_and_replayed(policy):
    trap = Strict()
    for name, record in play_all(policy, trap, 20).items():
        play = find_play(trap, name)
        starts = trap.levels(play.split, np.arange(20))
        again = replay(trap, starts, record.actions)
        np.testing.assert_array_equal(again.actions, record.actions)
