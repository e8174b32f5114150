"""ONNX graphs as policies.

The graph has one input and one output. The input is uint8 or float32 (batch, ...): observations as
the environments give them, channels last; its batch is 64 or left open, and what it answers in one
row must not depend on the others, nor on the place of the row: each batch is asked for one of its
rows again, alone and elsewhere. The output is called ``logits`` or ``probabilities``, float
(batch, 5), or ``actions``, integers (batch,). Nothing is carried from step to step, so operators
that draw random numbers, and with them count calls, are refused: an agent with a memory is
submitted as a trace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import State
from mesa_gym.envs.observations import make_observation
from mesa_gym.errors import missing_extra
from mesa_gym.policies import Memoryless
from mesa_gym.policies.protocol import BLOCK, in_blocks
from mesa_gym.traps import Trap

try:
    import onnx
    import onnxruntime
except ImportError as error:
    raise missing_extra(error.name or "onnx", "leaderboard") from None

INPUTS = {"tensor(uint8)": np.uint8, "tensor(float)": np.float32}
OUTPUTS = ("logits", "probabilities", "actions")
# Of ONNX itself; onnxruntime's own operators are not described well enough to be judged.
DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
RANDOM = ("Bernoulli", "Multinomial")  # and all that begin with Random
# A row in another place may be summed by another kernel.
TOLERANCE = 1e-4


class OnnxPolicy(Memoryless):
    """A graph that acts.

    Args:
        graph: the bytes of an ONNX model.
        observation: the kind that it wants.
        trap: what it is to act on.

    Raises:
        ValueError: it has other inputs or outputs than it should have, or an operator that draws
            random numbers.
    """

    def __init__(self, graph: bytes, observation: str, trap: Trap) -> None:
        self.observation = observation
        shape = make_observation(trap, observation).space.shape
        model = _parse_model(graph)
        options = onnxruntime.SessionOptions()
        # One thread: faster on grids this small, and the same sums each time.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        providers = ["CPUExecutionProvider"]
        # What was checked is what runs: two parsers may find different things in the same bytes.
        checked = model.SerializeToString()
        self._session = onnxruntime.InferenceSession(checked, options, providers=providers)
        self._rng = np.random.default_rng(0)
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if len(inputs) != 1 or len(outputs) != 1:
            raise ValueError(
                f"the graph has {len(inputs)} inputs and {len(outputs)} outputs; expected one each"
            )
        (seen,), (given,) = inputs, outputs
        batch, *rest = seen.shape or [0]
        left_open = batch is None or isinstance(batch, str)
        fits = tuple(rest) == shape and (left_open or batch == BLOCK)
        if seen.type not in INPUTS or not fits:
            raise ValueError(
                f"the graph's input is {seen.type} {seen.shape}; expected uint8 or float32"
                f" (batch, {', '.join(map(str, shape))}), with a batch of {BLOCK} or left open"
            )
        if given.name not in OUTPUTS:
            raise ValueError(f"the graph's output is {given.name!r}; expected {', '.join(OUTPUTS)}")
        self._input, self._dtype, self._output = seen.name, INPUTS[seen.type], given.name

    def act(self, observation: NDArray[np.uint8], state: State | None = None) -> NDArray[Any]:
        """Return action probabilities, float64 (n, 5), or actions (n,).

        Raises:
            ValueError: the answer to a row depends on the others, or on its place.
        """
        answer = in_blocks(self._answer, observation)
        row, place = self._rng.integers(len(observation)), self._rng.integers(BLOCK)
        alone = np.zeros((BLOCK, *observation.shape[1:]), observation.dtype)
        alone[place] = observation[row]
        again = self._answer(alone, slice(BLOCK))[place]
        if not np.allclose(answer[row], again, rtol=0, atol=TOLERANCE, equal_nan=True):
            given, alone_given = (np.array2string(x, precision=3) for x in (answer[row], again))
            raise ValueError(
                f"the graph answers row {row} with {given} among {len(observation)} rows, and with"
                f" {alone_given} alone, in place {place} of zeros; what it answers to a row must"
                " depend on that row only (export it in evaluation mode, without statistics over"
                " the batch)"
            )
        return answer

    def _answer(self, seen: NDArray[np.uint8], rows: slice) -> NDArray[Any]:
        (answer,) = self._session.run([self._output], {self._input: seen.astype(self._dtype)})
        given = np.asarray(answer)
        if len(given) != len(seen):
            raise ValueError(f"the graph gave {len(given)} rows for {len(seen)}")
        if self._output != "logits":
            return given
        scores = given.astype(np.float64)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        chances: NDArray[np.float64] = weights / weights.sum(axis=-1, keepdims=True)
        return chances


def _parse_model(graph: bytes) -> onnx.ModelProto:
    """Return a model whose every operator answers the same to the same input.

    Raises:
        ValueError: the bytes are not a model, or one of its operators does not.
    """
    try:
        model = onnx.load_model_from_string(graph)
    except Exception as error:  # of the protobuf library, which has several
        raise ValueError(f"it is not an ONNX model: {error}") from None
    if model.functions:
        raise ValueError("the graph has functions of its own; export it with them inlined")
    for node in _walk_nodes(model.graph.node):
        drawing = node.op_type.startswith("Random") or node.op_type in RANDOM
        # A third input switches training on.
        if drawing or (node.op_type == "Dropout" and any(node.input[2:])):
            raise ValueError(
                f"the graph has the operator {node.op_type}, which draws random numbers; export"
                " it in evaluation mode, and give probabilities: actions are drawn from them"
            )
        if node.domain not in DOMAINS:
            raise ValueError(
                f"the graph has the operator {node.op_type} of {node.domain!r}; expected those of"
                " ONNX itself"
            )
    return model


def _walk_nodes(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    """Yield nodes, and those of the graphs in their attributes."""
    for node in nodes:
        yield node
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                yield from _walk_nodes(graph.node)
