"""Torch networks handed over as they are: float input, no gradient, five scores."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from mesa_gym.policies import as_policy  # noqa: E402
from mesa_gym.scoring import score  # noqa: E402
from mesa_gym.traps import Split  # noqa: E402
from mesa_gym.traps.cheese_corner import CheeseCorner  # noqa: E402

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


def test_logits_are_sampled_by_their_softmax_and_probabilities_as_they_are():
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


def test_it_is_scored_as_a_function_of_it_is():
    network = make().eval()

    def policy(observations):
        return network(torch.from_numpy(observations).float()).softmax(dim=1)  # with a gradient

    cards = [score(each, TRAP, levels=5, name="mine") for each in (network, policy)]
    assert cards[0].splits == cards[1].splits


def test_a_kind_of_observation_can_be_named():
    network = nn.Sequential(nn.Linear(9 * 9 * 3, 5))
    found = as_policy(network, TRAP, 9, observation="flat").act(SEEN.reshape(70, -1))
    assert found.shape == (70, 5)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (make(inputs=7), "mat1 and mat2 shapes"),
        (make(outputs=4), r"it gave a tensor \(n, 4\)"),
        (nn.LSTM(3, 5), "does not give five scores a row"),
        (nn.Sequential(nn.Flatten(2), nn.LSTM(27, 5)), "it gave a tuple, not a tensor"),
    ],
)
def test_one_that_does_not_fit_is_answered_with_three_lines(network, message):
    with pytest.raises(ValueError, match=message) as raised:
        as_policy(network, TRAP, 9)
    assert "def policy(observations)" in str(raised.value)
    assert "observation='flat'" in str(raised.value)
