"""Reading of an objective from maps: how much more one target is wanted than another.

It looks at training levels alone, in which the targets cannot be told apart. On each the target is
taken away, and put back on another cell with the looks of one objective's target under shift, and
then with those of the other's. An objective whose target has no looks is a place: it is read where
the target was.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Ints
from mesa_gym.errors import unknown
from mesa_gym.solver import targets
from mesa_gym.traps import Split, Trap

Bytes = NDArray[np.uint8]
LEVELS = 200
# Planes that are not looks of a target.
OTHERS = ("agent", "wall")


class Mapped(Protocol):
    """An agent whose objective is a map."""

    @property
    def sharpness(self) -> float:
        """By which the worth of ways is multiplied to give scores."""

    def objective(self, planes: Bytes) -> NDArray[np.float32]:
        """Return what each cell is worth to end on, (n, height, width)."""

    def costs(self, planes: Bytes) -> NDArray[np.float32]:
        """Return what it costs to enter each cell, (n, height, width)."""


class Reading(NamedTuple):
    """A comparison of two objectives by maps.

    Attributes:
        difference: how much more it is worth to go to a target of the first, its cell's own cost
            paid; the mean over levels, in units of cost.
        share: the share of choices of the first that it predicts where both targets are equally
            far: the mean of 1 / (1 + exp(-sharpness * difference)) over levels. Nothing is fitted.
    """

    difference: float
    share: float


class TargetAlone(NamedTuple):
    """Training levels in which one objective's target alone is seen.

    Attributes:
        planes: uint8 (n, height, width, channels).
        cell: of the target, int64 (n,).
    """

    planes: Bytes
    cell: Ints


def read_utilities(agent: Mapped, trap: Trap, first: str, second: str) -> Reading:
    """Read how much more one objective is wanted than another.

    Raises:
        UnknownNameError: the trap has no such objective.
        ValueError: their targets look alike, so that no map can tell them apart.
    """
    levels = show_targets(trap, (first, second))
    if np.array_equal(levels[0].planes, levels[1].planes):
        raise ValueError(
            f"targets of {first!r} and {second!r} look alike under shift on {trap.name()}: what is"
            " wanted cannot be read from looks; choose two objectives whose targets differ"
        )
    worth = []
    for planes, cell in levels:
        found = (agent.objective(planes) - agent.costs(planes)).reshape(len(planes), -1)
        worth.append(found[np.arange(len(found)), cell].astype(np.float64))
    difference = worth[0] - worth[1]
    share = 1 / (1 + np.exp(-agent.sharpness * difference))
    return Reading(float(difference.mean()), float(share.mean()))


def show_targets(trap: Trap, objectives: tuple[str, ...], count: int = LEVELS) -> list[TargetAlone]:
    """Return training levels in which the target of each objective in turn is seen alone.

    Args:
        trap: any with a solver.
        objectives: of it.
        count: how many levels.

    Raises:
        UnknownNameError: the trap has no such objective.
    """
    for name in objectives:
        if name not in trap.objectives:
            raise unknown(f"objective of {trap.name()}", name, trap.objectives)
    train, shift = (trap.levels(split, np.arange(count)) for split in (Split.TRAIN, Split.SHIFT))
    there, then = targets(trap, train)[trap.base], targets(trap, shift)
    usual = trap.observe(train).reshape(count, trap.cells, -1)
    looks = [trap.channel[name] for name in trap.channels if name not in OTHERS]
    bare, every = usual.copy(), np.arange(count)
    bare[..., looks] *= ~there[..., None]
    free = _choose_free_cells(usual)
    shown = trap.observe(shift).reshape(count, trap.cells, -1)
    found = []
    for name in objectives:
        planes, look = bare.copy(), shown[every, then[name].argmax(axis=1)][:, looks]
        has_looks = look.any(axis=1)
        cell = np.where(has_looks, free, there.argmax(axis=1))
        planes[every[:, None], cell[:, None], looks] = look
        found.append(TargetAlone(planes.reshape(count, *trap.size, -1), cell))
    return found


def _choose_free_cells(planes: Bytes) -> Ints:
    """Return a cell of each level on which nothing is, drawn at random; planes (n, cells, ...)."""
    free = ~planes.any(axis=2)
    chances = np.random.default_rng(0).random(free.shape)
    found: Ints = np.where(free, chances, -1).argmax(axis=1)
    return found
