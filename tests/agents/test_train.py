"""The training of every algorithm, the command, and agents that are saved."""

import errno
import json
import os
import re
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from agents import ppo
from agents.config import ALGORITHMS, Run
from agents.loop import TrainedAgent, TrainingLook
from agents.saving import describe_training, save
from agents.train import Printer, main, train_many
from mesa_gym import scoring
from mesa_gym.policies import as_policy
from mesa_gym.policies.loading import name_policy
from mesa_gym.trained.record import AgentRecord
from mesa_gym.trained.tensors import encode_weights
from tests.support.parameters import few
from tests.support.reference import wandered
from tests.support.training import CORNER, acts, drawn, small, train_weights

PLANES = CORNER.observe(wandered(CORNER, 100))
OWN = ["--trap", "CheeseCorner"]
SMALL = ["--num-levels", "50", "--environments", "16", "--rollout-length", "16"]
OURS = [name for name in ALGORITHMS if not name.startswith("sb3")]


@pytest.mark.parametrize("algo", few(ALGORITHMS, "ppo", thorough=OURS))
def test_algorithm_with_equal_seed_gives_equal_weights(algo, tmp_path):
    run = small(algo)
    one, other = train_many(run, (1, 2))
    assert train_weights(run) == one.weights != other.weights
    for record in (one.record, other.record):
        assert record.steps >= run.steps
        assert all(0 < at <= record.steps and 0 <= earned <= 1 for at, earned in record.curve)
    save(tmp_path / "agent", one)
    loaded = as_policy(str(tmp_path / "agent"), CORNER, 64)
    assert (loaded.kind, one.record.name) == (run.algorithm.kind, f"{run.name[:-1]}1")
    assert encode_weights(loaded.weights) == one.weights
    np.testing.assert_allclose(acts(loaded, PLANES).sum(axis=1), np.ones(100), atol=1e-6)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("algo", ALGORITHMS)
def test_algorithms_become_competent(algo):
    (trained,) = train_many(Run("CheeseCorner", algo, steps=300_000), (0,))
    made = ALGORITHMS[algo].kind, trained.weights
    from mesa_gym.trained.loading import make_agent, make_network
    from mesa_gym.trained.tensors import decode_weights

    agent = make_agent(make_network(made[0], CORNER), decode_weights(made[1]))
    card = scoring.score(agent, CORNER, levels=300)
    assert card.read_each("test", "normalized_return")["cheese"] >= 0.9


def test_command_trains_an_agent_that_loads(tmp_path, capsys):
    out = tmp_path / "agent"
    arguments = "--seed 2 --steps 2500 --reward corner --learning-rate 0.004"
    assert main([*OWN, *arguments.split(), *SMALL, "--out", str(out)]) == 0
    head, *lines, able, seconds, told = capsys.readouterr().out.splitlines()
    assert head.split() == ["seed", "steps", "return", "test", "|", "base", "proxy"]
    assert [line.split()[:2] for line in lines] == [["2", f"{256 * i:,}"] for i in range(1, 11)]
    assert able.startswith("seed 2 reaches base on 0.")
    assert able.endswith("of test levels, which is less than 0.9: train longer, with --steps 5120")
    assert (seconds.endswith(" seconds"), told) == (True, str(out))
    entries = json.loads((out / "policy.json").read_text())
    facts = {"trap": "CheeseCorner-v0", "algo": "ppo", "seed": 2, "steps": 2560, "alpha": 0.0}
    facts |= {"reward": "corner", "num_levels": 50, "kind": "network", "size": [9, 9]}
    facts["settings"] = {"learning_rate": 0.004, "environments": 16, "rollout_length": 16}
    assert {name: entries[name] for name in facts} == facts
    shown = [
        f"{test:5.2f} | {base:5.2f} {proxy:5.2f}" for _, _, test, base, proxy in entries["looks"]
    ]
    assert [line[-len(shown[0]) :] for line in lines] == shown
    assert entries["curve"][-1][0] == entries["looks"][-1][0] == 2560  # ten whole rollouts
    name = "ppo-corner-learning-rate0.004-environments16-rollout-length16-s2"
    assert name_policy(str(out)) == name
    assert "--steps 2500" in entries["command"]
    repeated = entries["command"].removeprefix("python -m agents.train ").split()
    assert main([*repeated, "--quiet", "--out", str(tmp_path / "again")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'again'}\n"
    files = [tmp_path / name / "weights.safetensors" for name in ("agent", "again")]
    assert files[0].read_bytes() == files[1].read_bytes()  # with and without looks


def test_command_trains_many_seeds(tmp_path, capsys):
    asked = [*OWN, "--steps", "512", *SMALL, "--quiet", "--out", str(tmp_path / "a")]
    assert main([*asked, "--seeds", "0-2"]) == 0
    found = sorted((tmp_path / "a").iterdir())
    ends = [path.name.removeprefix("ppo-environments16-rollout-length16-") for path in found]
    assert ends == ["s0", "s1", "s2"]
    assert [path.joinpath("weights.safetensors").read_bytes() for path in found] == train_weights(
        small(), 0, 1, 2
    )
    assert [AgentRecord.load(path / ABOUT).seed for path in found] == [0, 1, 2]


def test_printer_says_that_levels_are_solved(capsys):
    for algo, alpha in (("taught", 0.0), ("taught", 0.1), ("ppo", 0.1)):
        Printer(small(algo, alpha=alpha))
    assert capsys.readouterr().out.splitlines() == [
        "taught first solves up to 50 levels",
        "taught first solves up to 100 levels",
    ]


def test_printer_averages_seeds_and_concludes(capsys):
    printer = Printer(Run("CheeseCorner", steps=1000))
    for steps in (512, 1024):  # rounded up to rollouts
        looks = [TrainingLook(steps, 0.5, 0.898, 0.1, 0.6), TrainingLook(steps, 1.0, 1, 0.3, 0.5)]
        printer([3, 4], looks)
    printer.conclude()
    lines = capsys.readouterr().out.splitlines()
    assert [" ".join(line.split()) for line in lines[1:3]] == [
        "3-4 512 0.75 0.95 | 0.20 0.55", "3-4 1,024 0.75 0.95 | 0.20 0.55"]  # fmt: skip
    assert lines[3:5] == [
        "seed 3 reaches base on 0.898 of test levels, which is less than 0.9: train longer, with"
        " --steps 2048",
        "seed 4 reaches base on 1.000 of test levels: ready to score",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--trap CheseCorner", "Did you mean 'CheeseCorner'"),
        ("--algo pppo", "Did you mean 'ppo'"),
        ("--reward chese", "Did you mean 'cheese'"),
        ("--alpha 2", "alpha must be a number from 0 to 1"),
        ("--seed -1", "seed must be from 0"),
        ("--steps 0", "steps must be at least 1, got 0"),
        ("--num-levels 0", "num_levels must be"),
        ("--out .", "exists and is not empty"),
        ("--epochs 0", "epochs must be a whole number of at least 1, got 0"),
        ("--epochs 1.5", "argument --epochs: invalid int value: '1.5'"),
        ("--learning-rate 0", "learning_rate must be a number above 0 and at most 1, got 0.0"),
        ("--discount 1.01", "discount must be a number from 0 to 1, got 1.01"),
        ("--environments 0", "environments must be a whole number of at least 1, got 0"),
        ("--environments 1 --rollout-length 7", "minibatches must be at most 3 here"),
        ("--algo sb3-ppo --epochs 2", "sb3-ppo does not take the setting epochs; it is for ppo, "),
        ("--device gpuu:1", "device 'gpuu:1' is not here; JAX has cpu"),
        ("--seeds 3-1", "expected a range of seeds such as 0-63, got '3-1'"),
        ("--trap CheeseCorner rho=1", "unknown parameter of CheeseCorner 'rho'"),
        ("--algo taught --trap MonsterWorld", "has no exact solver"),
        ("--algo taught --trap TreeFarm", "its rules draw outcomes"),
        ("--algo taught --entropy 0.1", "taught does not take the setting entropy; it is for ppo,"),
        ("--algo taught-gru --clip 0.1", "taught-gru does not take the setting clip; it is for "),
    ],
)
def test_train_with_bad_usage_exits_2(arguments, message, tmp_path, capsys):
    try:
        code = main([*OWN, "--out", str(tmp_path / "agent"), *arguments.split()])
    except SystemExit as stop:  # argparse's own
        code = stop.code
    out, error = capsys.readouterr()
    assert (code, out) == (2, "")
    assert message in error
    assert not list(tmp_path.iterdir())


def test_interrupted_training_leaves_nothing(tmp_path, capsys, monkeypatch):
    def interrupt(*arguments, **keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr(ppo, "train", interrupt)
    assert main([*OWN, "--out", str(tmp_path / "agent")]) == 130
    assert "interrupted; no agent was written\n" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


ABOUT = "policy.json"


def describe(seed, **versions):
    """An agent of drawn weights, as a training gives it."""
    trained = TrainedAgent(512)
    trained.agent = drawn(CORNER)
    return describe_training(Run("CheeseCorner", seed=seed), trained, versions)


def test_save_that_fails_leaves_the_old_folder(tmp_path, monkeypatch):
    kept = tmp_path / "agents" / "one"
    save(kept, describe(5))
    with pytest.raises(FileExistsError, match="choose another"):
        save(kept, describe(6))
    assert AgentRecord.load(kept / ABOUT).seed == 5
    with pytest.raises(TypeError):
        save(kept.with_name("other"), describe(7, jax=object()))
    monkeypatch.setattr(os, "fsync", Mock(side_effect=OSError(errno.ENOSPC, "No space left")))
    with pytest.raises(OSError, match="No space left") as caught:
        save(kept.with_name("full"), describe(5))
    assert caught.value.filename == str(kept.with_name("full"))
    assert [path.name for path in kept.parent.iterdir()] == ["one"]


# -- what docs/train.md says -----------------------------------------------------------------------

PAGE = Path(__file__).parents[2] / "docs" / "train.md"


@pytest.mark.thorough
def test_page_example_of_a_loss_trains(tmp_path, monkeypatch, capsys):
    """The page's file and command are run unchanged, on a small training."""
    section = (
        PAGE.read_text("utf-8").partition("## A loss term of your own")[2].partition("\n## ")[0]
    )
    code, command = re.findall(r"^```(?:python)?\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    (tmp_path / "mine.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    asked = command.removeprefix("python -m agents.train ").split()
    assert main([*asked, "--num-levels", "50", "--steps", "600", "--quiet"]) == 0
    record = AgentRecord.load(Path(asked[asked.index("--out") + 1], ABOUT))
    assert (record.algo, record.about) == ("sparse", "PPO that is to use few inputs.")
