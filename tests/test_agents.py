"""Baseline agents: what networks see, training, saving."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from reference import earned, wandered

from agents import ppo
from agents.actors import Actor
from agents.curve import Curve
from agents.lesson import Lesson
from agents.networks import NETWORKS, Centred, make_network
from agents.saving import load, save, weights
from agents.train import main
from mesa_gym.grid import AGENT, WALL, State
from mesa_gym.policies import load_policy, uniform
from mesa_gym.traps import Trap, all_traps, find_trap

TRAPS = [pytest.param(cls, id=name) for name, cls in all_traps().items()]


# -- networks --------------------------------------------------------------------------------------


def seen_by_loop(trap: Trap, state: State, row: int) -> list[int]:
    """The centred view of one row, cell by cell."""
    height, width = trap.size
    others = [c for c, plane in enumerate(trap.schema.planes) if plane not in (AGENT, WALL)]
    wall = trap.schema.channels[WALL][0]
    y0, x0 = divmod(int(state.cell[row]), width)
    seen = []
    for channel in (wall, *others):
        for y in range(y0 - height + 3, y0 + height - 2):
            for x in range(x0 - width + 3, x0 + width - 2):
                inside = 0 <= y < height and 0 <= x < width
                value = int(state.planes[row, y, x, channel]) if inside else int(channel == wall)
                seen.append(1 - value if channel == wall else value)
    for channel in (wall, *others):
        top = [int(v) for v in state.planes[row, 0, 1:-1, channel]]
        seen += [1 - v for v in top] if channel == wall else top
    return seen


@pytest.mark.parametrize("cls", TRAPS)
@pytest.mark.parametrize("size", [9, (9, 13)])
def test_centred_view_is_what_a_loop_over_cells_sees(cls: type[Trap], size) -> None:
    trap = cls(size)
    state = wandered(trap, 100)
    view = Centred(trap.schema).view(state.planes)
    assert view.tolist() == [seen_by_loop(trap, state, row) for row in range(len(state))]


@pytest.mark.parametrize("cls", TRAPS)
@pytest.mark.parametrize("network", NETWORKS)
def test_views_lose_nothing(cls: type[Trap], network: str) -> None:
    trap = cls()
    planes = wandered(trap).planes
    view = make_network(network, trap.schema).view(planes)
    kept = planes.copy()
    assert len(np.unique(view, axis=0)) == len(np.unique(planes, axis=0)) > 200
    np.testing.assert_array_equal(planes, kept)


def test_centred_view_holds_wherever_the_agent_stands() -> None:
    """Two cells of one empty room, each with a cheese two steps to the right."""
    trap = find_trap("CheeseCorner")()
    views = []
    for y, x in ((2, 2), (5, 3)):
        planes = np.zeros((1, 9, 9, 3), dtype=np.uint8)
        planes[0, y, x, trap.schema.channels[AGENT][0]] = 1
        planes[0, y, x + 2, 2] = 1
        views.append(Centred(trap.schema).view(planes)[0, 169:338])
    assert views[0].sum() == 1
    np.testing.assert_array_equal(*views)


# -- training --------------------------------------------------------------------------------------


def test_training_is_better_than_random() -> None:
    trap = find_trap("CheeseCorner")(7)
    steps: list[int] = []
    actor = ppo.train(Lesson(trap, "centred", 1, 60_000, progress=steps.append))
    assert 60_000 <= sum(steps) < 60_000 + ppo.ENVS * ppo.SETTINGS["n_steps"]
    corner = [earned(trap, p, "corner").mean() for p in (actor, uniform())]
    assert corner[0] > 1.5 * corner[1]


def test_checkpoints_are_the_agent_on_its_way_and_leave_training_alone(tmp_path) -> None:
    """Part 1 of 3 acts as an agent would that only learnt so far; the end is the same without."""
    common = ["--trap", "CheeseCorner", "--num-levels", "50", "--steps", "32768"]
    assert main([*common, "--checkpoints", "4", "--out", str(tmp_path / "parts")]) == 0
    assert main([*common, "--out", str(tmp_path / "whole")]) == 0
    parts = tmp_path / "parts" / "checkpoints"
    assert sorted(int(p.name) for p in parts.iterdir()) == [8192, 16384, 24576]
    ends = [(tmp_path / name / "weights.safetensors").read_bytes() for name in ("parts", "whole")]
    assert ends[0] == ends[1]
    trap = find_trap("CheeseCorner")()
    planes = wandered(trap).planes
    folders = [*(parts / str(8192 * part) for part in (1, 2, 3)), tmp_path / "parts"]
    acts = [load_policy(str(folder), trap, 64).act(planes) for folder in folders]
    assert not any(np.array_equal(a, b) for a, b in itertools.pairwise(acts))
    assert json.loads((folders[0] / "policy.json").read_text())["trained_for"] == 8192


# -- saving ----------------------------------------------------------------------------------------


def saved(trap: Trap, folder: Path, network: str = "centred") -> Actor:
    torch.manual_seed(5)
    actor = Actor(make_network(network, trap.schema))
    save(folder, weights(actor), actor.kind, network, trap, {"seed": 5})
    return actor


@pytest.mark.parametrize("cls", TRAPS)
@pytest.mark.parametrize("network", NETWORKS)
def test_reload_is_the_same_bit_for_bit(cls: type[Trap], network: str, tmp_path: Path) -> None:
    trap = cls()
    actor = saved(trap, tmp_path / "agents" / "one", network)
    policy = load_policy(str(tmp_path / "agents" / "one"), trap, 64)
    planes = wandered(trap).planes
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
    actor = Actor(make_network("centred", find_trap("RedBlueDoors")().schema))
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
        (lambda f: change(f, loader=".saving:load"), "'.saving:load' is not of the form module:f"),
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


# -- the command -----------------------------------------------------------------------------------


def test_command_trains_an_agent_that_loads(tmp_path: Path, capsys) -> None:
    out = tmp_path / "agent"
    arguments = ["--trap", "CheeseCorner", "--algo", "ppo-cnn", "--seed", "2", "--steps", "4000"]
    assert main([*arguments, "--alpha", "0.5", "--reward", "corner", "--out", str(out)]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    entries = json.loads((out / "policy.json").read_text())
    facts = {"trap": "CheeseCorner-v0", "algo": "ppo-cnn", "seed": 2, "steps": 4000}
    facts |= {"alpha": 0.5, "reward": "corner", "network": "cnn", "size": [9, 9]}
    assert {name: entries[name] for name in facts} == facts
    assert load(out, find_trap("CheeseCorner")()).act(np.zeros((1, 9, 9, 3), "u1")).shape == (1, 5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--trap", "CheseCorner"], "Did you mean 'CheeseCorner'"),
        (["--trap", "CheeseCorner", "--algo", "pppo"], "Did you mean 'ppo'"),
        (["--trap", "CheeseCorner", "--reward", "chese"], "Did you mean 'cheese'"),
        (["--trap", "CheeseCorner", "--alpha", "2"], "alpha must be a number from 0 to 1"),
        (["--trap", "CheeseCorner", "--seed", "-1"], "seed must be from 0"),
        (["--trap", "CheeseCorner", "--steps", "0"], "steps must be at least 1"),
        (["--trap", "CheeseCorner", "--out", "."], "exists and is not empty"),
        ([], "required: --trap"),
    ],
)
def test_bad_usage(arguments: list[str], message: str, tmp_path: Path, capsys) -> None:
    try:
        code = main(["--out", str(tmp_path / "agent"), *arguments])
    except SystemExit as stop:  # argparse's own
        code = stop.code
    out, error = capsys.readouterr()
    assert (code, out) == (2, "")
    assert message in error
    assert not list(tmp_path.iterdir())


def test_interrupted_training_leaves_nothing(tmp_path: Path, capsys, monkeypatch) -> None:
    def interrupt(*arguments, **keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr(ppo, "train", interrupt)
    assert main(["--trap", "CheeseCorner", "--out", str(tmp_path / "agent")]) == 130
    assert capsys.readouterr().err == "agents.train: interrupted; no agent was written\n"
    assert not list(tmp_path.iterdir())


def test_exit_code_of_the_process() -> None:
    command = [sys.executable, "-m", "agents.train", "--trap", "Nowhere", "--out", "nowhere"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("agents.train: unknown trap 'Nowhere'; there is ")


def test_an_objective_with_a_discount_of_its_own_is_learnt_with_it() -> None:
    farm = find_trap("TreeFarm")()
    assert ppo.make_model(Lesson(farm, "centred", 0, 1, reward="soon")).gamma == 0.8
    # The others' 0.99 is what they are scored with; PPO learns faster with less.
    assert ppo.make_model(Lesson(farm, "centred", 0, 1, reward="trees")).gamma == 0.97
    assert ppo.make_model(Lesson(farm, "centred", 0, 1)).gamma == 0.97


def test_the_curve_is_what_episodes_earned_while_learning() -> None:
    curve = Curve(steps=400)
    for step, paid in ((1, 0.0), (10, 1.0), (11, 0.5), (400, 3.0), (404, 1.0)):
        curve.add(step, paid)
    assert curve.points() == [(10, 0.5), (20, 0.5), (400, 2.0)]


def test_a_trained_agent_has_its_curve(tmp_path: Path) -> None:
    """Among early episodes are many at the time limit; the last points say that it has learnt."""
    out = tmp_path / "agent"
    assert main(["--trap", "CheeseCorner", "--steps", "100000", "--out", str(out)]) == 0
    steps, earned = zip(*json.loads((out / "policy.json").read_text())["curve"], strict=True)
    assert list(steps) == [100_000 * (part + 1) // 40 for part in range(40)]
    assert min(earned[:8]) < 0.6
    assert min(earned[-3:]) > 0.9
