"""A network with a memory: what it has seen in an episode changes what it does in the rest of it.

Its weights stand still while it acts, so that all it learns within an episode is in its memory, as
in RL^2 (Duan et al. 2016, "RL^2"; Wang et al. 2016). The memory is a gated recurrent unit (Cho et
al. 2014); scores are read from a layer in which what is remembered multiplies what is seen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mesa_gym.engine import ACTIONS, Bools, State
from mesa_gym.envs.observations import Bytes
from mesa_gym.policies.protocol import in_blocks
from mesa_gym.trained.inputs import CentredInputs
from mesa_gym.trained.networks import ListedLinear, TorchAgent
from mesa_gym.traps import Trap

UNITS = 64


class RecurrentNetwork(TorchAgent):
    """A gated recurrent unit, and a head that sees what it does and what it remembers.

    Attributes:
        memory: what it remembers, float32 (n, units), a row for each episode; None before the first
            ``reset``. It can be read and set between steps.
        first: the layer of what is seen, followed by a ReLU.
        sees, recalls: gates from what is seen and from the memory: what is renewed, what is let
            through, and what is new.
        joins, seen_factor, kept_factor: to a layer of both and of their product, then a ReLU.
        policy, value: what that layer feeds: scores of the five actions, and the value.
    """

    kind = "gru"

    def __init__(self, trap: Trap, units: int = UNITS) -> None:
        super().__init__()
        self.view = CentredInputs(trap)
        self.memory = None
        self._build(units)

    def _build(self, units: int) -> None:
        """Make the layers, each of so many units."""
        with torch.random.fork_rng(devices=[]):  # its random state is the user's
            self.first = ListedLinear(self.view.count, units)
            self.sees, self.recalls = (
                nn.Linear(units, 3 * units, bias=bias) for bias in (True, False)
            )
            self.joins = nn.Linear(2 * units, units)
            self.seen_factor, self.kept_factor = (
                nn.Linear(units, units, bias=False) for _ in range(2)
            )
            self.policy, self.value = nn.Linear(units, len(ACTIONS)), nn.Linear(units, 1)
        self.requires_grad_(False).eval()

    @property
    def units(self) -> int:
        """The number of units of its memory."""
        return self.recalls.in_features

    def make_room(self, tensors: dict[str, Tensor]) -> None:
        """Make the layers as wide as saved ones."""
        if (kept := tensors.get("recalls.weight")) is not None and kept.ndim == 2:
            self._build(kept.shape[1])

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Forget what the rows of a mask have seen."""
        if mask.all():
            self.memory = np.zeros((len(mask), self.units), np.float32)
        else:
            self.memory = np.where(mask[:, None], np.float32(0), self.memory)

    def encode_planes(self, planes: Tensor) -> Tensor:
        """Return what the first layer makes of planes, float32 (n, units)."""
        listed = torch.from_numpy(self.view.list_inputs(planes.numpy()))
        seen: Tensor = self.first(listed).relu()
        return seen

    def remember(self, seen: Tensor, memory: Tensor) -> Tensor:
        """Return the memory after a step, float32 (n, units).

        Args:
            seen: of ``encode_planes``.
            memory: before the step, float32 (n, units).
        """
        renew, admit, new = self.sees(seen).chunk(3, dim=1)
        old_renew, old_admit, old = self.recalls(memory).chunk(3, dim=1)
        share = (renew + old_renew).sigmoid()
        candidate = (new + (admit + old_admit).sigmoid() * old).tanh()
        return (1 - share) * memory + share * candidate

    def evaluate(self, seen: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores of actions, float32 (n, 5), and values, (n,).

        Args:
            seen: of ``encode_planes``.
            memory: after the step, of ``remember``.
        """
        product = self.seen_factor(seen) * self.kept_factor(memory)
        both = (self.joins(torch.cat([seen, memory], dim=1)) + product).relu()
        return self.policy(both), self.value(both)[:, 0]

    def compute_scores(self, encoded: Tensor) -> Tensor:
        """Return scores of the actions, float32 (n, 5), where an episode begins."""
        fresh = encoded.new_zeros(len(encoded), self.units)
        return self.evaluate(encoded, self.remember(encoded, fresh))[0]

    @torch.inference_mode()
    def act(self, observation: Bytes, state: State | None = None) -> NDArray[np.float64]:
        """Return action probabilities, float64 (n, 5), and remember the step.

        Raises:
            ValueError: the memory has another number of rows, as before the first ``reset``.
        """
        shape = (len(observation), self.units)
        if np.shape(self.memory) != shape:
            raise ValueError(
                f"the memory has the shape {np.shape(self.memory)}; expected {shape}: reset the"
                " agent with a mask of all rows before its first step"
            )
        seen = self.encode_planes(torch.from_numpy(observation)).numpy()

        def answer(both: NDArray[Any], rows: slice) -> NDArray[np.float32]:
            seen, memory = torch.from_numpy(both).chunk(2, dim=1)
            memory = self.remember(seen, memory)
            return torch.cat([memory, self.evaluate(seen, memory)[0]], dim=1).numpy()

        found = in_blocks(answer, np.concatenate([seen, self.memory], axis=1, dtype=np.float32))
        self.memory, scores = found[:, : self.units], found[:, self.units :]
        return torch.from_numpy(scores).double().softmax(dim=1).numpy()
