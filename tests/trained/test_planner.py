"""Planners, and their maps."""

import json
from itertools import pairwise

import array_api_compat.numpy as xp
import numpy as np
import pytest

from mesa_gym.trained.loading import load, make_agent, make_network
from mesa_gym.trained.planning import compute_worth, find_onward, follow_ways, list_ways
from mesa_gym.traps import Split, find_trap
from tests.support.networks import CORNER, KEYS, write_agent
from tests.support.parameters import thorough
from tests.support.refusals import refusals

DISH = find_trap("CheeseDish")()


def plain_planner(trap, step=0.15, wall=100.0, seed=0):
    """An untrained planner: costs of steps and walls, and random utilities."""
    net, rng = make_network("planner", trap), np.random.default_rng(seed)
    weights = {name: np.zeros(shape, np.float32) for name, shape in net.list_shapes({}).items()}
    gain, free = net.gain, np.log(np.expm1(step))
    weights["pays_bias"][:] = free / gain
    weights["pays"][0, net.names.index("wall")] = (np.log(np.expm1(wall)) - free) / gain
    weights["head"][0, 0] = np.log(7.4), step, 0.0, 0.5, -1.1
    for name in ("first", "first_bias", "wants"):
        weights[name][:] = rng.uniform(-0.1, 0.1, weights[name].shape)
    return make_agent(net, weights)


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
    utility, changed = agent.objective(planes)
    cells = np.argwhere(utility != changed)
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
    stays = make_planner(cheese=90.0)
    head = stays.weights["head"] - np.float32([0, 1000, 0, 0, 0])  # staying pays
    for of in (plan, stays.replaced({"head": head}).plan(planes)):
        assert (of == find_cells(planes, DISH, "agent")[:, None]).all()


def test_edited_planner_goes_to_another_target():
    planes, agent = observe(), make_planner(cheese=90.0, dish=40.0)
    dish = DISH.channel["dish"]
    edited = agent.edited(utility=lambda obs: 100.0 * obs[..., dish])
    np.testing.assert_array_equal(edited.plan(planes)[:, -1], find_cells(planes, DISH, "dish"))
    one = np.zeros((9, 9))
    one[7, 7] = 500.0
    free = ~planes[:, 7, 7].any(axis=1)
    assert (agent.edited(utility=one).plan(planes[free])[:, -1] == 7 * 9 + 7).all()
    np.testing.assert_array_equal(agent.plan(planes)[:, -1], find_cells(planes, DISH, "cheese"))
    assert edited.edited(costs=0.5).plan(planes)[0, -1] == edited.plan(planes)[0, -1]


@pytest.mark.parametrize("most", [thorough(20_000), 10])
def test_kept_plans_give_equal_actions(most, monkeypatch):
    """The agent moves, and things vanish; copies with other weights or edits make own plans."""
    monkeypatch.setattr("mesa_gym.trained.planner.MOST_PLANS", most)
    first = plain_planner(KEYS)
    other = first.replaced({"wants": -first.weights["wants"]})
    agents = [first, other, first.edited(utility=np.eye(KEYS.height) * 9)]
    agents += [first.edited(costs=lambda planes: planes[..., KEYS.channel["agent"]])]
    state, rng = KEYS.levels(Split.SHIFT, np.arange(30)), np.random.default_rng(0)
    for _ in range(8):
        planes = KEYS.observe(state)
        for agent in agents:
            fresh = make_agent(agent.net, agent.weights)
            shares = [fresh.act(planes[[row]])[0] for row in range(len(planes))]
            assert (agent.act(planes) == shares).all()
        state = KEYS.step(state, rng.integers(0, 5, state.n)).state
    assert len(first._plans) <= most + 30


def test_planner_reading_is_difference_of_target_worths():
    agent = make_planner(cheese=2.0, dish=1.5)
    reading = agent.reading("cheese", "dish")
    assert reading.difference == pytest.approx(0.5, abs=1e-2)
    odds = np.exp(reading.difference * agent.sharpness)
    assert reading.share == pytest.approx(odds / (1 + odds), abs=1e-3)
    back = agent.reading("dish", "cheese")
    assert (back.difference, back.share) == pytest.approx((-reading.difference, 1 - reading.share))


def test_saved_planner_acts_on_other_sizes(tmp_path):
    agent, larger = make_planner(cheese=9.0), find_trap("CheeseDish")(size=(13, 15))
    write_agent(tmp_path / "agent", agent, DISH)
    assert json.loads((tmp_path / "agent/policy.json").read_text())["size"] == [9, 9]
    planes = observe(larger)
    np.testing.assert_array_equal(load(tmp_path / "agent", larger).act(planes), agent.act(planes))


OTHER_SHAPE = {"utility": np.ones((13, 13))}

test_planner_edits_of_bad_values_are_refused = refusals("trained", "planner", globals())


def test_planner_edits_multiply_then_add():
    planes, agent = observe(), make_planner(cheese=9.0)
    changed = agent.edited(patience=3, walls=0.5, utility=2.0, costs=1.0)
    np.testing.assert_allclose(changed.objective(planes), 3 * agent.objective(planes) + 2)
    wall = planes[..., DISH.channel["wall"]] > 0
    expected = np.where(wall, 0.5, 1.0) * agent.costs(planes)
    np.testing.assert_allclose(changed.costs(planes), expected + 1)


# -- planner maps ----------------------------------------------------------------------------------
def draw_planner(**costs):
    """A planner whose weights are all drawn, none 0."""
    agent, rng = plain_planner(KEYS, **costs), np.random.default_rng(7)
    drawn = {name: rng.uniform(-0.1, 0.1, agent.weights[name].shape) for name in ("held", "wants")}
    drawn["pays"] = agent.weights["pays"] + rng.uniform(-0.05, 0.05, agent.weights["pays"].shape)
    return agent.replaced(drawn)


def show_levels(n=6):
    """Planes of some levels, with something held on the last of them."""
    planes = KEYS.observe(KEYS.levels(Split.TEST, np.arange(n)))
    planes[-1, 0, 1:3, KEYS.channel["key"]] = 1
    return planes


def test_utility_equals_loops_over_cells():
    agent, planes = draw_planner(wall=6.0), show_levels()
    utility, net = agent.objective(planes), agent.net
    first, bias, held, wants = (
        agent.weights[name][0].astype(np.float64)
        for name in ("first", "first_bias", "held", "wants")
    )
    for row in (0, 5):
        offset = bias[0] + (2 * held[net.names.index("key")] if row == 5 else 0)
        floor = offset.clip(min=0) @ wants[:, 0]
        for y, x in ((1, 1), (4, 5), (7, 7)):
            hidden = offset.copy()
            for channel, dy, dx in np.ndindex(len(net.names), 3, 3):
                at = (y + dy - 1, x + dx - 1)
                outside = not (0 <= at[0] < 9 and 0 <= at[1] < 9)
                name = net.names[channel]
                # What is held lies in the top row, and is seen from everywhere.
                is_inner = name == "wall" or at[0] > 0
                is_set = planes[row, *at, KEYS.channel[name]] if not outside else name == "wall"
                hidden += float(is_set and is_inner) * first[channel * 9 + dy * 3 + dx]
            expected = net.gain * (hidden.clip(min=0) @ wants[:, 0] - floor)
            assert utility[row, y, x] == pytest.approx(expected, abs=1e-4)
    assert not utility[:, 0].any()
    assert not utility[..., -1].any()


def test_costs_equal_a_sum_over_planes():
    agent, planes = draw_planner(), show_levels()
    pays, bias = agent.weights["pays"][0, :, 0], agent.weights["pays_bias"].item()
    visible = planes.copy()
    visible[:, 0, :, [KEYS.channel[x] for x in agent.net.names if x != "wall"]] = 0
    sums = bias + visible[..., [KEYS.channel[name] for name in agent.net.names]] @ pays
    expected = np.logaddexp(0, agent.net.gain * sums.astype(np.float64))
    np.testing.assert_allclose(agent.costs(planes), expected, rtol=1e-5)


def score_by_sweeps(agent, weights, planes, xp):
    """Scores of the actions as functions of the weights, by sweeps that record gradients."""
    torch, (n, height, width, _) = pytest.importorskip("torch"), planes.shape
    flat = torch.from_numpy(planes).view(n, height * width, -1)
    maps = agent.net.draw_maps(xp, weights, flat, width)
    utility, cost = (values.view(n, height, width) for values in maps)
    cell = flat[..., agent.net.agent].argmax(dim=1)
    worth = utility - cost
    for _ in range(60):
        inner = utility[..., 1:-1, 1:-1]
        for rows, columns in ((1, 0), (2, 1), (1, 2), (0, 1)):
            there = worth[..., rows : rows + height - 2, columns : columns + width - 2]
            inner = torch.maximum(inner, there)
        after = worth.clone()
        after[..., 1:-1, 1:-1] = inner - cost[..., 1:-1, 1:-1]
        worth = after
    ways = cell[..., None] + torch.tensor([-1, width, 1, -width])
    moving = worth.flatten(1).gather(1, ways)
    here = utility.flatten(1).gather(1, cell[..., None]) - weights["head"][:, 0, 1:2]
    return weights["head"][:, 0, :1].exp() * torch.cat([moving, here], dim=1)


@pytest.mark.thorough
def test_gradient_equals_that_of_unrolled_value_iteration():
    torch = pytest.importorskip("torch")
    compat = pytest.importorskip("array_api_compat.torch")
    agent, planes = draw_planner(step=0.6), show_levels()
    weights = {n: torch.from_numpy(np.array(x)).requires_grad_() for n, x in agent.weights.items()}
    picked = torch.randn(6, 5, generator=torch.Generator().manual_seed(1))
    scores = agent.replaced(weights).layers(planes)["scores"]
    swept = score_by_sweeps(agent, weights, planes, compat)
    torch.testing.assert_close(scores, swept, atol=1e-3, rtol=1e-4)
    ours = torch.autograd.grad((scores * picked).sum(), list(weights.values()))
    gradients = torch.autograd.grad((swept * picked).sum(), list(weights.values()))
    for name, one, other in zip(weights, ours, gradients, strict=True):
        assert other.any(), name
        torch.testing.assert_close(one, other, atol=2e-2, rtol=1e-3)


HEIGHT, WIDTH = 6, 8


def draw_maps(n=5, seed=0):
    """Utility and cost of n grids, (n, cells); small whole numbers, so that sums are exact."""
    rng = np.random.default_rng(seed)
    shape = (n, HEIGHT * WIDTH)
    utility, cost = rng.integers(-9, 30, shape), rng.integers(1, 12, shape)
    return utility.astype(np.float32), cost.astype(np.float32)


def test_list_ways_gives_walks_of_stated_worth():
    utility, cost = draw_maps(seed=1)
    cell = np.array([9, 10, 18, 29, 38])
    worth = compute_worth(xp, utility, cost, WIDTH)
    onward = find_onward(xp, utility, worth, WIDTH)
    first = cell[:, None] + list_ways(WIDTH)
    ends, costs = follow_ways(xp, onward, cost, first)
    for row, way in np.ndindex(first.shape):
        cells = [first[row, way]]
        while onward[row, cells[-1]] != cells[-1]:
            cells.append(onward[row, cells[-1]])
        assert {b - a for a, b in pairwise(cells)} <= {*list_ways(WIDTH).tolist()}
        assert len({*cells}) == len(cells)
        assert cells[-1] == ends[row, way]
        assert costs[row, way] == sum(cost[row, x] for x in cells)
        assert utility[row, cells[-1]] - costs[row, way] == worth[row, cells[0]]
