"""Networks on grids: any size, any batch, saved and loaded, and edits."""

import numpy as np
import pytest
import torch
from reference import wandered
from training import CORNER

from agents.saving import encode_weights, record_agent, save
from mesa_gym.trained.drc import TickingNetwork
from mesa_gym.trained.loading import load
from mesa_gym.trained.vin import ValueIterationNetwork
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
