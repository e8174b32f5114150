"""Networks that compute something for each cell, again and again, and act on what their own has.

They act on grids of any size. What they want and how they plan is learnt, from reward alone.
Their common parts are here: how planes are read, and where an agent's scores come from.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn
from torch.nn.functional import pad

from mesa_gym.envs.observations import Bytes
from mesa_gym.policies.protocol import in_blocks
from mesa_gym.trained.networks import TorchAgent
from mesa_gym.trained.planner_maps import Boards, PlannerMaps, PlannerSettings
from mesa_gym.trained.stacks import VALUE
from mesa_gym.traps import Trap

Floats = NDArray[np.float32]
SIDE = 3  # of a window around a cell
BORDER = (1, 1, 1, 1)
HIDDEN = 32  # units of the value
# By which the scores of an untrained agent are made small.
FIRST_SCORES = 0.01


class GridNetwork(TorchAgent):
    """An agent whose scores are read where it stands, from features of each cell."""

    sized = False

    def __init__(self, trap: Trap, seed: int = 0) -> None:
        super().__init__()
        self.trap, self._maps = trap, PlannerMaps(trap, PlannerSettings())
        with torch.random.fork_rng(devices=[]):  # its random state is the user's
            torch.manual_seed(seed)
            self.build(len(self._maps.names))
        self.eval()

    head: Head

    def build(self, planes: int) -> None:
        """Make the layers, with ``head``, of a network that sees so many planes and not itself."""
        raise NotImplementedError

    def compute_features(self, boards: Boards, edit: Tensor | None = None) -> Tensor:
        """Return the last features of each inner cell, float32 (n, features, rows, columns)."""
        raise NotImplementedError

    def read_out(self, features: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores of actions, (n, 5), and values, (n,).

        Args:
            features: of ``compute_features``.
            cell: where the agents are, int64 (n,), numbers of inner cells.
        """
        scores, values = self.head(take_own(features, cell))
        return scores, values

    def evaluate(self, planes: Tensor, edit: ArrayLike | None = None) -> tuple[Tensor, Tensor]:
        """Return scores of actions, float32 (n, 5), and values, (n,); see ``forward``."""
        boards = self.view(planes)
        features = self.compute_features(boards, _find_inner(edit))
        row, column = boards.cell // planes.shape[2], boards.cell % planes.shape[2]
        return self.read_out(features, (row - 1) * features.shape[3] + column - 1)

    def forward(self, planes: Tensor, edit: ArrayLike | None = None) -> Tensor:
        """Return scores of the actions, float32 (n, 5).

        Args:
            planes: uint8 (n, height, width, channels).
            edit: float32 (n, height, width[, features]), added to what the network computes of a
                cell before it looks further.
        """
        return self.evaluate(planes, edit)[0]

    def compute_scores(self, encoded: Tensor) -> Tensor:
        """Return scores of the actions, float32 (n, 5), for planes (n, height, width, channels)."""
        return self.evaluate(encoded)[0]

    @torch.inference_mode()
    def activations(self, planes: Bytes) -> Floats:
        """Return what scores are read from, float32 (n, height, width, features).

        Args:
            planes: uint8 (n, height, width, channels).
        """

        def answer(seen: Bytes, rows: slice) -> Floats:
            found = self.compute_features(self.view(torch.from_numpy(seen)))
            return pad(found, BORDER).movedim(1, 3).contiguous().numpy()

        return in_blocks(answer, planes)

    def view(self, planes: Tensor) -> Boards:
        """Return observations of ``PlannerMaps.view``, without the axis of agents."""
        return Boards(*(each[0] for each in self._maps.view(planes[None])))


class Windows(nn.Module):
    """A convolution of all planes around each inner cell, with what is held as a bias.

    Args:
        planes: how many are seen.
        units: how many features a cell gets.
    """

    def __init__(self, planes: int, units: int) -> None:
        super().__init__()
        self.seen = nn.Conv2d(planes, units, SIDE)
        self.held = nn.Linear(planes, units, bias=False)
        nn.init.zeros_(self.held.weight)

    def forward(self, boards: Boards) -> Tensor:
        """Return float32 (n, units, rows, columns), not below 0."""
        return (self.seen(boards.planes) + self.held(boards.held)[..., None, None]).relu()


class Head(nn.Module):
    """Scores of actions, linear in features, and values, by a hidden layer."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.policy = nn.Linear(features, VALUE)
        self.value = nn.Sequential(nn.Linear(features, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 1))
        with torch.no_grad():
            self.policy.weight *= FIRST_SCORES
            self.policy.bias.zero_()

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores, float32 (n, 5), and values, (n,), of features (n, features)."""
        # Summed row by row: a product of matrices may round a row by where it stands, and what an
        # agent does must not depend on the others of its batch.
        scores = (features[:, None] * self.policy.weight).sum(dim=2) + self.policy.bias
        return scores, self.value(features)[:, 0]


def take_own(features: Tensor, cell: Tensor) -> Tensor:
    """Return the features of agents' cells, (n, features), of ``GridNetwork.compute_features``."""
    places = cell[:, None, None].expand(-1, features.shape[1], 1)
    return features.flatten(2).gather(2, places)[..., 0]


def advance_cells(gates: Tensor, memory: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Return outputs and memories of LSTM cells (Hochreiter & Schmidhuber 1997) after a step.

    Args:
        gates: along ``dim`` four times as long as the memory: what lets in, keeps and lets out,
            and what is new, before they are squashed.
        memory: before the step.
        dim: the axis of units.
    """
    lets_in, keeps, lets_out, new = gates.chunk(4, dim=dim)
    memory = keeps.sigmoid() * memory + lets_in.sigmoid() * new.tanh()
    return lets_out.sigmoid() * memory.tanh(), memory


def _find_inner(edit: ArrayLike | None) -> Tensor | None:
    """Return an edit of the inner cells, float32 (n, 1 or features, rows, columns)."""
    if edit is None:
        return None
    found = torch.as_tensor(edit, dtype=torch.float32)[:, 1:-1, 1:-1]
    return found[:, None] if found.ndim == 3 else found.movedim(3, 1)
