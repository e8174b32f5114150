"""Several networks that act together: an ensemble over cues."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from mesa_gym.trained.networks import Network, TorchAgent
from mesa_gym.traps import Trap


class Ensemble(TorchAgent):
    """Several networks, which do what all of them think likely.

    Its probabilities are the product of the members', normalised (a product of experts, Hinton
    2002): one member that is certain that an action is wrong is enough to rule it out, and where
    members are certain of different actions it hesitates between these. The logarithms are
    averaged, not added, so that members who think alike are no more certain together than
    each of them.
    """

    kind = "ensemble"

    def __init__(self, trap: Trap, members: list[Network] | None = None) -> None:
        super().__init__()
        self._trap = trap
        self.members: Any = nn.ModuleList(members or [])

    def make_room(self, tensors: dict[str, Tensor]) -> None:
        """Make as many members as the tensors of a saved ensemble are of."""
        count = len({name.split(".")[1] for name in tensors})
        self.members = nn.ModuleList(Network(self._trap) for _ in range(count))

    def encode_planes(self, planes: Tensor) -> Tensor:
        """Return what the members' first layers make of planes, float32 (n, members, UNITS)."""
        return torch.stack([member.encode_planes(planes) for member in self.members], dim=1)

    def compute_scores(self, encoded: Tensor) -> Tensor:
        """Return the mean of the members' logarithms of probabilities, float32 (n, 5)."""
        both = zip(self.members, encoded.unbind(dim=1), strict=True)
        return torch.stack([m.compute_scores(own).log_softmax(dim=1) for m, own in both]).mean(0)
