"""Agents that are saved: bit for bit, all or nothing."""

import errno
import os
from unittest.mock import Mock

import numpy as np
import pytest
from reference import wandered
from training import DOORS, acts, drawn

from agents.saving import encode_weights, record_agent, save
from mesa_gym.policies import as_policy
from mesa_gym.trained.ensemble import Ensemble
from mesa_gym.trained.record import AgentRecord
from mesa_gym.traps import all_traps

ABOUT = "policy.json"


def reloaded(agent, trap, folder):
    """Save an agent, and hold what it does to what is loaded, bit for bit."""
    save(folder, record_agent(agent, trap, "ppo-s5", 5))
    planes = trap.observe(wandered(trap))
    done = acts(as_policy(str(folder), trap, 64), planes)
    np.testing.assert_array_equal(done, acts(agent, planes))
    np.testing.assert_allclose(done.sum(axis=1), np.ones(300), atol=1e-12)


@pytest.mark.parametrize("cls", all_traps().values(), ids=all_traps())
def test_reload_is_the_same_bit_for_bit(cls, tmp_path):
    trap = cls()
    reloaded(drawn(trap), trap, tmp_path / "agents" / "one")
    assert [path.name for path in (tmp_path / "agents").iterdir()] == ["one"]


def test_ensembles_are_saved_whole(tmp_path):
    reloaded(Ensemble(DOORS, [drawn(DOORS, seed) for seed in range(3)]), DOORS, tmp_path / "agent")


@pytest.mark.parametrize(("value", "size"), [(0.5, 2), (1 + 2**-20, 4), (1e6, 4)])
def test_weights_are_halves_where_these_are_exact(value, size, tmp_path):
    agent = drawn(DOORS)
    for parameter in agent.parameters():
        parameter.data.reshape(-1)[0] = value
    count = sum(parameter.numel() for parameter in agent.parameters())
    assert size * count < len(encode_weights(agent)) < size * count + 1000
    reloaded(agent, DOORS, tmp_path / "agent")


def test_saving_writes_all_or_nothing_and_names_the_folder(tmp_path, monkeypatch):
    kept, agent = tmp_path / "agent", drawn(DOORS)
    save(kept, record_agent(agent, DOORS, "ppo-s5", 5))
    with pytest.raises(FileExistsError, match="choose another"):
        save(kept, record_agent(agent, DOORS, "ppo-s6", 6))
    assert AgentRecord.load(kept / ABOUT).seed == 5
    with pytest.raises(TypeError):
        save(tmp_path / "other", record_agent(agent, DOORS, "ppo-s7", 7, about=object()))
    monkeypatch.setattr(os, "fsync", Mock(side_effect=OSError(errno.ENOSPC, "No space left")))
    with pytest.raises(OSError, match="No space left") as caught:
        save(tmp_path / "full", record_agent(agent, DOORS, "ppo-s5", 5))
    assert caught.value.filename == str(tmp_path / "full")
    assert [path.name for path in tmp_path.iterdir()] == ["agent"]
