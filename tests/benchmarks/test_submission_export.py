"""Submissions are made of trained agents, SB3 models and traces, and read back."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from agents.networks import Centred, Network, fresh
from agents.saving import save, weights
from benchmarks.isolation.onnx_policy import OnnxPolicy
from benchmarks.submissions.export import main
from benchmarks.submissions.format import Submission, Weights
from mesa_gym import make_sb3
from mesa_gym.envs.observations import make_observation
from mesa_gym.scoring import Trace, record
from mesa_gym.traps import Split, find_trap

CORNER = "CheeseCorner-v0"
TRAP = find_trap(CORNER)()
MODELS = ["PPO Mlp planes", "PPO Cnn rgb", "A2C Mlp symbolic", "TRPO Mlp local"]
MODELS += ["DQN Mlp planes", "QRDQN Mlp planes"]
ABOUT = ["--name", "mine", "--description", "PPO", "--authors", "A. B.", "C. D."]


def agent(folder: Path, seed: int, alpha: float = 0.0, trap=TRAP) -> Path:
    network = Network(trap, fresh(Centred(trap).count, (seed,)))
    save(folder, weights(network), network.kind, trap, {"seed": seed, "alpha": alpha})
    return folder


def export(out: Path, *arguments: object) -> int:
    return main([*map(str, arguments), *ABOUT, "--out", str(out)])


def test_trained_agents_are_exported_and_added(tmp_path: Path, capsys) -> None:
    folders = [agent(tmp_path / f"a{seed}", seed) for seed in range(3)]
    out = tmp_path / "out"
    assert export(out, "--agents", *folders[:2]) == 0
    assert export(out, "--agents", folders[2]) == 0
    submission = Submission.load(out)
    assert submission.about.authors == ["A. B.", "C. D."]
    file = f"{CORNER}/s2/weights.safetensors"
    assert submission.agents[2] == Weights(CORNER, 2, file, "network")
    assert [a.seed for a in submission.agents] == [0, 1, 2]
    for each, folder in zip(submission.agents, folders, strict=True):
        assert each.read(out) == (folder / "weights.safetensors").read_bytes()
    assert export(out, "--agents", folders[2]) == 2
    assert f"seed 2 of {CORNER} is there 2 times" in capsys.readouterr().err
    assert Submission.load(out) == submission


def test_alpha_is_what_the_agents_say(tmp_path: Path, capsys) -> None:
    folders = [agent(tmp_path / f"a{alpha}", 0, alpha) for alpha in (0.03, 0.0)]
    assert export(tmp_path / "out", "--agents", folders[0]) == 0
    assert Submission.load(tmp_path / "out").about.alpha == 0.03
    assert export(tmp_path / "two", "--agents", *folders) == 2
    assert "trained with alpha 0.0, and the submission says 0.03" in capsys.readouterr().err
    assert export(tmp_path / "two", "--agents", folders[0], "--alpha", "0") == 2
    assert not (tmp_path / "two").exists()


def test_traces_are_exported(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.trace" for number in range(3)]
    for file, trap in zip(files, [CORNER, CORNER, "CoinRun-v0"], strict=True):
        record("random", trap, 2, name=file.stem).save(file)
    assert export(tmp_path / "out", "--traces", *files) == 0
    agents = Submission.load(tmp_path / "out").agents
    assert [(a.trap, a.seed) for a in agents] == [(CORNER, 0), (CORNER, 1), ("CoinRun-v0", 0)]
    again, actions = (
        trace.plays["test"].actions
        for trace in (agents[1].trace(tmp_path / "out"), Trace.load(files[1]))
    )
    np.testing.assert_array_equal(again, actions)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("--sb3 x.zip", "--sb3 needs --algo, --trap and --seed"),
        ("--agents nowhere", "holds no trained agent"),
        ("--agents greatest", "<= 999999999"),
        ("--traces agent.json", "is not an action trace"),
        ("--traces seed5.trace", "recorded with seed 5 of the sampling; record it with seed 0"),
        ("--agents . --name ppo", "cannot be taken: it is that of a baseline"),
        ("--agents . --description \x1b", "description is"),
        ("", "one of the arguments --agents --sb3 --traces is required"),
    ],
)
def test_bad_usage(arguments: str, told: str, tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "agent.json").write_text("{}")
    record("stay", CORNER, 2, seed=5).save("seed5.trace")
    agent(tmp_path / "greatest", 2**32 - 1)  # which no board could read
    try:
        code = main([*ABOUT, "--out", "out", *filter(None, arguments.split(" "))])
    except SystemExit as stop:
        code = stop.code
    assert code == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_nothing_else_is_overwritten(tmp_path: Path, capsys) -> None:
    folder = agent(tmp_path / "a", 0)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("x")
    assert export(tmp_path / "out", "--agents", folder) == 2
    assert "exists and is not a submission" in capsys.readouterr().err
    assert export(tmp_path / "mine", "--agents", folder) == 0
    before = Submission.load(tmp_path / "mine")
    theirs = ["--name", "theirs", *ABOUT[2:], "--out", str(tmp_path / "mine")]
    assert main(["--agents", str(folder), *theirs]) == 2
    assert "holds another submission" in capsys.readouterr().err
    assert Submission.load(tmp_path / "mine") == before


@pytest.mark.slow
@pytest.mark.parametrize("kind", MODELS)
def test_models_of_sb3_are_exported_to_the_same_answers(kind: str, tmp_path: Path) -> None:
    from mesa_gym.policies.loading import ALGORITHMS
    from mesa_gym.policies.sb3 import from_model

    algo, network, observation = kind.split()
    keywords = {"buffer_size": 100} if "DQN" in algo else {}
    envs = make_sb3(f"MesaGym/{CORNER}", 2, observation=observation, seed=0)
    cls = getattr(import_module(ALGORITHMS[algo]), algo)
    model = cls(f"{network}Policy", envs, seed=0, **keywords)
    model.save(tmp_path / "model.zip")
    file, out = tmp_path / "model.zip", tmp_path / "out"
    assert export(out, "--sb3", file, "--algo", algo, "--trap", "CheeseCorner", "--seed", 4) == 0
    (entry,) = Submission.load(out).agents
    assert (entry.trap, entry.seed, entry.kind) == (CORNER, 4, "onnx")
    graph = OnnxPolicy(entry.read(out), observation, TRAP)
    levels = TRAP.levels(Split.SHIFT, np.arange(1000, 1100))
    seen = make_observation(TRAP, observation).encode(levels)
    np.testing.assert_allclose(graph.act(seen), from_model(model, TRAP).act(seen), atol=1e-4)


@pytest.mark.slow
def test_models_that_cannot_be_exported(tmp_path: Path, capsys) -> None:
    from sb3_contrib import RecurrentPPO

    envs = make_sb3(f"MesaGym/{CORNER}", 2, seed=0)
    RecurrentPPO("MlpLstmPolicy", envs, n_steps=8, seed=0).save(tmp_path / "model.zip")
    for algo, told in {
        "RecurrentPPO": "remembers, and a graph would not; submit what it did",
        "DQN": "cannot be loaded by DQN",
        "PPP": "Did you mean 'PPO'",
    }.items():
        arguments = ["--algo", algo, "--trap", "CheeseCorner", "--seed", 0]
        assert export(tmp_path / "out", "--sb3", tmp_path / "model.zip", *arguments) == 2
        assert told in capsys.readouterr().err
