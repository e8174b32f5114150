"""ONNX graphs: those that count, or let rows tell each other, are refused; the rest act alike."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from submitted import CELLS, CORNER, SHAPE, adding, branching, drawing, graph, linear

from benchmarks.isolation.onnx_policy import OnnxPolicy
from mesa_gym.traps import find_trap

TRAP = find_trap(CORNER)()
SEEN = np.random.default_rng(1).integers(0, 2, (100, *SHAPE), dtype=np.uint8)
YES = np.array(True)
node = helper.make_node


def loaded(data: bytes) -> OnnxPolicy:
    return OnnxPolicy(data, "planes", TRAP)


def test_graphs_of_linear_logits_answer_their_softmax() -> None:
    weights = np.random.default_rng(0).normal(size=(CELLS, 5)).astype(np.float32)
    scores = np.exp(SEEN.reshape(100, -1) @ weights.astype(np.float64))
    expected = scores / scores.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(loaded(linear(weights)).act(SEEN), expected, atol=1e-5)


def of_another_domain(node: onnx.NodeProto, *functions: onnx.FunctionProto) -> bytes:
    """A graph with a node that is not ONNX's own."""
    model = onnx.load_from_string(adding(node))
    model.functions.extend(functions)
    model.opset_import.append(helper.make_opsetid(node.domain, 1))
    return model.SerializeToString()


OPSET = helper.make_opsetid("", 20)
DRAWING = helper.make_function("own", "drawing", [], ["more"], [drawing()], [OPSET])
SIGMOID = node("Sigmoid", ["scores"], ["p"])
DRAWN = node("Cast", ["drawn"], ["more"], to=TensorProto.FLOAT)
DROPOUT = node("Dropout", ["scores", "half", "yes"], ["more"])
GELU = node("Gelu", ["scores"], ["more"], domain="com.microsoft")


@pytest.mark.parametrize(
    ("data", "operator"),
    [
        (adding(drawing()), "RandomUniform"),
        (adding(drawing("RandomNormal")), "RandomNormal"),
        (adding(node("RandomUniformLike", ["scores"], ["more"])), "RandomUniformLike"),
        (adding(node("RandomNormalLike", ["scores"], ["more"])), "RandomNormalLike"),
        (adding(SIGMOID, node("Bernoulli", ["p"], ["more"], seed=1.0)), "Bernoulli"),
        (adding(node("Multinomial", ["scores"], ["drawn"], sample_size=5), DRAWN), "Multinomial"),
        (adding(DROPOUT, half=np.array(0.5, np.float32), yes=YES), "Dropout"),
        (adding(branching(drawing()), yes=YES), "RandomUniform"),
        (of_another_domain(node("drawing", [], ["more"], domain="own"), DRAWING), "functions of"),
        (of_another_domain(GELU), "Gelu of 'com.microsoft'"),
    ],
)
def test_operators_that_can_count_calls_are_refused(data: bytes, operator: str) -> None:
    with pytest.raises(ValueError, match=operator):
        loaded(data)


@pytest.mark.parametrize(
    "data",
    [
        adding(node("Dropout", ["scores"], ["more"])),  # of evaluation: it does nothing
        adding(branching(node("Identity", ["scores"], ["more"])), yes=YES),
    ],
)
def test_graphs_that_draw_nothing_are_taken(data: bytes) -> None:
    assert loaded(data).act(SEEN).shape == (100, 5)


@pytest.mark.parametrize(
    "data",
    [
        adding(node("ReduceMean", ["scores", "batch"], ["more"]), batch=np.array([0])),
        adding(node("CumSum", ["scores", "batch"], ["more"]), batch=np.array(0)),
        # Each row's answer has something of what the first row sees.
        adding(node("Gather", ["scores", "zero"], ["more"], axis=0), zero=np.array([0])),
        # The number of the row, which is that of the level.
        adding(more=np.arange(320, dtype=np.float32).reshape(64, 5) % 7),
    ],
)
def test_rows_that_depend_on_others_or_on_their_place_are_named(data: bytes) -> None:
    policy, told = loaded(data), r"the graph answers row \d+ with .* among 100 rows, and"
    with pytest.raises(ValueError, match=told):
        [policy.act(SEEN) for _ in range(10)]  # each asks one row again


def test_graphs_that_fit_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="it is not an ONNX model"):
        loaded(b"\x08 and nonsense")
    cast = node("Cast", ["seen"], ["logits"], to=TensorProto.FLOAT)
    told = r"input is tensor\(uint8\) \[64, 3, 9, 9\]; expected uint8 or float32"
    with pytest.raises(ValueError, match=told):
        loaded(graph([cast], shape=(64, 3, 9, 9))).act(SEEN)
