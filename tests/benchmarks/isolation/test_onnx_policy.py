"""ONNX graphs: those that count, or let rows tell each other, are refused; the rest act alike."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from submissions import CELLS, CORNER, SHAPE, adding, graph, linear, node

from benchmarks.isolation.onnx_policy import OnnxPolicy
from mesa_gym.traps import find_trap

SEEN = np.random.default_rng(1).integers(0, 2, (100, *SHAPE), dtype=np.uint8)
YES = np.array(True)


def answer(data: bytes) -> np.ndarray:
    """Return the answers of a graph; in ten batches each asks one row again."""
    policy = OnnxPolicy(data, "planes", find_trap(CORNER)())
    *_, last = (policy.act(SEEN) for _ in range(10))
    return last


def test_graphs_of_linear_logits_answer_their_softmax() -> None:
    weights = np.random.default_rng(0).normal(size=(CELLS, 5)).astype(np.float32)
    scores = np.exp(SEEN.reshape(100, -1) @ weights.astype(np.float64))
    expected = scores / scores.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(answer(linear(weights)), expected, atol=1e-5)


def branching(node: onnx.NodeProto) -> onnx.NodeProto:
    """A node that runs another in a branch of a branch."""
    for depth in range(2):
        given = helper.make_tensor_value_info("more", TensorProto.FLOAT, (64, 5))
        body = helper.make_graph([node], f"branch{depth}", [], [given])
        node = helper.make_node("If", ["yes"], ["more"], then_branch=body, else_branch=body)
    return node


def of_another_domain(node: onnx.NodeProto, *functions: onnx.FunctionProto) -> bytes:
    """A graph with a node that is not ONNX's own."""
    model = onnx.load_from_string(adding(node))
    model.functions.extend(functions)
    model.opset_import.append(helper.make_opsetid(node.domain, 1))
    return model.SerializeToString()


# Their state tells how often they were run.
UNIFORM, NORMAL = (
    node(f"Random{law}", [], ["more"], shape=(64, 5), seed=1.0) for law in ("Uniform", "Normal")
)
OPSET = helper.make_opsetid("", 20)
DRAWING = helper.make_function("own", "drawing", [], ["more"], [UNIFORM], [OPSET])
SIGMOID = node("Sigmoid", ["scores"], ["p"])
DRAWN = node("Cast", ["drawn"], ["more"], to=TensorProto.FLOAT)
DROPOUT = node("Dropout", ["scores", "half", "yes"], ["more"])
GELU = node("Gelu", ["scores"], ["more"], domain="com.microsoft")


@pytest.mark.parametrize(
    ("data", "operator"),
    [
        (adding(UNIFORM), "RandomUniform"),
        (adding(NORMAL), "RandomNormal"),
        (adding(node("RandomUniformLike", ["scores"], ["more"])), "RandomUniformLike"),
        (adding(node("RandomNormalLike", ["scores"], ["more"])), "RandomNormalLike"),
        (adding(SIGMOID, node("Bernoulli", ["p"], ["more"], seed=1.0)), "Bernoulli"),
        (adding(node("Multinomial", ["scores"], ["drawn"], sample_size=5), DRAWN), "Multinomial"),
        (adding(DROPOUT, half=np.array(0.5, np.float32), yes=YES), "Dropout"),
        (adding(branching(UNIFORM), yes=YES), "RandomUniform"),
        (of_another_domain(node("drawing", [], ["more"], domain="own"), DRAWING), "functions of"),
        (of_another_domain(GELU), "Gelu of 'com.microsoft'"),
        (b"\x08 and nonsense", "it is not an ONNX model"),
    ],
)
def test_operators_that_can_count_calls_are_refused(data: bytes, operator: str) -> None:
    with pytest.raises(ValueError, match=operator):
        OnnxPolicy(data, "planes", find_trap(CORNER)())


@pytest.mark.parametrize(
    "data",
    [
        adding(node("Dropout", ["scores"], ["more"])),  # of evaluation: it does nothing
        adding(branching(node("Identity", ["scores"], ["more"])), yes=YES),
    ],
)
def test_graphs_that_draw_nothing_are_taken(data: bytes) -> None:
    assert answer(data).shape == (100, 5)


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
    with pytest.raises(ValueError, match=r"answers row \d+ with .* among 100 rows"):
        answer(data)


def test_graphs_of_another_shape_are_refused() -> None:
    cast = node("Cast", ["seen"], ["logits"], to=TensorProto.FLOAT)
    with pytest.raises(ValueError, match=r"\[64, 3, 9, 9\]; expected uint8 or float32"):
        answer(graph([cast], shape=(64, 3, 9, 9)))
