"""What acts once training is over: a network, a head, and how its scores become actions.

An actor is all that is saved of an agent. Its kind and the name of its network say how to make it
anew, so that weights are the only thing to read.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from agents.networks import FEATURES, HEAD, Bytes, Network, make_network
from mesa_gym.errors import unknown
from mesa_gym.grid import ACTIONS, Bools, Schema, State
from mesa_gym.policies.blocks import in_blocks


class Actor(nn.Module):
    """A network and a head that scores the five actions; takes them with softmax's chances.

    It is a policy: ``reset`` and ``act`` are those of ``mesa_gym.policies.Policy``.

    Class attributes:
        kind: its name in ``policy.json``.
    """

    kind: ClassVar[str] = "sampled"
    observation = "planes"

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.head = nn.Sequential(
            nn.Linear(FEATURES, HEAD), nn.ReLU(), nn.Linear(HEAD, len(ACTIONS))
        )

    def forward(self, planes: Bytes) -> Tensor:
        """Scores of the actions, float32 (n, 5), for planes (n, height, width, channels)."""
        seen = torch.from_numpy(self.network.view(planes))
        scores: Tensor = self.head(self.network(seen))
        return scores

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """There is nothing to forget."""

    @torch.inference_mode()
    def act(self, observation: Bytes, state: State | None = None) -> NDArray[np.float64]:
        """Action probabilities, float64 (n, 5)."""
        return in_blocks(self.answer, observation)

    def answer(self, seen: Bytes, rows: slice) -> NDArray[np.float64]:
        """What it does on one block, which has ``rows`` of the padded batch."""
        probabilities: NDArray[np.float64] = self(seen).double().softmax(dim=1).numpy()
        return probabilities


ACTORS: dict[str, type[Actor]] = {cls.kind: cls for cls in (Actor,)}


def make_actor(kind: str, network: str, schema: Schema) -> Actor:
    """An actor with fresh weights: a kind of ``ACTORS`` on one of ``networks.NETWORKS``.

    Raises:
        UnknownNameError: there is no such kind or network.
    """
    if kind not in ACTORS:
        raise unknown("kind of actor", kind, ACTORS)
    return ACTORS[kind](make_network(network, schema)).eval()
