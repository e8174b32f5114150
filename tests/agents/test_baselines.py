"""Agents of Stable-Baselines3 and sb3-contrib: they act as their models do."""

from __future__ import annotations

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

TRAP = find_trap("KeysChests")()
STEPS = [TRAP.observe(wandered(TRAP, 60, steps)) for steps in (0, 3, 6, 9)]


def model_of(kind: str) -> Any:
    """A model with some opinion: fresh ones make next to no difference between states."""
    module = import_module(f"agents.{kind.replace('-', '_')}")
    model = module.make_model(TRAP, 3, {}, 0.95, envs=2)
    for name, parameter in model.policy.named_parameters():
        factor = {"action_net": 300, "q_net.features": 5, "lstm_actor": 3}
        parameter.data *= next((factor[x] for x in factor if name.startswith(x)), 1)
    return model


def probabilities(model: Any, kind: str) -> np.ndarray:
    """Return the model's chances in four steps; after two, episodes begin in every third row."""
    n, found = len(STEPS[0]), []
    memory = tuple(torch.zeros(1, n, 128) for _ in range(2))
    starts = torch.ones(n)
    for step, planes in enumerate(STEPS):
        seen, _ = model.policy.obs_to_tensor(planes)
        starts = torch.ones(n) if step == 0 else torch.zeros(n)
        if step == 2:
            starts[::3] = 1
        with torch.no_grad():
            if kind == "sb3-dqn":
                found.append(np.eye(5)[model.predict(planes, deterministic=True)[0]])
            elif kind == "sb3-ppo":
                found.append(model.policy.get_distribution(seen).distribution.probs.numpy())
            else:
                chances, memory = model.policy.get_distribution(seen, memory, starts)
                found.append(chances.distribution.probs.numpy())
    return np.stack(found)


def acts(agent: Baseline) -> np.ndarray:
    rng, n, done = np.random.default_rng(0), len(STEPS[0]), []
    for step, planes in enumerate(STEPS):
        if step in (0, 2):
            agent.reset((np.arange(n) % 3 == 0) | (step == 0), rng)
        done.append(agent.act(planes))
    return np.stack(done)


@pytest.mark.parametrize("kind", BASELINES)
def test_it_acts_as_the_model_does_also_after_a_reload(kind: str, tmp_path: Path) -> None:
    model = model_of(kind)
    expected = probabilities(model, kind)
    # In rows whose episode goes on, too, things change from step to step.
    assert np.abs(np.diff(expected, axis=0)).max() > 0.05
    if kind == "sb3-dqn":  # a random action every twentieth time
        expected = np.where(expected == 1, 0.96, 0.01)
    agent = Baseline(kind, model, TRAP)
    np.testing.assert_allclose(acts(agent), expected, atol=1e-5)
    save(tmp_path / "agent", weights(agent), agent.kind, TRAP, {})
    random = torch.get_rng_state()
    loaded = load(tmp_path / "agent", TRAP)
    assert torch.equal(torch.get_rng_state(), random)
    np.testing.assert_array_equal(acts(loaded), acts(agent))


def test_a_recurrent_agent_remembers_its_episode() -> None:
    agent = Baseline("sb3-recurrent-ppo", model_of("sb3-recurrent-ppo"), TRAP)
    done, rng = acts(agent), np.random.default_rng(0)
    agent.reset(np.ones(60, dtype=bool), rng)
    forgetful = agent.act(STEPS[2])
    changed = np.abs(forgetful - done[2]).max(axis=1)
    assert changed[::3].max() < 1e-6
    assert np.median(np.delete(changed, np.s_[::3])) > 1e-4
