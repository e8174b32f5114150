"""Pictures of panes, drawn again only where something has changed."""

from __future__ import annotations

from typing import Any

from mesa_gym.engine import RGB
from mesa_gym.viewer.grids import GridPicture
from mesa_gym.viewer.ground import ground
from mesa_gym.viewer.layers import Layers
from mesa_gym.viewer.overlays import SEES
from mesa_gym.viewer.pen import Box, Pen, as_surface
from mesa_gym.viewer.place import GridPlace
from mesa_gym.viewer.sees import Sees
from mesa_gym.viewer.theme import CARD, FOCUS, INK, QUIET
from mesa_gym.viewer.timeline import Pane


class View:
    """One pane on the screen.

    Args:
        pane: what it shows.
    """

    def __init__(self, pane: Pane) -> None:
        self.pane = pane
        self._layers = Layers(pane)
        self._sees = Sees(pane.trap)
        # What pictures depend on, and they: the grid alone, and with what lies over it.
        self._ground: tuple[Any, Any] | None = None
        self._drawn: tuple[Any, Any] | None = None

    @property
    def layers(self) -> Layers:
        """Return what is known of the pane's present timeline."""
        if self._layers.line is not self.pane.line:
            self._layers = Layers(self.pane)
        return self._layers

    def draw(
        self,
        pen: Pen,
        box: Box,
        grid: GridPlace,
        drawer: Box,
        cursor: int,
        shown: set[str],
        palette: tuple[RGB, ...],
        number: int | None,
        focused: bool,
    ) -> None:
        """Draw the title, the grid with its overlays, and what the agent sees.

        Args:
            pen: what it is drawn with.
            box: the whole pane.
            grid: where the grid goes.
            drawer: where goes what the agent sees.
            cursor: the clock.
            shown: the overlays that are on.
            palette: colours of objectives.
            number: of the pane; None where it is alone.
            focused: whether keys are about it.
        """
        pen.fill(box, CARD, 6)
        if number is not None and focused:
            pen.frame(box, FOCUS, 2, 6)
        title = self.pane.title if number is None else f"{number}  {self.pane.title}"
        tone = INK if focused else QUIET
        pen.text(title, box.left + 8, box.top + 4, 16, tone, width=box.width - 16)
        pen.picture(self._picture(pen, grid, cursor, shown, palette), grid.left, grid.top)
        if SEES.name in shown:
            self._sees.draw(pen, drawer, self.pane.state(cursor))

    def _picture(
        self, pen: Pen, grid: GridPlace, cursor: int, shown: set[str], palette: tuple[RGB, ...]
    ) -> Any:
        pane, layers = self.pane, self.layers
        t, tile = pane.time(cursor), round(grid.tile * pen.scale)
        # Timelines are kept here, so that no other one can have their identity.
        base = (pane.line, t, tile, frozenset(shown), palette)
        if self._ground is None or self._ground[0] != base:
            picture = ground(pane, t, tile, shown, palette)
            self._ground = base, as_surface(pen.pygame, picture)
        key = (*base, t < len(pane.line), layers.version, pen.scale)
        if self._drawn is None or self._drawn[0] != key:
            # One surface for as long as its size is right: new ones would scatter the memory.
            size = self._ground[1].get_size()
            if self._drawn is None or self._drawn[1].get_size() != size:
                self._drawn = key, pen.pygame.Surface(size)
            own = Pen(self._drawn[1], pen.scale)
            own.picture(self._ground[1], 0, 0)
            GridPicture(own, pane, layers, cursor, palette).draw(shown)
            self._drawn = key, own.surface
        return self._drawn[1]
