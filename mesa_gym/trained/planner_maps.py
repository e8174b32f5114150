"""Networks that plan by construction, on maps of utilities and costs.

The network computes two maps from planes, *utility* and *cost*. They depend on the things in and
around a cell but not on the cell's position, so that grids may be of any size. The score of an
action is the sharpness times the worth of the best path that begins with it (``planning``).

Planning is built in; the maps are learnt from reward alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from mesa_gym.engine import Bytes
from mesa_gym.errors import shorten
from mesa_gym.trained.agent import Layers, Network, Shapes, Weights
from mesa_gym.trained.mlp import multiply, relu
from mesa_gym.trained.planning import (
    Loop,
    compute_worth,
    find_onward,
    follow_ways,
    list_ways,
    look_up,
    settle,
)
from mesa_gym.traps import Trap

Singles = NDArray[np.float32]
# A map (height, width), or a function that maps planes (n, height, width, channels) to maps.
Edit = ArrayLike | Callable[[Bytes], ArrayLike]
# The number of inner cells of the default grid, 9x9; utilities scale with it (``draw_maps``).
USUAL_CELLS = 49
LARGEST_EXPONENT = 3.0  # of the value
# Minimum of a cell's cost after all edits; otherwise an endless path could be best.
LEAST_COST = 1e-3


@dataclass(frozen=True, eq=False)
class Edits:
    """The edits of a planner's maps; the defaults change no map.

    Attributes:
        utility, costs: added to the maps.
        patience: factor of the utility; above 1, the agent takes longer paths to a target.
        walls: factor of the costs of walls.
    """

    utility: Edit = 0.0
    costs: Edit = 0.0
    patience: float = 1.0
    walls: float = 1.0

    def change(self, edits: Mapping[str, Any]) -> Edits:
        """Return these edits with some replaced; None keeps an edit.

        Raises:
            ValueError: an array is not a map, or a factor is not above 0.
        """
        changes = {name: value for name, value in edits.items() if value is not None}
        for name in ("utility", "costs"):
            if name in changes and not callable(edits := changes[name]):
                changes[name] = edit_map = np.asarray(edits, dtype=np.float32)
                if edit_map.ndim not in (0, 2) or not np.isfinite(edit_map).all():
                    raise ValueError(
                        f"{name} must be a number, an array (height, width) of finite numbers, or a"
                        f" function from planes to such arrays, got {shorten(edits)}"
                    )
        for name in ("patience", "walls"):
            factor = changes.get(name, 1.0)
            if not (isinstance(factor, int | float) and 0 < factor < math.inf):
                raise ValueError(f"{name} must be a number above 0, got {shorten(factor)}")
        return replace(self, **changes)


UNEDITED = Edits()


def evaluate_edit(name: str, edit: object, planes: Bytes) -> Singles:
    """Return an edit as addend of the maps of ``planes``, float32 (n, height, width).

    Raises:
        ValueError: the edit has another shape than the maps.
    """
    edit_map = np.asarray(edit(planes) if callable(edit) else edit, dtype=np.float32)
    if edit_map.ndim and edit_map.shape not in (planes.shape[1:3], planes.shape[:3]):
        raise ValueError(
            f"the edit of {name} has shape {edit_map.shape}; expected the grid's shape,"
            f" {planes.shape[1:3]}"
        )
    return np.broadcast_to(edit_map, planes.shape[:3])


class Plan(NamedTuple):
    """The best paths from all cells: the maps, and the next cell on each path, (..., cells)."""

    utility: Any
    cost: Any
    onward: Any


class PlannerNetwork(Network):
    """The network of a planner on grids of any size; it reads P planes: all except the agent's.

    Its layers are ``utility`` and ``cost``, (..., height, width), after the edits; ``scores`` and
    ``value``. Its weights have a leading axis of length 1: ``first``, from the P windows around a
    cell to hidden units, and ``first_bias``; ``held``, from the number of held things of each plane
    to hidden units; ``wants``, from hidden units to the utility; ``pays`` and ``pays_bias``, from a
    cell's planes to its cost; ``head``, the logarithm of the sharpness, the cost of staying, and
    three numbers of the value.

    Class attributes, chosen by returns in training alone (study "Open the mesa-optimizer"):
        units: the number of hidden units of the utility.
        side: the side of the window around a cell on which its utility depends.
        gain: factor of utilities and of the arguments of costs, so that small changes of weights
            have large effects.

    Args:
        trap: the trap whose planes the network reads; its size does not matter.
        edits: the edits of the maps.
        loop: a loop of ``planning``; compiled code passes its own.
    """

    kind, sized, rows = "planner", False, 256
    units, side, gain = 16, 3, 20.0

    def __init__(self, trap: Trap, edits: Edits = UNEDITED, loop: Loop = settle) -> None:
        super().__init__(trap)
        self.edits, self.loop = edits, loop
        self.names = [name for name in trap.channels if name != "agent"]
        self.wall, self.agent = self.names.index("wall"), trap.channels.index("agent")
        self._seen = np.array([i for i, name in enumerate(trap.channels) if name != "agent"])

    def list_shapes(self, shapes: Shapes) -> Shapes:
        """Return weight name -> shape."""
        planes, units, side = len(self.names), self.units, self.side
        return {
            "first": (1, planes * side**2, units), "first_bias": (1, 1, units),
            "held": (1, planes, units), "wants": (1, units, 1),
            "pays": (1, planes, 1), "pays_bias": (1, 1, 1), "head": (1, 1, 5),
        }  # fmt: skip

    def compute(self, xp: Any, weights: Weights, inputs: Any, memory: Any) -> Layers:
        """Return the network's layers from planes (..., height, width, channels)."""
        return self.follow_plan(xp, weights, inputs, self.make_plan(xp, weights, inputs))

    def make_plan(self, xp: Any, weights: Weights, inputs: Any) -> Plan:
        """Return the paths from all cells, which depend on all planes except the agent's."""
        width = inputs.shape[-2]
        flat = xp.reshape(inputs, (*inputs.shape[:-3], -1, inputs.shape[-1]))
        utility, cost = self.edit_maps(xp, inputs, *self.draw_maps(xp, weights, flat, width))
        worth = compute_worth(xp, utility, cost, width, self.loop)
        return Plan(utility, cost, find_onward(xp, utility, worth, width))

    def follow_plan(self, xp: Any, weights: Weights, inputs: Any, plan: Plan) -> Layers:
        """Return the network's layers, given the paths from all cells."""
        (utility, cost, onward), width = plan, inputs.shape[-2]
        place = xp.reshape(inputs[..., self.agent], (*inputs.shape[:-3], -1))
        cell = xp.argmax(place, axis=-1)
        first = cell[..., None] + xp.asarray(list_ways(width))
        ends, payment = follow_ways(xp, onward, cost, first, self.loop)
        sharpness, stay, low, high, slope = (weights["head"][0, 0, i] for i in range(5))
        moving, staying = look_up(xp, utility, ends), look_up(xp, utility, cell[..., None])
        gains = xp.concat([moving - payment, staying - stay], axis=-1)
        best = xp.exp(slope) * xp.max(gains[..., :-1], axis=-1)
        best = xp.minimum(best, xp.full_like(best, LARGEST_EXPONENT))
        layers = {"scores": xp.exp(sharpness) * gains, "value": low + high * xp.exp(best)}
        maps = {"utility": utility, "cost": cost}
        return layers | {x: xp.reshape(grid, inputs.shape[:-1]) for x, grid in maps.items()}

    def draw_maps(self, xp: Any, weights: Weights, planes: Any, width: int) -> tuple[Any, Any]:
        """Return the utility and the cost of each cell, float32 (..., cells), without edits.

        A cell with an empty window has utility 0, and so has the border. Utilities scale with the
        number of cells: on a grid with twice as many cells, the agent takes paths that are twice as
        long. Planes are (..., cells, channels).
        """
        unbatched = {name: array[0, ...] for name, array in weights.items()}
        height = planes.shape[-2] // width
        inputs = xp.astype(
            xp.take(planes, xp.asarray(self._seen), axis=-1), unbatched["first"].dtype
        )
        is_thing = np.arange(len(self.names)) != self.wall
        # Held things are in the top row; their number matters, but not their position.
        held = xp.sum(inputs[..., :width, :], axis=-2) * xp.asarray(is_thing.astype(np.float32))
        ones = np.ones((height * width, len(self.names)), np.float32)
        ones[:width, is_thing] = 0
        inputs = inputs * xp.asarray(ones)
        cost = inputs @ unbatched["pays"] + unbatched["pays_bias"]
        offset = multiply(held, unbatched["held"]) + unbatched["first_bias"]
        hidden = self._look_around(xp, unbatched["first"], inputs, width) + offset[..., None, :]
        floor = multiply(relu(xp, offset), unbatched["wants"])
        worth = (relu(xp, hidden) @ unbatched["wants"])[..., 0] - floor
        worth = worth * (self.gain * (height - 2) * (width - 2) / USUAL_CELLS)
        # The border's utility, 0, is appended after the inner cells.
        inner = np.arange(hidden.shape[-2]).reshape(height - 2, width - 2)
        places = np.pad(inner, 1, constant_values=inner.size).reshape(-1)
        worth = xp.concat([worth, xp.zeros_like(floor)], axis=-1)
        utility = xp.take(worth, xp.asarray(places), axis=-1)
        # log(1 + exp(x)) is above 0.
        sums = self.gain * cost[..., 0]
        return utility, relu(xp, sums) + xp.log1p(xp.exp(-xp.abs(sums)))

    def _look_around(self, xp: Any, first: Any, inputs: Any, width: int) -> Any:
        """Return weighted sums over the window of each inner cell, (..., inner cells, units)."""
        *rows, count, planes = inputs.shape
        # Cells outside the grid are wall, represented by one more cell at the end.
        wall = np.eye(planes, dtype=np.float32)[self.wall]
        cells = np.pad(
            np.arange(count).reshape(-1, width), self.side // 2 - 1, constant_values=count
        )
        windows = sliding_window_view(cells, (self.side, self.side)).reshape(-1, self.side**2)
        places = xp.asarray(windows.reshape(-1))
        padded = xp.concat([inputs, xp.zeros_like(inputs[..., :1, :]) + xp.asarray(wall)], axis=-2)
        around = xp.reshape(xp.take(padded, places, axis=-2), (*rows, len(windows), -1))
        # Weights are ordered by plane, then cell of the window; inputs by cell, then plane.
        by_cell = xp.permute_dims(xp.reshape(first, (planes, self.side**2, -1)), (1, 0, 2))
        return around @ xp.reshape(by_cell, (-1, self.units))

    def edit_maps(self, xp: Any, inputs: Any, utility: Any, cost: Any) -> tuple[Any, Any]:
        """Return utility and cost maps (..., cells) after the edits, which may read the planes."""
        edits, shape = self.edits, utility.shape
        if edits is not UNEDITED:
            planes = np.asarray(inputs).reshape(-1, *inputs.shape[-3:])
            wall = xp.reshape(inputs[..., self.trap.channels.index("wall")], shape) > 0
            more, dearer = (
                xp.reshape(xp.asarray(evaluate_edit(name, getattr(edits, name), planes)), shape)
                for name in ("utility", "costs")
            )
            utility = utility * edits.patience + more
            cost = xp.where(wall, cost * edits.walls, cost) + dearer
        return utility, xp.maximum(cost, xp.full_like(cost, LEAST_COST))
