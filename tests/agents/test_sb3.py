"""Agents of Stable-Baselines3 and sb3-contrib: they act as their models do."""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from reference import wandered

pytest.importorskip("sb3_contrib")

from agents.saving import BASELINES, load, save, weights
from agents.sb3 import Baseline
from mesa_gym.traps import find_trap

TRAP, N = find_trap("KeysChests")(), 60
# What is seen, twice the same at first; episodes begin in all rows, and later in every third.
STEPS = [TRAP.observe(wandered(TRAP, N, steps)) for steps in (3, 3, 6, 9)]
BEGINS = [np.isin(np.arange(N) % 3, rows) for rows in ((0, 1, 2), (), (0,), ())]


def model_of(kind: str) -> Any:
    """A model with some opinion: fresh ones make next to no difference between states."""
    module = import_module(f"agents.{kind.replace('-', '_')}")
    model = module.make_model(TRAP, 3, {}, 0.95, envs=2)
    for name, parameter in model.policy.named_parameters():
        factor = {"action_net": 300, "q_net.features": 5, "lstm_actor": 3}
        parameter.data *= next((factor[x] for x in factor if name.startswith(x)), 1)
    return model


@torch.no_grad()
def probabilities(model: Any, kind: str) -> np.ndarray:
    found, memory = [], (torch.zeros(1, N, 128),) * 2
    for planes, begins in zip(STEPS, BEGINS, strict=True):
        seen, starts = torch.from_numpy(planes).float(), torch.from_numpy(begins).float()
        if kind == "sb3-dqn":  # a random action every twentieth time
            best = np.eye(5)[model.predict(planes, deterministic=True)[0]]
            found.append(np.where(best == 1, 0.96, 0.01))
        elif kind == "sb3-ppo":
            found.append(model.policy.get_distribution(seen).distribution.probs.numpy())
        else:
            chances, memory = model.policy.get_distribution(seen, memory, starts)
            found.append(chances.distribution.probs.numpy())
    return np.stack(found)


def acts(agent: Any) -> np.ndarray:
    rng, done = np.random.default_rng(0), []
    for planes, begins in zip(STEPS, BEGINS, strict=True):
        agent.reset(begins, rng)
        done.append(agent.act(planes))
    return np.stack(done)


@pytest.mark.parametrize("kind", BASELINES)
def test_it_acts_as_the_model_does_also_after_a_reload(kind: str, tmp_path: Path) -> None:
    model = model_of(kind)
    expected = probabilities(model, kind)
    assert np.abs(np.diff(expected[1:], axis=0)).max() > 0.05
    remembered = np.median(np.abs(expected[1] - expected[0]).max(axis=1))
    assert (remembered > 1e-4) == (kind == "sb3-recurrent-ppo")
    agent = Baseline(kind, model, TRAP)
    np.testing.assert_allclose(acts(agent), expected, atol=1e-5)
    save(tmp_path / "agent", weights(agent), agent.kind, TRAP, {})
    random = torch.get_rng_state()
    loaded = load(tmp_path / "agent", TRAP)
    assert torch.equal(torch.get_rng_state(), random)
    np.testing.assert_array_equal(acts(loaded), acts(agent))
