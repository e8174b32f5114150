"""Planners: they act on any size, can be edited, and their goal can be read."""

import json

import numpy as np
import pytest

from mesa_gym.trained.loading import load
from mesa_gym.traps import Split, find_trap
from tests.support.networks import CORNER, plain_planner, write_agent

DISH = find_trap("CheeseDish")()


def make_planner(trap=DISH, **wants):
    """A planner with a given utility for each plane; a step costs 0.15."""
    agent = plain_planner(trap)
    changed = {
        name: np.zeros(agent.weights[name].shape, np.float32)
        for name in ("first", "first_bias", "wants")
    }
    for unit, (name, worth) in enumerate(wants.items()):
        changed["first"][0, agent.net.names.index(name) * 9 + 4, unit] = 1.0
        changed["wants"][0, unit, 0] = worth / agent.net.gain
    return agent.replaced(changed)


def observe(trap=DISH, split="shift", n=50):
    return trap.observe(trap.levels(Split.of(split), np.arange(n)))


def test_utility_sees_one_cell_away():
    agent, planes = plain_planner(CORNER), np.zeros((2, 9, 9, 3), dtype=np.uint8)
    planes[:, 1, 1, CORNER.channel["agent"]] = planes[1, 4, 4, CORNER.channel["cheese"]] = 1
    bare, changed = agent.objective(planes)
    cells = np.argwhere(bare != changed)
    assert {*cells.min(axis=0)} == {3}
    assert {*cells.max(axis=0)} == {5}


def find_cells(planes, trap, name):
    return planes[..., trap.channel[name]].reshape(len(planes), -1).argmax(axis=1)


def test_planner_objective_grows_with_the_grid():
    agent, larger = make_planner(cheese=9.0, dish=4.0), find_trap("CheeseDish")(size=(13, 13))
    for trap, scale in ((DISH, 1.0), (larger, 121 / 49)):
        planes = observe(trap)
        cheese, dish = (planes[..., trap.channel[name]] for name in ("cheese", "dish"))
        expected = 9.0 * cheese + 4.0 * dish
        np.testing.assert_allclose(agent.objective(planes), scale * expected, rtol=1e-3, atol=1e-3)


def test_plan_of_planner_ends_at_best_target():
    planes, agent = observe(), make_planner(cheese=90.0, dish=40.0)
    plan = agent.plan(planes)
    np.testing.assert_array_equal(plan[:, 0], find_cells(planes, DISH, "agent"))
    np.testing.assert_array_equal(plan[:, -1], find_cells(planes, DISH, "cheese"))
    best = agent.act(planes).argmax(axis=1)
    np.testing.assert_array_equal(plan[:, 1] - plan[:, 0], np.array([-1, 9, 1, -9])[best])


def test_planner_without_utilities_stays():
    planes = observe()
    plan = make_planner().edited(costs=9.0).plan(planes)
    assert (plan == find_cells(planes, DISH, "agent")[:, None]).all()


def test_edited_planner_goes_to_another_target():
    planes, agent = observe(), make_planner(cheese=90.0, dish=40.0)
    dish = DISH.channel["dish"]
    told = agent.edited(utility=lambda seen: 100.0 * seen[..., dish])
    np.testing.assert_array_equal(told.plan(planes)[:, -1], find_cells(planes, DISH, "dish"))
    one = np.zeros((9, 9))
    one[7, 7] = 500.0
    free = ~planes[:, 7, 7].any(axis=1)
    assert (agent.edited(utility=one).plan(planes[free])[:, -1] == 7 * 9 + 7).all()
    np.testing.assert_array_equal(agent.plan(planes)[:, -1], find_cells(planes, DISH, "cheese"))
    assert told.edited(costs=0.5).plan(planes)[0, -1] == told.plan(planes)[0, -1]


def test_planner_reading_is_difference_of_target_worths():
    agent = make_planner(cheese=2.0, dish=1.5)
    found = agent.reading("cheese", "dish")
    assert found.difference == pytest.approx(0.5, abs=1e-2)
    odds = np.exp(found.difference * agent.sharpness)
    assert found.share == pytest.approx(odds / (1 + odds), abs=1e-3)
    back = agent.reading("dish", "cheese")
    assert (back.difference, back.share) == pytest.approx((-found.difference, 1 - found.share))


def test_saved_planner_acts_on_other_sizes(tmp_path):
    agent, larger = make_planner(cheese=9.0), find_trap("CheeseDish")(size=(13, 15))
    write_agent(tmp_path / "agent", agent, DISH)
    assert json.loads((tmp_path / "agent/policy.json").read_text())["size"] == [9, 9]
    planes = observe(larger)
    np.testing.assert_array_equal(load(tmp_path / "agent", larger).act(planes), agent.act(planes))
    with pytest.raises(ValueError, match=r"was trained with planes .* cannot act on CheeseCorner"):
        load(tmp_path / "agent", CORNER)


EDITS = ({"utility": np.ones((9, 9))}, {"patience": 2}, {"costs": lambda seen: 0.0})
OTHER_SHAPE = {"utility": np.ones((13, 13))}


@pytest.mark.parametrize(
    ("edit", "use", "message"),
    [
        ({"patience": 0}, None, "patience must be a number above 0, got 0"),
        ({"walls": float("nan")}, None, "walls must be a number above 0"),
        ({"utility": np.zeros(9)}, None, "utility must be a number, an array"),
        ({"costs": float("inf")}, None, "costs must be a number, an array"),
        (OTHER_SHAPE, lambda x: x.act(observe()), r"shape \(13, 13\); .* the grid, 9 x 9 cells"),
        ({}, lambda x: x.objective(observe(CORNER)), "CheeseDish-v0 shows them, got an array of"),
        ({}, lambda x: x.reading("chese", "dish"), "chese"),
        ({}, lambda x: x.reading("dish", "dish"), "look alike"),
        *((edit, lambda x: x.require_savable(), "an edited planner cannot be") for edit in EDITS),
    ],
)
def test_planner_edit_of_bad_value_is_refused(edit, use, message):
    with pytest.raises(ValueError, match=message):
        use(make_planner().edited(**edit))


def test_planner_edits_multiply_objective_and_costs():
    planes, agent = observe(), make_planner(cheese=9.0)
    changed = agent.edited(patience=3, walls=0.5)
    np.testing.assert_allclose(changed.objective(planes), 3 * agent.objective(planes))
    wall = planes[..., DISH.channel["wall"]] > 0
    expected = np.where(wall, 0.5, 1.0) * agent.costs(planes)
    np.testing.assert_allclose(changed.costs(planes), expected)
