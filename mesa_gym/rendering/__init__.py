"""Drawing: from planes to an RGB array. Nothing here knows a trap's rules."""

from mesa_gym.rendering.canvas import Canvas
from mesa_gym.rendering.png import write_png
from mesa_gym.rendering.raster import render_rgb
from mesa_gym.rendering.sprites import mark, sprite

__all__ = ["Canvas", "mark", "render_rgb", "sprite", "write_png"]
