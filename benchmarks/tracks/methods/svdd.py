"""Asking where a one-class network says that what is seen is new (Trinh et al. 2024).

Deep SVDD (Ruff et al. 2018, equation 4) trains an encoder without biases to map observations of
training near a centre; what lies farther from it than nearly all of training is new. Departure: the
encoder sees inputs around the agent, as all agents here do.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from agents.stacks import Optimiser
from benchmarks.tracks.methods.method import Bytes, Floats, Task
from mesa_gym.engine import Bools
from mesa_gym.policies.protocol import in_blocks
from mesa_gym.trained.inputs import CentredInputs
from mesa_gym.trained.stacks import RowSum

UNITS, CODE = 64, 16
UPDATES, BATCH, RATE = 400, 256, 1e-3
DECAY = 1e-4
# Of training observations, the share that is farther from the centre than what counts as usual.
NEW = 0.01


class OneClass:
    """A deep SVDD: the squared distance of a code from the centre of training's.

    Args:
        task: of which observations are.
        planes: observations of training, uint8 (n, height, width, channels).
    """

    def __init__(self, task: Task, planes: Bytes) -> None:
        self._view = CentredInputs(task.lesson().trap)
        rng = np.random.default_rng([task.seed, 16])
        torch.manual_seed(task.seed)
        self._weights = [
            (torch.randn(rows, columns) * rows**-0.5).requires_grad_()
            for rows, columns in ((self._view.count, UNITS), (UNITS, CODE))
        ]
        # What is usual is told from observations that the encoder did not learn.
        held = len(planes) // 4
        listed = torch.from_numpy(self._view.list_inputs(planes[held:]))
        self._centre = self._encode(listed).mean(dim=0).detach()
        optimiser = Optimiser(self._weights, None)
        for _ in range(UPDATES):
            rows = rng.integers(len(listed), size=BATCH)
            loss = (self._encode(listed[rows]) - self._centre).square().sum(dim=1).mean()
            loss = loss + DECAY * sum(each.square().sum() for each in self._weights)
            optimiser.step(torch.autograd.grad(loss, self._weights), RATE)
        self.limit = float(np.quantile(self.measure(planes[:held]), 1 - NEW))

    def _encode(self, listed: Tensor) -> Tensor:
        first, second = self._weights
        table = torch.nn.functional.pad(first, (0, 0, 0, 1))
        hidden: Tensor = RowSum.apply(table, listed)
        return torch.nn.functional.leaky_relu(hidden, 0.1) @ second

    @torch.inference_mode()
    def measure(self, planes: Bytes) -> Floats:
        """Return squared distances from the centre, float64 (n,)."""

        def answer(seen: Bytes, rows: slice) -> Floats:
            codes = self._encode(torch.from_numpy(self._view.list_inputs(seen)))
            return (codes - self._centre).square().sum(dim=1).double().numpy()

        return in_blocks(answer, planes)

    def __call__(self, planes: Bytes, shares: Floats, weights: Floats) -> Bools:
        """Return where to ask: where an observation is new, bool (n,)."""
        return self.measure(planes) > self.limit
