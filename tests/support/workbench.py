"""An editor over one pane, and what a person can do at it."""

from __future__ import annotations

import numpy as np
from desk import pygame
from edited import doors

from mesa_gym.engine import State
from mesa_gym.rendering import render_rgb
from mesa_gym.traps import Split, find_trap
from mesa_gym.viewer.editor import Editor
from mesa_gym.viewer.inputs import Input, Key
from mesa_gym.viewer.pane import Seat
from mesa_gym.viewer.pen import Box, Pen, as_surface
from mesa_gym.viewer.place import GridPlace
from mesa_gym.viewer.players import ByHand
from mesa_gym.viewer.session import Session

TILE = 40
BAR = Box(10, 320, 600, 56)


class Workbench:
    """An editor over one pane, and what a person can do at it."""

    def __init__(self, name: str = "RedBlueDoors", scale: float = 1.0, width: int = 620) -> None:
        self.trap = find_trap(name)(7 if name == "RedBlueDoors" else None)
        start = doors() if name == "RedBlueDoors" else None
        self.session = Session(self.trap, [Seat(ByHand(), Split.SHIFT)], start=start)
        self.editor = Editor(self.trap)
        self.bar = Box(BAR.left, BAR.top + 80, width - 20, BAR.height)
        self.place = GridPlace(20, 10, TILE, *self.trap.size)
        self.pen = Pen(pygame.Surface((width * scale, 500 * scale)), scale)
        self.line = self.session.pane.line
        self.draw()

    @property
    def edited(self) -> bool:
        """Whether the pane shows another episode than at first."""
        return self.session.pane.line is not self.line

    @property
    def state(self) -> State:
        return self.session.pane.state(self.session.cursor)

    def draw(self) -> None:
        self.pen.surface.fill((222, 224, 228))
        side = self.pen.pixels(TILE)
        grid = render_rgb(self.trap, self.state, side)[0]
        self.pen.picture(as_surface(pygame, grid), self.place.left, self.place.top)
        self.editor.draw(self.pen, self.place, self.session, self.bar)

    def do(self, *events: Input) -> list[bool]:
        return [self.editor.handle(event, self.session, self.place) for event in events]

    def keys(self, *names: str) -> list[bool]:
        return self.do(*(Key(name) for name in names))

    def at(self, row: int, column: int) -> tuple[float, float]:
        return self.place.middle(row * self.place.columns + column)

    def pixels(self, box: Box) -> np.ndarray:
        rect = self.pen.rect(box)
        return pygame.surfarray.array3d(self.pen.surface.subsurface(rect)).swapaxes(0, 1)

    def cell(self, row: int, column: int) -> np.ndarray:
        """The pixels of a cell but for its edge, where the cursor is."""
        return self.pixels(self.place.box_of(row * self.place.columns + column).inset(6))
