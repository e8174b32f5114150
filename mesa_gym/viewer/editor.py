"""The edit mode inside a pane: a cursor, something carried, a bar of what can be put."""

from __future__ import annotations

from collections.abc import Callable

import mesa_gym.viewer.editing as editing
from mesa_gym.engine import State
from mesa_gym.engine.map_grid import place as place_name
from mesa_gym.rendering import render_look, render_rgb
from mesa_gym.rendering.raster import MIN_TILE
from mesa_gym.viewer.app import Input
from mesa_gym.viewer.drawing import CARD, INK, QUIET, RULE, SMALL, Box, Painter
from mesa_gym.viewer.overlays import GridPlace
from mesa_gym.viewer.panes import bare_floor, cells_of
from mesa_gym.viewer.session import Session
from mesa_gym.viewer.widgets import ENTER, flow

ARROWS = {"left": (0, -1), "down": (1, 0), "right": (0, 1), "up": (-1, 0)}
MOVE, PUT, TICK, ERASE = "move", "put", "tick", "erase"
HINTS = {
    MOVE: "arrows and Enter, or drag, to move things; Tab: what to put",
    PUT: "arrows and Space, or a press, to put {}",
    TICK: "arrows and Space, or a press, to tick {}",
    ERASE: "arrows and Space, or a press, to erase",
}
ROW, ICON, GAP = 28.0, 20.0, 4.0  # of the bar: an entry, its picture, between them
MOST_ROWS = 2  # of entries; where they do not fit, only the chosen one has its name
LIFTED = 0.84  # the side of what is carried, in cells


class Editor:
    """An editor of the state that the focused pane shows; the session goes on from it.

    Attributes:
        trap: the rules.
        entries: of the bar, ``move`` first: a name, and what a press on a cell does with that.
        chosen: which of them.
        reason: why there are no others; "" where there are.
        cursor: the cell that keys are about.
        carried: the cell whose content (or agent) is being moved; None for none.
    """

    def __init__(self, session: Session) -> None:
        """Make an editor with nothing chosen; ValueError for a trap without levels of its size."""
        self.session, self.trap = session, session.trap
        self.reason, self.chosen = editing.only_agent(self.trap), 0
        self.entries = [(MOVE, MOVE)]
        if not self.reason:
            kinds, traits, grounds = editing.list_editable(self.trap)
            ways = ((kinds, PUT), (traits, TICK), (grounds, PUT), ([ERASE], ERASE))
            self.entries += [(name, does) for names, does in ways for name in names]
        self.carried: int | None = None
        self._at: tuple[float, float] | None = None  # of the mouse that drags
        self._placed: list[Box] = []
        self._shown = session.pane.state(session.cursor)
        self.cursor = int(self._shown.agent[0])

    def handle(self, event: Input, place: GridPlace) -> bool:
        """Handle an event; return whether it was for the editor.

        Args:
            event: a key or the mouse.
            place: of the grid of the pane in focus.
        """
        self._see()
        cell = place.cell_at(event.x, event.y)
        if event.kind == "key" and not event.ctrl:
            return self._key(event)
        if event.kind == "press":
            return self._press(event, cell)
        if event.kind == "drag" and self._at is not None:
            self._at = event.x, event.y
            return True
        if event.kind == "release" and self._at is not None:
            self._put_down(self.carried if cell is None else cell)
            self._let_go()
            return True
        return False

    def _see(self) -> State:
        """Return the state that is shown; what was carried in another one stays there."""
        state = self.session.pane.state(self.session.cursor)
        if state is not self._shown:
            self._shown = state
            self._let_go()
        return state

    def _let_go(self) -> None:
        self.carried = self._at = None

    def _key(self, key: Input) -> bool:
        if key.name == "tab":
            self.chosen = (self.chosen + (-1 if key.shift else 1)) % len(self.entries)
        elif key.shift:
            return False
        elif key.name in ARROWS:
            row, column = divmod(self.cursor, self.trap.width)
            down, right = ARROWS[key.name]
            cell = (row + down) * self.trap.width + column + right
            self.cursor = cell if editing.editable(self.trap, cell) else self.cursor
        elif key.name in ENTER and self.carried is None:
            self._pick_up(self.cursor)
        elif key.name in ENTER:
            self._put_down(self.cursor)
        elif key.name in ("delete", "backspace"):
            self._apply(ERASE, ERASE, self.cursor)
        elif key.name == "space" and self.chosen:
            self._apply(*self.entries[self.chosen], self.cursor)
        elif key.name == "escape" and self.carried is not None:
            self._let_go()
        else:
            return False
        return True

    def _press(self, event: Input, cell: int | None) -> bool:
        if cell is None:
            here = [n for n, box in enumerate(self._placed) if box.holds(event.x, event.y)]
            self.chosen = here[0] if here and event.button == 1 else self.chosen
            return bool(here)
        if editing.editable(self.trap, cell):
            self.cursor = cell
        if event.button == 3:
            self._apply(ERASE, ERASE, cell)
        elif self.chosen:
            self._apply(*self.entries[self.chosen], cell)
        elif self.carried is not None:
            self._put_down(cell)
        elif self._content(cell):
            self._pick_up(cell)
            self._at = event.x, event.y
        return True

    # -- what is done ------------------------------------------------------------------------------

    def _content(self, cell: int) -> str:
        """Return what is picked up from a cell, in words: the agent alone, or all that is there."""
        if cell == self._shown.agent[0]:
            return "agent"
        return editing.join_words(editing.names_at(self.trap, self._shown, cell))

    def _pick_up(self, cell: int) -> None:
        if self._content(cell):
            self.session.play(False)
            self.carried = cell
        else:
            where = place_name(self.trap, cell)
            self.session.message = f"there is nothing at {where} to pick up"

    def _put_down(self, there: int | None) -> None:
        """Put what is carried on a cell; where it was, that changes nothing."""
        here = self.carried
        if here is None or there is None or here == there:
            self._let_go()
            return
        done = f"{self._content(here)} moved to {place_name(self.trap, there)}"
        if self.reason:
            done += " as if it had walked there; all else stays as it is"
        self._try(lambda: editing.move(self.trap, self._shown, here, there), done)

    def _apply(self, name: str, does: str, cell: int) -> None:
        """Do on a cell what an entry of the bar says."""
        trap, state, where = self.trap, self._shown, place_name(self.trap, cell)
        if does == PUT:
            self._try(lambda: editing.put(trap, state, name, cell), f"{name} put at {where}")
        elif does == TICK:
            now = "no longer" if name in self._traits(cell) else "now"
            done = f"what is at {where} is {now} {name}"
            self._try(lambda: editing.toggle(trap, state, name, cell), done)
        else:
            done = f"{self._content(cell)} removed from {where}"
            self._try(lambda: editing.remove(trap, state, cell), done)

    def _try(self, edit: Callable[[], State], done: str) -> None:
        """Go on from an edited state, or say why there is none."""
        session, pane = self.session, self.session.pane
        if pane.line.over and pane.time(session.cursor) == len(pane.line):
            session.message = "the episode is over here: go back in time, and edit there"
            return
        try:
            session.replace(edit())
        except ValueError as error:
            session.message = f"not possible: {error}"
        else:
            session.message = f"{done}; z takes it back"
            self._let_go()

    def _traits(self, cell: int) -> set[str]:
        found = editing.things_at(self.trap, self._shown, cell)
        return {trait for entry in found for trait in entry.traits}

    # -- drawing -----------------------------------------------------------------------------------

    def height(self, painter: Painter, width: float) -> float:
        """Return how high the bar is in a width, and place its entries."""
        for named in (True, False):
            names = [x * (named or n == self.chosen) for n, (x, _) in enumerate(self.entries)]
            written = [painter.measure(name, SMALL) + GAP if name else 0 for name in names]
            widths = [ICON + 2 * GAP + wide for wide in written]
            self._placed = flow(widths, width - 2 * GAP, ROW - 2, GAP, 2)
            if self._placed[-1].bottom < MOST_ROWS * ROW:
                break
        return self._placed[-1].bottom + SMALL + 11

    def draw(self, painter: Painter, place: GridPlace, bar: Box) -> None:
        """Draw the cursor and what is carried over the grid, and the entries in ``bar``."""
        state, trap = self._see(), self.trap
        if self.carried is not None:
            box, tile = place.box_of(self.carried), max(MIN_TILE, painter.pixels(place.tile))
            painter.picture(bare_floor(trap, tile), box.left, box.top)
        box = place.box_of(self.cursor)
        for inset, colour in ((0, INK), (1.5, CARD), (3, INK)):
            painter.frame(box.inset(inset), colour, 1.5)
        if self.carried is not None:
            side = place.tile * LIFTED
            x, y = self._at or box.middle
            tile = max(MIN_TILE, painter.pixels(side))
            part = cells_of(render_rgb(trap, state, tile)[0], trap)[self.carried]
            lifted = Box(x - side / 2, y - side / 2, side, side)
            painter.picture(part, lifted.left, lifted.top)
            painter.frame(lifted.inset(-2), CARD, 2)
            painter.frame(lifted.inset(-3), INK, 1)
        painter.fill(bar, CARD, 4)
        within = Box(bar.left + GAP, bar.top + 3, bar.width, bar.height)
        self._placed = [at.within(within) for at in self._placed]
        for number, box in enumerate(self._placed):
            self._draw_entry(painter, box, number)
        y = bar.bottom - SMALL - 3
        painter.text(self._hint(), bar.left + GAP, y, SMALL, INK, width=bar.width - 2 * GAP)

    def _draw_entry(self, painter: Painter, box: Box, number: int) -> None:
        (name, does), chosen = self.entries[number], number == self.chosen
        if chosen:
            painter.fill(box, INK, 4)
        icon = Box(box.left + GAP, box.middle[1] - ICON / 2, ICON, ICON)
        look = self.trap.looks.get(name)
        if look is not None and does != TICK:
            picture = render_look(look, max(MIN_TILE, painter.pixels(ICON)))
            painter.picture(picture, icon.left, icon.top)
            painter.frame(icon, RULE)
        else:
            boxes = "\N{BALLOT BOX}", "\N{BALLOT BOX WITH CHECK}"
            signs = {MOVE: "\N{LEFT RIGHT ARROW}", ERASE: "\N{MULTIPLICATION X}"}
            sign = signs.get(does) or boxes[name in self._traits(self.cursor)]
            painter.fill(icon, CARD, 3)
            tone = INK if does == TICK else QUIET
            painter.text(sign, icon.middle[0], icon.top, ICON, tone, "middle")
        if look is not None and does == TICK:
            painter.fill(Box(icon.right - 5, icon.top, 5, ICON), look.colour)
        if box.width > ICON + 2 * GAP:
            y = box.middle[1] - SMALL / 2
            painter.text(name, icon.right + GAP, y, SMALL, CARD if chosen else INK)

    def _hint(self) -> str:
        """Return what keys and the mouse do now."""
        name, does = self.entries[self.chosen]
        if self.carried is not None:
            carried = self._content(self.carried)
            return f"{carried}: arrows and Enter, or let go, to put it down; Escape puts it back"
        if self.reason:
            return "arrows and Enter, or drag, to move the agent"
        return f"{HINTS[does].format(name)}; Delete or right button removes"
