"""Torch networks as policies; and names of agents without a library."""

from importlib.metadata import EntryPoint

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from mesa_gym.policies import as_policy, names
from mesa_gym.traps import Split
from mesa_gym.traps.cheese_corner import CheeseCorner

TRAP = CheeseCorner()
SEEN = TRAP.observe(TRAP.levels(Split.SHIFT, np.arange(70)))


def make(last=None, inputs=9 * 9 * 3, outputs=5):
    torch.manual_seed(0)
    layers = [nn.Flatten(), nn.Linear(inputs, 8), nn.Dropout(0.5), nn.Linear(8, outputs)]
    return nn.Sequential(*layers, *([last] if last else []))


def expect(network):
    network.eval()
    with torch.no_grad():
        return network(torch.from_numpy(SEEN).float()).softmax(dim=1).numpy()


def test_torch_network_gives_softmax_or_probabilities():
    logits, shares = make(), make(nn.Softmax(dim=1))
    logits.train()
    for network in (logits, shares):
        found = as_policy(network, TRAP, 9).act(SEEN)
        np.testing.assert_allclose(found, expect(make()), rtol=1e-5)
    # Each layer is left in the mode that it was in, and keeps no gradient.
    logits[2].eval()
    as_policy(logits, TRAP, 9).act(SEEN)
    assert [each.training for each in logits] == [True, True, False, True]
    assert logits.training
    assert all(each.grad is None for each in logits.parameters())


@pytest.mark.parametrize("last", [None, nn.Softmax(dim=1)], ids=["logits", "shares"])
@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.bfloat16], ids=str)
def test_torch_network_of_any_float_is_scored(kind, last):
    policy = as_policy(make(last).to(kind), TRAP, 9)
    np.testing.assert_allclose(policy.act(SEEN), expect(make()), atol=0.01)


def test_torch_network_follows_the_default_type():
    torch.set_default_dtype(torch.float64)
    try:
        found = as_policy(make(), TRAP, 9).act(SEEN)
        bare = as_policy(nn.Sequential(nn.Flatten(), nn.AdaptiveAvgPool1d(5)), TRAP, 9).act(SEEN)
    finally:
        torch.set_default_dtype(torch.float32)
    assert found.shape == bare.shape == (len(SEEN), 5)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (make(inputs=7), "mat1 and mat2 shapes"),
        (make(outputs=4), r"its output has shape \(n, 4\)"),
        (nn.LSTM(3, 5), "does not give five scores a row"),
        (nn.Sequential(nn.Flatten(2), nn.LSTM(27, 5)), "its output is a tuple, not a tensor"),
    ],
)
def test_torch_network_that_misfits_names_remedy(network, message):
    with pytest.raises(ValueError, match=message) as raised:
        as_policy(network, TRAP, 9)
    assert "def policy(observations)" in str(raised.value)
    assert "say the observation='...' that" in str(raised.value)


def test_torch_network_of_unfit_output_is_named():
    network = nn.Sequential(nn.Conv2d(len(TRAP.channels), 2, 7), nn.Flatten(), nn.Linear(18, 5))
    with pytest.raises(ValueError, match=r"five scores a row for 'planes' .*; it fits obs.*='chw'"):
        as_policy(network, TRAP, 9)


def test_agent_without_a_library_is_unknown(monkeypatch):
    named = EntryPoint("agents", "no_such_agents.library", names.LIBRARIES)
    monkeypatch.setattr(names, "entry_points", lambda group: [named])
    with pytest.raises(ValueError, match="'ppo' is neither a policy nor a file"):
        as_policy("ppo", CheeseCorner(), 64)
    assert names.list_trained(CheeseCorner) == {}
