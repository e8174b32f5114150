"""Agents of Stable-Baselines3 and sb3-contrib act as their models do, also after a reload."""

from importlib import import_module

import numpy as np
import pytest
import torch
from reference import wandered

from agents.saving import record_agent, save
from mesa_gym.trained.baselines import Baseline
from mesa_gym.trained.kinds import BASELINES
from mesa_gym.trained.loading import load
from mesa_gym.traps import find_trap

KEYS, N = find_trap("KeysChests")(), 60
# What is seen, twice the same at first; episodes begin in all rows, and later in every third.
STEPS = [KEYS.observe(wandered(KEYS, N, steps)) for steps in (3, 3, 6, 9)]
BEGINS = [np.isin(np.arange(N) % 3, rows) for rows in ((0, 1, 2), (), (0,), ())]


def model_of(kind):
    """A model with some opinion: fresh ones make next to no difference between states."""
    module = import_module(f"agents.{kind.replace('-', '_')}")
    model = module.make_model(KEYS, 3, {}, 0.95, envs=2)
    for name, parameter in model.policy.named_parameters():
        factor = {"action_net": 300, "q_net.features": 5, "lstm_actor": 3}
        parameter.data *= next((factor[x] for x in factor if name.startswith(x)), 1)
    return model


@torch.no_grad()
def probabilities(model, kind):
    found, memory = [], (torch.zeros(1, N, 128),) * 2
    for planes, begins in zip(STEPS, BEGINS, strict=True):
        seen, starts = torch.from_numpy(planes).float(), torch.from_numpy(begins).float()
        if kind == "sb3-dqn":  # a random action every twentieth time
            best = np.eye(5)[model.predict(planes, deterministic=True)[0]]
            found.append(np.where(best == 1, 0.96, 0.01))
        elif kind in ("sb3-ppo", "sb3-a2c"):
            found.append(model.policy.get_distribution(seen).distribution.probs.numpy())
        else:
            chances, memory = model.policy.get_distribution(seen, memory, starts)
            found.append(chances.distribution.probs.numpy())
    return np.stack(found)


def played(agent):
    rng, done = np.random.default_rng(0), []
    for planes, begins in zip(STEPS, BEGINS, strict=True):
        agent.reset(begins, rng)
        done.append(agent.act(planes))
    return np.stack(done)


@pytest.mark.parametrize("kind", BASELINES)
def test_it_acts_as_the_model_does_also_after_a_reload(kind, tmp_path):
    pytest.importorskip("sb3_contrib")
    model = model_of(kind)
    expected = probabilities(model, kind)
    assert np.abs(np.diff(expected[1:], axis=0)).max() > 0.05
    remembered = np.median(np.abs(expected[1] - expected[0]).max(axis=1))
    assert (remembered > 1e-4) == (kind == "sb3-recurrent-ppo")
    agent = Baseline(kind, model.policy, KEYS)
    np.testing.assert_allclose(played(agent), expected, atol=1e-5)
    save(tmp_path / "agent", record_agent(agent, KEYS, "sb3-s0", 0))
    random = torch.get_rng_state()
    loaded = load(tmp_path / "agent", KEYS)
    assert torch.equal(torch.get_rng_state(), random)
    np.testing.assert_array_equal(played(loaded), played(agent))
