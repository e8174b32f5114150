"""Torch networks as policies."""

import numpy as np
import pytest
import torch
from torch import nn

from mesa_gym.policies import as_policy
from mesa_gym.traps import Split, find_trap
from tests.support.refusals import refusals

TRAP = find_trap("CheeseCorner")()
SHIFT_PLANES = TRAP.observe(TRAP.levels(Split.SHIFT, np.arange(70)))


def make(last=None, inputs=9 * 9 * 3, outputs=5):
    torch.manual_seed(0)
    layers = [nn.Flatten(), nn.Linear(inputs, 8), nn.Dropout(0.5), nn.Linear(8, outputs)]
    return nn.Sequential(*layers, *([last] if last else []))


def expect(network):
    network.eval()
    with torch.no_grad():
        return network(torch.from_numpy(SHIFT_PLANES).float()).softmax(dim=1).numpy()


def test_torch_network_gives_softmax_or_probabilities():
    logits, shares = make(), make(nn.Softmax(dim=1))
    logits.train()
    for network in (logits, shares):
        answers = as_policy(network, TRAP, 9).act(SHIFT_PLANES)
        np.testing.assert_allclose(answers, expect(make()), rtol=1e-5)
    # Each layer is left in the mode that it was in, and keeps no gradient.
    logits[2].eval()
    as_policy(logits, TRAP, 9).act(SHIFT_PLANES)
    assert [x.training for x in logits] == [True, True, False, True]
    assert logits.training
    assert all(x.grad is None for x in logits.parameters())


@pytest.mark.parametrize("last", [None, nn.Softmax(dim=1)], ids=["logits", "shares"])
@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.bfloat16], ids=str)
def test_torch_network_of_any_float_is_scored(kind, last):
    policy = as_policy(make(last).to(kind), TRAP, 9)
    np.testing.assert_allclose(policy.act(SHIFT_PLANES), expect(make()), atol=0.01)


def test_torch_network_follows_the_default_type():
    torch.set_default_dtype(torch.float64)
    try:
        shares = as_policy(make(), TRAP, 9).act(SHIFT_PLANES)
        network = nn.Sequential(nn.Flatten(), nn.AdaptiveAvgPool1d(5))
        of_module = as_policy(network, TRAP, 9).act(SHIFT_PLANES)
    finally:
        torch.set_default_dtype(torch.float32)
    assert shares.shape == of_module.shape == (len(SHIFT_PLANES), 5)


test_unfit_networks_are_refused = refusals("policies", "torch networks", globals())
