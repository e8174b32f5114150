"""Networks that plan by construction, and whose objective is a map that can be read.

Planes become two maps (``planner_maps``): *utility*, what each cell is worth to end on, and *cost*,
what it costs to enter. The score of an action is its sharpness times what the best way through it
is worth (``planning``).

What is built in is that it plans. What it wants is learnt, from reward alone.
"""

from __future__ import annotations

import copy
import math
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from mesa_gym.engine import Ints
from mesa_gym.envs.observations import Bytes
from mesa_gym.policies.planning import MapNetwork
from mesa_gym.policies.protocol import in_blocks
from mesa_gym.trained.goal_reading import Reading, read_utilities
from mesa_gym.trained.networks import StackAgent
from mesa_gym.trained.planner_edits import UNEDITED, Edit, Floats, evaluate_edit
from mesa_gym.trained.planner_maps import Boards, PlannerMaps, PlannerSettings, PlannerStack
from mesa_gym.trained.planning import find_ways
from mesa_gym.traps import Trap

# A cell costs no less, whatever is edited: else a way that is endless would be best.
LEAST_COST = 1e-3


class Planner(StackAgent):
    """An agent that plans, on grids of any size.

    Class attributes:
        settings: of the network.
    """

    kind = "planner"
    sized = False
    settings: ClassVar[PlannerSettings] = PlannerSettings()

    def __init__(self, trap: Trap, stack: PlannerStack | None = None, agent: int = 0) -> None:
        super().__init__()
        self.trap, self.edits = trap, UNEDITED
        self.maps = PlannerMaps(trap, self.settings)
        self.take_parameters(stack or self.maps.draw((0,)), agent)

    @property
    def sharpness(self) -> float:
        """By which the worth of ways is multiplied to give the scores of actions."""
        return math.exp(float(self.stack.head[0, 0, 0]))

    def network(self) -> MapNetwork:
        """Return the numbers of its maps, without edits."""
        self.require_savable()
        own = {name: each[0].numpy() for name, each in self.stack._asdict().items()}
        names, side = tuple(self.maps.names), self.settings.side
        return MapNetwork(
            planes=names,
            side=side,
            gain=self.settings.gain,
            first=own["first"].reshape(len(names), side, side, -1),
            first_bias=own["first_bias"][0],
            held=own["held"],
            wants=own["wants"][:, 0],
            pays=own["pays"][:, 0],
            pays_bias=float(own["pays_bias"][0, 0]),
            sharpness=self.sharpness,
            stay=float(own["head"][0, 1]),
        )

    def require_savable(self) -> None:
        """Raise ValueError where it was edited."""
        if self.edits is not UNEDITED:
            raise ValueError(
                "an edited planner cannot be saved: its weights are those of the agent before, and"
                " edits may be functions; save that one, and edit it again where it is used"
            )

    def compute_scores(self, encoded: Tensor) -> Tensor:
        """Return scores of the actions, float32 (n, 5), for planes (n, height, width, channels)."""
        boards = self.maps.view(encoded[None])
        scores, _ = self.maps.score(self.stack, boards, *self._draw_maps(encoded, boards))
        return scores[0]

    def objective(self, planes: Bytes) -> Floats:
        """Return what each cell is worth to end on, float32 (n, height, width).

        The unit is the one of ``costs``: a way is gone if its end is worth more than all that is
        entered on it costs. Bare floor is worth 0.

        Args:
            planes: uint8 (n, height, width, channels), of a grid of any size.
        """
        return self._draw_map(planes, 0)

    def costs(self, planes: Bytes) -> Floats:
        """Return what it costs to enter each cell, float32 (n, height, width), above 0."""
        return self._draw_map(planes, 1)

    @torch.inference_mode()
    def plan(self, planes: Bytes) -> Ints:
        """Return the way that the agent holds to be best, as cells ``row * width + column``.

        Args:
            planes: uint8 (n, height, width, channels).

        Returns:
            int64 (n, steps), from the agent's own cell to the one where it ends, which is repeated.
        """
        seen = self._check(planes)
        boards = self.maps.view(seen[None])
        utility, cost = self._draw_maps(seen, boards)
        scores, _ = self.maps.score(self.stack, boards, utility, cost)
        cell, best = boards.cell[0], scores[0].argmax(dim=1)
        ways = find_ways(utility[0], cost[0], cell)
        stays = torch.cat([ways, cell.expand(len(ways), 1, -1)], dim=1)
        taken = stays.gather(1, best.expand(len(ways), 1, -1))[:, 0]
        return torch.cat([cell[None], taken]).T.numpy()

    def edited(
        self,
        utility: Edit | None = None,
        costs: Edit | None = None,
        patience: float | None = None,
        walls: float | None = None,
    ) -> Planner:
        """Return a copy that was changed by hand; no weight is touched.

        Args:
            utility: added to its map: a number, an array (height, width), or a function from
                planes (n, height, width, channels) to arrays (n, height, width).
            costs: added to theirs, as the same.
            patience: above 0; the utility is multiplied by it.
            walls: above 0; the costs of walls are multiplied by it.

        What is not given stays as it was; what is given takes the place of an earlier edit.

        Raises:
            ValueError: an array is not a map, or a factor is not above 0.
        """
        given = {"utility": utility, "costs": costs, "patience": patience, "walls": walls}
        found = copy.copy(self)
        found.edits = self.edits.change(given)
        return found

    def reading(self, first: str, second: str) -> Reading:
        """Return how much more one objective is wanted than another, read on training levels.

        Args:
            first: an objective of the trap.
            second: another.

        Raises:
            UnknownNameError: the trap has no such objective.
            ValueError: their targets look alike, so that no map can tell them apart.
        """
        return read_utilities(self, self.trap, first, second)

    @torch.inference_mode()
    def _draw_map(self, planes: Bytes, which: int) -> Floats:
        """Return utilities (0) or costs (1), in blocks as ``act`` takes them."""

        def answer(seen: Bytes, rows: slice) -> Floats:
            part = torch.from_numpy(seen)
            maps = self._draw_maps(part, self.maps.view(part[None]))
            return maps[which][0].numpy()

        return in_blocks(answer, self._check(planes).numpy())

    def _draw_maps(self, planes: Tensor, boards: Boards) -> tuple[Tensor, Tensor]:
        """Return utility and cost with the edits, float32 (1, n, height, width) each."""
        stack, edits = self.stack, self.edits
        utility = self.maps.utility(stack, boards) * edits.patience
        wall = planes[None, ..., self.trap.channels.index("wall")]
        cost = self.maps.cost(stack, boards)
        cost = torch.where(wall > 0, cost * edits.walls, cost)
        return (
            utility + evaluate_edit("utility", edits.utility, planes),
            (cost + evaluate_edit("costs", edits.costs, planes)).clamp(min=LEAST_COST),
        )

    def _check(self, planes: Bytes) -> Tensor:
        """Return planes as a tensor.

        Raises:
            ValueError: they are not those of the trap.
        """
        array, channels = np.asarray(planes), len(self.trap.channels)
        if array.ndim != 4 or array.shape[-1] != channels:
            raise ValueError(
                f"expected planes (n, height, width, {channels}), as {self.trap.name()} shows them,"
                f" got an array of shape {array.shape}"
            )
        return torch.from_numpy(array)


class WidePlanner(Planner):
    """A planner that sees far around each cell: windows of 7x7 cells, and 64 hidden units."""

    kind = "planner-wide"
    settings: ClassVar[PlannerSettings] = PlannerSettings(units=64, reach=3)
