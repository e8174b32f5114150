"""ONNX graphs: those that draw random numbers or mix rows are refused; others act alike."""

import copy

import numpy as np
import pytest
from onnx import TensorProto, helper

from mesa_gym.policies.onnx import OnnxPolicy
from mesa_gym.traps import find_trap
from tests.support.graphs import (
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
)

SEEN = np.random.default_rng(1).integers(0, 2, (100, *SHAPE), dtype=np.uint8)
YES = np.array(True)
RNG = np.random.default_rng(0)


def load(data):
    """Return a policy whose 100 episodes have begun."""
    policy = OnnxPolicy(data, find_trap(CORNER)(), "planes")
    policy.reset(np.ones(100, np.bool_), RNG)
    return policy


def answer(data):
    return load(data).act(SEEN)


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


# Its state tells how often it was run.
UNIFORM = node("RandomUniform", [], ["more"], shape=(64, 5), seed=1.0)
SIGMOID = node("Sigmoid", ["scores"], ["p"])
DROPOUT = node("Dropout", ["scores", "half", "yes"], ["more"])


@pytest.mark.parametrize(
    ("data", "operator"),
    [
        (adding(UNIFORM), "RandomUniform"),
        (adding(SIGMOID, node("Bernoulli", ["p"], ["more"], seed=1.0)), "Bernoulli"),
        (adding(DROPOUT, half=np.array(0.5, np.float32), yes=YES), "Dropout"),
        (adding(branching(UNIFORM), yes=YES), "RandomUniform"),
        (b"\x08 and nonsense", "it is not an ONNX model"),
    ],
)
def test_operators_that_can_count_calls_are_refused(data, operator):
    with pytest.raises(ValueError, match=operator):
        OnnxPolicy(data, find_trap(CORNER)(), "planes")


@pytest.mark.parametrize(
    "data",
    [
        # Each row's answer has something of what the first row sees.
        adding(node("Gather", ["scores", "zero"], ["more"], axis=0), zero=np.array([0])),
        # The number of the row, which is that of the level; so large that it always decides.
        adding(more=np.arange(320, dtype=np.float32).reshape(64, 5) % 7 * 1000),
    ],
)
def test_onnx_answers_that_mix_rows_are_refused(data):
    with pytest.raises(ValueError, match=r"answer for a level is .* as the last of 64, and .* as"):
        answer(data)


def test_weights_in_other_files_are_refused():
    """Such a file could be any file of the user's."""
    with pytest.raises(ValueError, match=r"the weights 'weights' in another file; export it"):
        load(external("etc/passwd"))


# -- a state ---------------------------------------------------------------------------------------


def test_onnx_state_begins_at_zero_by_row():
    """Rows that begin forget their states, in any block; others go on."""
    policy, count = load(counting()), np.zeros(100, np.int64)
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
def test_onnx_states_that_mix_rows_are_refused(data):
    with pytest.raises(ValueError, match=r"state for a level is .* as the last of 64, and .* as"):
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


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (keeping({"state": (64, 16_385)}, {"next_state": (64, 16_385)}), "16,384 numbers a row"),
        (keeping({"state": ONE}, {"next_state": ONE}, kind="DOUBLE"), r"tensor\(double\) \[6"),
        (keeping({"state": ONE}, {"next_state": ("n", "m")}, DOUBLED), r"float32 \(64, 2\); expec"),
        (keeping({"state": ONE}, {}), r"and the outputs \['logits'\]; expected .* 'next_state'"),
    ],
)
def test_onnx_state_of_bad_shape_is_refused(data, told):
    with pytest.raises(ValueError, match=told):
        answer(data)


def test_onnx_copy_keeps_its_own_state():
    policy = load(counting())
    policy.act(SEEN)
    copied = copy.deepcopy(policy)
    copied.reset(np.arange(100) < 50, RNG)
    assert policy.act(SEEN).argmax(axis=1).tolist() == [1] * 100
    assert copied.act(SEEN).argmax(axis=1).tolist() == [0] * 50 + [1] * 50
