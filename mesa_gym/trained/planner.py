"""Planners as agents: a planner's objective is a map, which can be read and edited."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any, NamedTuple

import array_api_compat.numpy as xp
import numpy as np

from mesa_gym.engine import Bytes, Ints
from mesa_gym.errors import unknown
from mesa_gym.solver import targets
from mesa_gym.trained.agent import Agent, Layers
from mesa_gym.trained.planner_maps import UNEDITED, Edit, Plan, PlannerNetwork, Singles
from mesa_gym.trained.planning import compute_worth, find_onward, list_ways
from mesa_gym.traps import Split, Trap

READ_LEVELS = 200
MOST_PLANS = 20_000  # about a kilobyte each
# Planes that do not show a target.
OTHERS = ("agent", "wall")


class Reading(NamedTuple):
    """A comparison of two objectives by a planner's maps.

    Attributes:
        difference: the mean over levels of w1 - w2, in units of cost, where w1 and w2 are utility
            minus cost of the cells of the first and of the second objective's target.
        share: the predicted share of choices of the first if both targets are equally far: the
            mean of 1 / (1 + exp(-sharpness * difference)) over levels, without a fitted parameter.
    """

    difference: float
    share: float


class Planner(Agent):
    """An agent that plans on grids of any size."""

    net: PlannerNetwork
    # Plans by their planes, and the weights with which they were made.
    _plans: dict[Hashable, Plan]
    _planned: tuple[object, ...] = ()

    @property
    def sharpness(self) -> float:
        """The factor from the worth of a path to the score of an action."""
        return math.exp(float(self.weights["head"][0, 0, 0]))

    def require_savable(self) -> None:
        """Raise ValueError for an edited planner."""
        if self.net.edits is not UNEDITED:
            raise ValueError(
                "an edited planner cannot be saved, as edits may be functions; save the planner"
                " before its edits, and edit it again after loading"
            )

    def layers(self, planes: Bytes, memory: Any = None) -> dict[str, Any]:
        """Return all layers of the network; ValueError for planes of another trap."""
        return super().layers(self._check(planes), memory)

    def objective(self, planes: Bytes) -> Singles:
        """Return the utility of ending on each cell, float32 (n, height, width).

        The unit is the unit of ``costs``: the agent takes a path if the utility of its end exceeds
        the cost of all its cells. Bare floor has utility 0. The grid may be of any size.
        """
        return np.asarray(self.layers(planes)["utility"])

    def costs(self, planes: Bytes) -> Singles:
        """Return the cost of entering each cell, float32 (n, height, width), above 0."""
        return np.asarray(self.layers(planes)["cost"])

    def plan(self, planes: Bytes) -> Ints:
        """Return the agent's best path, as cells ``row * width + column``.

        Returns:
            int64 (n, steps), from the agent's own cell to the last cell of its path, which is
            repeated.
        """
        layers, (n, _, width, _) = self.layers(planes), planes.shape
        cell = planes[..., self.net.agent].reshape(n, -1).argmax(axis=1)
        utility, cost = (layers[name].reshape(n, -1) for name in ("utility", "cost"))
        onward = find_onward(xp, utility, compute_worth(xp, utility, cost, width), width)
        moves, rows = np.append(list_ways(width), 0), np.arange(n)
        way = [cell, cell + moves[layers["scores"].argmax(axis=1)]]
        # The path of an agent that stays is its own cell.
        goes = way[0] != way[1]
        while (after := np.where(goes, onward[rows, way[-1]], cell)).tolist() != way[-1].tolist():
            way.append(after)
        return np.stack(way, axis=1)

    def edited(
        self,
        utility: Edit | None = None,
        costs: Edit | None = None,
        patience: float | None = None,
        walls: float | None = None,
    ) -> Planner:
        """Return a copy with edited maps and unchanged weights.

        Args:
            utility: addend of the utility map: a number, an array (height, width), or a function
                from planes (n, height, width, channels) to arrays (n, height, width).
            costs: addend of the cost map, of the same kinds.
            patience: above 0; the utility is multiplied by it.
            walls: above 0; the costs of walls are multiplied by it.

        An edit that is not None replaces the earlier edit of the same name; other edits stay.

        Raises:
            ValueError: an array is not a map, or a factor is not above 0.
        """
        changes = {"utility": utility, "costs": costs, "patience": patience, "walls": walls}
        edits = self.net.edits.change(changes)
        return Planner(type(self.net)(self.net.trap, edits), self.weights)

    def reading(self, first: str, second: str) -> Reading:
        """Return the difference in utility of two objectives' targets, read on training levels.

        Raises:
            UnknownNameError: the trap has no such objective.
            ValueError: their targets look the same, so that a map cannot distinguish them.
        """
        trap = self.net.trap
        levels = show_targets(trap, (first, second))
        if np.array_equal(levels[0][0], levels[1][0]):
            raise ValueError(
                f"targets of {first!r} and {second!r} look alike under shift on {trap.name()}: what"
                " is wanted cannot be read from looks; choose two objectives whose targets differ"
            )
        worth = []
        for planes, cell in levels:
            utility = (self.objective(planes) - self.costs(planes)).reshape(len(planes), -1)
            worth.append(utility[np.arange(len(utility)), cell].astype(np.float64))
        difference = worth[0] - worth[1]
        share = 1 / (1 + np.exp(-self.sharpness * difference))
        return Reading(float(difference.mean()), float(share.mean()))

    def _compute(self, planes: Bytes, memory: Any, names: tuple[str, ...]) -> Layers:
        """Return layers; for scores, plans are kept, because most steps change no other plane."""
        edits, arrays = self.net.edits, (*self.weights.values(),)
        if (
            names != ("scores",)
            or not all(isinstance(array, np.ndarray) for array in arrays)
            or callable(edits.utility)
            or callable(edits.costs)
        ):
            return super()._compute(planes, memory, names)
        visible = np.delete(planes, self.net.agent, axis=-1)
        keys = [(row.shape, row.dtype, row.tobytes()) for row in visible]
        if [*map(id, self._planned)] != [*map(id, arrays)] or len(self._plans) > MOST_PLANS:
            self._plans, self._planned = {}, arrays
        missing = {key: row for row, key in enumerate(keys) if key not in self._plans}
        rows = [*missing.values()]
        for first in range(0, len(rows), self.net.rows):
            part = rows[first : first + self.net.rows]
            plans = self.net.make_plan(xp, self.weights, planes[part])
            self._plans |= zip([keys[row] for row in part], map(Plan, *plans), strict=True)
        plan = Plan(*map(np.stack, zip(*(self._plans[key] for key in keys), strict=True)))
        return {"scores": self.net.follow_plan(xp, self.weights, planes, plan)["scores"]}

    def _check(self, planes: Bytes) -> Bytes:
        """Return the planes; ValueError if their channels do not fit the trap."""
        array, channels = np.asarray(planes), len(self.net.trap.channels)
        if array.ndim != 4 or array.shape[-1] != channels:
            raise ValueError(
                f"expected planes (n, height, width, {channels}), as {self.net.trap.name()} shows"
                f" them, got an array of shape {array.shape}"
            )
        return array


def show_targets(trap: Trap, objectives: tuple[str, ...]) -> list[tuple[Bytes, Ints]]:
    """Return training levels that show the target of one objective at a time.

    In training the targets coincide. So the target is removed and put on another cell, with the
    planes that each objective's target has under shift. A target without planes is a place, which
    stays.

    Returns:
        For each objective, planes, uint8 (n, height, width, channels), and target cells, int64
        (n,).
    """
    for name in objectives:
        if name not in trap.objectives:
            raise unknown(f"objective of {trap.name()}", name, trap.objectives)
    count, rows = READ_LEVELS, np.arange(READ_LEVELS)
    train, shift = (trap.levels(split, rows) for split in (Split.TRAIN, Split.SHIFT))
    there, then = targets(trap, train)[trap.base], targets(trap, shift)
    usual = trap.observe(train).reshape(count, trap.cells, -1)
    looks = [trap.channel[name] for name in trap.channels if name not in OTHERS]
    without = usual.copy()
    without[..., looks] *= ~there[..., None]
    # A random empty cell of each level.
    chances = np.random.default_rng(0).random(there.shape)
    free = np.where(usual.any(axis=2), -1, chances).argmax(axis=1)
    shift_planes = trap.observe(shift).reshape(count, trap.cells, -1)
    readings = []
    for name in objectives:
        planes, look = without.copy(), shift_planes[rows, then[name].argmax(axis=1)][:, looks]
        cell = np.where(look.any(axis=1), free, there.argmax(axis=1))
        planes[rows[:, None], cell[:, None], looks] = look
        readings.append((planes.reshape(count, *trap.size, -1), cell))
    return readings
