"""The networks' inputs and layers, and the local view."""

import numpy as np
import pytest
import torch
from parameters import thorough
from reference import wandered
from torch.nn.functional import linear
from training import drawn

from mesa_gym.envs.observations import planes_of
from mesa_gym.trained.inputs import CentredInputs
from mesa_gym.trained.local import REACH, LocalInputs, LocalNetwork
from mesa_gym.trained.networks import Network
from mesa_gym.trained.stacks import RowSum, compute_outputs, draw_stack
from mesa_gym.traps import all_traps, find_trap

TRAPS = [cls(size) for cls in all_traps().values() for size in (11, (9, 13))]
TRAPS.append(find_trap("RedBlueDoors")(colour_planes=2))  # planes that are shown twice
KEYS = find_trap("KeysChests")()


def seen_by_loop(trap, planes):
    """All inputs of one grid, cell by cell."""
    height, width = trap.size
    others = [c for c, plane in enumerate(trap.channels) if plane != "agent"]
    wall = trap.channels.index("wall")
    ((y0, x0),) = np.argwhere(planes[:, :, trap.channels.index("agent")]).tolist()
    inside = [(y, x) for y in range(1, height - 1) for x in range(1, width - 1)]
    seen = []
    for y in range(y0 - height + 3, y0 + height - 2):
        for x in range(x0 - width + 3, x0 + width - 2):
            seen += [int((y, x) in inside and planes[y, x, channel]) for channel in others]
    for x in range(1, width - 1):
        seen += [int(channel != wall and planes[0, x, channel]) for channel in others]
    return seen + [int(cell == (y0, x0)) for cell in inside]


@pytest.mark.parametrize("trap", TRAPS, ids=repr)
def test_inputs_are_what_a_loop_over_cells_sees_and_lose_nothing(trap):
    planes, view = planes_of(trap, wandered(trap)), CentredInputs(trap)
    kept, listed = planes.copy(), view.list_inputs(planes)
    # An input that is listed twice would be 2; the last fills lists up.
    seen = np.array([np.bincount(row, minlength=view.count + 1) for row in listed])
    seen[:, -1] = 0
    assert seen[:10, :-1].tolist() == [seen_by_loop(trap, each) for each in planes[:10]]
    dense = view.dense(torch.from_numpy(planes), view.tensors("cpu"))
    np.testing.assert_array_equal(dense, seen)
    assert len(np.unique(seen, axis=0)) == len(np.unique(planes, axis=0)) > 200
    np.testing.assert_array_equal(planes, kept)


@pytest.mark.parametrize("rows", [thorough(50), 2**16 + 1])
def test_sums_of_rows_and_their_gradients_are_those_of_a_product(rows):
    rng = np.random.default_rng(0)
    listed = rng.integers(0, rows, (30, 7))
    listed[::3, 4:] = rows - 1  # lists that are filled up
    counts = torch.from_numpy(np.array([np.bincount(row, minlength=rows) for row in listed]))
    downstream, drawn = (torch.from_numpy(rng.normal(size=(n, 4))).float() for n in (30, rows))
    found = []
    for made in (lambda x: RowSum.apply(x, torch.from_numpy(listed)), lambda x: counts.float() @ x):
        table = drawn.clone().requires_grad_()
        summed = made(table)
        summed.backward(downstream)
        found.append((summed.detach(), table.grad))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_agents_of_a_stack_act_as_networks_of_their_own():
    """That training on listed and on dense inputs is the same is in ``test_ppo.py``."""
    view, planes = CentredInputs(KEYS), KEYS.observe(wandered(KEYS, 100))
    stack = draw_stack(view.count, (1, 2))
    stack.outputs.data *= 20  # fresh ones make next to no difference between states
    listed = torch.from_numpy(view.list_inputs(planes)).expand(2, -1, -1)
    scores = compute_outputs(stack, listed)[0].detach()
    assert (scores[0] - scores[1]).abs().max() > 0.1
    for agent in range(2):
        alone = Network(KEYS, stack, agent)(torch.from_numpy(planes)).detach()
        np.testing.assert_allclose(alone, scores[agent], atol=0.02)  # rounded to half precision


@torch.no_grad()
@pytest.mark.parametrize("trap", [KEYS, TRAPS[-1]], ids=repr)
def test_acting_by_lists_is_acting_by_all_inputs(trap):
    """Beside products of all inputs in float64."""
    agent, planes = drawn(trap), planes_of(trap, wandered(trap))
    found = agent.view.dense(torch.from_numpy(planes), agent.view.tensors("cpu"))[:, :-1].double()
    for layer in (agent.first, agent.second, agent.policy):
        found = linear(found.relu(), layer.weight.double(), layer.bias.double())
    shares = found.softmax(dim=1).numpy()
    assert np.ptp(shares, axis=0).max() > 0.5
    np.testing.assert_allclose(agent.act(planes), shares, atol=1e-3)


TRAP = find_trap("CheeseDish")()


def place_alone(channel, row, column, agent):
    """Planes of a level with the agent and one thing, (1, height, width, channels)."""
    planes = np.zeros((1, *TRAP.size, len(TRAP.channels)), dtype=np.uint8)
    planes[0, *agent, TRAP.channel["agent"]] = 1
    planes[0, row, column, TRAP.channel[channel]] = 1
    return planes


def test_things_are_seen_up_to_three_cells_away_in_each_direction():
    whole, local = CentredInputs(TRAP), LocalInputs(TRAP)
    agent = LocalNetwork(TRAP)
    rows, columns = TRAP.size
    thing = next(name for name in TRAP.channels if name not in ("agent", "wall"))
    seen = 0
    for place in [(1, 1), (4, 2), (rows - 2, columns - 2)]:
        empty = place_alone("agent", *place, agent=place)
        for row in range(1, rows - 1):
            for column in range(1, columns - 1):
                planes = place_alone(thing, row, column, place)
                near = max(abs(row - place[0]), abs(column - place[1])) <= REACH
                expected = whole.list_inputs(planes) if near else whole.list_inputs(empty)
                given, wanted = (set(each[0]) - {local.count} for each in
                                 (local.list_inputs(planes), expected))  # fmt: skip
                assert given == wanted
                if (row, column) != place:
                    assert (agent.act(planes) != agent.act(empty)).any() == near
                seen += near
    assert seen == 16 + 7 * 5 + 16


def test_held_items_are_seen_from_everywhere():
    keys = find_trap("KeysChests")()
    planes = np.zeros((1, *keys.size, len(keys.channels)), dtype=np.uint8)
    planes[0, keys.size[0] - 2, 1, keys.channel["agent"]] = 1
    planes[0, 0, keys.size[1] - 2, keys.channel["key"]] = 1
    assert set(LocalInputs(keys).list_inputs(planes)[0]) == set(
        CentredInputs(keys).list_inputs(planes)[0]
    )
