"""The training of networks on grids."""

import pytest
import torch
from training import CORNER, lesson, trained

from agents.ppo_settings import PPOSettings
from agents.saving import encode_weights


@pytest.mark.thorough
@pytest.mark.parametrize("algo", ["ppo-vin", "ppo-drc"])
def test_training_changes_every_weight_and_repeats_itself(algo):
    few = PPOSettings(environments=8)
    size = {"steps": 2 * few.rollout_steps, "num_levels": 50, "settings": few}
    agent, other = trained(algo, lesson(1, 2, **size))
    (again,) = trained(algo, lesson(1, **size))
    assert encode_weights(agent) == encode_weights(again) != encode_weights(other)
    start = type(agent)(CORNER, 1).state_dict()
    for name, weights in agent.state_dict().items():
        # Nothing is held in this trap.
        assert torch.equal(weights, start[name].half().float()) == name.endswith("held.weight")
    (further,) = trained(algo, lesson(1, start=[agent], **size))
    assert encode_weights(further) != encode_weights(agent)
