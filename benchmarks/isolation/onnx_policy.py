"""ONNX graphs as policies.

The graph's input is uint8 or float32 (batch, ...): observations as the environments give them,
channels last; its batch is 64 or left open. The output is called ``logits`` or ``probabilities``,
float (batch, 5), or ``actions``, integers (batch,).

A graph that remembers has the input ``state`` and the output ``next_state`` too, both float32
(batch, ...) of one shape. An episode begins with a state of zeros, and gets at each step what the
graph gave at the step before.

What the graph does to a row must not depend on the others, nor on the place of the row: at each
step one row is asked again, among zeros. Operators that draw random numbers are refused, since
their own state counts calls from one episode to the next.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Bools, State
from mesa_gym.envs.observations import make_observation
from mesa_gym.errors import missing_extra
from mesa_gym.policies.protocol import BLOCK, in_blocks
from mesa_gym.traps import Trap

try:
    import onnx
    import onnxruntime
except ImportError as error:
    raise missing_extra(error.name or "onnx", "leaderboard") from None

Floats = NDArray[np.float32]
INPUTS = {"tensor(uint8)": np.uint8, "tensor(float)": np.float32}
OUTPUTS = ("logits", "probabilities", "actions")
STATE, NEXT_STATE = "state", "next_state"
# Numbers of one episode: an LSTM of sb3-contrib has 512, and 1,000 of these are 64 MB.
MOST_STATE = 16_384
# Of ONNX itself; onnxruntime's own operators are not described well enough to be judged.
DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
RANDOM = ("Bernoulli", "Multinomial")  # and all that begin with Random
# A row in another place may be summed by another kernel.
TOLERANCE = 1e-4


class OnnxPolicy:
    """A graph that acts.

    Args:
        graph: the bytes of an ONNX model.
        observation: the kind that it wants.
        trap: what it is to act on.

    Attributes:
        memory: whether it has a state.

    Raises:
        ValueError: it has other inputs or outputs than it should have, or an operator that draws
            random numbers.
    """

    def __init__(self, graph: bytes, observation: str, trap: Trap) -> None:
        self.observation = observation
        model = _parse_model(graph)
        options = onnxruntime.SessionOptions()
        # One thread: faster on grids this small, and the same sums each time.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        providers = ["CPUExecutionProvider"]
        # What was checked is what runs: two parsers may find different things in the same bytes.
        checked = model.SerializeToString()
        self._session = onnxruntime.InferenceSession(checked, options, providers=providers)
        # Which rows are asked again is not to be foreseen: a graph may leave these alone.
        self._rng = np.random.default_rng()
        inputs, outputs = (
            {each.name: each for each in found}
            for found in (self._session.get_inputs(), self._session.get_outputs())
        )
        told = f"the graph has the inputs {[*inputs]} and the outputs {[*outputs]}"
        state = inputs.pop(STATE, None)
        self.memory = state is not None
        if len(inputs) != 1 or self.memory != (outputs.pop(NEXT_STATE, None) is not None):
            raise ValueError(
                f"{told}; expected an observation and an answer, and of a graph that remembers also"
                f" the input {STATE!r} and the output {NEXT_STATE!r}"
            )
        if len(outputs) != 1 or not outputs.keys() <= set(OUTPUTS):
            raise ValueError(f"{told}; expected as its answer one of {', '.join(OUTPUTS)}")
        ((self._input, seen),), (self._output,) = inputs.items(), outputs
        shape = make_observation(trap, observation).space.shape
        if seen.type not in INPUTS or _read_row_shape(seen) != shape:
            raise ValueError(
                f"the graph's input is {seen.type} {seen.shape}; expected uint8 or float32"
                f" (batch, {', '.join(map(str, shape))}), with a batch of {BLOCK} or left open"
            )
        self._dtype = INPUTS[seen.type]
        self._state = np.zeros((0, 0) if state is None else (0, *_read_state_shape(state)), "f4")

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Give the rows in ``mask``, whose episodes begin, a state of zeros."""
        if mask.all():
            self._state = np.zeros((len(mask), *self._state.shape[1:]), np.float32)
        elif self.memory:
            self._state[mask] = 0

    def act(self, observation: NDArray[np.uint8], state: State | None = None) -> NDArray[Any]:
        """Return action probabilities, float64 (n, 5), or actions (n,).

        Raises:
            ValueError: what the graph does to a row depends on the others, or on its place; it
                gives something else than it declares; ``reset`` did not begin n episodes.
        """
        n = len(observation)
        before = self._state if self.memory else np.zeros((n, 0), np.float32)
        if len(before) != n:
            raise ValueError(f"{n} rows were asked about, and {len(before)} episodes have begun")
        after = np.empty_like(before)

        def answer_block(seen: NDArray[np.uint8], rows: slice) -> NDArray[Any]:
            here = before[rows]
            answer, after[rows] = self._run(seen, here)
            return answer

        answer = in_blocks(answer_block, observation)
        row = int(self._rng.integers(n))
        self._require_alone(row, observation, before, answer, after)
        if self.memory:
            self._state = after
        return answer

    def _require_alone(
        self,
        row: int,
        observation: NDArray[np.uint8],
        before: Floats,
        answer: NDArray[Any],
        after: Floats,
    ) -> None:
        """Ask about one row again, in its own place and in another; all other rows are zeros."""
        own, other = row % BLOCK, int(self._rng.integers(BLOCK))
        seen, known = (np.zeros((BLOCK, *x.shape[1:]), x.dtype) for x in (observation, before))
        seen[[own, other]], known[[own, other]] = observation[row], before[row]
        again = self._run(seen, known)
        # Its own place is summed by the same kernel. A difference of rounding in a state could be
        # magnified step by step, and tell of the other rows.
        for place, tolerance in ((other, TOLERANCE), (own, 0.0)):
            for what, one, two in zip(("answer", "state"), (answer, after), again, strict=True):
                if not np.allclose(one[row], two[place], tolerance, tolerance, equal_nan=True):
                    among, alone = (
                        np.array2string(x, precision=3, threshold=9) for x in (one[row], two[place])
                    )
                    raise ValueError(
                        f"the graph's {what} for row {row} is {among} among {len(answer)} rows, and"
                        f" {alone} alone, in place {place} of zeros; what it does to a row must"
                        " depend on that row only (export it in evaluation mode, without"
                        " statistics over the batch)"
                    )

    def _run(self, seen: NDArray[np.uint8], state: Floats) -> tuple[NDArray[Any], Floats]:
        """Return what the graph answers to a block, and the next states of the rows that have one.

        Args:
            seen: uint8 (``BLOCK``, ...).
            state: float32 (m, ...), with m at most ``BLOCK``.
        """
        fed, wanted = {self._input: seen.astype(self._dtype)}, [self._output]
        if self.memory:
            fed[STATE] = np.zeros((BLOCK, *state.shape[1:]), np.float32)
            fed[STATE][: len(state)] = state
            wanted.append(NEXT_STATE)
        given, *new = self._session.run(wanted, fed)
        answer = np.asarray(given)
        if len(answer) != len(seen):
            raise ValueError(f"the graph gave {len(answer)} rows for {len(seen)}")
        if self._output == "logits":
            scores = answer.astype(np.float64)
            weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
            answer = weights / weights.sum(axis=-1, keepdims=True)
        for after in new:
            if (after.shape, after.dtype) != (fed[STATE].shape, np.float32):
                raise ValueError(
                    f"the graph's {NEXT_STATE!r} is {after.dtype} {after.shape}; expected that of"
                    f" {STATE!r}, float32 {fed[STATE].shape}"
                )
            state = after[: len(state)]
        return answer, state


def _read_row_shape(given: onnxruntime.NodeArg) -> tuple[Any, ...] | None:
    """Return the shape of one row; None where the batch is neither ``BLOCK`` nor left open."""
    batch, *rest = given.shape or [0]
    return tuple(rest) if batch in (None, BLOCK) or isinstance(batch, str) else None


def _read_state_shape(state: onnxruntime.NodeArg) -> tuple[int, ...]:
    """Return the shape of one row's state; ValueError where it cannot be kept."""
    shape = _read_row_shape(state)
    known = shape is not None and all(isinstance(side, int) for side in shape)
    if state.type != "tensor(float)" or shape is None or not known:
        raise ValueError(
            f"the graph's input {STATE!r} is {state.type} {state.shape}; expected float32 (batch,"
            f" ...) of sides that are numbers, with a batch of {BLOCK} or left open"
        )
    if math.prod(shape) > MOST_STATE:
        raise ValueError(
            f"the graph's input {STATE!r} has {math.prod(shape):,} numbers of each episode; at most"
            f" {MOST_STATE:,} are kept"
        )
    return shape


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
