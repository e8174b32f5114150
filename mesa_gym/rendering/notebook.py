"""Pictures in notebooks, which IPython asks an object for: PNG files, without pygame."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np

from mesa_gym.engine import State, World
from mesa_gym.rendering.png import png
from mesa_gym.rendering.raster import render_rgb

MOST_FRAMES = 8
SPACE_BETWEEN = 8  # white pixels between two frames


def draw_strip(trap: World, states: Sequence[State]) -> bytes:
    """Return a PNG file of single states side by side; of many states, 8 at equal distances."""
    places = np.linspace(0, len(states) - 1, min(len(states), MOST_FRAMES)).round()
    frames = [render_rgb(trap, states[int(place)]) for place in places]
    gap = np.full((len(frames[0]), SPACE_BETWEEN, 3), 255, dtype=np.uint8)
    parts = [part for frame in frames for part in (gap, frame)]
    return png(np.concatenate(parts[1:], axis=1))


def show_wrapped() -> None:
    """Let a notebook show a wrapped environment as its picture; does nothing elsewhere."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None and (formatter := shell.display_formatter) is not None:
        for wrapper in (gymnasium.Wrapper, gymnasium.vector.VectorWrapper):
            formatter.formatters["image/png"].for_type(wrapper, _draw_unwrapped)


def _draw_unwrapped(env: Any) -> bytes | None:
    draw = getattr(env.unwrapped, "_repr_png_", None)
    return None if draw is None else draw()
