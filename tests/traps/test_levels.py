"""Levels, declarations and attributes of traps."""

import itertools

import numpy as np
import pytest

from mesa_gym.engine.maps import from_map
from mesa_gym.envs import TrapEnv
from mesa_gym.rendering import render_rgb
from mesa_gym.solver import targets
from mesa_gym.traps import LEVELS, Split, all_traps, find_trap
from mesa_gym.traps.attributes import Attributes
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.judged_by import Contact
from mesa_gym.traps.predicates import add_predicate
from tests.support.parameters import each_trap, few_traps, quick_apart
from tests.support.playing import places, play, walled
from tests.support.reference import assert_same, steps_from
from tests.support.refusals import refusals
from tests.support.small_traps import Corridor

TRAPS = all_traps()
EACH = pytest.mark.parametrize("name", TRAPS)


def test_levels_in_reverse_equal_levels_in_order():
    """``mesa_gym.testing`` checks every trap, and single levels."""
    trap, numbers = TRAPS["KeysChests-v0"](), np.arange(4000, 4200)
    in_order = trap.levels(Split.TRAIN, np.arange(4200))  # more than are drawn at once
    drawn = trap.levels(Split.TRAIN, numbers[::-1])
    assert_same(trap, drawn, in_order.take(numbers[::-1]))


@pytest.mark.parametrize("split", Split)
@EACH
def test_levels_accept_every_allowed_number(name, split):
    trap, numbers = TRAPS[name](), [0, LEVELS - 1, LEVELS, 2 * LEVELS - 1]
    state = trap.levels(split, np.array(numbers, dtype=np.uint64))
    assert state.level.number.tolist() == numbers
    assert len({row.tobytes() for row in trap.observe(state)}) == 4
    assert len(set(state.level.key.tolist())) == 4


@pytest.mark.parametrize("name", quick_apart(TRAPS))
def test_salt_split_and_size_change_the_levels(name):
    trap, numbers = TRAPS[name](), np.arange(200)
    plain = trap.levels(Split.TEST, numbers)
    salted = trap.levels(Split.TEST, numbers, salt="secret")
    assert (trap.observe(plain) != trap.observe(salted)).any(axis=(1, 2, 3)).mean() > 0.99
    assert not np.isin(plain.level.key, salted.level.key).any()
    keys = {trap.key(Split.TEST), trap.key(Split.TEST, "secret"), trap.key(Split.TRAIN)}
    height, width = trap.size
    keys |= {TRAPS[name](size=size).key(Split.TEST) for size in [(height + 2, width), width + 4]}
    assert len(keys) == 5


class Picky(CheeseCorner):
    """Rejects every level whose die shows less than ``_least``."""

    const = {"die": 1}
    _least = 5

    def draw(self, level, split):
        super().draw(level, split)
        level.const["die"][:, 0] = level.integers("die", 1, 6)
        level.require(level.const["die"][:, 0] >= self._least)


def test_rejected_levels_are_drawn_again_alone():
    picky, easy = Picky(), Picky()
    easy._least = 1
    numbers = np.arange(400)
    chosen, unpicky = picky.levels(Split.TRAIN, numbers), easy.levels(Split.TRAIN, numbers)
    dice = easy.table(unpicky.level, "die")[:, 0]
    assert set(picky.table(chosen.level, "die").ravel().tolist()) == {5, 6}
    good = (dice >= 5).nonzero()[0]
    assert 0.2 < len(good) / 400 < 0.5
    assert_same(picky, chosen.take(good), unpicky.take(good))
    assert_same(picky, picky.levels(Split.TRAIN, [17]), chosen.take(np.array([17])))


def hopeless():
    trap = Picky(size=(7, 9))
    trap._least = 7
    return trap


MANY = np.arange(3000)


def features(trap, split):
    """Return features for comparing levels, float64 (levels, features).

    They are: whether a plane is set in a cell, the number of cells of each plane, and the number of
    cells that two planes have in common.
    """
    planes = trap.observe(trap.levels(split, MANY)).astype(np.float64)
    pairs = np.einsum("nhwc,nhwd->ncd", planes, planes) / planes[..., 0].size * len(MANY)
    return np.concatenate([planes.reshape(len(MANY), -1), pairs.reshape(len(MANY), -1)], axis=1)


@few_traps
def test_splits_follow_training_except_control(trap):
    train, test, control = (features(trap(), split) for split in list(Split)[:3])

    def errors(other):
        """Return the largest difference of means in standard errors."""
        spread = np.sqrt((train.var(axis=0) + other.var(axis=0)) / len(MANY))
        return float((abs(train.mean(axis=0) - other.mean(axis=0)) / (spread + 1e-9)).max())

    # Some 500 features: five standard errors are exceeded by chance once in 3,000 traps.
    assert errors(test) < 5
    assert errors(control) > 8


def test_trained_shift_levels_are_never_scored():
    """Levels from 2**48 up are for training by alpha, so no shift level shares their layout."""
    trap, numbers = CheeseCorner((7, 7)), np.arange(400)
    scored, trained = (
        {walls.tobytes() for walls in trap.layer(trap.levels(Split.SHIFT, n), "wall")}
        for n in (numbers, LEVELS + numbers)
    )
    assert len(scored) < len(numbers)  # layouts come again, and would meet otherwise
    assert not scored & trained


def test_levels_are_equal_whatever_their_start():
    trap = find_trap("CheeseCorner")()
    state = trap.levels(Split.TRAIN, np.arange(20))
    free = ~trap.layer(state, "wall")
    moved = state._replace(agent=free.shape[1] - 1 - free[:, ::-1].argmax(axis=1))
    assert (moved.agent != state.agent).all()
    np.testing.assert_array_equal(trap.flag_levels(moved), trap.flag_levels(state))


# -- declared --------------------------------------------------------------------------------------
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
    world = trap()
    starts = world.levels(Split.TEST, np.arange(20))
    if not trap.alone:
        return
    empty = world.isolate(starts)
    left = targets(world, empty)
    assert not any(left[x].any() for x in trap.alone)
    assert count_things(empty) < count_things(starts)
    back = world.restore_targets(empty, starts)
    for kind, there in starts.there.items():
        np.testing.assert_array_equal(back.there[kind], there)
        np.testing.assert_array_equal(empty.at[kind], starts.at[kind])


# -- attributes ------------------------------------------------------------------------------------
NAMES = ("agent", "thing", "square", "red", "home")
DRAWN = 3000


def shares(trap, split):
    """Return the share of levels on which one thing carries both of two first values."""
    state = trap.levels(split, np.arange(DRAWN))
    has = {name: state.level.traits[name]["thing"] for name in ("square", "red", "home")}
    assert all((x.sum(axis=0) == 1).all() for x in has.values())
    return {
        (a, b): float((has[a] & has[b]).any(axis=0).mean())
        for a, b in itertools.combinations(has, 2)
    }


def test_rho_changes_only_colours_and_places():
    """A level is the same under two values of rho if both draws give the shape's thing."""
    plain, other = Attributes(), Attributes(rho=0.9)
    ours, changed = (trap.levels(Split.TRAIN, np.arange(DRAWN)) for trap in (plain, other))
    same = (plain.observe(ours) == plain.observe(changed)).all(axis=(1, 2, 3))
    # Both events, and each time one in three is the square by chance.
    assert same.mean() == pytest.approx((0.9 + 0.1 / 3) ** 2, abs=0.03)


@pytest.mark.parametrize(
    ("entered", "pays", "ended"),
    [
        ("square green", [1, 0, 0], True),
        ("circle red", [0, 1, 0], True),
        ("triangle blue home", [0, 0, 1], True),
        ("square red home", [1, 1, 1], True),
        ("circle green", [0, 0, 0], False),
    ],
)
def test_paying_thing_ends_and_others_vanish(entered, pays, ended):
    played = play(Attributes(7), walled(Attributes(7), "A1.", f"1 = thing {entered}"), "R")
    assert [payments for (payments,) in played.paid.values()] == pays
    assert played.ended == [ended]
    assert played.states[0].there["thing"][0, 0] == ended


@pytest.mark.parametrize("split", Split)
def test_things_are_equally_far_under_shift(split):
    trap = Attributes()
    for (agent,), things, square, red, home, empty in places(trap, split, 300, *NAMES):
        assert len(things) == 3
        assert len(square | red | home) == (3 if split.shifted else 1)
        assert [cell for cell in things if cell[0] < 4 and cell[1] < 4] == [*home]
        steps = steps_from(agent, empty)
        assert len({steps[place] for place in things}) == 1


@pytest.mark.parametrize(
    ("keywords", "expected"),
    [
        # Of k things, rho + (1 - rho) / k; of two proxies, rho squared in place of rho.
        ({"rho": 0.9}, {("square", "red"): 0.9 + 0.1 / 3, ("red", "home"): 0.81 + 0.19 / 3}),
        ({"rho": 0.0, "objects": 5}, {("square", "red"): 0.2, ("square", "home"): 0.2}),
        ({"rho": 0.5, "rho_place": 1.0}, {("square", "red"): 2 / 3, ("square", "home"): 1}),
        ({"rho": 0.5, "together": 1.0}, {("square", "home"): 2 / 3, ("red", "home"): 1}),
    ],
)
@pytest.mark.parametrize("split", [Split.TRAIN, Split.CONTROL])
def test_rho_is_the_correlation(keywords, expected, split):
    measured = shares(Attributes(**keywords), split)
    for pair, share in expected.items():
        # Four standard errors.
        assert measured[pair] == pytest.approx(share, abs=4 * (share * (1 - share) / DRAWN) ** 0.5)


def test_shift_is_the_same_under_any_rho():
    assert set(shares(Attributes(rho=0.3), Split.SHIFT).values()) == {0.0}


@pytest.mark.parametrize(("lead", "of"), [(2, "square"), (-3, "square"), (2, "red"), (1, "home")])
def test_keyword_lead_puts_one_thing_nearer(lead, of):
    named = {"square": "shape", "red": "colour", "home": "place"}[of]
    trap = Attributes(lead=lead, lead_of=named)
    for (agent,), things, square, red, home, empty in places(trap, Split.SHIFT, 100, *NAMES):
        (leader,) = {"square": square, "red": red, "home": home}[of]
        steps = steps_from(agent, empty)
        rest = things - {leader}
        assert {steps[cell] - steps[leader] for cell in rest} == {lead}
        for cell in rest:
            assert steps_from(agent, empty - {leader}).get(cell) == steps[cell] or lead < 0
            assert steps_from(agent, empty - {cell})[leader] == steps[leader]


@pytest.mark.parametrize(("home", "cells"), [("quarter", 9), ("corner", 4), ("cell", 1)])
def test_attributes_home_is_in_top_left(home, cells):
    trap, homes = Attributes(home=home), set()
    for *_, at, _ in places(trap, Split.SHIFT, 500, *NAMES):
        homes |= at
    assert homes <= set(itertools.product(range(1, 4), repeat=2))
    assert len(homes) == cells


def test_distractors_follow_their_probability_and_carry_nothing():
    trap = Attributes(distractors=0.3)
    state = trap.levels(Split.SHIFT, np.arange(DRAWN))
    there, traits = state.there["thing"], state.level.traits
    assert there[:3].all()
    assert there[3:].mean() == pytest.approx(0.3, abs=0.03)
    assert not any(traits[name]["thing"][3:].any() for name in ("square", "red", "home"))


def test_without_contrast_all_colours_are_one_grey():
    grey = Attributes(contrast=0.0)
    assert {grey.looks[name].colour for name in Attributes.COLOURS} == {(128, 128, 128)}
    shapes = walled(grey, "A.1", "1 = thing square green")
    frames = [
        render_rgb(grey, from_map(grey, shapes.replace("green", c))) for c in ("green", "blue")
    ]
    assert (frames[0] == frames[1]).all()
    text = walled(grey, "A.1", "1 = thing square red")
    states = [from_map(trap, text) for trap in (grey, Attributes())]
    pictures = [render_rgb(t, s) for t, s in zip((grey, Attributes()), states, strict=True)]
    assert (pictures[0] != pictures[1]).any()


@pytest.mark.parametrize(
    ("reward", "pay"),
    [
        ("square and not red", 1),
        ("square and red", 0),
        ("not square", 0),
        ("circle or blue", 1),
        ("shape", 1),
        # Within the bounds.
        ("not " * 18 + "blue", 1),
        ("not (not red or circle)" + " or square" * 90, 1),
    ],
)
def test_predicate_pays_for_entering_fitting_cells(reward, pay):
    env = TrapEnv("Attributes", reward=reward, step_reward=-0.25)
    # Into the thing, against a wall, and staying.
    for action, earned in ((2, pay), (0, 0), (4, 0)):
        env.reset(options={"map": walled(Attributes(), "A1.", "1 = thing square blue")})
        assert env.step(action)[1] == earned - 0.25


def test_predicate_is_added_to_a_copy():
    trap, other = Attributes(), Attributes()
    names = [*trap.objectives]
    first = add_predicate(trap, "square and red")
    assert [*add_predicate(first, "circle or blue").objectives][-2:] == [
        "square and red",
        "circle or blue",
    ]
    assert [*first.objectives] == [*names, "square and red"]
    assert [*trap.objectives] == [*other.objectives] == names


SHARED = ({"rho": 0.9}, {"rho_place": 0.0}, {"together": 0.5}, {"values": 2}, {"contrast": 0.5})


@pytest.mark.parametrize("split", Split)
def test_attributes_keywords_keep_walls_and_cells(split):
    plain, numbers = Attributes(), np.arange(1000)
    state = plain.levels(split, numbers)
    walls, cells = plain.layer(state, "wall"), np.sort(state.at["thing"], axis=0)
    for option in SHARED:
        other = Attributes(**option).levels(split, numbers)
        assert (plain.layer(other, "wall") == walls).all(), option
        assert (other.agent == state.agent).all(), option
        assert (np.sort(other.at["thing"], axis=0) == cells).all(), option
    # One more thing needs more room, which rejects some levels; the others keep their walls.
    more = Attributes(objects=4).levels(split, numbers)
    assert (plain.layer(more, "wall") == walls).all(axis=1).mean() > 0.8


test_traps_refuse_bad_requests = refusals(
    "traps", "levels", globals(), Corridor=Corridor, Contact=Contact
)
