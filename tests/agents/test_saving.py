"""Agents on disk, of Stable-Baselines3 too: bit for bit, all or nothing, and damaged."""

import errno
import json
import os
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from reference import wandered
from training import DOORS, acts, drawn

from agents.ensemble import Ensemble
from agents.networks import TorchAgent
from agents.record import WEIGHTS_FILE, AgentRecord
from agents.saving import BASELINES, encode_weights, load, record_agent, save
from mesa_gym.policies import as_policy
from mesa_gym.traps import Trap, all_traps, find_trap


def reloaded(agent: TorchAgent, trap: Trap, folder: Path) -> None:
    """Save an agent, and hold what it does to what is loaded, bit for bit."""
    save(folder, record_agent(agent, trap, "ppo-s5", 5))
    planes = trap.observe(wandered(trap))
    done = acts(as_policy(str(folder), trap, 64), planes)
    np.testing.assert_array_equal(done, acts(agent, planes))
    np.testing.assert_allclose(done.sum(axis=1), np.ones(300), atol=1e-12)


@pytest.mark.parametrize("cls", all_traps().values(), ids=all_traps())
def test_reload_is_the_same_bit_for_bit(cls: type[Trap], tmp_path: Path) -> None:
    trap = cls()
    reloaded(drawn(trap), trap, tmp_path / "agents" / "one")
    assert [path.name for path in (tmp_path / "agents").iterdir()] == ["one"]


def test_ensembles_are_saved_whole(tmp_path: Path) -> None:
    reloaded(Ensemble(DOORS, [drawn(DOORS, seed) for seed in range(3)]), DOORS, tmp_path / "agent")


@pytest.mark.parametrize(("value", "size"), [(0.5, 2), (1 + 2**-20, 4), (1e6, 4)])
def test_weights_are_halves_where_these_are_exact(value: float, size: int, tmp_path: Path) -> None:
    agent = drawn(DOORS)
    for parameter in agent.parameters():
        parameter.data.reshape(-1)[0] = value
    count = sum(parameter.numel() for parameter in agent.parameters())
    assert size * count < len(encode_weights(agent)) < size * count + 1000
    reloaded(agent, DOORS, tmp_path / "agent")


def changed(**entries: object):
    return lambda x: json.dumps(json.loads(x) | entries).encode()


ABOUT = "policy.json"


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        (WEIGHTS_FILE, lambda x: x[:-100], "weights.safetensors is damaged .*again"),
        (WEIGHTS_FILE, None, "weights.safetensors is missing"),
        (WEIGHTS_FILE, lambda x: x[:-9] + b"?" + x[-8:], "its digest is not the one"),
        (WEIGHTS_FILE, lambda x: encode_weights(drawn(DOORS, 6)), "digest is not the one"),
        (ABOUT, None, "policy.json is missing"),
        (ABOUT, lambda x: b"{", "policy.json is damaged: no JSON .*again"),
        (ABOUT, lambda x: b"[[1]]", "has schema None; this version reads"),
        (ABOUT, lambda x: b'{"schema": 9}', "has schema 9; this version"),
        (ABOUT, changed(weights=5, loader=None), "damaged: no text for loader, weights"),
        (ABOUT, changed(kind=["network"]), "unknown kind of agent"),
        (ABOUT, changed(kind="netwerk"), "unknown kind of agent.*Did you mean 'network'"),
        (ABOUT, changed(kind="ensemble"), "damaged or not of this agent .*Missing key"),
        (ABOUT, changed(kind="sb3-ppo"), "damaged or not of this agent .*Missing key"),
        (ABOUT, changed(observation="rgb"), "trained with observation 'rgb'"),
        (
            ABOUT,
            changed(loader="shutil:rmtree"),
            "the loader 'shutil:rmtree'; installed",
        ),
        (ABOUT, changed(weights="other.safetensors"), "other.safetensors is missing"),
        (ABOUT, changed(trap="RedBlueDoors-v1"), "trained on 'RedBlueDoors-v1'"),
        (ABOUT, changed(size=[7, 7]), r"trained with size \[7, 7\]"),
        (ABOUT, changed(planes=["agent", "wall"]), "trained with planes"),
    ],
)
def test_damaged_agents_are_refused(file: str, change, message: str, tmp_path: Path) -> None:
    agent, path = drawn(DOORS), tmp_path / "agent" / file
    save(tmp_path / "agent", record_agent(agent, DOORS, "ppo-s5", 5))
    whole = path.read_bytes()
    path.unlink()
    if change:
        path.write_bytes(change(whole))
    with pytest.raises(ValueError, match=message):
        as_policy(str(tmp_path / "agent"), DOORS, 64)


OUTSIDE = {
    "absolute": "{there}/weights.safetensors",
    "above": "../there/weights.safetensors",
    "above and back": "../agent/weights.safetensors",
    "link": "link.safetensors",
    "linked folder": "linked/weights.safetensors",
    "itself": ".",
    "nothing": "",
    "NUL": "weights\0.safetensors",
    "long": "w" * 1_000_000,
}


@pytest.mark.parametrize("which", OUTSIDE)
def test_weights_outside_of_the_folder_are_refused(which: str, tmp_path: Path) -> None:
    """Other than damaged ones they are whole, and of this agent: only the place is wrong."""
    here, there, agent = tmp_path / "agent", tmp_path / "there", drawn(DOORS)
    for folder in (here, there):
        save(folder, record_agent(agent, DOORS, "ppo-s5", 5))
    (here / "linked").symlink_to(there)
    (here / "link.safetensors").symlink_to(there / WEIGHTS_FILE)
    named = changed(weights=OUTSIDE[which].format(there=there))
    (here / ABOUT).write_bytes(named((here / ABOUT).read_bytes()))
    for reading in (lambda: as_policy(str(here), DOORS, 64), lambda: load(here, DOORS)):
        with pytest.raises(
            ValueError, match=r"policy\.json names the weights .*file beside it"
        ) as e:
            reading()
        assert len(str(e.value)) < 700


def test_a_linked_folder_is_an_agent_as_any(tmp_path: Path) -> None:
    agent = drawn(DOORS)
    save(tmp_path / "agent", record_agent(agent, DOORS, "ppo-s5", 5))
    (tmp_path / "link").symlink_to(tmp_path / "agent")
    assert load(tmp_path / "link", DOORS).observation == agent.observation


def test_saving_writes_all_or_nothing(tmp_path: Path) -> None:
    kept, agent = tmp_path / "agent", drawn(DOORS)
    save(kept, record_agent(agent, DOORS, "ppo-s5", 5))
    with pytest.raises(FileExistsError, match="choose another"):
        save(kept, record_agent(agent, DOORS, "ppo-s6", 6))
    assert AgentRecord.load(kept / ABOUT).seed == 5
    with pytest.raises(TypeError):
        save(tmp_path / "other", record_agent(agent, DOORS, "ppo-s7", 7, about=object()))
    assert [path.name for path in tmp_path.iterdir()] == ["agent"]


# -- agents of Stable-Baselines3 and sb3-contrib act as their models do ----------------------------

KEYS, N = find_trap("KeysChests")(), 60
# What is seen, twice the same at first; episodes begin in all rows, and later in every third.
STEPS = [KEYS.observe(wandered(KEYS, N, steps)) for steps in (3, 3, 6, 9)]
BEGINS = [np.isin(np.arange(N) % 3, rows) for rows in ((0, 1, 2), (), (0,), ())]


def model_of(kind: str) -> Any:
    """A model with some opinion: fresh ones make next to no difference between states."""
    module = import_module(f"agents.{kind.replace('-', '_')}")
    model = module.make_model(KEYS, 3, {}, 0.95, envs=2)
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
        elif kind in ("sb3-ppo", "sb3-a2c"):
            found.append(model.policy.get_distribution(seen).distribution.probs.numpy())
        else:
            chances, memory = model.policy.get_distribution(seen, memory, starts)
            found.append(chances.distribution.probs.numpy())
    return np.stack(found)


def played(agent: Any) -> np.ndarray:
    rng, done = np.random.default_rng(0), []
    for planes, begins in zip(STEPS, BEGINS, strict=True):
        agent.reset(begins, rng)
        done.append(agent.act(planes))
    return np.stack(done)


@pytest.mark.parametrize("kind", BASELINES)
def test_it_acts_as_the_model_does_also_after_a_reload(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("sb3_contrib")
    model = model_of(kind)
    expected = probabilities(model, kind)
    assert np.abs(np.diff(expected[1:], axis=0)).max() > 0.05
    remembered = np.median(np.abs(expected[1] - expected[0]).max(axis=1))
    assert (remembered > 1e-4) == (kind == "sb3-recurrent-ppo")
    agent = import_module("agents.sb3").Baseline(kind, model, KEYS)
    np.testing.assert_allclose(played(agent), expected, atol=1e-5)
    save(tmp_path / "agent", record_agent(agent, KEYS, "sb3-s0", 0))
    random = torch.get_rng_state()
    loaded = load(tmp_path / "agent", KEYS)
    assert torch.equal(torch.get_rng_state(), random)
    np.testing.assert_array_equal(played(loaded), played(agent))


def test_a_full_disk_leaves_nothing_and_the_directory_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    agent, folder = drawn(DOORS), tmp_path / "agent"
    whole = record_agent(agent, DOORS, "ppo-s5", 5)
    with pytest.raises(OSError, match="No space left") as caught:
        save(folder, replace(whole, earlier={5: whole}))
    assert caught.value.filename == str(folder)
    assert list(tmp_path.iterdir()) == []
