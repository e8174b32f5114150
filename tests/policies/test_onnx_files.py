"""Files of ONNX graphs as policies: their observations, and files that do not fit."""

import sys
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto

from mesa_gym import cli
from mesa_gym.policies import as_policy
from mesa_gym.scoring import score
from mesa_gym.traps import find_trap
from tests.support.graphs import CORNER, adding, counting, declare, graph, node

TRAP = find_trap(CORNER)()


def even(name, *shape):
    """A graph of equal logits, whose input has a name and a shape."""
    zeros = node("ConstantOfShape", ["sides"], ["logits"])
    seen = declare(name, (64, *shape), TensorProto.UINT8)
    return graph([zeros], None, [seen], sides=np.array([64, 5]))


@pytest.mark.parametrize(
    ("trap", "name", "shape", "given", "expected"),
    [
        ("CheeseCorner", "seen", (9, 9, 3), None, "planes"),
        ("CheeseCorner", "seen", (243,), None, "flat"),
        ("CheeseDish", "x", (14, 13, 4), "centred", "centred"),
        ("Composed", "x", (9, 9, 9), None, "planes"),  # as large as channels first
        ("Composed", "x", (9, 9, 9), "chw", "chw"),
        ("Composed", "chw", (9, 9, 9), None, "chw"),
    ],
)
def test_onnx_file_gets_its_observation_by_shape(trap, name, shape, given, expected, tmp_path):
    (tmp_path / "x.onnx").write_bytes(even(name, *shape))
    policy = as_policy(tmp_path / "x.onnx", find_trap(trap)(), 64, given)
    assert (policy.observation, policy.memory) == (expected, False)


@pytest.mark.parametrize(
    ("data", "given", "told"),
    [
        (even("x", 9, 8, 3), None, r"x.onnx': .* \[64, 9, 8, 3\]; .* planes \(9, 9, 3\) or rgb \("),
        (even("chw", 9, 9, 3), None, r"shows them, chw \(3, 9, 9\)$"),
        (even("x", 9, 9, 3), "flat", r"shows them, flat \(243,\)$"),
        (b"nonsense", None, "x.onnx': it is not an ONNX model"),
        (adding(node("Sin", ["none"], ["more"])), None, "onnxruntime cannot load the graph"),
    ],
)
def test_unfit_onnx_files_are_refused(data, given, told, tmp_path, capfd):
    (tmp_path / "x.onnx").write_bytes(data)
    with pytest.raises(ValueError, match=told):
        as_policy(tmp_path / "x.onnx", TRAP, 64, given)
    assert capfd.readouterr().out == ""


def test_onnx_file_is_scored_and_filmed(tmp_path, monkeypatch):
    """The graph counts its steps, so each episode needs a state of its own."""
    monkeypatch.chdir(tmp_path)
    Path("turns.onnx").write_bytes(counting())
    card = score("turns.onnx", CORNER, levels=2)
    assert (card.policy, card.trap) == ("turns", CORNER)
    film = "watch CheeseCorner --policy turns.onnx --headless --step 2 --record x.png"
    assert cli.main(film.split()) == 0
    assert Path("x.png").stat().st_size > 0


def test_without_onnxruntime_the_extra_is_named(tmp_path, monkeypatch):
    (tmp_path / "x.onnx").write_bytes(counting())
    monkeypatch.delitem(sys.modules, "mesa_gym.policies.onnx", raising=False)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ImportError, match=r"'onnxruntime'.*mesa-gym\[onnx\]"):
        as_policy(tmp_path / "x.onnx", TRAP, 64)
