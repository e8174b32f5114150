"""Networks on grids: sweeps by recursion, any size, any batch, saved and loaded, and edits."""

import numpy as np
import pytest
import torch
from reference import wandered
from training import CORNER

from agents.saving import encode_weights, record_agent, save
from mesa_gym.trained.drc import TickingNetwork
from mesa_gym.trained.loading import load
from mesa_gym.trained.vin import CHANNELS, SCALE, SWEEPS, WALL, ValueIterationNetwork
from mesa_gym.traps import find_trap

each_network = pytest.mark.parametrize("kind", [ValueIterationNetwork, TickingNetwork])
WIDE = find_trap("CheeseCorner")((9, 13))


def drawn_network(kind, seed=3):
    """A network of some opinion: untrained ones think much alike."""
    agent = kind(CORNER, seed)
    torch.manual_seed(seed)
    agent.head.policy.weight.data.normal_()
    return agent


@each_network
def test_acts_on_any_size_and_alike_in_any_batch_also_after_a_reload(kind, tmp_path):
    agent = drawn_network(kind)
    save(tmp_path / "agent", record_agent(agent, CORNER, "vin-s3", 3))
    for trap in (CORNER, WIDE):
        planes = trap.observe(wandered(trap, 70))
        at_once = agent.act(planes)
        np.testing.assert_array_equal(load(tmp_path / "agent", trap).act(planes), at_once)
        np.testing.assert_allclose(at_once.sum(axis=1), np.ones(70), atol=1e-12)
        assert len(np.unique(at_once, axis=0)) > 30
        parts = [agent.act(planes[first : first + 7]) for first in range(0, 70, 7)]
        np.testing.assert_array_equal(np.concatenate(parts), at_once)
        features = agent.activations(planes)
        assert features.shape[:3] == planes.shape[:3]
        assert features.dtype == np.float32
        assert not features[:, [0, -1]].any() | features[:, :, [0, -1]].any()
        assert features[:, 1:-1, 1:-1].std(axis=(1, 2)).max() > 0


@each_network
def test_seeds_draw_other_weights_and_leave_the_users_random_state(kind):
    torch.manual_seed(9)
    wanted = torch.rand(1)
    torch.manual_seed(9)
    one, same, other = (encode_weights(kind(CORNER, seed)) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(1), wanted)
    assert one == same != other


@each_network
def test_what_is_held_counts_and_where_it_is_drawn_does_not(kind):
    trap = find_trap("KeysChests")()
    agent, planes = kind(trap, 1), trap.observe(trap.levels("train", np.arange(2)))
    agent.windows.held.weight.data.normal_(generator=torch.Generator().manual_seed(1))
    agent.head.policy.weight.data.fill_(1)
    agent.head.policy.weight.data[0] = -1
    none, left, right = planes.copy(), planes.copy(), planes.copy()
    key = trap.channels.index("key")
    left[:, 0, 0, key], right[:, 0, 5, key] = 1, 1
    np.testing.assert_array_equal(agent.act(left), agent.act(right))
    assert np.abs(agent.act(left) - agent.act(none)).max() > 1e-6


@each_network
@torch.inference_mode()
def test_an_edit_is_added_to_what_is_computed_of_a_cell(kind):
    agent = drawn_network(kind)
    planes = CORNER.observe(wandered(CORNER, 5))
    as_it_was = agent(torch.from_numpy(planes)).numpy()
    edit = np.zeros(planes.shape[:3], dtype=np.float32)
    np.testing.assert_array_equal(agent(torch.from_numpy(planes), edit).numpy(), as_it_was)
    edit[:, 1:-1, 1:-1] = np.random.default_rng(0).normal(size=(5, 7, 7))
    changed = agent(torch.from_numpy(planes), edit).numpy()
    assert np.abs(changed - as_it_was).min(axis=1).max() > 1e-4
    deep = agent(torch.from_numpy(planes), edit[..., None]).numpy()
    np.testing.assert_array_equal(deep, changed)


SMALL = find_trap("CheeseCorner")(7)


def sweep_plainly(agent, rewards):
    """Return the channels (height, width, CHANNELS) after all sweeps; the border is a wall."""
    height, width = rewards.shape
    pays, goes_on = (
        each.detach().double().numpy().reshape(CHANNELS, 3, 3)
        for each in (agent.pays, agent.goes_on)
    )
    framed = np.full_like(rewards, WALL)
    framed[1:-1, 1:-1] = rewards[1:-1, 1:-1]
    values, channels = None, np.zeros((height, width, CHANNELS))
    for _ in range(SWEEPS + 1):
        for y in range(1, height - 1):
            for x in range(1, width - 1):
                for channel in range(CHANNELS):
                    around = slice(y - 1, y + 2), slice(x - 1, x + 2)
                    total = (pays[channel] * framed[around]).sum()
                    if values is not None:
                        total += (goes_on[channel] * values[around]).sum()
                    channels[y, x, channel] = total
        values = np.full_like(rewards, WALL)
        values[1:-1, 1:-1] = channels[1:-1, 1:-1].max(axis=2)
    return channels


def test_sweeps_are_the_recursion():
    agent = ValueIterationNetwork(SMALL, 0)
    planes = SMALL.observe(wandered(SMALL, 3))
    random = torch.Generator().manual_seed(0)
    for each in (agent.pays, agent.goes_on):
        each.data.uniform_(-0.2, 0.2, generator=random)
    rewards, found = agent.objective(planes), agent.activations(planes)
    assert rewards.std() > 0.1
    for row in range(3):
        wanted = SCALE * sweep_plainly(agent, rewards[row].astype(np.float64))
        np.testing.assert_allclose(found[row], wanted, rtol=1e-4, atol=1e-4)


def test_an_untrained_one_walks_round_walls_to_what_is_worth_most():
    """On a hand-drawn maze: the way from the upper left to the lower left leads over the right."""
    agent = ValueIterationNetwork(SMALL, 0)
    planes = np.zeros((1, 7, 7, len(SMALL.channels)), dtype=np.uint8)
    wall, me = SMALL.channels.index("wall"), SMALL.channels.index("agent")
    planes[0, [0, -1], :, wall] = planes[0, :, [0, -1], wall] = 1
    planes[0, 2, 1:5, wall] = 1
    edit = np.zeros((1, 7, 7), dtype=np.float32)
    edit[0, 3, 1] = 2
    for (row, column), action in {(1, 1): 2, (1, 4): 2, (1, 5): 1, (2, 5): 1, (3, 5): 0}.items():
        shown = planes.copy()
        shown[0, row, column, me] = 1
        with torch.inference_mode():
            assert int(agent(torch.from_numpy(shown), edit).argmax()) == action


def test_walls_are_dear_at_first_and_the_border_is_0():
    planes = CORNER.observe(wandered(CORNER, 20))
    rewards = ValueIterationNetwork(CORNER, 1).objective(planes)
    wall = planes[:, 1:-1, 1:-1, CORNER.channels.index("wall")] > 0
    inner = rewards[:, 1:-1, 1:-1]
    assert not rewards[:, [0, -1]].any()
    assert not wall.any() or inner[wall].max() < WALL / 2
    assert np.abs(inner[~wall]).max() < 2
