"""Encodings: planes in an order or code that a salt draws, so that no method knows them.

Planes come in another order, or cells show a code; else a method could guess that a goal is a
single plane. Levels, rules, objectives and the solver are not encoded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mesa_gym.engine import Ints
from mesa_gym.engine.chance import hash64
from mesa_gym.envs.observations import Bytes
from mesa_gym.traps import Trap

# From a trap's planes (..., channels) to those that a method sees.
Encode = Callable[[Bytes], Bytes]
KEPT = 2  # channels that every encoding leaves: agent and wall
# Traps whose shift shows cells as training never does; the tests play all traps of tasks to see.
SHOWS_NEW_CELLS = {"Attributes", "CheeseDish", "ChuteOrFire", "ColourShape", "RedBlueDoors"}


def shuffle_planes(trap: Trap, salt: str) -> Encode:
    """Return the encoding that shows a trap's planes after agent and wall in another order."""
    others = _make_rng("planes", trap, salt).permutation(len(trap.channels) - KEPT)
    order = [*range(KEPT), *(KEPT + others).tolist()]
    return lambda planes: planes.take(order, axis=-1)


def mix_planes(trap: Trap, salt: str) -> Encode:
    """Return the encoding that shows a cell's planes, except agent and wall, as a code.

    An empty cell stays empty, and different cells stay different. Where no cell is new under shift,
    the code is any bijection of the contents of cells. Elsewhere new contents would become
    unreadable, so the bijection is linear: each plane adds (XOR) a pattern of its own, so that a
    new pairing of known planes can be told from others.
    """
    count, rng = len(trap.channels), _make_rng("mixed", trap, salt)
    whole = np.arange(1 << count)
    if type(trap).__name__ in SHOWS_NEW_CELLS:
        image = _draw_linear(rng, count - KEPT)
    else:
        image = np.concatenate([[0], 1 + rng.permutation((1 << count - KEPT) - 1)])
    code = whole % (1 << KEPT) | image[whole >> KEPT] << KEPT
    table = (code[:, None] >> np.arange(count) & 1).astype(np.uint8)
    # Quickest in float32, which holds all numbers of cells.
    bits = 2 ** np.arange(count, dtype=np.float32)
    return lambda planes: table[(planes.astype(np.float32) @ bits).astype(np.intp)]


def _draw_linear(rng: np.random.Generator, count: int) -> Ints:
    """Return an invertible linear map of ``count`` bits, the code of each number, int64."""
    places = np.arange(count)
    bits: Any = np.arange(1 << count)[:, None] >> places & 1
    while True:
        image: Ints = bits @ rng.integers(2, size=(count, count)) % 2 @ (1 << places)
        if len(np.unique(image)) == len(image):
            return image


def _make_rng(what: str, trap: Trap, salt: str) -> np.random.Generator:
    return np.random.default_rng(hash64(f"{what}|{trap.name()}|{salt}") % 2**64)
