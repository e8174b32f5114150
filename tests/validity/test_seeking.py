"""Policies that go for things: where they go, on levels with all things and with some."""

from functools import partial

import numpy as np
import pytest

from mesa_gym.engine import FAR, STAY
from mesa_gym.engine.maps import from_map
from mesa_gym.policies import Oracle, constant
from mesa_gym.scoring.rollout import follow, rollout
from mesa_gym.solver import targets
from mesa_gym.traps import Split, find_trap
from tests.validity import scenes
from tests.validity.scenes import Scene
from tests.validity.seeking import (
    Gatherer,
    InTurn,
    Lagging,
    Looker,
    Seeker,
    SoftSeeker,
    Sticky,
)

DISH, CHUTE = find_trap("CheeseDish")(), find_trap("ChuteOrFire")()
SHIFT = DISH.levels(Split.SHIFT, np.arange(40))
SCENE = Scene(DISH, SHIFT)


def play(policy, starts=SHIFT, trap=DISH, steps=64):
    """Play levels."""
    return rollout(policy, trap, starts, steps)


def share(record, objective):
    """Return the share of levels on which an objective is paid."""
    return float((record.paid[objective] > 0).any(axis=0).mean())


def ends(record, starts=SHIFT, trap=DISH):
    """Return the last cell of each episode, int64 (n,)."""
    last = starts.agent.copy()
    for step in follow(trap, starts, record.actions):
        last[step.rows] = step.step.state.agent
    return last


def test_a_scene_knows_what_start_states_hold():
    expected = targets(DISH, SHIFT)
    for name, found in SCENE.cells_of.items():
        np.testing.assert_array_equal(found, expected[name])
    assert not SCENE.joined.any()
    assert Scene(DISH, DISH.levels(Split.TEST, np.arange(9))).joined.all()
    assert not Scene(DISH, DISH.isolate(SHIFT)).any_target.any()
    alone = Scene(DISH, DISH.isolate(SHIFT, "dish"))
    assert alone.has("dish").all()
    assert not alone.has("cheese").any()
    assert (alone.steps_to("cheese") == FAR).all()
    here = SHIFT.agent[:, None]
    away = [np.take_along_axis(SCENE.steps_to(x), here, 1) for x in SCENE.cells_of]
    np.testing.assert_array_equal(*away)  # the agent starts equally far from both


@pytest.mark.parametrize("objective", ["cheese", "dish"])
def test_plans_lead_to_a_target_or_around_it(objective):
    other = "dish" if objective == "cheese" else "cheese"

    def seek(plan, **more):
        return Seeker(DISH, partial(plan, objective=objective, **more))

    around = play(seek(scenes.plan_around))
    assert share(around, objective) > 0.9
    assert share(around, other) == 0
    for plan in (scenes.plan_short_of, scenes.plan_mirrored, scenes.plan_by_turned_map):
        record = play(seek(plan))
        assert share(record, objective) == share(record, other) == 0
    near = ends(play(seek(scenes.plan_short_of)))
    steps = SCENE.steps_to(objective)[np.arange(40), near]
    assert (steps == 1).mean() > 0.9
    away = ends(play(seek(scenes.plan_away)))
    before = SCENE.steps_to(objective)[np.arange(40), SHIFT.agent]
    assert (SCENE.steps_to(objective)[np.arange(40), away] >= before).all()
    bare = play(seek(scenes.plan_around), DISH.isolate(SHIFT))
    assert (bare.actions == STAY).all()


def test_as_the_crow_flies_stops_at_the_first_wall():
    rows = "#######\n#A...c#\n#.###.#\n#A#.#c#\n#.....#\n#######\n#######\n"
    trap = find_trap("CheeseCorner")(7)
    for line, arrives in ((1, True), (3, False)):
        text = rows.replace("A", ".").replace("c", ".").split("\n")
        text[line] = rows.split("\n")[line]
        state = from_map(trap, "\n".join(text))
        straight = Seeker(trap, partial(scenes.plan_straight, objective="cheese"))
        assert share(play(straight, state, trap, 30), "cheese") == arrives


def test_what_is_carried_is_fetched_first():
    starts = CHUTE.levels(Split.SHIFT, np.arange(12))
    for objective in ("delivered", "gone"):
        policy = Seeker(CHUTE, partial(scenes.plan_around, objective=objective))
        assert share(play(policy, starts, CHUTE), objective) == 1


def test_a_remembered_cell_is_the_same_on_all_levels():
    starts = DISH.levels(Split.CONTROL, np.arange(40))
    last = ends(play(Seeker(DISH, partial(scenes.plan_near, cell=40)), starts), starts)
    open_there = ~DISH.layer(starts, "wall")[:, 40] & ~Scene(DISH, starts).any_target[:, 40]
    assert open_there.mean() > 0.4
    assert (last[open_there] == 40).mean() > 0.8


def test_softness_is_of_the_way_that_is_left():
    cold, hot = (SoftSeeker(DISH, ("cheese",), heat) for heat in (0.05, 2.0))
    assert share(play(cold), "cheese") == 1
    shares = cold.act(np.zeros((40, 0)), SHIFT)
    best = Oracle(DISH, "cheese", 64).act(np.zeros((40, 0), "u1"), SHIFT)
    np.testing.assert_allclose(shares, best, atol=1e-6)
    assert hot.act(np.zeros((40, 0)), SHIFT).max() < 0.7
    alone = DISH.isolate(SHIFT, "dish")
    assert (play(cold, alone).actions == STAY).all()
    both = play(SoftSeeker(DISH, ("cheese", "dish"), 0.05), alone)
    assert share(both, "dish") == 1


def test_what_sees_no_target_sweeps_and_does_not_enter_the_rival():
    for reach in (0, 3):
        record = play(Looker(DISH, ("cheese",), reach))
        assert share(record, "cheese") > 0.8
        assert share(record, "dish") == 0
        both = play(Looker(DISH, ("cheese", "dish"), reach))
        assert share(both, "dish") > 0.2
    # From where it sees its target it takes no step that does not lead there.
    policy, seen = Looker(DISH, ("cheese",), 3), SCENE.steps_to("cheese")
    assert (seen == 3).any(axis=1).all()
    state = DISH.isolate(SHIFT, "cheese")._replace(agent=(seen == 3).argmax(axis=1))
    assert (play(policy, state).paid["cheese"][2] > 0).all()


def test_lines_of_sight_end_at_walls():
    open_cells = np.zeros((1, 5, 7), dtype=np.bool_)
    open_cells[0, 1:4, 1:6] = True
    open_cells[0, 2, 3] = False
    cells = np.zeros((1, 35), dtype=np.bool_)
    cells[0, 2 * 7 + 1] = True
    seen = scenes.find_lines(cells, open_cells).reshape(5, 7)
    assert {(int(y), int(x)) for y, x in zip(*seen.nonzero(), strict=True)} == {
        (1, 1),
        (2, 1),
        (3, 1),
        (2, 2),
    }


def test_a_collector_visits_all_that_it_sees():
    doors = find_trap("RedBlueDoors")()
    starts = doors.levels(Split.TEST, np.arange(20))
    record = play(Gatherer(), starts, doors)
    assert share(record, "door") == 1
    bare = starts._replace(there={kind: there & False for kind, there in starts.there.items()})
    assert (play(Gatherer(), bare, doors).actions == STAY).all()
    assert (play(Gatherer(sweeping=True), bare, doors).actions == STAY).all()
    assert play(Gatherer(sweeping=True), starts, doors).moved[:5].mean() > 0.9


def test_new_things_are_those_that_training_does_not_show():
    known = scenes.list_known(Scene(DISH, DISH.levels(Split.TRAIN, np.arange(50))))
    assert len(known) == 1  # a cheese on a dish
    np.testing.assert_array_equal(scenes.find_novel(SCENE, known), SCENE.any_target)
    tests = Scene(DISH, DISH.levels(Split.TEST, np.arange(20)))
    assert not scenes.find_novel(tests, known).any()


def test_a_step_is_repeated_and_a_step_is_late():
    state = SHIFT.take(np.arange(4))
    moved = state._replace(agent=state.agent + 1, clock=state.clock + 1)
    planes = DISH.observe(state)
    sticky = Sticky(constant(STAY), 0.25)
    np.testing.assert_array_equal(sticky.act(planes, state)[:, STAY], 1)
    np.testing.assert_allclose(sticky.act(planes, moved)[:, [2, STAY]], [[0.25, 0.75]] * 4)
    late = Lagging(Oracle(DISH, "cheese", 64))
    first = Oracle(DISH, "cheese", 64).act(planes, state)
    np.testing.assert_array_equal(late.act(planes, state)[:, STAY], 1)
    np.testing.assert_array_equal(late.act(planes, moved), first)


def test_one_goes_to_the_first_target_and_then_to_the_other():
    def find_dish(scene):
        return scene.cells_of["dish"]

    oracles = (Oracle(DISH, name, 64) for name in ("dish", "cheese"))
    policy = InTurn(*oracles, trap=DISH, cells=find_dish)
    paid = play(policy).paid
    first, then = ((paid[x] > 0).argmax(axis=0) for x in ("dish", "cheese"))
    assert share(play(policy), "cheese") == share(play(policy), "dish") == 1
    assert (first < then).all()
    assert share(play(policy, DISH.isolate(SHIFT, "cheese")), "cheese") == 1
