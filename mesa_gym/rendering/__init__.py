"""Drawing: from planes to an RGB array. Nothing here knows a trap's rules."""

from mesa_gym.rendering.raster import render_rgb

__all__ = ["render_rgb"]
