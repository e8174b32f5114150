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


def to_html(trap: Trap, state: State | None = None) -> str:
    """Return a trap, or states of it, as HTML.

    Args:
        trap: its objectives, and level 0 of training beside level 0 of shift, are shown.
        state: what is shown instead; a picture of each, of a batch of more than 8 of the first 8.
    """
    if state is None:
        drawn = {
            f"{split.value}, level 0": render_rgb(trap, trap.levels(split, [0]), TILE)[0]
            for split in SPLITS
        }
        return _page(f"{trap!r}    {goals(type(trap))}", drawn)
    states = state if state.agent.ndim else state.batched()
    first = states.take(np.arange(min(states.n, MOST)))
    numbers = enumerate(zip(first.level.number.tolist(), first.clock.tolist(), strict=True))
    # Environments may well be at one step of one level: the row keeps them apart.
    names = [f"{row}: level {level}, step {clock}" for row, (level, clock) in numbers]
    headline = repr(trap) if states.n <= MOST else f"{trap!r}    {MOST} of {states.n}"
    return _page(headline, dict(zip(names, render_rgb(trap, first, TILE), strict=True)))


def _page(headline: str, pictures: Mapping[str, NDArray[np.uint8]]) -> str:
    figures = [
        f'<figure style="display: inline-block; margin: 4px"><img src="{data_uri(picture)}"'
        f' alt="{escape(name)}"><figcaption>{escape(name)}</figcaption></figure>'
        for name, picture in pictures.items()
    ]
    return f"<p>{escape(headline)}</p>{''.join(figures)}"
