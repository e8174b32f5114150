"""Agents on disk: bit for bit, all or nothing, and refused where they are damaged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from reference import wandered

from agents.actors import Actor
from agents.networks import NETWORKS, make_network
from agents.saving import save, weights
from mesa_gym.policies import load_policy
from mesa_gym.traps import Trap, all_traps, find_trap

TRAPS = [pytest.param(cls, id=name) for name, cls in all_traps().items()]


def saved(trap: Trap, folder: Path, network: str = "centred") -> Actor:
    torch.manual_seed(5)
    actor = Actor(make_network(network, trap))
    save(folder, weights(actor), actor.kind, network, trap, {"seed": 5})
    return actor


@pytest.mark.parametrize("cls", TRAPS)
@pytest.mark.parametrize("network", NETWORKS)
def test_reload_is_the_same_bit_for_bit(cls: type[Trap], network: str, tmp_path: Path) -> None:
    trap = cls()
    actor = saved(trap, tmp_path / "agents" / "one", network)
    policy = load_policy(str(tmp_path / "agents" / "one"), trap, 64)
    planes = trap.observe(wandered(trap))
    probabilities = policy.act(planes)
    np.testing.assert_array_equal(probabilities, actor.act(planes))
    assert probabilities.shape == (300, 5)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-12)
    assert [path.name for path in (tmp_path / "agents").iterdir()] == ["one"]


def break_weights(folder: Path) -> None:
    weights = folder / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


def flip_a_weight(folder: Path) -> None:
    weights = folder / "weights.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1000] ^= 1
    weights.write_bytes(data)


def swap_weights(folder: Path) -> None:
    """Weights of the same shapes, of an agent that learnt something else."""
    torch.manual_seed(6)
    actor = Actor(make_network("centred", find_trap("RedBlueDoors")()))
    (folder / "weights.safetensors").write_bytes(weights(actor))


def change(folder: Path, **entries: object) -> None:
    path = folder / "policy.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (break_weights, "weights.safetensors is damaged .*train or copy the agent again"),
        (lambda f: (f / "weights.safetensors").unlink(), "weights.safetensors is missing"),
        (lambda f: (f / "policy.json").unlink(), "policy.json is missing"),
        (flip_a_weight, "weights.safetensors is damaged .*its digest is not the one"),
        (swap_weights, "weights.safetensors is damaged .*its digest is not the one"),
        (lambda f: (f / "policy.json").write_text("{"), "policy.json is damaged: no JSON .*again"),
        (lambda f: (f / "policy.json").write_text("[[1]]"), "has schema None; this version reads"),
        (lambda f: (f / "policy.json").write_text('{"schema": 2}'), "has schema 2; this version"),
        (lambda f: change(f, weights=5, loader=None), "damaged: no text for loader, weights"),
        (lambda f: change(f, network=["cnn"]), "unknown network"),
        (lambda f: change(f, observation="rgb"), "trained with observation 'rgb'"),
        (lambda f: change(f, loader="shutil:rmtree"), "the loader 'shutil:rmtree'; expected"),
        (lambda f: change(f, weights="../weights"), "weights is missing"),
        (lambda f: change(f, network="cnn"), "not of this agent .*size mismatch|Missing key"),
        (lambda f: change(f, network="centered"), "unknown network 'centered'.*Did you mean"),
        (lambda f: change(f, trap="RedBlueDoors-v1"), "trained on 'RedBlueDoors-v1'"),
        (lambda f: change(f, size=[7, 7]), r"trained with size \[7, 7\]"),
        (lambda f: change(f, parameters={"colour_planes": 2}), "trained with parameters"),
    ],
)
def test_damaged_agents_are_refused(damage, message: str, tmp_path: Path) -> None:
    trap = find_trap("RedBlueDoors")()
    saved(trap, tmp_path / "agent")
    damage(tmp_path / "agent")
    with pytest.raises(ValueError, match=message):
        load_policy(str(tmp_path / "agent"), trap, 64)


def test_saving_writes_all_or_nothing(tmp_path: Path) -> None:
    trap = find_trap("RedBlueDoors")()
    actor = saved(trap, tmp_path / "agent")
    with pytest.raises(FileExistsError, match="choose another"):
        save(tmp_path / "agent", weights(actor), actor.kind, "centred", trap, {"seed": 6})
    assert json.loads((tmp_path / "agent" / "policy.json").read_text())["seed"] == 5
    with pytest.raises(TypeError):
        save(tmp_path / "other", weights(actor), actor.kind, "centred", trap, {"seed": object()})
    assert [path.name for path in tmp_path.iterdir()] == ["agent"]
