"""The network with a local view: it sees things that lie at most three cells away.

A square of 7 x 7 cells around the agent, as in Minigrid's usual ``agent_view_size``. The cell on
which the agent stands and the row of what it holds are seen as before.
"""

from __future__ import annotations

import numpy as np

from mesa_gym.engine import Ints
from mesa_gym.envs.observations import Bytes
from mesa_gym.trained.inputs import CentredInputs
from mesa_gym.trained.networks import Network
from mesa_gym.traps import Trap

REACH = 3


class LocalInputs(CentredInputs):
    """The inputs of a network that sees no thing farther away than ``REACH`` rows or columns."""

    def __init__(self, trap: Trap) -> None:
        super().__init__(trap)
        rows, columns = (2 * length - 5 for length in trap.size)
        near = (np.abs(np.arange(length) - length // 2) <= REACH for length in (rows, columns))
        window = np.logical_and.outer(*near).repeat(len(self._channels))
        # Those after the window, the filler too, are seen as before.
        self._near = np.pad(window, (0, self.count + 1 - len(window)), constant_values=True)

    def list_inputs(self, planes: Bytes) -> Ints:
        """Return the inputs that are 1, int64 (n, most), of planes (n, height, width, channels)."""
        listed = super().list_inputs(planes)
        return np.where(self._near[listed], listed, self.count)


class LocalNetwork(Network):
    """An MLP with a local view."""

    kind = "local"
    make_view = LocalInputs
