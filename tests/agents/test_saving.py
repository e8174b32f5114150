"""Agents on disk: bit for bit, all or nothing, and refused where they are damaged."""

import json
from pathlib import Path

import numpy as np
import pytest
from reference import wandered
from training import DOORS, acts, drawn

from agents.ensemble import Ensemble
from agents.networks import Agent
from agents.saving import WEIGHTS_FILE, save, weights
from mesa_gym.policies import load_policy
from mesa_gym.traps import Trap, all_traps


def reloaded(agent: Agent, trap: Trap, folder: Path) -> None:
    """Save an agent, and hold what it does to what is loaded, bit for bit."""
    save(folder, weights(agent), agent.kind, trap, {"seed": 5})
    planes = trap.observe(wandered(trap))
    done = acts(load_policy(str(folder), trap, 64), planes)
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
    assert size * count < len(weights(agent)) < size * count + 1000
    reloaded(agent, DOORS, tmp_path / "agent")


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
        (lambda f: edit_weights(f, lambda x: weights(drawn(DOORS, 6))), "digest is not the one"),
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
    agent = drawn(DOORS)
    save(tmp_path / "agent", weights(agent), agent.kind, DOORS, {"seed": 5})
    damage(tmp_path / "agent")
    with pytest.raises(ValueError, match=message):
        load_policy(str(tmp_path / "agent"), DOORS, 64)


def test_saving_writes_all_or_nothing(tmp_path: Path) -> None:
    kept, trained = tmp_path / "agent", weights(drawn(DOORS))
    save(kept, trained, "network", DOORS, {"seed": 5})
    with pytest.raises(FileExistsError, match="choose another"):
        save(kept, trained, "network", DOORS, {"seed": 6})
    assert json.loads((kept / "policy.json").read_text())["seed"] == 5
    with pytest.raises(TypeError):
        save(tmp_path / "other", trained, "network", DOORS, {"seed": object()})
    assert [path.name for path in tmp_path.iterdir()] == ["agent"]
