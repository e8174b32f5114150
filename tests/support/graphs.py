"""ONNX graphs for tests: from CheeseCorner's planes to logits."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CORNER = "CheeseCorner-v0"
SHAPE = (9, 9, 3)
CELLS = 9 * 9 * 3
ONES = np.ones((CELLS, 5), np.float32)
node = helper.make_node


def declare(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def graph(nodes, shape=(64, *SHAPE), inputs=(), outputs=(), **constants):
    """An ONNX model from CheeseCorner's planes, uint8, to logits."""
    inputs = [*([declare("seen", shape, TensorProto.UINT8)] if shape else []), *inputs]
    outputs = [declare("logits", (64, 5)), *outputs]
    values = [numpy_helper.from_array(np.asarray(x), name) for name, x in constants.items()]
    whole = helper.make_graph(nodes, "policy", inputs, outputs, values)
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
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


def remembering(*nodes, before=("batch", 1), after=None, **constants):
    """Nodes from ``seen`` and a ``state`` of a shape to ``logits`` and ``next_state``."""
    state, following = declare("state", before), declare("next_state", after or before)
    return graph(nodes, inputs=[state], outputs=[following], **constants)


def counting(*nodes, **constants):
    """A graph that takes each action in turn by counting its steps, or with other ``nodes``.

    Args:
        nodes: from ``counted``, which is ``state`` plus 1, to ``next_state``.
        constants: of them.
    """
    count = node("Add", ["state", "one"], ["counted"])
    chosen = [
        node("Mod", ["state", "five"], ["turn"], fmod=1),
        node("Squeeze", ["turn", "one_axis"], ["action"]),
        node("OneHot", ["action", "five", "scores"], ["logits"]),
    ]
    nodes = nodes or (node("Identity", ["counted"], ["next_state"]),)
    axis, scores = np.array([1]), np.array([-99, 99], np.float32)
    fixed = {"one": np.float32(1), "five": np.float32(5), "one_axis": axis, "scores": scores}
    return remembering(count, *nodes, *chosen, **fixed, **constants)


def external(location):
    """A graph whose weights lie in another file."""
    model = onnx.load_from_string(linear(ONES))
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", str(CELLS * 20))):
        tensor.external_data.add(key=key, value=value)
    return model.SerializeToString()
