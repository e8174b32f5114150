"""Submissions are read as they were written; pickles are refused, whatever they are called."""

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

from benchmarks.submissions.format import Onnx, Submission, TraceAgent, Weights
from mesa_gym.scoring import record

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
