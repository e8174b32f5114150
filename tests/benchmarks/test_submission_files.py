"""Pickles in a submission are refused, whatever they are wrapped in or called."""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from submitted import entry, read, refused, submission, weights


class Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def pickles(path: Path) -> dict[str, bytes]:
    """The same bomb in every wrapping, by name."""
    zipped = io.BytesIO()
    torch.save(Bomb(path), zipped)
    legacy = io.BytesIO()
    torch.save(Bomb(path), legacy, _use_new_zipfile_serialization=False)
    sb3 = io.BytesIO()
    with zipfile.ZipFile(sb3, "w") as archive:
        archive.writestr("data", json.dumps({"policy_class": {":serialized:": "gASV"}}))
        archive.writestr("policy.pth", zipped.getvalue())
    array = io.BytesIO()
    np.savez(array, x=np.array([Bomb(path)], dtype=object))
    plain = {f"pickle-{p}": pickle.dumps(Bomb(path), protocol=p) for p in range(6)}
    values = {"torch": zipped, "torch-legacy": legacy, "sb3": sb3, "npz": array}
    return plain | {name: value.getvalue() for name, value in values.items()}


@pytest.mark.parametrize("kind", ["weights", "onnx", "trace"])
@pytest.mark.parametrize("suffix", [".safetensors", ".onnx", ".trace", ".pkl", ".pt", ".zip"])
def test_pickles_are_refused_whatever_they_are_called(kind, suffix, tmp_path: Path) -> None:
    marker, more = tmp_path / "went-off", {"weights": {"architecture": "network"}}
    more |= {"onnx": {"observation": "planes"}, "trace": {}}
    for data in pickles(marker).values():
        folder = submission(tmp_path / "s", entry(kind, f"x{suffix}", **more[kind]))
        (folder / f"x{suffix}").write_bytes(data)
        with pytest.raises(ValueError, match=r"submissions\.export|is not an action trace"):
            read(folder)
        assert not marker.exists()


def test_the_bombs_are_live(tmp_path: Path) -> None:
    for name, data in pickles(tmp_path / "went-off").items():
        if name.startswith("pickle"):
            pickle.loads(data)
        elif name.startswith("torch"):
            torch.load(io.BytesIO(data), weights_only=False)
        elif name == "npz":
            np.load(io.BytesIO(data), allow_pickle=True)["x"]
        else:
            os.mkdir(tmp_path / "went-off")
        (tmp_path / "went-off").rmdir()


def test_the_refusal_shows_how_to_export(tmp_path: Path) -> None:
    folder = submission(tmp_path, weights("model.zip"))
    (folder / "model.zip").write_bytes(pickles(tmp_path / "x")["sb3"])
    told = r"benchmarks\.submissions\.export --agents DIR.*--sb3 MODEL\.zip --algo PPO --trap T"
    refused(folder, told)
