"""Policies of ONNX files."""

import copy
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mesa_gym.policies import as_policy
from mesa_gym.policies.onnx import OnnxPolicy
from mesa_gym.traps import find_trap
from tests.support.refusals import refusals

CORNER = "CheeseCorner-v0"
SHAPE = (9, 9, 3)
CELLS = 9 * 9 * 3
node = helper.make_node


def declare(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def graph(
    nodes,
    shape=(64, *SHAPE),
    inputs=(),
    outputs=(),
    kind=TensorProto.UINT8,
    answer=None,
    **constants,
):
    """An ONNX model from CheeseCorner's planes to logits or another answer."""
    inputs = [*([declare("seen", shape, kind)] if shape else []), *inputs]
    outputs = [answer or declare("logits", ("batch", 5)), *outputs]
    values = [numpy_helper.from_array(np.asarray(x), name) for name, x in constants.items()]
    main = helper.make_graph(nodes, "policy", inputs, outputs, values)
    model = helper.make_model(main, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    return model.SerializeToString()


def product(name):
    """Nodes for the planes times ``weights``."""
    return [
        node("Cast", ["seen"], ["float"], to=TensorProto.FLOAT),
        node("Flatten", ["float"], ["flat"]),
        node("MatMul", ["flat", "weights"], [name]),
    ]


def linear(weights):
    """Logits that are a linear function, float32 (cells, 5), of the planes."""
    return graph(product("logits"), weights=weights.astype(np.float32))


def adding(*nodes, **constants):
    """The nodes of ``linear`` logits, and ``more`` nodes beside them."""
    weights = np.random.default_rng(0).normal(size=(CELLS, 5)).astype(np.float32)
    total = node("Add", ["scores", "more"], ["logits"])
    return graph([*product("scores"), *nodes, total], weights=weights, **constants)


def counting(*nodes, batch=64, dtype=np.float32, **constants):
    """A graph that takes each action in turn by counting its steps, or with other ``nodes``.

    Args:
        nodes: from ``counted``, which is ``state`` plus 1, to ``next_state``.
        batch: rows that the graph takes at once.
        dtype: of the state and the logits.
        constants: of the nodes.
    """
    count = node("Add", ["state", "one"], ["counted"])
    chosen = [
        node("Mod", ["state", "five"], ["turn"], fmod=1),
        node("Squeeze", ["turn", "one_axis"], ["action"]),
        node("OneHot", ["action", "five", "scores"], ["logits"]),
    ]
    nodes = nodes or (node("Identity", ["counted"], ["next_state"]),)
    axis, scores = np.array([1]), np.array([-99, 99], dtype)
    fixed = {"one": dtype(1), "five": dtype(5), "one_axis": axis, "scores": scores}
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    state, after = (declare(name, ("batch", 1), kind) for name in ("state", "next_state"))
    fixed["answer"] = declare("logits", ("batch", 5), kind)
    return graph([count, *nodes, *chosen], (batch, *SHAPE), [state], [after], **fixed, **constants)


# -- laws ----------------------------------------------------------------------------------------
SEEN = np.random.default_rng(1).integers(0, 2, (100, *SHAPE), dtype=np.uint8)
YES = np.array(True)
RNG = np.random.default_rng(0)
TRAP = find_trap(CORNER)()


def load(data):
    """Return a policy whose 100 episodes have begun."""
    policy = OnnxPolicy(data, TRAP, "planes")
    policy.reset(np.ones(100, np.bool_), RNG)
    return policy


def answer(data):
    return load(data).act(SEEN)


def test_graphs_of_linear_logits_answer_their_softmax():
    weights = np.random.default_rng(0).normal(size=(CELLS, 5)).astype(np.float32)
    scores = np.exp(SEEN.reshape(100, -1) @ weights.astype(np.float64))
    expected = scores / scores.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(answer(linear(weights)), expected, atol=1e-5)


HALF, DOUBLE = TensorProto.FLOAT16, TensorProto.DOUBLE


@pytest.mark.parametrize("batch", ["n", 1, 16, 64])
@pytest.mark.parametrize("kind", [HALF, TensorProto.FLOAT, DOUBLE])
def test_graphs_of_any_batch_answer_alike(kind, batch):
    """In float16, where the softmax of probabilities is rounded, 0.002 apart at most."""
    weights = np.random.default_rng(0).normal(size=(CELLS, 5)) / 10
    nodes = [
        node("Flatten", ["seen"], ["flat"]),
        node("MatMul", ["flat", "weights"], ["scores"]),
        node("Softmax", ["scores"], ["probabilities"], axis=1),
    ]
    parts = {"weights": weights.astype(helper.tensor_dtype_to_np_dtype(kind)), "kind": kind}
    parts["answer"] = declare("probabilities", (batch, 5), kind)
    expected = answer(linear(weights))
    np.testing.assert_allclose(
        answer(graph(nodes, (batch, *SHAPE), **parts)),
        expected,
        atol=2e-3 if kind == HALF else 1e-5,
    )


def test_onnx_outputs_beside_actions_are_ignored():
    nodes = [
        *product("scores"),
        node("ArgMax", ["scores"], ["actions"], axis=1, keepdims=0),
        node("ReduceSum", ["scores"], ["values"]),
    ]
    weights = np.random.default_rng(0).normal(size=(CELLS, 5)).astype(np.float32)
    data = graph(
        nodes, outputs=[declare("values", (1, 1))], weights=weights,
        answer=declare("actions", (64,), TensorProto.INT64),
    )  # fmt: skip
    assert (answer(data) == answer(linear(weights)).argmax(axis=1)).all()


def branching(node):
    """A node that runs another in a branch of a branch."""
    for depth in range(2):
        output = helper.make_tensor_value_info("more", TensorProto.FLOAT, (64, 5))
        body = helper.make_graph([node], f"branch{depth}", [], [output])
        node = helper.make_node("If", ["yes"], ["more"], then_branch=body, else_branch=body)
    return node


# Its state tells how often it was run.
UNIFORM = node("RandomUniform", [], ["more"], shape=(64, 5), seed=1.0)


def point_elsewhere():
    """A graph whose weights are in another file."""
    model = onnx.load_from_string(linear(np.ones((CELLS, 5))))
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="etc/passwd")
    return model.SerializeToString()


# -- a state ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(("batch", "dtype"), [(64, np.float32), (1, np.float32), (8, np.float16)])
def test_onnx_state_begins_at_zero_by_row(batch, dtype):
    """Rows that begin forget their states, in any block; others go on."""
    policy, count = load(counting(batch=batch, dtype=dtype)), np.zeros(100, np.int64)
    for step in range(12):
        mask = RNG.random(100) < 0.3 if step else np.ones(100, np.bool_)
        policy.reset(mask, RNG)
        count = np.where(mask, 0, count)
        np.testing.assert_array_equal(policy.act(SEEN).argmax(axis=1), count % 5)
        count += 1


def test_onnx_new_batch_starts_afresh():
    policy = load(counting())
    assert policy.act(SEEN).argmax(axis=1).tolist() == [0] * 100
    with pytest.raises(ValueError, match="the observations have 70 rows; expected 100, one"):
        policy.act(SEEN[:70])
    policy.reset(np.ones(70, np.bool_), RNG)
    assert policy.act(SEEN[:70]).argmax(axis=1).tolist() == [0] * 70


def keeping(before, after, *nodes, kind="FLOAT"):
    """A graph with inputs and outputs of these names and shapes beside its own."""
    declared = [
        [declare(name, shape, getattr(TensorProto, kind)) for name, shape in tensors.items()]
        for tensors in (before, after)
    ]
    scores = node("ConstantOfShape", ["sides"], ["logits"])
    keep = node("Identity", ["state"], ["next_state"])
    return graph([scores, *(nodes or [keep])], (64, *SHAPE), *declared, sides=np.array([64, 5]))


def test_onnx_copy_keeps_its_own_state():
    policy = load(counting())
    policy.act(SEEN)
    copied = copy.deepcopy(policy)
    copied.reset(np.arange(100) < 50, RNG)
    assert policy.act(SEEN).argmax(axis=1).tolist() == [1] * 100
    assert copied.act(SEEN).argmax(axis=1).tolist() == [0] * 50 + [1] * 50


def looping(op="Loop"):
    """A graph that adds a sum, made by a loop of very many turns, to its logits."""
    kinds = {"turn": TensorProto.INT64, "going": TensorProto.BOOL, "before": TensorProto.FLOAT}
    inputs = [declare(name, (), kind) for name, kind in kinds.items()]
    outputs = [declare("on", (), TensorProto.BOOL), declare("after", ())]
    body = [node("Identity", ["going"], ["on"]), node("Add", ["before", "before"], ["after"])]
    if op == "Loop":
        loop = helper.make_graph(body, "body", inputs, outputs)
        return node("Loop", ["turns", "yes", "zero"], ["more"], body=loop)
    row = [declare("row", (5,))], [declare("same", (5,))]
    subgraph = helper.make_graph([node("Identity", ["row"], ["same"])], "body", *row)
    return node("Scan", ["scores"], ["more"], body=subgraph, num_scan_inputs=1)


TURNS = {"turns": np.int64(1 << 62), "yes": np.bool_(True), "zero": np.float32(0)}


# -- files ---------------------------------------------------------------------------------------
def even(name, *shape, batch=64):
    """A graph of equal logits, whose input has a name and a shape."""
    zeros = node("ConstantOfShape", ["sides"], ["logits"])
    planes = declare(name, (batch, *shape), TensorProto.UINT8)
    return graph([zeros], None, [planes], sides=np.array([64, 5]))


def read(data, observation=None):
    Path("x.onnx").write_bytes(data)
    return as_policy("x.onnx", TRAP, 64, observation)


test_unfit_graphs_are_refused = refusals("policies", "onnx", globals())


@pytest.mark.parametrize(
    ("trap", "name", "shape", "kind", "expected"),
    [
        ("CheeseCorner", "seen", (9, 9, 3), None, "planes"),
        ("CheeseCorner", "seen", (243,), None, "flat"),
        ("CheeseDish", "x", (14, 13, 4), "centred", "centred"),
        ("FollowMe", "x", (7, 7, 7), None, "planes"),  # as large as channels first
        ("FollowMe", "x", (7, 7, 7), "chw", "chw"),
        ("FollowMe", "chw", (7, 7, 7), None, "chw"),
    ],
)
def test_onnx_file_gets_its_observation_by_shape(trap, name, shape, kind, expected, tmp_path):
    (tmp_path / "x.onnx").write_bytes(even(name, *shape))
    size = 7 if trap == "FollowMe" else None
    policy = as_policy(tmp_path / "x.onnx", find_trap(trap)(size), 64, kind)
    assert (policy.observation, policy.memory) == (expected, False)


def test_onnxruntime_prints_nothing_on_standard_output(monkeypatch, capfd):
    """At some damaged graphs it tried once more, after four lines on standard output."""

    def fall(*args):
        raise RuntimeError("damaged")

    monkeypatch.setattr("onnxruntime.InferenceSession._create_inference_session", fall)
    with pytest.raises(ValueError, match="onnxruntime cannot load the graph: damaged"):
        load(linear(np.ones((CELLS, 5))))
    assert capfd.readouterr().out == ""
