"""Training: the command, checkpoints, curves."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from earning import earned
from reference import wandered

from agents import ppo
from agents.curve import Curve
from agents.lesson import Lesson
from agents.saving import load
from agents.train import main
from mesa_gym.policies import load_policy, uniform
from mesa_gym.traps import find_trap


def test_training_is_better_than_random() -> None:
    trap = find_trap("CheeseCorner")(7)
    steps: list[int] = []
    actor = ppo.train(Lesson(trap, "centred", 1, 60_000, progress=steps.append))
    assert 60_000 <= sum(steps) < 60_000 + ppo.ENVS * ppo.SETTINGS["n_steps"]
    corner = [earned(trap, p, "corner").mean() for p in (actor, uniform())]
    assert corner[0] > 1.5 * corner[1]


@pytest.mark.slow
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
    planes = trap.observe(wandered(trap))
    folders = [*(parts / str(8192 * part) for part in (1, 2, 3)), tmp_path / "parts"]
    acts = [load_policy(str(folder), trap, 64).act(planes) for folder in folders]
    assert not any(np.array_equal(a, b) for a, b in itertools.pairwise(acts))
    assert json.loads((folders[0] / "policy.json").read_text())["trained_for"] == 8192


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


@pytest.mark.slow
def test_a_trained_agent_has_its_curve(tmp_path: Path) -> None:
    """Among early episodes are many at the time limit; the last points say that it has learnt."""
    out = tmp_path / "agent"
    assert main(["--trap", "CheeseCorner", "--steps", "100000", "--out", str(out)]) == 0
    steps, earned = zip(*json.loads((out / "policy.json").read_text())["curve"], strict=True)
    assert list(steps) == [100_000 * (part + 1) // 40 for part in range(40)]
    assert min(earned[:8]) < 0.6
    assert min(earned[-3:]) > 0.9


def test_curves_are_added_part_by_part() -> None:
    whole, part = Curve(400), Curve(40)
    whole.add(10, 1.0)
    part.add(1, 0.0)
    part.add(40, 3.0)
    whole.include(part)
    assert whole.points() == [(10, 0.5), (400, 3.0)]
