"""A small anti-aliased canvas: shapes in the unit square, painted over each other.

Shapes are painted on a finer grid of samples; averaging its colours makes edges smooth.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import RGB, Bools, Bytes

Field = NDArray[np.float32]
Point = tuple[float, float]

SAMPLES = 6  # samples per pixel in each direction: 37 grades of coverage


class Canvas:
    """A square picture to paint on; x runs right and y runs down, both from 0 to 1.

    The unit of length is the canvas's side. A shape is a field: float32 (samples, samples), the
    distance of each sample to the shape's edge, negative inside, so that ``np.minimum`` joins two
    shapes and ``np.maximum(a, -b)`` is a without b.

    Args:
        size: side of the finished picture in pixels.
        background: colour the canvas starts with.
    """

    def __init__(self, size: int, background: RGB) -> None:
        side = size * SAMPLES
        ticks = ((np.arange(side) + 0.5) / side).astype(np.float32)
        self._x, self._y = ticks[None, :], ticks[:, None]
        self._inside: Bools = np.ones((1, 1), dtype=np.bool_)
        self._colours = [background]
        self._samples = np.zeros((side, side), dtype=np.int16)  # indices of colours

    def part(self, left: float, top: float, side: float) -> Canvas:
        """Return a view whose unit square starts at (left, top) and has the side ``side``.

        Painting on the view changes this canvas inside the square only.
        """
        view = copy(self)
        view._x = (self._x - np.float32(left)) / np.float32(side)
        view._y = (self._y - np.float32(top)) / np.float32(side)
        view._inside = self._inside & (view.box(0, 0, 1, 1) < 0)
        return view

    def circle(self, x: float, y: float, radius: float) -> Field:
        """Return the disc of radius ``radius`` around the point (x, y)."""
        return np.hypot(self._x - x, self._y - y) - np.float32(radius)

    def box(self, left: float, top: float, right: float, bottom: float, r: float = 0.0) -> Field:
        """Return a rectangle (left, top, right, bottom) whose corners have the radius ``r``."""
        dx = np.abs(self._x - (left + right) / 2) - ((right - left) / 2 - r)
        dy = np.abs(self._y - (top + bottom) / 2) - ((bottom - top) / 2 - r)
        outside = np.hypot(np.maximum(dx, 0), np.maximum(dy, 0))
        return outside + np.minimum(np.maximum(dx, dy), 0) - np.float32(r)

    def line(self, points: Sequence[Point], width: float) -> Field:
        """Return a stroke of width ``width`` with round ends through two or more points (x, y)."""
        distance = np.full((1, 1), np.inf, dtype=np.float32)
        for (ax, ay), (bx, by) in pairwise(points):
            x, y, dx, dy = self._x - ax, self._y - ay, bx - ax, by - ay
            along = np.clip((x * dx + y * dy) / (dx * dx + dy * dy), 0, 1)
            distance = np.minimum(distance, np.hypot(x - along * dx, y - along * dy))
        return distance - np.float32(width / 2)

    def polygon(self, points: Sequence[Point]) -> Field:
        """Return the inside of the polygon with the given corners (even-odd rule)."""
        closed = [*points, points[0]]
        distance = self.line(closed, 0)
        inside = np.zeros(distance.shape, dtype=bool)
        for (ax, ay), (bx, by) in pairwise(closed):
            if ay != by:  # a ray to the left never crosses a horizontal edge
                crossing = ax + (self._y - ay) * ((bx - ax) / (by - ay))
                inside ^= ((self._y < ay) != (self._y < by)) & (crossing < self._x)
        return np.where(inside, -distance, distance)

    def paint(self, shape: Field, colour: RGB, grow: float = 0.0) -> None:
        """Cover a shape with a colour.

        Args:
            shape: a field from ``circle``, ``box``, ``line`` or ``polygon``, or several joined.
            colour: red, green and blue, 0 to 255.
            grow: the length that is added to the shape on every side, for outlines.
        """
        self._samples[(shape < grow) & self._inside] = len(self._colours)
        self._colours.append(colour)

    def picture(self) -> Bytes:
        """Return the finished picture, uint8 (size, size, 3)."""
        size = len(self._samples) // SAMPLES
        samples = np.asarray(self._colours, dtype=np.float32)[self._samples]
        mean = samples.reshape(size, SAMPLES, size, SAMPLES, 3).mean(axis=(1, 3))
        return np.rint(mean).astype(np.uint8)
