"""Submissions are made of trained agents, SB3 models and traces, and read back."""

import numpy as np
import pytest
from graphs import CELLS, CORNER, linear

from agents.saving import record_agent, save
from benchmarks.submissions import export as exporting
from benchmarks.submissions.commands import main
from benchmarks.submissions.format import Onnx, Submission, Weights
from mesa_gym.scoring import record
from mesa_gym.trained.inputs import CentredInputs
from mesa_gym.trained.networks import Network
from mesa_gym.trained.stacks import draw_stack
from mesa_gym.traps import find_trap

TRAP = find_trap(CORNER)()
ABOUT = ["--name", "mine", "--description", "PPO", "--authors", "A. B.", "C. D."]


def agent(folder, seed, alpha=0.0):
    network = Network(TRAP, draw_stack(CentredInputs(TRAP).count, (seed,)))
    save(folder, record_agent(network, TRAP, f"ppo-s{seed}", seed, alpha=alpha))
    return folder


@pytest.fixture
def export(tmp_path, capsys):
    """Return a function that exports into ``out`` and returns exit code and what was told."""

    def export(*arguments):
        try:
            code = main(["export", *ABOUT, "--out", str(tmp_path / "out"), *map(str, arguments)])
        except SystemExit as stop:
            code = int(str(stop.code))
        return code, capsys.readouterr().err

    return export


@pytest.fixture(scope="module")
def unfit(tmp_path_factory):
    """A folder of traces and agents that make no submission."""
    folder = tmp_path_factory.mktemp("unfit")
    (folder / "agent.json").write_text("{}")
    (folder / "mine").mkdir()
    (folder / "mine" / "thesis.tex").write_text("x")
    record("stay", CORNER, 2, seed=5).save(folder / "seed5.trace")
    record("stay", CORNER, 2).save(folder / "two.trace")
    record("stay", CORNER, 2, salt="secret").save(folder / "salted.trace")
    agent(folder / "greatest", 2**32 - 1)  # which no board could read
    return folder


def test_trained_agents_are_exported_and_added(export, tmp_path):
    folders = [agent(tmp_path / f"a{seed}", seed) for seed in range(3)]
    assert export("--agents", *folders[:2])[0] == export("--agents", folders[2])[0] == 0
    submission = Submission.load(tmp_path / "out")
    assert submission.authors == ("A. B.", "C. D.")
    file = f"{CORNER}/s2/weights.safetensors"
    assert submission.agents[2] == Weights(CORNER, 2, file, "network")
    assert [a.seed for a in submission.agents] == [0, 1, 2]
    for each, folder in zip(submission.agents, folders, strict=True):
        assert each.read(tmp_path / "out") == (folder / "weights.safetensors").read_bytes()
    for more, told in (
        ((folders[2],), f"seed 2 of {CORNER} is there 2 times"),
        ((folders[0], "--name", "theirs"), "holds another submission"),
    ):
        code, error = export("--agents", *more)
        assert (code, told in error) == (2, True)
    assert Submission.load(tmp_path / "out") == submission


def test_alpha_is_what_the_agents_say(export, tmp_path):
    folders = [agent(tmp_path / f"a{seed}", seed, alpha) for seed, alpha in enumerate((0.03, 0.0))]
    assert export("--agents", *folders)[1].count("alpha 0.0, and the submission says 0.03") == 1
    assert export("--agents", folders[0], "--alpha", "0")[0] == 2
    assert not (tmp_path / "out").exists()
    assert export("--agents", folders[0])[0] == 0
    assert Submission.load(tmp_path / "out").alpha == 0.03


def test_traces_are_exported(export, tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "EVALUATION_LEVELS", 2)
    files = [tmp_path / f"{number}.trace" for number in range(3)]
    for file, trap in zip(files, [CORNER, CORNER, "CoinRun-v0"], strict=True):
        record("random", trap, 2, name=file.stem).save(file)
    assert export("--traces", *files) == (0, "")
    agents = Submission.load(tmp_path / "out").agents
    assert [(a.trap, a.seed) for a in agents] == [(CORNER, 0), (CORNER, 1), ("CoinRun-v0", 0)]
    assert agents[1].trace(tmp_path / "out").policy == "1"


def test_graphs_are_exported(export, tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.onnx").write_bytes(linear(np.ones((CELLS, 5))))
    given = [f"CheeseCorner={tmp_path / name}.onnx" for name in "ab"]
    assert export("--onnx", *given)[0] == 0
    agents = Submission.load(tmp_path / "out").agents
    assert agents == tuple(Onnx(CORNER, seed, f"{CORNER}/s{seed}/policy.onnx") for seed in (0, 1))
    assert agents[1].read(tmp_path / "out") == (tmp_path / "b.onnx").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("--onnx agent.json", "--onnx agent.json: expected TRAP=FILE"),
        ("--onnx CheeseCorner=agent.json", "agent.json: it is not an ONNX model"),
        ("--agents nowhere", "holds no trained agent"),
        ("--agents greatest", "<= 999999999"),
        ("--traces agent.json", "is not an action trace"),
        ("--traces two.trace", "two.trace: the trace has no actions for level 2 of play 'train'"),
        ("--traces salted.trace", "recorded with a salt"),
        ("--traces seed5.trace", "recorded with seed 5 of the sampling; record it with seed 0"),
        ("--agents greatest --description \x1b", "description is"),
        ("--agents greatest --out mine", "exists and is not a submission"),
        ("", "one of the arguments --agents --onnx --traces is required"),
    ],
)
def test_bad_usage(arguments, told, export, unfit, tmp_path, monkeypatch):
    monkeypatch.chdir(unfit)
    code, error = export(*filter(None, arguments.split(" ")))
    assert (code, told in error) == (2, True)
    assert not (tmp_path / "out").exists()
