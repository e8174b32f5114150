"""Planning: policies whose goal is a map, which can be read and changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mesa_gym.policies.adapting import Callee
from mesa_gym.policies.protocol import Policy

# A map (height, width) for all states, or what gives one for each: planes -> (n, height, width).
CellMap = NDArray[Any] | Callable[[NDArray[np.uint8]], NDArray[Any]]


@runtime_checkable
class Planning(Protocol):
    """A policy that plans by construction, as value iteration networks do (Tamar et al. 2016).

    It looks for the path whose last cell is worth most, less what it costs to enter the cells on
    the way. All methods take ``planes``, the observation of that name: uint8 (n, height, width,
    channels).
    """

    def objective(self, planes: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the utility of ending at each cell, (n, height, width)."""

    def costs(self, planes: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the cost of entering each cell, (n, height, width)."""

    def plan(self, planes: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return the cells of the best path, int64 (n, steps).

        A path begins with the agent's own cell, and is padded with its last one.
        """

    def edited(
        self,
        *,
        utility: CellMap | None = None,
        costs: CellMap | None = None,
        patience: float | None = None,
        walls: float | None = None,
    ) -> Planning:
        """Return a copy with edited maps; a given edit replaces an earlier one.

        Args:
            utility: added to the utility.
            costs: added to the costs.
            patience: a factor of the utility, above 0.
            walls: a factor of the costs of walls, above 0.
        """


@dataclass(frozen=True, eq=False)
class MapNetwork:
    """The numbers of a planner's maps, so that a page can draw them and plan in the browser.

    A window of ``side`` x ``side`` cells in P planes around a cell, with wall outside of the grid,
    leads through U hidden units (the positive part of their sums) to the cell's utility:
    ``gain * inner cells / 49`` times their weighted sum, less the same sum of an empty window. The
    cost of entering a cell is ``log(1 + exp(gain * x))``, x a weighted sum of the cell's planes.
    Held things stand in the top row; each adds to the hidden units wherever the window lies.

    Attributes:
        planes: their names, in the order of the weights.
        side: odd.
        gain: above 0.
        first: float32 (P, side, side, U), from a window to hidden units.
        first_bias: float32 (U,).
        held: float32 (P, U), from what is held to hidden units.
        wants: float32 (U,), from hidden units to utility.
        pays, pays_bias: float32 (P,) and a number, of the cost.
        sharpness: the factor from the worth of ways to the scores of actions.
        stay: the cost of staying.
    """

    planes: tuple[str, ...]
    side: int
    gain: float
    first: NDArray[np.float32]
    first_bias: NDArray[np.float32]
    held: NDArray[np.float32]
    wants: NDArray[np.float32]
    pays: NDArray[np.float32]
    pays_bias: float
    sharpness: float
    stay: float


@runtime_checkable
class Portable(Planning, Protocol):
    """A planner whose maps are drawn by a ``MapNetwork``."""

    def network(self) -> MapNetwork:
        """Return the network that draws the maps; ValueError for an edited planner."""


def find_planning(policy: Policy) -> Planning | None:
    """Return the planner in a policy, also in an ``as_policy`` wrapper; None without one."""
    inside = policy.function if isinstance(policy, Callee) else None
    tried = (policy, inside, getattr(inside, "__self__", None))
    return next((each for each in tried if isinstance(each, Planning)), None)
