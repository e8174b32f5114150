"""Actors, which act once training is over: a network, a head, and how its scores become actions.

An actor is all that is saved of an agent. Its kind and the name of its network say how to make it
again, so that weights are the only thing to read.
"""

from __future__ import annotations

from copy import deepcopy
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from agents.networks import FEATURES, HEAD, Bytes, Network, make_network
from mesa_gym.engine import ACTIONS, Bools, State
from mesa_gym.errors import unknown
from mesa_gym.policies.protocol import in_blocks, whole_blocks
from mesa_gym.traps import Trap

# A Q-network acts at random this often, as in Mnih et al. 2015.
SLIPS = 0.05
# Of the LSTM, in numbers.
MEMORY = 128

# Of an ensemble.
MEMBERS = 3


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
        scores: Tensor = self.head(self.features(planes))
        return scores

    def features(self, planes: Bytes) -> Tensor:
        """Return features of planes, float32 (n, ``FEATURES``)."""
        features: Tensor = self.network(torch.from_numpy(self.network.view(planes)))
        return features

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """There is nothing to forget."""

    @torch.inference_mode()
    def act(self, observation: Bytes, state: State | None = None) -> NDArray[np.float64]:
        """Action probabilities, float64 (n, 5)."""
        return in_blocks(self.answer, observation)

    def answer(self, seen: Bytes, rows: slice) -> NDArray[np.float64]:
        """Return what it does on one block, which has ``rows`` of the padded batch."""
        return softmax(self(seen))


class Greedy(Actor):
    """A network whose scores are values of actions; mostly takes the best."""

    kind = "greedy"

    def answer(self, seen: Bytes, rows: slice) -> NDArray[np.float64]:
        """Return what it does on one block."""
        best = self(seen).argmax(dim=1).numpy()
        others = SLIPS / len(ACTIONS)
        return np.where(np.arange(len(ACTIONS)) == best[:, None], 1 - SLIPS + others, others)


class Recurrent(Actor):
    """A network, an LSTM that remembers the episode, and a head that scores what it says."""

    kind = "recurrent"
    memory: Tensor  # hidden and cell states, float32 (2, 1, whole blocks of rows, MEMORY)

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self.lstm = nn.LSTM(FEATURES, MEMORY)

    def forward(self, planes: Bytes, rows: slice = slice(None)) -> Tensor:
        """Scores, as the memory of these rows makes them; it goes on by a step."""
        hidden, cell = self.memory[:, :, rows].clone()
        said, after = self.lstm(self.features(planes)[None], (hidden, cell))
        self.memory[:, :, rows] = torch.stack(after)
        scores: Tensor = self.head(said[0])
        return scores

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Empty the memory of the rows in ``mask``."""
        if mask.all():
            self.memory = torch.zeros((2, 1, whole_blocks(len(mask)), MEMORY))
        else:
            self.memory[:, :, np.flatnonzero(mask)] = 0

    def answer(self, seen: Bytes, rows: slice) -> NDArray[np.float64]:
        """Return what it does on one block."""
        return softmax(self(seen, rows))


class Ensemble(Actor):
    """Several actors, which do what all of them think likely.

    Its probabilities are the product of the members', normalised (a product of experts, Hinton
    2002): one member that is certain that an action is wrong is enough to rule it out, and where
    members are certain of different actions it hesitates between these. The alternatives do not
    look for agreement: the mean of the probabilities is what a member picked at random does, and
    a vote forgets how certain each was. The members' logarithms are averaged, not added, so that
    as many who think alike are no more certain together than each of them.
    """

    kind = "ensemble"

    def __init__(self, network: Network) -> None:
        nn.Module.__init__(self)
        self.members = nn.ModuleList(Actor(deepcopy(network)) for _ in range(MEMBERS))

    def forward(self, planes: Bytes) -> Tensor:
        """The mean of the members' logarithms of probabilities, float32 (n, 5)."""
        return torch.stack([member(planes).log_softmax(dim=1) for member in self.members]).mean(0)


ACTORS: dict[str, type[Actor]] = {cls.kind: cls for cls in (Actor, Greedy, Recurrent, Ensemble)}


def make_actor(kind: str, network: str, trap: Trap) -> Actor:
    """Make an actor with fresh weights: a kind of ``ACTORS`` on one of ``networks.NETWORKS``.

    Raises:
        UnknownNameError: there is no such kind or network.
    """
    if kind not in ACTORS:
        raise unknown("kind of actor", kind, ACTORS)
    return ACTORS[kind](make_network(network, trap)).eval()


def softmax(scores: Tensor) -> NDArray[np.float64]:
    """Probabilities, float64 (n, 5)."""
    probabilities: NDArray[np.float64] = scores.double().softmax(dim=1).numpy()
    return probabilities
