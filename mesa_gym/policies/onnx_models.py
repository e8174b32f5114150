"""ONNX models: reads them, and refuses what a policy must not contain.

Operators that draw random numbers are refused, because their generator keeps its state from one
episode to the next. Weights in other files, loops and functions that make more than ``MOST_NODES``
operators are refused, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from mesa_gym.errors import require_extra, shorten

with require_extra("onnx"):
    import onnx

RANDOM_OPS = ("Bernoulli", "Multinomial")  # and all that begin with Random
MOST_NODES = 100_000  # operators after functions are inlined
LOOP_OPS = ("Loop", "Scan")


def parse_model(graph: bytes) -> onnx.ModelProto:
    """Return a parsed model; ValueError if it lacks weights, draws random numbers or has loops."""
    try:
        model = onnx.load_model_from_string(graph)
    except Exception as error:  # the protobuf library raises several kinds of errors
        raise ValueError(f"it is not an ONNX model: {error}") from None
    try:
        too_many = _count_nodes(model) > MOST_NODES
    except RecursionError:
        too_many = True
    if too_many:
        raise ValueError(
            f"the graph has more than {MOST_NODES:,} operators when its functions are inlined;"
            " export it without nested functions"
        )
    for part in _walk_parts(model):
        if isinstance(part, onnx.TensorProto) and part.data_location == part.EXTERNAL:
            raise ValueError(
                f"the graph has the weights {shorten(part.name)} in another file; export it with"
                " all weights inside, as torch.onnx.export does with external_data=False"
            )
        if not isinstance(part, onnx.NodeProto):
            continue
        drawing = part.op_type.startswith("Random") or part.op_type in RANDOM_OPS
        # The third input of Dropout enables training mode.
        if drawing or (part.op_type == "Dropout" and any(part.input[2:])):
            raise ValueError(
                f"the graph has the operator {part.op_type}, which draws random numbers; export"
                " it in evaluation mode, and give probabilities: actions are drawn from them"
            )
        if part.op_type in LOOP_OPS:
            raise ValueError(
                f"the graph has the operator {part.op_type}, a loop that might never end; export it"
                " with unrolled loops, or keep a memory in the input `state`"
            )
    return model


def _count_nodes(model: onnx.ModelProto) -> int:
    """Return the number of operators after the model's functions are inlined."""
    functions = {(function.domain, function.name): function for function in model.functions}

    @cache
    def count_function(name: tuple[str, str]) -> int:
        return count(functions[name].node) if name in functions else 0

    def count(nodes: Iterable[onnx.NodeProto]) -> int:
        total = 0
        for node in nodes:
            graphs = [x for attribute in node.attribute for x in (attribute.g, *attribute.graphs)]
            total += 1 + sum(count(graph.node) for graph in graphs)
            total += count_function((node.domain, node.op_type))
        return total

    return count(model.graph.node)


def _walk_parts(message: Any) -> Iterator[Any]:
    """Yield a protobuf message and all messages nested in it."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in [value] if hasattr(value, "ListFields") else value:
                yield from _walk_parts(part)
