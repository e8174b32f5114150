"""Agents on disk: bit for bit, all or nothing, and refused where they are damaged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from reference import wandered

from agents.networks import Centred, Network, fresh
from agents.saving import WEIGHTS_FILE, save, weights
from mesa_gym.policies import load_policy
from mesa_gym.traps import Trap, all_traps, find_trap

TRAPS = [pytest.param(cls, id=name) for name, cls in all_traps().items()]
DOORS = find_trap("RedBlueDoors")()


def drawn(trap: Trap, seed: int = 5) -> Network:
    return Network(trap, fresh(Centred(trap).count, (seed,)))


def saved(trap: Trap, folder: Path) -> Network:
    agent = drawn(trap)
    save(folder, weights(agent), agent.kind, trap, {"seed": 5})
    return agent


@pytest.mark.parametrize("cls", TRAPS)
def test_reload_is_the_same_bit_for_bit(cls: type[Trap], tmp_path: Path) -> None:
    trap = cls()
    agent = saved(trap, tmp_path / "agents" / "one")
    policy = load_policy(str(tmp_path / "agents" / "one"), trap, 64)
    planes = trap.observe(wandered(trap))
    probabilities = policy.act(planes)
    np.testing.assert_array_equal(probabilities, agent.act(planes))
    assert probabilities.shape == (300, 5)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-12)
    assert [path.name for path in (tmp_path / "agents").iterdir()] == ["one"]


@pytest.mark.parametrize(("value", "size"), [(0.5, 2), (1 + 2**-20, 4), (1e6, 4)])
def test_weights_are_halves_where_these_are_exact(value: float, size: int, tmp_path: Path) -> None:
    agent = drawn(DOORS)
    for parameter in agent.parameters():
        parameter.data.reshape(-1)[0] = value
    data = weights(agent)
    count = sum(parameter.numel() for parameter in agent.parameters())
    assert size * count < len(data) < size * count + 1000
    save(tmp_path / "agent", data, agent.kind, DOORS, {})
    planes = DOORS.observe(wandered(DOORS))
    reloaded = load_policy(str(tmp_path / "agent"), DOORS, 64).act(planes)
    np.testing.assert_array_equal(reloaded, agent.act(planes))


def edit_weights(folder: Path, change) -> None:
    (folder / WEIGHTS_FILE).write_bytes(change((folder / WEIGHTS_FILE).read_bytes()))


def change(folder: Path, **entries: object) -> None:
    path = folder / "policy.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: edit_weights(f, lambda x: x[:-100]), "weights.safetensors is damaged .*again"),
        (lambda f: (f / WEIGHTS_FILE).unlink(), "weights.safetensors is missing"),
        (lambda f: (f / "policy.json").unlink(), "policy.json is missing"),
        (lambda f: edit_weights(f, lambda x: x[:-9] + b"?" + x[-8:]), "its digest is not the one"),
        # Weights of the same shapes, of an agent that learnt something else.
        (
            lambda f: edit_weights(f, lambda x: weights(drawn(DOORS, 6))),
            "its digest is not the one",
        ),
        (lambda f: (f / "policy.json").write_text("{"), "policy.json is damaged: no JSON .*again"),
        (lambda f: (f / "policy.json").write_text("[[1]]"), "has schema None; this version reads"),
        (lambda f: (f / "policy.json").write_text('{"schema": 9}'), "has schema 9; this version"),
        (lambda f: change(f, weights=5, loader=None), "damaged: no text for loader, weights"),
        (lambda f: change(f, kind=["network"]), "unknown kind of agent"),
        (lambda f: change(f, kind="netwerk"), "unknown kind of agent.*Did you mean 'network'"),
        (lambda f: change(f, kind="ensemble"), "damaged or not of this agent .*Missing key"),
        (lambda f: change(f, kind="sb3-ppo"), "damaged or not of this agent .*Missing key"),
        (lambda f: change(f, observation="rgb"), "trained with observation 'rgb'"),
        (lambda f: change(f, loader="shutil:rmtree"), "the loader 'shutil:rmtree'; expected"),
        (lambda f: change(f, weights="../weights"), "weights is missing"),
        (lambda f: change(f, trap="RedBlueDoors-v1"), "trained on 'RedBlueDoors-v1'"),
        (lambda f: change(f, size=[7, 7]), r"trained with size \[7, 7\]"),
        (lambda f: change(f, parameters={"colour_planes": 2}), "trained with parameters"),
    ],
)
def test_damaged_agents_are_refused(damage, message: str, tmp_path: Path) -> None:
    saved(DOORS, tmp_path / "agent")
    damage(tmp_path / "agent")
    with pytest.raises(ValueError, match=message):
        load_policy(str(tmp_path / "agent"), DOORS, 64)


def test_saving_writes_all_or_nothing(tmp_path: Path) -> None:
    agent = saved(DOORS, tmp_path / "agent")
    with pytest.raises(FileExistsError, match="choose another"):
        save(tmp_path / "agent", weights(agent), agent.kind, DOORS, {"seed": 6})
    assert json.loads((tmp_path / "agent" / "policy.json").read_text())["seed"] == 5
    with pytest.raises(TypeError):
        save(tmp_path / "other", weights(agent), agent.kind, DOORS, {"seed": object()})
    assert [path.name for path in tmp_path.iterdir()] == ["agent"]
