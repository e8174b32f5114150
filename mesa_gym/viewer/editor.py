"""The edit mode inside a pane: a cursor, something carried, a palette."""

from __future__ import annotations

from collections.abc import Callable

from mesa_gym.grid import AGENT, State
from mesa_gym.traps import Trap
from mesa_gym.viewer import editing
from mesa_gym.viewer.inputs import Drag, Input, Key, Press, Release
from mesa_gym.viewer.legal import described, place_name
from mesa_gym.viewer.palette import Palette, picture
from mesa_gym.viewer.pen import Box, Pen
from mesa_gym.viewer.place import GridPlace
from mesa_gym.viewer.seen import Content
from mesa_gym.viewer.session import Session
from mesa_gym.viewer.theme import CARD, INK

ARROWS = {"left": (0, -1), "down": (1, 0), "right": (0, 1), "up": (-1, 0)}
LIFTED = 0.84  # the side of what is carried, in cells


class Editor:
    """Changes the state that the focused pane shows, and lets the session go on from it.

    Attributes:
        trap: the rules.
        palette: what can be put.
        cursor: the cell that keys are about; None before the first state was seen.
        carried: the cell whose object (or agent) is being moved; None for none.
    """

    def __init__(self, trap: Trap) -> None:
        """An editor with nothing chosen; looks at the trap's levels, which takes a moment.

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
        """The state that is shown; what was carried in another one stays there."""
        state = session.pane.state(session.cursor)
        if state is not self._shown:
            self._shown = state
            self._let_go()
        if self.cursor is None:
            self.cursor = int(state.cell[0])
        return state

    def _let_go(self) -> None:
        self.carried = self._at = None

    # -- keys --------------------------------------------------------------------------------------

    def _key(self, key: Key, session: Session, state: State) -> bool:
        assert self.cursor is not None  # a state is shown
        entry = self.palette.entry
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
            self._put(session, state, (), self.cursor)
        elif key.name == "space" and entry.content is not None:
            self._put(session, state, entry.content, self.cursor)
        elif key.name == "escape" and self.carried is not None:
            self._let_go()
        else:
            return False
        return True

    def _beside(self, down: int, right: int) -> int:
        """The inner cell next to the cursor, or the cursor's at the border."""
        assert self.cursor is not None  # a state is shown
        schema = self.trap.schema
        row, column = divmod(self.cursor, schema.width)
        row = min(max(row + down, 1), schema.height - 2)
        column = min(max(column + right, 1), schema.width - 2)
        return schema.cell(row, column)

    # -- the mouse ---------------------------------------------------------------------------------

    def _press(self, event: Press, session: Session, state: State, cell: int | None) -> bool:
        if cell is None:
            return event.button == 1 and self.palette.choose_at(event.x, event.y)
        row, column = divmod(cell, state.schema.width)
        if 0 < row < state.schema.height - 1 and 0 < column < state.schema.width - 1:
            self.cursor = cell
        if event.button == 3:
            self._put(session, state, (), cell)
        elif self.palette.entry.content is not None:
            self._put(session, state, self.palette.entry.content, cell)
        elif self.carried is not None:
            self._put_down(session, state, cell)
        elif state.flat[cell].any():
            self._pick_up(session, state, cell)
            self._at = event.x, event.y
        return True

    # -- what is done ------------------------------------------------------------------------------

    def _pick_up(self, session: Session, state: State, cell: int) -> None:
        if state.flat[cell].any():
            session.play(False)
            self.carried = cell
        else:
            session.message = f"there is nothing at {place_name(state.schema, cell)} to pick up"

    def _put_down(self, session: Session, state: State, there: int | None) -> None:
        """Put what is carried on a cell; where it was, that changes nothing."""
        here = self.carried
        if here is None or there is None or here == there:
            self._let_go()
            return
        name = described(_lifted(state, here))
        done = f"{name} moved to {place_name(state.schema, there)}"
        if self.palette.reason:
            done = f"{name} moved as if it had walked there; all else stays as it is"
        self._try(session, lambda: editing.move(self.trap, state, here, there), done)

    def _put(self, session: Session, state: State, content: Content, cell: int) -> None:
        """Put an object on a cell; no planes at all erase what is there."""
        where = place_name(state.schema, cell)
        if content:
            done = f"{described(content)} put at {where}"
            self._try(session, lambda: editing.bring(self.trap, state, content, cell), done)
        else:
            done = f"{described(editing.standing(state, cell))} removed from {where}"
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
        schema = state.schema
        if self.carried is not None:
            box = place.box_of(self.carried)
            under = editing.standing(state, self.carried) if self._is_agent(state) else ()
            pen.picture(picture(schema, under, pen, place.tile), box.left, box.top)
        box = place.box_of(self.cursor)
        for inset, colour in ((0, INK), (1.5, CARD), (3, INK)):
            pen.frame(box.inset(inset), colour, 1.5)
        if self.carried is not None:
            x, y = self._at or place.middle(self.cursor)
            side = place.tile * LIFTED
            lifted = Box(x - side / 2, y - side / 2, side, side)
            content = _lifted(state, self.carried)
            pen.picture(picture(schema, content, pen, side), lifted.left, lifted.top)
            pen.frame(lifted.inset(-2), CARD, 2)
            pen.frame(lifted.inset(-3), INK, 1)
        self.palette.draw(pen, bar, self._hint(state))

    def _is_agent(self, state: State) -> bool:
        return self.carried == state.cell[0]

    def _hint(self, state: State) -> str:
        """What keys and the mouse do now."""
        entry = self.palette.entry
        if self.carried is not None:
            name = described(_lifted(state, self.carried))
            return f"{name}: arrows and Enter, or let go, to put it down; Escape puts it back"
        if self.palette.reason:
            return "arrows and Enter, or drag, to move the agent"
        if entry.content is None:
            doing = "arrows and Enter, or drag, to move things; Tab: what to put"
        elif entry.content:
            doing = f"arrows and Space, or a press, to put {entry.name}"
        else:
            doing = "arrows and Space, or a press, to erase"
        return f"{doing}; Delete or right button removes"


def _lifted(state: State, cell: int) -> Content:
    """What is picked up from a cell: the agent alone, or all that stands there."""
    return (AGENT,) if cell == state.cell[0] else editing.standing(state, cell)
