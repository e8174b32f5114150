"""The inputs of learners: what all are asked for, and those of networks that take whole planes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad

from mesa_gym.envs.observations import Bytes
from mesa_gym.trained.inputs import CentredInputs
from mesa_gym.traps import Trap


class Inputs(Protocol):
    """The inputs of a network: an array of numbers for each observation.

    Attributes:
        count: of different inputs, which also fills up short lists of them.
    """

    count: int

    def list_inputs(self, planes: Bytes) -> NDArray[Any]:
        """Return (n, m) of planes (n, height, width, channels)."""


class WholePlanes:
    """The inputs of a network that takes observations as they are."""

    count = 0

    def __init__(self, trap: Trap) -> None:
        """Make the inputs of any trap."""

    def list_inputs(self, planes: Bytes) -> Bytes:
        """Return planes (n, height, width, channels) as rows (n, m)."""
        return planes.reshape(len(planes), -1)


def align_inputs(inputs: Sequence[Tensor], filler: int) -> list[Tensor]:
    """Return lists of inputs filled up to one length; dense inputs have one."""
    most = max(each.shape[-1] for each in inputs)
    return [pad(each, (0, most - each.shape[-1]), value=filler) for each in inputs]


class DenseInputs:
    """All inputs of ``CentredInputs`` as an array, on a device."""

    def __init__(self, view: CentredInputs, device: torch.device | str) -> None:
        self.agent, self.count = view.agent, view.count
        tables = (view.columns, view.first, view.moves, view.shift, view.stands)
        self.columns, self.first, self.moves, self.shift, self.stands = (
            torch.as_tensor(table, device=device) for table in tables
        )

    def see(self, planes: Tensor) -> Tensor:
        """Return uint8 (n, count + 1), the last of them 0, of planes on that device."""
        flat = planes.flatten(1)
        cell = planes[..., self.agent].flatten(1).argmax(dim=1)
        places = self.first + self.moves * self.shift[cell][:, None]
        inputs = torch.zeros(len(planes), self.count + 1, dtype=torch.uint8, device=planes.device)
        inputs.scatter_(1, places, flat[:, self.columns])
        return inputs.scatter_(1, self.stands[cell][:, None], 1)
