"""ONNX graphs as policies.

The graph has one input and one output. The input is uint8 or float32 (batch, ...): observations as
the environments give them, channels last; its batch is 64 or left open, and what it answers in one
row must not depend on the others. The output is called ``logits`` or ``probabilities``, float
(batch, 5), or ``actions``, integers (batch,). Nothing is carried from step to step: an agent with
a memory is submitted as a trace.
"""

from __future__ import annotations

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
    import onnxruntime
except ImportError:
    raise missing_extra("onnxruntime", "leaderboard") from None

INPUTS = {"tensor(uint8)": np.uint8, "tensor(float)": np.float32}
OUTPUTS = ("logits", "probabilities", "actions")


class OnnxPolicy(Memoryless):
    """A graph that acts.

    Args:
        graph: the bytes of an ONNX model.
        observation: the kind that it wants.
        trap: what it is to act on.

    Raises:
        ValueError: it has other inputs or outputs than it should have.
    """

    def __init__(self, graph: bytes, observation: str, trap: Trap) -> None:
        self.observation = observation
        shape = make_observation(trap, observation).space.shape
        options = onnxruntime.SessionOptions()
        # One thread: faster on grids this small, and the same sums each time.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        providers = ["CPUExecutionProvider"]
        self._session = onnxruntime.InferenceSession(graph, options, providers=providers)
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
        """Action probabilities, float64 (n, 5), or actions (n,)."""
        return in_blocks(self._answer, observation)

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
