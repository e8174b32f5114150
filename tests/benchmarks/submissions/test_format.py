"""Submissions are made of trained agents, graphs and traces, and read back; pickles are refused."""

import io
import json
import pickle
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from graphs import CELLS, CORNER, linear
from msgspec.structs import replace
from submissions import Bomb, entry, submission, submit

from agents.saving import record_agent, save
from benchmarks.submissions import export as exporting
from benchmarks.submissions.commands import main
from benchmarks.submissions.format import Onnx, Submission, TraceAgent, Weights
from mesa_gym.scoring import record
from mesa_gym.trained.inputs import CentredInputs
from mesa_gym.trained.networks import Network
from mesa_gym.trained.stacks import draw_stack
from mesa_gym.traps import find_trap

WEIGHTS = entry("weights", "w")


@pytest.mark.parametrize("name", ["a", "far-sighted", "PPO2", "ppo-mine", "v1.0_b", "x" * 64])
def test_a_submission_is_read_as_it_was_written(name, tmp_path):
    agents = [WEIGHTS, entry("onnx", "a/x", 1, "CoinRun-v0")]
    agents.append(entry("trace", "x.trace", 2))
    loaded = Submission.load(submission(tmp_path, *agents, name=name))
    about = (loaded.name, loaded.description, loaded.authors, loaded.alpha)
    assert about == (name, "A test", ("A. Person",), 0.0)
    loaded.save(tmp_path / "copy")
    assert Submission.load(tmp_path / "copy") == loaded
    # A header of 0x280 bytes, which is that of an agent of this project, begins like a pickle.
    tensors = (0x280).to_bytes(8, "little") + b"{" + b" " * (0x280 - 2) + b"}"
    graph = linear(np.zeros((CELLS, 5)))
    (tmp_path / "a").mkdir()
    for file, data in {"w": tensors, "a/x": graph}.items():
        (tmp_path / file).write_bytes(data)
    record("stay", CORNER, 2).save(tmp_path / "x.trace")
    one, two, three = loaded.agents
    assert (one.read(tmp_path), two.read(tmp_path)) == (tensors, graph)
    assert three.trace(tmp_path).policy == "stay"
    with pytest.raises(ValueError, match="<= 999999999"):  # what cannot be read is not written
        replace(loaded, agents=(replace(one, seed=10**9),)).save(tmp_path / "y")
    assert not (tmp_path / "y").exists()


def test_the_page_shows_a_whole_description(tmp_path):
    page = (Path(__file__).parents[3] / "docs" / "leaderboard.md").read_text()
    (shown,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    (tmp_path / "agent.json").write_text(shown)
    kinds = [type(agent) for agent in Submission.load(tmp_path).agents]
    assert kinds == [Weights, Onnx, TraceAgent]


def test_digests_tell_files_apart(tmp_path):
    """Files beside them do not count."""
    (agent,), digests = Submission.load(submission(tmp_path, WEIGHTS)).agents, []
    for file, text in (("w", b"b"), ("w", b"c"), ("more.txt", b"d"), ("agent.json", b"e")):
        (tmp_path / file).write_bytes(bytes(8) + b"{" + text)
        digests.append(agent.digest(tmp_path))
    first, changed, *beside = digests
    assert changed != first
    assert beside == [changed] * 2


def pickles(path):
    """The same bomb in every wrapping, by name."""
    zipped, legacy, sb3, array = (io.BytesIO() for _ in range(4))
    torch.save(Bomb(path), zipped)
    torch.save(Bomb(path), legacy, _use_new_zipfile_serialization=False)
    with zipfile.ZipFile(sb3, "w") as archive:
        archive.writestr("data", json.dumps({"policy_class": {":serialized:": "gASV"}}))
        archive.writestr("policy.pth", zipped.getvalue())
    np.savez(array, x=np.array([Bomb(path)], dtype=object))
    plain = {f"pickle-{p}": pickle.dumps(Bomb(path), protocol=p) for p in range(6)}
    values = {"torch": zipped, "torch-legacy": legacy, "sb3": sb3, "npz": array}
    return plain | {name: value.getvalue() for name, value in values.items()}


@pytest.mark.parametrize(
    ("kind", "file"), [("weights", "x.pkl"), ("weights", "x.safetensors"), ("onnx", "x.onnx"),
                       ("onnx", "x.zip"), ("trace", "x.pt"), ("trace", "x.trace")]
)  # fmt: skip
def test_pickles_are_refused_whatever_they_are_called(kind, file, tmp_path, capsys):
    folder = submission(tmp_path / "s", entry(kind, file))
    for data in pickles(tmp_path / "went-off").values():
        (folder / file).write_bytes(data)
        assert submit(folder, tmp_path / "R") == 2
        told = r"submit export --agents DIR.*--onnx TRAP=FILE|is not an action trace"
        assert re.search(told, capsys.readouterr().err)
        assert not (tmp_path / "went-off").exists()


def test_the_bombs_are_live(tmp_path):
    bombs = pickles(tmp_path / "went-off")
    del bombs["sb3"]  # which holds that of torch
    for name, data in bombs.items():
        if name.startswith("pickle"):
            pickle.loads(data)
        elif name == "npz":
            np.load(io.BytesIO(data), allow_pickle=True)["x"]
        else:
            torch.load(io.BytesIO(data), weights_only=False)
        (tmp_path / "went-off").rmdir()


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
