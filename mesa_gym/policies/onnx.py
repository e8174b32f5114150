"""ONNX graphs as policies.

The graph's input is uint8, float16, float32 or float64 (batch, ...) and contains the environments'
observations. Its batch size is dynamic, or 1, 2, 4, ... or 64. The input's name may be the kind of
observation; otherwise the kind is inferred from the shape. One output is called ``logits`` or
``probabilities``, float (batch, 5), or ``actions``, integers (batch,). If a graph has several of
these outputs, the first in this order is used; outputs with other names are ignored.

A graph with memory also has the input ``state`` and the output ``next_state``, both float16 or
float32 (batch, ...) and of equal shape. An episode begins with a state of zeros; each step gets
the ``next_state`` of the previous step.

The output for a row must not depend on other rows or on the row's position; this is checked on a
few levels when the graph is loaded. ``onnx_models`` refuses graphs that draw random numbers, loop
or need other files. Loading a graph, and running it on a block of rows, may take
``threads.MOST_SECONDS``.
"""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Bools, State
from mesa_gym.envs.observations import OBSERVATIONS, make_observation
from mesa_gym.errors import require_extra, shorten
from mesa_gym.policies.onnx_models import parse_model
from mesa_gym.policies.protocol import BLOCK, in_blocks, soften_scores
from mesa_gym.threads import run_within
from mesa_gym.traps import Split, Trap

with require_extra("onnx"):
    import onnxruntime

Given = tuple[NDArray[Any], NDArray[Any]]  # the answers and the next states
PROVIDERS = ["CPUExecutionProvider"]
STATES = {"tensor(float16)": np.float16, "tensor(float)": np.float32}
INPUTS = {"tensor(uint8)": np.uint8, "tensor(double)": np.float64, **STATES}
OUTPUT_NAMES = ("logits", "probabilities", "actions")
STATE, NEXT_STATE = "state", "next_state"
# Numbers per episode: an LSTM of sb3-contrib has 512; 1,000 episodes of 16,384 take 64 MB.
MOST_STATE = 16_384
BATCHES = f"a batch of 1, 2, 4, ... or {BLOCK} or left open"
FATAL = 4  # the least severe message that a run prints
# Rows at other positions of a batch may be computed by another kernel, which rounds differently.
TOLERANCE = 1e-4
ROUGH_TOLERANCE = 4e-3  # for float16, which has three digits


class OnnxPolicy:
    """An ONNX graph that acts.

    Args:
        graph: the bytes of an ONNX model.
        trap: the trap that the policy acts on.
        observation: the kind of observation that the graph needs; None to infer it.

    Attributes:
        memory: whether the graph has a state.
        weights: the bytes of the graph, which identify it.

    Raises:
        ValueError: the bytes are not a graph as described above, or do not fit the trap.
    """

    def __init__(self, graph: bytes, trap: Trap, observation: str | None = None) -> None:
        model = parse_model(graph)
        # Run the checked graph, serialized again: two parsers may read the original differently.
        checked = model.SerializeToString()
        self.weights = {"graph": np.frombuffer(checked, np.uint8)}
        try:
            self._session = open_session(checked)
        except TimeoutError as error:
            raise ValueError(str(error)) from None
        except Exception as error:  # onnxruntime raises many kinds of errors
            raise ValueError(f"onnxruntime cannot load the graph: {error}") from None
        inputs = {node.name: node for node in self._session.get_inputs()}
        outputs = {node.name: node for node in self._session.get_outputs()}
        summary = f"the graph has the inputs {[*inputs]} and the outputs {[*outputs]}"
        state, after = inputs.pop(STATE, None), outputs.pop(NEXT_STATE, None)
        answers = [name for name in OUTPUT_NAMES if name in outputs]
        self.memory = state is not None
        if len(inputs) != 1 or not answers or self.memory != (after is not None):
            raise ValueError(
                f"{summary}; expected one input, the observation, and an output named"
                f" {', '.join(OUTPUT_NAMES[:-1])} or {OUTPUT_NAMES[-1]}. A graph with memory also"
                f" has the input {STATE!r} and the output {NEXT_STATE!r}"
            )
        ((self._input, obs_node),), self._output = inputs.items(), answers[0]
        self.observation = _find_observation(obs_node, trap, observation)
        self._dtype = INPUTS[obs_node.type]
        self._state = np.zeros((0, 0), np.float32)
        if state is not None:
            self._state = np.zeros((0, *_read_state_shape(state)), STATES[state.type])
        self._batch = _find_batch(obs_node, state)
        rough = "tensor(float16)" in (obs_node.type, outputs[self._output].type)
        self._require_alone(trap, ROUGH_TOLERANCE if rough else TOLERANCE)

    def __deepcopy__(self, memo: dict[int, object]) -> OnnxPolicy:
        """Copy the memory and share the session, which is immutable."""
        clone = copy.copy(self)
        clone._state = self._state.copy()
        return clone

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Set the memory of the rows in ``mask``, whose episodes begin, to zeros."""
        if mask.all():
            self._state = np.zeros((len(mask), *self._state.shape[1:]), self._state.dtype)
        elif self.memory:
            self._state[mask] = 0

    def act(self, observation: NDArray[np.generic], state: State | None = None) -> NDArray[Any]:
        """Return action probabilities, float64 (n, 5), or actions (n,).

        Raises:
            ValueError: the graph's outputs differ from their declaration, or ``reset`` was called
                for another number of episodes.
        """
        n = len(observation)
        before = self._state if self.memory else np.zeros((n, 0), np.float32)
        if len(before) != n:
            raise ValueError(
                f"the observations have {n} rows; expected {len(before)}, one for each episode"
            )
        after = np.empty_like(before)

        def answer_block(obs: NDArray[np.generic], rows: slice) -> NDArray[Any]:
            answer, after[rows] = self._run(obs, before[rows])
            return answer

        answer = in_blocks(answer_block, observation)
        if self.memory:
            self._state = after
        return answer

    def _require_alone(self, trap: Trap, tolerance: float) -> None:
        """Require that a level's answer and memory do not depend on other rows or its position."""
        levels = trap.levels(Split.TEST, range(BLOCK))
        obs = make_observation(trap, self.observation).encode(levels)
        alone, state = np.zeros_like(obs), self._state
        memory = np.zeros((BLOCK, *state.shape[1:]), state.dtype)
        # Repeat the last level in row 1 among zeros: statistics over the batch change its answer.
        alone[1] = obs[-1]
        answers = zip(self._run(obs, memory), self._run(alone, memory), strict=True)
        for field, (among, lone) in zip(("answer", "state"), answers, strict=True):
            if not np.allclose(among[-1], lone[1], tolerance, tolerance, equal_nan=True):
                one, other = (shorten(x.tolist()) for x in (among[-1], lone[1]))
                raise ValueError(
                    f"the graph's {field} for one level depends on its batch: {one} in the last of"
                    f" {BLOCK} rows, and {other} in the second row of a batch of zeros; export the"
                    " graph in evaluation mode, without statistics over the batch"
                )

    def _run(self, obs: NDArray[Any], state: NDArray[Any]) -> Given:
        """Return the answers to a block, at least for its first rows, and their next memory.

        ``state`` is the memory of the first rows; the other rows are padding.
        """
        fed, names = {self._input: obs.astype(self._dtype)}, [self._output]
        if self.memory:
            # The memory of padding rows is zero.
            fed[STATE] = np.zeros((BLOCK, *state.shape[1:]), state.dtype)
            fed[STATE][: len(state)] = state
            names.append(NEXT_STATE)
        options = onnxruntime.RunOptions()
        options.log_severity_level = FATAL

        def run_block() -> list[Any]:
            return [
                self._session.run(
                    names, {x: rows[i : i + self._batch] for x, rows in fed.items()}, options
                )
                for i in range(0, len(state), self._batch)
            ]

        parts = run_within("the graph", run_block, lambda: setattr(options, "terminate", True))
        answer, *new = (np.concatenate([*map(np.atleast_1d, x)]) for x in zip(*parts, strict=True))
        if len(answer) != (rows := len(parts) * self._batch):
            raise ValueError(f"the graph gave {len(answer)} rows for {rows}")
        if self._output == "logits":
            answer = soften_scores(answer)
        for after in new:
            if (after.shape, after.dtype) != ((rows, *state.shape[1:]), state.dtype):
                raise ValueError(
                    f"the graph's {NEXT_STATE!r} is {after.dtype} {after.shape}; expected"
                    f" {state.dtype} {(rows, *state.shape[1:])}, as {STATE!r} is"
                )
            state = after[: len(state)]
        return answer, state


def open_session(graph: bytes) -> onnxruntime.InferenceSession:
    """Return an ONNX Runtime session for a graph, without the checks of ``OnnxPolicy``."""
    options = onnxruntime.SessionOptions()
    # One thread is faster on grids this small and makes sums reproducible.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    cancel = getattr(options, "set_load_cancellation_flag", bool)  # from onnxruntime 1.21 on
    return run_within(
        "loading the graph",
        # The fallback prints on standard output and would only try the same provider again.
        lambda: onnxruntime.InferenceSession(graph, options, PROVIDERS, enable_fallback=0),
        lambda: cancel(True),
    )


def _find_observation(node: onnxruntime.NodeArg, trap: Trap, kind: str | None) -> str:
    """Return the kind of observation that fits a graph's input; ValueError if none fits."""
    kinds = OBSERVATIONS
    if kind is not None or node.name in kinds:
        kinds = (kind or node.name,)
    shapes = {kind: make_observation(trap, kind).space.shape for kind in kinds}
    fitting = [kind for kind in kinds if shapes[kind] == _read_row_shape(node)]
    if node.type not in INPUTS or not fitting:
        shapes_text = " or ".join(f"{kind} {shape}" for kind, shape in shapes.items())
        expected = f"rows of an observation of {trap!r}: {shapes_text}"
        if node.type not in INPUTS:
            expected = "the type uint8, or a float of 16, 32 or 64 bits"
        elif _read_row_shape(node) == (None,):
            expected = BATCHES
        raise ValueError(f"the graph's input is {node.type} {node.shape}; expected {expected}")
    return fitting[0]


def _read_state_shape(state: onnxruntime.NodeArg) -> tuple[int, ...]:
    """Return the shape of one row's memory; ValueError if it is dynamic or too large."""
    shape = _read_row_shape(state)
    fixed = state.type in STATES and all(isinstance(side, int) for side in shape)
    if not fixed or math.prod(shape) > MOST_STATE:
        raise ValueError(
            f"the graph's input {STATE!r} is {state.type} {state.shape}; expected float16 or"
            f" float32, {BATCHES}, and fixed sides, at most {MOST_STATE:,} numbers a row"
        )
    return shape


def _read_row_shape(node: onnxruntime.NodeArg) -> tuple[Any, ...]:
    """Return the shape of one row; (None,) if a block cannot be split into batches of the graph."""
    batch, *rest = node.shape or [0]
    fits = not isinstance(batch, int) or (batch > 0 and BLOCK % batch == 0)
    return tuple(rest) if fits else (None,)


def _find_batch(*inputs: onnxruntime.NodeArg | None) -> int:
    """Return a graph's batch size, ``BLOCK`` if it is dynamic; ValueError if its inputs differ."""
    batches = {node.shape[0] for node in inputs if node and isinstance(node.shape[0], int)}
    if len(batches) > 1:
        raise ValueError(f"the graph's inputs have batches of {sorted(batches)}; expected one size")
    return batches.pop() if batches else BLOCK
