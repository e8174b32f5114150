"""ONNX graphs: those that draw, or let rows tell each other, are refused; the rest act alike."""

import copy
import os
import subprocess
import sys

import numpy as np
import pytest
from graphs import (
    CELLS,
    CORNER,
    SHAPE,
    adding,
    counting,
    declare,
    external,
    graph,
    linear,
    node,
    remembering,
)
from onnx import TensorProto, helper

from mesa_gym.policies.onnx import OnnxPolicy
from mesa_gym.traps import find_trap

SEEN = np.random.default_rng(1).integers(0, 2, (100, *SHAPE), dtype=np.uint8)
YES = np.array(True)
RNG = np.random.default_rng(0)


def load(data):
    """Return a policy whose 100 episodes have begun."""
    policy = OnnxPolicy(data, find_trap(CORNER)(), "planes")
    policy.reset(np.ones(100, np.bool_), RNG)
    return policy


def answer(data):
    """Return the answers of a graph; in ten batches each asks one row again."""
    policy = load(data)
    *_, last = (policy.act(SEEN) for _ in range(10))
    return last


def test_onnx_import_writes_nothing_at_home(tmp_path):
    code, home = "import mesa_gym.policies.onnx", {"HOME": str(tmp_path), "XDG_CACHE_HOME": ""}
    subprocess.run([sys.executable, "-c", code], env=os.environ | home, check=True)
    assert [*tmp_path.iterdir()] == []


def test_graphs_of_linear_logits_answer_their_softmax():
    weights = np.random.default_rng(0).normal(size=(CELLS, 5)).astype(np.float32)
    scores = np.exp(SEEN.reshape(100, -1) @ weights.astype(np.float64))
    expected = scores / scores.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(answer(linear(weights)), expected, atol=1e-5)


def branching(node):
    """A node that runs another in a branch of a branch."""
    for depth in range(2):
        given = helper.make_tensor_value_info("more", TensorProto.FLOAT, (64, 5))
        body = helper.make_graph([node], f"branch{depth}", [], [given])
        node = helper.make_node("If", ["yes"], ["more"], then_branch=body, else_branch=body)
    return node


# Their state tells how often they were run.
UNIFORM, NORMAL = (
    node(f"Random{law}", [], ["more"], shape=(64, 5), seed=1.0) for law in ("Uniform", "Normal")
)
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
        (adding(GELU), "Gelu of 'com.microsoft'"),
        (b"\x08 and nonsense", "it is not an ONNX model"),
    ],
)
def test_operators_that_can_count_calls_are_refused(data, operator):
    with pytest.raises(ValueError, match=operator):
        OnnxPolicy(data, find_trap(CORNER)(), "planes")


def test_graph_that_draws_nothing_is_taken():
    """Dropout of evaluation does nothing."""
    assert answer(adding(node("Dropout", ["scores"], ["more"]))).shape == (100, 5)


@pytest.mark.parametrize(
    "data",
    [
        # Each row's answer has something of what the first row sees.
        adding(node("Gather", ["scores", "zero"], ["more"], axis=0), zero=np.array([0])),
        # The number of the row, which is that of the level; so large that it always decides.
        adding(more=np.arange(320, dtype=np.float32).reshape(64, 5) % 7 * 1000),
    ],
)
def test_onnx_rows_that_share_are_refused(data):
    with pytest.raises(ValueError, match=r"answer for row \d+ is .* among 100 rows"):
        answer(data)


def test_weights_in_other_files_are_refused():
    """Such a file could be any of the reader's."""
    with pytest.raises(ValueError, match=r"the weights 'weights' in another file; export it"):
        load(external("etc/passwd"))


# -- a state ---------------------------------------------------------------------------------------


def test_onnx_state_begins_at_zero_by_row():
    """Rows that begin forget theirs, in whichever block they are; the others go on."""
    policy, count = load(counting()), np.zeros(100, np.int64)
    for step in range(12):
        mask = RNG.random(100) < 0.3 if step else np.ones(100, np.bool_)
        policy.reset(mask, RNG)
        count = np.where(mask, 0, count)
        np.testing.assert_array_equal(policy.act(SEEN).argmax(axis=1), count % 5)
        count += 1


def test_onnx_copy_keeps_its_own_state():
    policy = load(counting())
    policy.act(SEEN)
    copied = copy.deepcopy(policy)
    copied.reset(np.arange(100) < 50, RNG)
    assert policy.act(SEEN).argmax(axis=1).tolist() == [1] * 100
    assert copied.act(SEEN).argmax(axis=1).tolist() == [0] * 50 + [1] * 50


def test_onnx_new_batch_starts_afresh():
    policy = load(counting())
    assert policy.act(SEEN).argmax(axis=1).tolist() == [0] * 100
    with pytest.raises(ValueError, match="70 rows were asked about, and 100 episodes have begun"):
        policy.act(SEEN[:70])
    policy.reset(np.ones(70, np.bool_), RNG)
    assert policy.act(SEEN[:70]).argmax(axis=1).tolist() == [0] * 70


def test_onnx_state_may_have_many_sides():
    """The last observation, which answers one step late; compared with ``linear``'s answers."""
    weights = RNG.normal(size=(CELLS, 5)).astype(np.float32)
    late = (
        node("Flatten", ["state"], ["flat"]),
        node("MatMul", ["flat", "weights"], ["logits"]),
        node("Cast", ["seen"], ["next_state"], to=TensorProto.FLOAT),
    )
    policy = load(remembering(*late, before=(64, *SHAPE), weights=weights))
    at_once = load(linear(weights))
    seen = RNG.integers(0, 2, (4, 100, *SHAPE), dtype=np.uint8)
    given = [policy.act(each) for each in seen]
    np.testing.assert_allclose(given[0], 0.2)
    for before, then in zip(seen[:-1], given[1:], strict=True):
        np.testing.assert_allclose(then, at_once.act(before), atol=1e-6)


ADDED = node("Add", ["counted", "told"], ["next_state"])


@pytest.mark.parametrize(
    "data",
    [
        # The state of each row has something of the states of others.
        counting(node("CumSum", ["counted", "batch"], ["next_state"]), batch=np.array(0)),
        # The number of the row.
        counting(ADDED, told=np.arange(64, dtype=np.float32)[:, None]),
    ],
)
def test_onnx_states_that_share_are_refused(data):
    with pytest.raises(ValueError, match=r"state for row \d+ is .* among 100 rows, and .* alone"):
        answer(data)


def test_onnx_answer_from_others_states_is_refused():
    """Each row's own state is clean."""
    nodes = [
        node("Flatten", ["seen"], ["flat"]),
        node("Cast", ["flat"], ["next_state"], to=TensorProto.FLOAT),
        node("ReduceMean", ["state", "batch"], ["mean"]),
        node("Add", ["state", "mean"], ["both"]),
        node("MatMul", ["both", "weights"], ["logits"]),
    ]
    weights = RNG.normal(size=(CELLS, 5)).astype(np.float32)
    data = remembering(*nodes, before=(64, CELLS), weights=weights, batch=np.array([0]))
    with pytest.raises(ValueError, match=r"answer for row \d+ is"):
        answer(data)


def keeping(before, after, *nodes, kind="FLOAT"):
    """A graph with inputs and outputs of these names and shapes beside its own."""
    declared = [
        [declare(name, shape, getattr(TensorProto, kind)) for name, shape in each.items()]
        for each in (before, after)
    ]
    scores = node("ConstantOfShape", ["sides"], ["logits"])
    keep = node("Identity", ["state"], ["next_state"])
    return graph([scores, *(nodes or [keep])], SHAPED, *declared, sides=np.array([64, 5]))


SHAPED, ONE, DOUBLED = (64, *SHAPE), (64, 1), node("Concat", ["state"] * 2, ["next_state"], axis=1)
RENAMED = [node("Identity", ["stat"], ["next_state"])]
COPIED = [node("Identity", ["state"], [name]) for name in ("next_state", "more")]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (keeping({"state": (64, 16_385)}, {"next_state": (64, 16_385)}), "at most 16,384 in a row"),
        (keeping({"state": (64, "any")}, {"next_state": (64, "any")}), "sides that are numbers"),
        (keeping({"state": (32, 1)}, {"next_state": (32, 1)}), "a batch of 64 or left open"),
        (keeping({"state": ONE}, {"next_state": ONE}, kind="DOUBLE"), r"tensor\(double\) \[6"),
        (keeping({"state": ONE}, {"next_state": ("n", "m")}, DOUBLED), r"float32 \(64, 2\); expec"),
        (keeping({"state": ONE}, {}), r"and the outputs \['logits'\]; expected .* 'next_state'"),
        (keeping({"stat": ONE}, {"next_state": ONE}, *RENAMED), r"'stat'\] and"),
        (keeping({"state": ONE}, {"next_state": ONE, "more": ONE}, *COPIED), "one of logits, prob"),
    ],
)
def test_onnx_state_of_bad_shape_is_refused(data, told):
    with pytest.raises(ValueError, match=told):
        answer(data)
