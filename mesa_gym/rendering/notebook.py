"""Pages for notebooks: traps and states as pictures that stand in the page itself."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import State
from mesa_gym.rendering.png import data_uri
from mesa_gym.rendering.raster import render_rgb
from mesa_gym.rendering.sheet import SPLITS, TILE, goals
from mesa_gym.traps import Trap

MOST = 8  # states that are drawn


def trap_html(trap: Trap) -> str:
    """Return a trap as HTML: its objectives, and level 0 of training beside level 0 of shift."""
    drawn = {
        f"{split.value}, level 0": render_rgb(trap, trap.levels(split, [0]), TILE)[0]
        for split in SPLITS
    }
    return _page(f"{trap!r}    {goals(type(trap))}", drawn)


def states_html(trap: Trap, states: State) -> str:
    """Return a batch (n,) of states as HTML, a picture of each; of the first 8, if n is more."""
    first = states.take(np.arange(min(states.n, MOST)))
    named = enumerate(zip(first.level.number.tolist(), first.clock.tolist(), strict=True))
    # Environments may well be at one step of one level: the row keeps them apart.
    names = [f"{row}: level {level}, step {clock}" for row, (level, clock) in named]
    told = repr(trap) if states.n <= MOST else f"{trap!r}    {MOST} of {states.n}"
    return _page(told, dict(zip(names, render_rgb(trap, first, TILE), strict=True)))


def _page(headline: str, pictures: Mapping[str, NDArray[np.uint8]]) -> str:
    figures = [
        f'<figure style="display: inline-block; margin: 4px"><img src="{data_uri(picture)}"'
        f' alt="{escape(name)}"><figcaption>{escape(name)}</figcaption></figure>'
        for name, picture in pictures.items()
    ]
    return f"<p>{escape(headline)}</p>{''.join(figures)}"
