"""The edit mode inside a pane: a cursor, something carried, a palette."""

from __future__ import annotations

from collections.abc import Callable

from mesa_gym.engine import State
from mesa_gym.engine.map_grid import place as place_name
from mesa_gym.traps import Trap
from mesa_gym.viewer import editing
from mesa_gym.viewer.inputs import Drag, Input, Key, Press, Release
from mesa_gym.viewer.legal import listed, places_of
from mesa_gym.viewer.palette import ERASE, MOVE, PUT, TOGGLE, Palette, picture
from mesa_gym.viewer.pen import Box, Pen
from mesa_gym.viewer.place import GridPlace
from mesa_gym.viewer.session import Session
from mesa_gym.viewer.theme import CARD, INK
from mesa_gym.viewer.tiles import AGENT, Content

ARROWS = {"left": (0, -1), "down": (1, 0), "right": (0, 1), "up": (-1, 0)}
LIFTED = 0.84  # the side of what is carried, in cells


class Editor:
    """An editor of the state that the focused pane shows; the session goes on from it.

    Attributes:
        trap: the rules.
        palette: what can be put.
        cursor: the cell that keys are about; None before the first state was seen.
        carried: the cell whose object (or agent) is being moved; None for none.
    """

    def __init__(self, trap: Trap) -> None:
        """Make an editor with nothing chosen; it looks at the trap's levels, which takes a moment.

        Raises:
            ValueError: the trap has no levels of its size to look at.
        """
        self.trap, self.palette = trap, Palette(trap)
        self.cursor: int | None = None
        self.carried: int | None = None
        self._at: tuple[float, float] | None = None  # of the mouse that drags
        self._shown: State | None = None

    def handle(self, event: Input, session: Session, place: GridPlace) -> bool:
        """Take what a person did.

        Args:
            event: a key or the mouse.
            session: whose focused pane is edited, at what it shows; refusals go to its message.
            place: of that pane's grid.

        Returns:
            Whether it was meant for the editor.
        """
        state = self._see(session)
        match event:
            case Key(ctrl=False):
                return self._key(event, session, state)
            case Press():
                return self._press(event, session, state, place.cell_at(event.x, event.y))
            case Drag() if self._at is not None:
                self._at = event.x, event.y
                return True
            case Release() if self._at is not None:
                there = place.cell_at(event.x, event.y)
                self._put_down(session, state, self.carried if there is None else there)
                self._let_go()
                return True
        return False

    def _see(self, session: Session) -> State:
        """Return the state that is shown; what was carried in another one stays there."""
        state = session.pane.state(session.cursor)
        if state is not self._shown:
            self._shown = state
            self._let_go()
        if self.cursor is None:
            self.cursor = int(state.agent[0])
        return state

    def _let_go(self) -> None:
        self.carried = self._at = None

    # -- keys --------------------------------------------------------------------------------------

    def _key(self, key: Key, session: Session, state: State) -> bool:
        assert self.cursor is not None  # a state is shown
        if key.name == "tab":
            self.palette.turn(-1 if key.shift else 1)
        elif key.shift:
            return False
        elif key.name in ARROWS:
            self.cursor = self._beside(*ARROWS[key.name])
        elif key.name in ("return", "enter"):
            if self.carried is None:
                self._pick_up(session, state, self.cursor)
            else:
                self._put_down(session, state, self.cursor)
        elif key.name in ("delete", "backspace"):
            self._remove(session, state, self.cursor)
        elif key.name == "space" and self.palette.entry.does != MOVE:
            self._apply(session, state, self.cursor)
        elif key.name == "escape" and self.carried is not None:
            self._let_go()
        else:
            return False
        return True

    def _beside(self, down: int, right: int) -> int:
        """Return the cell next to the cursor, or the cursor's own if that is not for editing."""
        assert self.cursor is not None  # a state is shown
        row, column = divmod(self.cursor, self.trap.width)
        cell = (row + down) * self.trap.width + column + right
        return cell if self._editable(cell) else self.cursor

    def _editable(self, cell: int) -> bool:
        """Return whether a cell is within the border, or where levels hang things in it."""
        row, column = divmod(cell, self.trap.width)
        highest = 0 if places_of(self.trap).above else 1
        return highest <= row < self.trap.height - 1 and 0 < column < self.trap.width - 1

    # -- the mouse ---------------------------------------------------------------------------------

    def _press(self, event: Press, session: Session, state: State, cell: int | None) -> bool:
        if cell is None:
            return event.button == 1 and self.palette.choose_at(event.x, event.y)
        if self._editable(cell):
            self.cursor = cell
        if event.button == 3:
            self._remove(session, state, cell)
        elif self.palette.entry.does != MOVE:
            self._apply(session, state, cell)
        elif self.carried is not None:
            self._put_down(session, state, cell)
        elif self._lifted(state, cell):
            self._pick_up(session, state, cell)
            self._at = event.x, event.y
        return True

    # -- what is done ------------------------------------------------------------------------------

    def _pick_up(self, session: Session, state: State, cell: int) -> None:
        if self._lifted(state, cell):
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
        name = listed(self._lifted(state, here))
        done = f"{name} moved to {place_name(self.trap, there)}"
        if self.palette.reason:
            done = f"{name} moved as if it had walked there; all else stays as it is"
        self._try(session, lambda: editing.move(self.trap, state, here, there), done)

    def _apply(self, session: Session, state: State, cell: int) -> None:
        """Do on a cell what the palette's entry says."""
        trap, entry, where = self.trap, self.palette.entry, place_name(self.trap, cell)
        if entry.does == PUT:
            done = f"{entry.name} put at {where}"
            self._try(session, lambda: editing.put(trap, state, entry.name, cell), done)
        elif entry.does == TOGGLE:
            now = "no longer" if entry.name in self._traits(state, cell) else "now"
            done = f"what is at {where} is {now} {entry.name}"
            self._try(session, lambda: editing.toggle(trap, state, entry.name, cell), done)
        else:
            self._remove(session, state, cell)

    def _remove(self, session: Session, state: State, cell: int) -> None:
        """Take away what is on a cell."""
        content = editing.contents_at(self.trap, state, cell)
        done = f"{listed(content)} removed from {place_name(self.trap, cell)}"
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

    # -- drawing -----------------------------------------------------------------------------------

    def draw(self, pen: Pen, place: GridPlace, session: Session, bar: Box) -> None:
        """Draw the cursor and what is carried over the grid, and the palette in ``bar``."""
        state = self._see(session)
        assert self.cursor is not None  # a state is shown
        if self.carried is not None:
            box = place.box_of(self.carried)
            pen.picture(picture(self.trap, self._left(state), pen, place.tile), box.left, box.top)
        box = place.box_of(self.cursor)
        for inset, colour in ((0, INK), (1.5, CARD), (3, INK)):
            pen.frame(box.inset(inset), colour, 1.5)
        if self.carried is not None:
            x, y = self._at or place.middle(self.cursor)
            side = place.tile * LIFTED
            lifted = Box(x - side / 2, y - side / 2, side, side)
            content = self._lifted(state, self.carried)
            pen.picture(picture(self.trap, content, pen, side), lifted.left, lifted.top)
            pen.frame(lifted.inset(-2), CARD, 2)
            pen.frame(lifted.inset(-3), INK, 1)
        self.palette.draw(pen, bar, self._hint(state), self._traits(state, self.cursor))

    def _lifted(self, state: State, cell: int) -> Content:
        """Return what is picked up from a cell: the agent alone, or all that is there."""
        if cell == state.agent[0]:
            return AGENT
        return editing.contents_at(self.trap, state, cell)

    def _left(self, state: State) -> Content:
        """Return what stays on the cell from which something is carried."""
        assert self.carried is not None
        if self.carried == state.agent[0]:
            return editing.contents_at(self.trap, state, self.carried)
        return ("wall",) if self.carried < self.trap.width else ()

    def _traits(self, state: State, cell: int) -> set[str]:
        """Return the traits of the things on a cell."""
        things = editing.things_at(self.trap, state, cell)
        return {trait for thing in things for trait in editing.traits_of(state, *thing)}

    def _hint(self, state: State) -> str:
        """Return what keys and the mouse do now."""
        entry = self.palette.entry
        if self.carried is not None:
            name = listed(self._lifted(state, self.carried))
            return f"{name}: arrows and Enter, or let go, to put it down; Escape puts it back"
        if self.palette.reason:
            return "arrows and Enter, or drag, to move the agent"
        doing = {
            MOVE: "arrows and Enter, or drag, to move things; Tab: what to put",
            PUT: f"arrows and Space, or a press, to put {entry.name}",
            TOGGLE: f"arrows and Space, or a press, to tick {entry.name}",
            ERASE: "arrows and Space, or a press, to erase",
        }[entry.does]
        return f"{doing}; Delete or right button removes"
