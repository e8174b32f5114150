"""Reading of an objective from maps: levels of training in which one target alone is seen.

In training levels the targets coincide. So the target is removed and put on another cell, first
with the looks that one objective's target has under shift, then with those of the other's. A target
without looks is a place and stays where it was.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mesa_gym.engine import Ints
from mesa_gym.envs.observations import Bytes
from mesa_gym.errors import unknown
from mesa_gym.solver import targets
from mesa_gym.traps import Split, Trap

READ_LEVELS = 200
# Planes that are not looks of a target.
OTHERS = ("agent", "wall")


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


def show_targets(trap: Trap, objectives: tuple[str, ...]) -> list[tuple[Bytes, Ints]]:
    """Return training levels in which the target of each objective in turn is seen alone.

    Returns:
        For each objective planes, uint8 (n, height, width, channels), and the cell of the target in
        each, int64 (n,).

    Raises:
        UnknownNameError: the trap has no such objective.
    """
    for name in objectives:
        if name not in trap.objectives:
            raise unknown(f"objective of {trap.name()}", name, trap.objectives)
    count, every = READ_LEVELS, np.arange(READ_LEVELS)
    train, shift = (trap.levels(split, every) for split in (Split.TRAIN, Split.SHIFT))
    there, then = targets(trap, train)[trap.base], targets(trap, shift)
    usual = trap.observe(train).reshape(count, trap.cells, -1)
    looks = [trap.channel[name] for name in trap.channels if name not in OTHERS]
    bare = usual.copy()
    bare[..., looks] *= ~there[..., None]
    # A cell of each level on which nothing is, drawn at random.
    chances = np.random.default_rng(0).random(there.shape)
    free = np.where(usual.any(axis=2), -1, chances).argmax(axis=1)
    shown = trap.observe(shift).reshape(count, trap.cells, -1)
    found = []
    for name in objectives:
        planes, look = bare.copy(), shown[every, then[name].argmax(axis=1)][:, looks]
        cell = np.where(look.any(axis=1), free, there.argmax(axis=1))
        planes[every[:, None], cell[:, None], looks] = look
        found.append((planes.reshape(count, *trap.size, -1), cell))
    return found
