"""Agents that play step by step: models of SB3, and a network with a memory."""

from importlib import import_module

import numpy as np
import pytest
import torch
from reference import wandered

from agents.saving import record_agent, save
from mesa_gym.trained.baselines import Baseline
from mesa_gym.trained.gru import RecurrentNetwork
from mesa_gym.trained.kinds import BASELINES
from mesa_gym.trained.loading import load
from mesa_gym.traps import find_trap

KEYS, N = find_trap("KeysChests")(), 70
# What is seen, twice the same at first; episodes begin in all rows, and later in every third.
STEPS = [KEYS.observe(wandered(KEYS, N, steps)) for steps in (3, 3, 6, 9)]
BEGINS = [np.isin(np.arange(N) % 3, rows) for rows in ((0, 1, 2), (), (0,), ())]
RNG = np.random.default_rng(0)


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


def played(agent, steps=STEPS, begins=None):
    """Actions, step by step; all episodes begin at the first, unless it is said which begin."""
    done = []
    for t, planes in enumerate(steps):
        agent.reset(begins[t] if begins else np.full(len(planes), t == 0), RNG)
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
    np.testing.assert_allclose(played(agent, begins=BEGINS), expected, atol=1e-5)
    save(tmp_path / "agent", record_agent(agent, KEYS, "sb3-s0", 0))
    random = torch.get_rng_state()
    loaded = load(tmp_path / "agent", KEYS)
    assert torch.equal(torch.get_rng_state(), random)
    np.testing.assert_array_equal(*(played(each, begins=BEGINS) for each in (loaded, agent)))


def made(units=64):
    """A network of some opinion."""
    agent = RecurrentNetwork(KEYS, units)
    torch.manual_seed(3)
    for parameter in agent.parameters():
        parameter.data = torch.randn(parameter.shape).mul(0.3).half().float()
    return agent


def test_its_memory_is_a_gated_recurrent_unit_as_torch_has_it():
    agent = made()
    cell = torch.nn.GRUCell(agent.units, agent.units)
    order = [1, 0, 2]  # torch has what is let through first, and what is kept in place of renewed

    def arrange(given):
        parts = given.detach().chunk(3)
        return torch.cat([parts[0].neg() if i == 0 else parts[i] for i in order])

    cell.weight_ih.data, cell.bias_ih.data = arrange(agent.sees.weight), arrange(agent.sees.bias)
    cell.weight_hh.data, cell.bias_hh.data = arrange(agent.recalls.weight), torch.zeros(192)
    seen, memory = torch.rand(N, agent.units), torch.randn(N, agent.units)
    expected = cell(seen, memory)
    torch.testing.assert_close(agent.remember(seen, memory), expected, atol=1e-5, rtol=0)


def test_the_past_counts_until_an_episode_begins():
    agent, rows = made(), np.arange(N) % 3 == 0
    first, again = played(agent, STEPS[:2])
    assert (np.abs(again - first).max(axis=1) > 0.01).mean() > 0.7  # the same is seen twice
    agent.reset(rows, RNG)
    assert not agent.memory[rows].any()
    third = agent.act(STEPS[1])
    np.testing.assert_array_equal(third[rows], first[rows])
    assert (np.abs(third - first).max(axis=1) > 0.01)[~rows].mean() > 0.7
    assert torch.equal(agent(torch.from_numpy(STEPS[0])).softmax(dim=1).argmax(dim=1),
                       torch.from_numpy(first).argmax(dim=1))  # fmt: skip


def test_its_memory_can_be_read_and_set():
    agent = made()
    played(agent, STEPS[:2])
    kept = agent.memory.copy()
    following = agent.act(STEPS[2])
    agent.memory = kept[::-1].copy()
    assert (agent.act(STEPS[2]) != following).any()
    agent.memory = kept
    np.testing.assert_array_equal(agent.act(STEPS[2]), following)
    agent.memory = kept[:3]
    for wrong, shape in ((agent, r"\(3, 64\)"), (made(), r"\(\)")):  # which was never reset
        with pytest.raises(ValueError, match=rf"the shape {shape}; expected \(70, 64\): reset the"):
            wrong.act(STEPS[2])


def test_what_it_does_does_not_depend_on_its_batch():
    agent = made()
    whole = played(agent)
    for rows in (slice(0, 1), slice(5, 69)):
        part = played(agent, [planes[rows] for planes in STEPS])
        np.testing.assert_array_equal(part, whole[:, rows])


@pytest.mark.parametrize("units", [64, 5])
def test_it_plays_alike_after_a_reload(units, tmp_path):
    agent, random = made(units), torch.get_rng_state()
    save(tmp_path / "agent", record_agent(agent, KEYS, "ppo-gru-s0", 0))
    loaded = load(tmp_path / "agent", KEYS)
    assert torch.equal(torch.get_rng_state(), random)
    assert loaded.units == units
    np.testing.assert_array_equal(played(loaded), played(agent))
