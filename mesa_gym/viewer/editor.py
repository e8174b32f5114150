"""The edit mode inside a pane: a cursor, something carried, a bar of what can be put."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import mesa_gym.viewer.editing as editing
from mesa_gym.engine import State
from mesa_gym.engine.map_grid import place as place_name
from mesa_gym.rendering import render_look, render_rgb
from mesa_gym.rendering.raster import MIN_TILE
from mesa_gym.viewer.app import Input
from mesa_gym.viewer.drawing import CARD, INK, QUIET, RULE, SMALL, Box, Painter, as_surface
from mesa_gym.viewer.overlays import GridPlace
from mesa_gym.viewer.panes import bare_floor
from mesa_gym.viewer.session import Session
from mesa_gym.viewer.widgets import ENTER

ARROWS = {"left": (0, -1), "down": (1, 0), "right": (0, 1), "up": (-1, 0)}
MOVE, PUT, TICK, ERASE = "move", "put", "tick", "erase"
ROW, ICON, GAP, BOX = 28.0, 20.0, 4.0, 11.0  # of the bar: an entry, its picture, a check box
MOST_ROWS = 2  # of entries; where they do not fit, only the chosen one has its name
LIFTED = 0.84  # the side of what is carried, in cells


@dataclass(frozen=True)
class Entry:
    """One thing that a press on a cell can do: its name, and what it does with that."""

    name: str
    does: str


class Editor:
    """An editor of the state that the focused pane shows; the session goes on from it.

    Attributes:
        trap: the rules.
        entries: of the bar, ``move`` first.
        chosen: which of them.
        reason: why there are no others; "" where there are.
        cursor: the cell that keys are about.
        carried: the cell whose content (or agent) is being moved; None for none.
    """

    def __init__(self, session: Session) -> None:
        """Make an editor with nothing chosen; ValueError for a trap without levels of its size."""
        self.trap = session.trap
        self.reason, self.chosen = editing.only_agent(self.trap), 0
        self.entries = [Entry(MOVE, MOVE)]
        if not self.reason:
            kinds, traits, grounds = editing.offered(self.trap)
            self.entries += [Entry(kind, PUT) for kind in kinds]
            self.entries += [Entry(trait, TICK) for trait in traits]
            self.entries += [Entry(ground, PUT) for ground in grounds]
            self.entries.append(Entry(ERASE, ERASE))
        self.carried: int | None = None
        self._at: tuple[float, float] | None = None  # of the mouse that drags
        self._placed: list[Box] = []
        self._shown = session.pane.state(session.cursor)
        self.cursor = int(self._shown.agent[0])

    def handle(self, event: Input, session: Session, place: GridPlace) -> bool:
        """Take what a person did; return whether it was meant for the editor.

        Args:
            event: a key or the mouse.
            session: whose focused pane is edited, at what it shows; refusals go to its message.
            place: of that pane's grid.
        """
        state, cell = self._see(session), place.cell_at(event.x, event.y)
        if event.kind == "key" and not event.ctrl:
            return self._key(event, session, state)
        if event.kind == "press":
            return self._press(event, session, state, cell)
        if event.kind == "drag" and self._at is not None:
            self._at = event.x, event.y
            return True
        if event.kind == "release" and self._at is not None:
            self._put_down(session, state, self.carried if cell is None else cell)
            self._let_go()
            return True
        return False

    def _see(self, session: Session) -> State:
        """Return the state that is shown; what was carried in another one stays there."""
        state = session.pane.state(session.cursor)
        if state is not self._shown:
            self._shown = state
            self._let_go()
        return state

    def _let_go(self) -> None:
        self.carried = self._at = None

    def _key(self, key: Input, session: Session, state: State) -> bool:
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
            self._pick_up(session, state, self.cursor)
        elif key.name in ENTER:
            self._put_down(session, state, self.cursor)
        elif key.name in ("delete", "backspace"):
            self._remove(session, state, self.cursor)
        elif key.name == "space" and self.entries[self.chosen].does != MOVE:
            self._apply(session, state, self.cursor)
        elif key.name == "escape" and self.carried is not None:
            self._let_go()
        else:
            return False
        return True

    def _press(self, event: Input, session: Session, state: State, cell: int | None) -> bool:
        if cell is None:
            here = [n for n, box in enumerate(self._placed) if box.holds(event.x, event.y)]
            self.chosen = here[0] if here and event.button == 1 else self.chosen
            return bool(here)
        if editing.editable(self.trap, cell):
            self.cursor = cell
        if event.button == 3:
            self._remove(session, state, cell)
        elif self.entries[self.chosen].does != MOVE:
            self._apply(session, state, cell)
        elif self.carried is not None:
            self._put_down(session, state, cell)
        elif self._content(state, cell):
            self._pick_up(session, state, cell)
            self._at = event.x, event.y
        return True

    # -- what is done ------------------------------------------------------------------------------

    def _content(self, state: State, cell: int) -> str:
        """Return what is picked up from a cell, in words: the agent alone, or all that is there."""
        if cell == state.agent[0]:
            return "agent"
        return editing.listed(editing.names_at(self.trap, state, cell))

    def _pick_up(self, session: Session, state: State, cell: int) -> None:
        if self._content(state, cell):
            session.play(False)
            self.carried = cell
        else:
            session.message = f"there is nothing at {place_name(self.trap, cell)} to pick up"

    def _put_down(self, session: Session, state: State, there: int | None) -> None:
        """Put what is carried on a cell; where it was, that changes nothing."""
        here = self.carried
        if here is None or there is None or here == there:
            self._let_go()
            return
        done = f"{self._content(state, here)} moved to {place_name(self.trap, there)}"
        if self.reason:
            done += " as if it had walked there; all else stays as it is"
        self._try(session, lambda: editing.move(self.trap, state, here, there), done)

    def _apply(self, session: Session, state: State, cell: int) -> None:
        """Do on a cell what the chosen entry says."""
        trap, entry, where = self.trap, self.entries[self.chosen], place_name(self.trap, cell)
        if entry.does == PUT:
            done = f"{entry.name} put at {where}"
            self._try(session, lambda: editing.put(trap, state, entry.name, cell), done)
        elif entry.does == TICK:
            now = "no longer" if entry.name in self._traits(state, cell) else "now"
            done = f"what is at {where} is {now} {entry.name}"
            self._try(session, lambda: editing.toggle(trap, state, entry.name, cell), done)
        else:
            self._remove(session, state, cell)

    def _remove(self, session: Session, state: State, cell: int) -> None:
        content = editing.listed(editing.names_at(self.trap, state, cell))
        done = f"{content} removed from {place_name(self.trap, cell)}"
        self._try(session, lambda: editing.remove(self.trap, state, cell), done)

    def _try(self, session: Session, edit: Callable[[], State], done: str) -> None:
        """Go on from an edited state, or say why there is none."""
        pane = session.pane
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

    def _traits(self, state: State, cell: int) -> set[str]:
        found = editing.things_at(self.trap, state, cell)
        return {trait for entry in found for trait in entry.traits}

    # -- drawing -----------------------------------------------------------------------------------

    def height(self, painter: Painter, width: float) -> float:
        """Return how high the bar is in a width, and place its entries."""
        for named in (True, False):
            x, y, self._placed = GAP, 3.0, []
            for number, entry in enumerate(self.entries):
                wide = ICON + 2 * GAP
                if named or number == self.chosen:
                    wide += painter.measure(entry.name, SMALL) + GAP
                if x + wide > width:
                    x, y = GAP, y + ROW
                self._placed.append(Box(x, y, wide, ROW - 2))
                x += wide + GAP
            if y < MOST_ROWS * ROW:
                break
        return y + ROW + SMALL + 6

    def draw(self, painter: Painter, place: GridPlace, session: Session, bar: Box) -> None:
        """Draw the cursor and what is carried over the grid, and the entries in ``bar``."""
        state, side = self._see(session), place.tile
        tile = max(MIN_TILE, painter.pixels(side))
        if self.carried is not None:
            box = place.box_of(self.carried)
            floor = bare_floor(self.trap, tile)
            painter.picture(as_surface(painter.pygame, floor), box.left, box.top)
        box = place.box_of(self.cursor)
        for inset, colour in ((0, INK), (1.5, CARD), (3, INK)):
            painter.frame(box.inset(inset), colour, 1.5)
        if self.carried is not None:
            x, y = self._at or place.middle(self.cursor)
            lifted = Box(x - side * LIFTED / 2, y - side * LIFTED / 2, side * LIFTED, side * LIFTED)
            grid = render_rgb(self.trap, state, max(MIN_TILE, painter.pixels(lifted.width)))[0]
            high, (row, column) = (
                len(grid) // self.trap.height,
                divmod(self.carried, self.trap.width),
            )
            part = grid[row * high : (row + 1) * high, column * high : (column + 1) * high]
            painter.picture(as_surface(painter.pygame, part), lifted.left, lifted.top)
            painter.frame(lifted.inset(-2), CARD, 2)
            painter.frame(lifted.inset(-3), INK, 1)
        painter.fill(bar, CARD, 4)
        self._placed = [
            Box(bar.left + at.left, bar.top + at.top, at.width, at.height) for at in self._placed
        ]
        for number, box in enumerate(self._placed):
            self._draw_entry(painter, box, number, self._traits(state, self.cursor))
        hint, y = self._hint(state), bar.bottom - SMALL - 3
        painter.text(hint, bar.left + GAP, y, SMALL, INK, width=bar.width - 2 * GAP)

    def _draw_entry(self, painter: Painter, box: Box, number: int, ticked: set[str]) -> None:
        entry, chosen = self.entries[number], number == self.chosen
        if chosen:
            painter.fill(box, INK, 4)
        icon = Box(box.left + GAP, box.middle[1] - ICON / 2, ICON, ICON)
        look = self.trap.looks.get(entry.name)
        if entry.does == TICK:
            painter.fill(icon, CARD, 3)
            tick = "\N{BALLOT BOX WITH CHECK}" if entry.name in ticked else "\N{BALLOT BOX}"
            painter.text(tick, icon.middle[0], icon.top, ICON, INK, "middle")
            if look is not None:
                painter.fill(Box(icon.right - 5, icon.top, 5, ICON), look.colour)
        elif look is not None:
            picture = render_look(look, max(MIN_TILE, painter.pixels(ICON)))
            painter.picture(as_surface(painter.pygame, picture), icon.left, icon.top)
            painter.frame(icon, RULE)
        else:
            painter.fill(icon, CARD, 3)
            sign = "\N{MULTIPLICATION X}" if entry.does == ERASE else "\N{LEFT RIGHT ARROW}"
            painter.text(sign, icon.middle[0], icon.top, ICON, QUIET, "middle")
        if box.width > ICON + 2 * GAP:
            y = box.middle[1] - SMALL / 2
            painter.text(entry.name, icon.right + GAP, y, SMALL, CARD if chosen else INK)

    def _hint(self, state: State) -> str:
        """Return what keys and the mouse do now."""
        entry = self.entries[self.chosen]
        if self.carried is not None:
            name = self._content(state, self.carried)
            return f"{name}: arrows and Enter, or let go, to put it down; Escape puts it back"
        if self.reason:
            return "arrows and Enter, or drag, to move the agent"
        doing = {
            MOVE: "arrows and Enter, or drag, to move things; Tab: what to put",
            PUT: f"arrows and Space, or a press, to put {entry.name}",
            TICK: f"arrows and Space, or a press, to tick {entry.name}",
            ERASE: "arrows and Space, or a press, to erase",
        }[entry.does]
        return f"{doing}; Delete or right button removes"
