"""Rendering: draws states as RGB arrays without knowing a trap's rules."""

from mesa_gym.rendering.canvas import Canvas
from mesa_gym.rendering.drawing import mark, sprite
from mesa_gym.rendering.png import write_png
from mesa_gym.rendering.raster import render_look, render_rgb

__all__ = ["Canvas", "mark", "render_look", "render_rgb", "sprite", "write_png"]
