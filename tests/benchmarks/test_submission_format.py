"""Submissions are read as they were written; pickles are refused, whatever they are called."""

from __future__ import annotations

import io
import json
import os
import pickle
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from msgspec.structs import replace
from submitted import CELLS, CORNER, entry, external, linear, submission, submit, weights

from benchmarks.submissions.format import About, Submission
from mesa_gym.scoring import record


def test_a_submission_is_read_as_it_was_written(tmp_path: Path) -> None:
    agents = [weights(), entry("onnx", "a/x.onnx", 1, "CoinRun-v0", observation="rgb")]
    agents += [entry("trace", "x.trace", 2), entry("code", "agent.py", 3, factory="make")]
    loaded = Submission.load(submission(tmp_path, *agents))
    about = About(name="demo", description="A test", authors=["A. Person"], alpha=0.0)
    assert loaded.about == about
    assert [agent.kind for agent in loaded.agents] == ["weights", "onnx", "trace", "code"]
    replace(loaded, folder=tmp_path / "copy").save()
    assert Submission.load(tmp_path / "copy").agents == loaded.agents
    # A header of 0x280 bytes, which is that of an agent of this project, begins like a pickle.
    header = b"{" + b" " * (0x280 - 2) + b"}"
    tensors, graph = len(header).to_bytes(8, "little") + header, linear(np.zeros((CELLS, 5)))
    assert tensors.startswith(b"\x80\x02")
    (tmp_path / "w.safetensors").write_bytes(tensors)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.onnx").write_bytes(graph)
    record("stay", CORNER, 2).save(tmp_path / "x.trace")
    (tmp_path / "agent.py").write_text("")
    one, two, three, four = loaded.agents
    assert (one.read(tmp_path), two.read(tmp_path), four.read(tmp_path)) == (tensors, graph, b"")
    assert three.trace(tmp_path).policy == "stay"
    assert external("/etc/passwd").startswith(b"\x08")  # this one ends in the child
    with pytest.raises(ValueError, match="<= 999999999"):  # what cannot be read is not written
        replace(loaded, folder=tmp_path / "y", agents=(replace(one, seed=10**9),)).save()
    assert not (tmp_path / "y").exists()


@pytest.mark.parametrize("name", ["a", "far-sighted", "PPO2", "ppo-mine", "v1.0_b", "x" * 64])
def test_names_that_are_taken(name: str, tmp_path: Path) -> None:
    assert Submission.load(submission(tmp_path, weights(), name=name)).about.name == name


def test_digests_tell_files_apart(tmp_path: Path) -> None:
    """Of code, all that it can read: also what lies beside it."""
    agents = [weights(), entry("code", "agent.py", 1, factory="make")]
    loaded = Submission.load(submission(tmp_path, *agents))

    def digests(**files: str) -> list[str]:
        for name, text in files.items():
            (tmp_path / name.replace("_", ".")).write_bytes(bytes(8) + b"{" + text.encode())
        return [agent.digest(tmp_path) for agent in loaded.agents]

    first = digests(w_safetensors="a", agent_py="b")
    assert digests() == first
    changed = digests(w_safetensors="c")
    assert changed[0] != first[0]
    beside = digests(more_txt="d")
    assert (beside[0], beside[1] != changed[1]) == (changed[0], True)
    submission(tmp_path, *agents, description="Another")
    assert digests() == beside


# -- pickles ---------------------------------------------------------------------------------------


class Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def pickles(path: Path) -> dict[str, bytes]:
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


@pytest.mark.parametrize("kind", ["weights", "onnx", "trace"])
@pytest.mark.parametrize("suffix", [".safetensors", ".onnx", ".trace", ".pkl", ".pt", ".zip"])
def test_pickles_are_refused_whatever_they_are_called(kind, suffix, tmp_path, capsys) -> None:
    marker = tmp_path / "went-off"
    more = {"weights": {"architecture": "network"}, "onnx": {"observation": "planes"}, "trace": {}}
    folder = submission(tmp_path / "s", entry(kind, f"x{suffix}", **more[kind]))
    for data in pickles(marker).values():
        (folder / f"x{suffix}").write_bytes(data)
        assert submit(folder, tmp_path / "R") == 2
        told = r"submissions\.export --agents DIR.*--sb3 MODEL\.zip --algo|is not an action trace"
        assert re.search(told, capsys.readouterr().err)
        assert not marker.exists()


def test_the_bombs_are_live(tmp_path: Path) -> None:
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
