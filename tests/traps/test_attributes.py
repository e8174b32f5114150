"""Attributes: assignment of attributes, distances, and effects of entering a thing."""

import itertools

import numpy as np
import pytest

from mesa_gym.engine.maps import from_map
from mesa_gym.envs import TrapEnv
from mesa_gym.rendering import render_rgb
from mesa_gym.traps import Split
from mesa_gym.traps.attributes import Attributes
from tests.support.playing import places, play, walled
from tests.support.reference import steps_from

NAMES = ("agent", "thing", "square", "red", "home")
LEVELS = 3000


def shares(trap, split):
    """Return the share of levels on which one thing carries both of two first values."""
    state = trap.levels(split, np.arange(LEVELS))
    has = {name: state.level.traits[name]["thing"] for name in ("square", "red", "home")}
    assert all((each.sum(axis=0) == 1).all() for each in has.values())
    return {
        (a, b): float((has[a] & has[b]).any(axis=0).mean())
        for a, b in itertools.combinations(has, 2)
    }


def test_rho_changes_only_colours_and_places():
    """A level is the same under two values of rho if both draws give the shape's thing."""
    plain, other = Attributes(), Attributes(rho=0.9)
    ours, theirs = (trap.levels(Split.TRAIN, np.arange(LEVELS)) for trap in (plain, other))
    same = (plain.observe(ours) == plain.observe(theirs)).all(axis=(1, 2, 3))
    # Both events, and each time one in three is the square by chance.
    assert same.mean() == pytest.approx((0.9 + 0.1 / 3) ** 2, abs=0.03)


@pytest.mark.parametrize(
    ("entered", "paid", "ended"),
    [
        ("square green", [1, 0, 0], True),
        ("circle red", [0, 1, 0], True),
        ("triangle blue home", [0, 0, 1], True),
        ("square red home", [1, 1, 1], True),
        ("circle green", [0, 0, 0], False),
    ],
)
def test_paying_thing_ends_and_others_vanish(entered, paid, ended):
    played = play(Attributes(7), walled(Attributes(7), "A1.", f"1 = thing {entered}"), "R")
    assert [payments for (payments,) in played.paid.values()] == paid
    assert played.ended == [ended]
    assert played.states[0].there["thing"][0, 0] == ended


@pytest.mark.parametrize("split", Split)
def test_things_are_equally_far_under_shift(split):
    trap = Attributes()
    for (agent,), things, square, red, home, bare in places(trap, split, 300, *NAMES):
        assert len(things) == 3
        assert len(square | red | home) == (3 if split.shifted else 1)
        assert [cell for cell in things if cell[0] < 4 and cell[1] < 4] == [*home]
        steps = steps_from(agent, bare)
        assert len({steps[thing] for thing in things}) == 1


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
    found = shares(Attributes(**keywords), split)
    for pair, share in expected.items():
        # Four standard errors.
        assert found[pair] == pytest.approx(share, abs=4 * (share * (1 - share) / LEVELS) ** 0.5)


def test_shift_is_the_same_under_any_rho():
    assert set(shares(Attributes(rho=0.3), Split.SHIFT).values()) == {0.0}


@pytest.mark.parametrize(("lead", "of"), [(2, "square"), (-3, "square"), (2, "red"), (1, "home")])
def test_keyword_lead_puts_one_thing_nearer(lead, of):
    named = {"square": "shape", "red": "colour", "home": "place"}[of]
    trap = Attributes(lead=lead, lead_of=named)
    for (agent,), things, square, red, home, bare in places(trap, Split.SHIFT, 100, *NAMES):
        (leader,) = {"square": square, "red": red, "home": home}[of]
        steps = steps_from(agent, bare)
        others = things - {leader}
        assert {steps[thing] - steps[leader] for thing in others} == {lead}
        for thing in others:
            assert steps_from(agent, bare - {leader}).get(thing) == steps[thing] or lead < 0
            assert steps_from(agent, bare - {thing})[leader] == steps[leader]


@pytest.mark.parametrize(("home", "cells"), [("quarter", 9), ("corner", 4), ("cell", 1)])
def test_attributes_home_is_in_top_left(home, cells):
    trap, seen = Attributes(home=home), set()
    for *_, at, _ in places(trap, Split.SHIFT, 500, *NAMES):
        seen |= at
    assert seen <= set(itertools.product(range(1, 4), repeat=2))
    assert len(seen) == cells


def test_distractors_follow_their_probability_and_carry_nothing():
    trap = Attributes(distractors=0.3)
    state = trap.levels(Split.SHIFT, np.arange(LEVELS))
    there, traits = state.there["thing"], state.level.traits
    assert there[:3].all()
    assert there[3:].mean() == pytest.approx(0.3, abs=0.03)
    assert not any(traits[name]["thing"][3:].any() for name in ("square", "red", "home"))


def test_without_contrast_all_colours_are_one_grey():
    grey = Attributes(contrast=0.0)
    assert {grey.looks[name].colour for name in Attributes.COLOURS} == {(128, 128, 128)}
    shapes = walled(grey, "A.1", "1 = thing square green")
    seen = [render_rgb(grey, from_map(grey, shapes.replace("green", c))) for c in ("green", "blue")]
    assert (seen[0] == seen[1]).all()
    text = walled(grey, "A.1", "1 = thing square red")
    states = [from_map(trap, text) for trap in (grey, Attributes())]
    pictures = [render_rgb(t, s) for t, s in zip((grey, Attributes()), states, strict=True)]
    assert (pictures[0] != pictures[1]).any()


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"rho": 1.2}, "rho must be a number from 0 to 1, got 1.2"),
        ({"rho": True}, "rho must be a number from 0 to 1, got True"),
        ({"objects": 2}, "objects must be a whole number from 3 to 5, got 2"),
    ],
)
def test_attributes_with_bad_keywords_is_refused(keywords, message):
    with pytest.raises((ValueError, TypeError), match=message):
        TrapEnv("Attributes", **keywords)


@pytest.mark.parametrize(
    ("reward", "paid"),
    [
        ("square and not red", 1),
        ("square and red", 0),
        ("circle or blue", 1),
        ("shape", 1),
        # Within the bounds.
        ("not " * 18 + "blue", 1),
        ("not (not red or circle)" + " or square" * 90, 1),
    ],
)
def test_predicate_pays_for_entering_fitting_cells(reward, paid):
    env = TrapEnv("Attributes", reward=reward, step_reward=-0.25)
    env.reset(options={"map": walled(Attributes(), "A1.", "1 = thing square blue")})
    assert env.step(2)[1] == paid - 0.25


@pytest.mark.parametrize(
    ("reward", "message"),
    [
        ("square and rad", "Did you mean 'red'"),
        *((x, "predicate") for x in ("square and", "square + red", "f(red) and x")),
        ("not " * 20_000, "has 80,000 characters; expected 1,000 at most"),
        ("(" * 490 + "red or blue" + ")" * 490, "is not a predicate"),
        ("red and " + "(not " * 20 + "red" + ")" * 20, "more than 20 parts"),
    ],
)
def test_predicate_that_is_bad_is_refused_briefly(reward, message):
    with pytest.raises(ValueError, match=message) as caught:
        TrapEnv("Attributes", reward=reward)
    assert len(str(caught.value)) < 500


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
