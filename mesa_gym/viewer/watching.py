"""The screen on which a session is watched."""

from __future__ import annotations

import time
from pathlib import Path

from mesa_gym.errors import PolicyError
from mesa_gym.viewer import bindings, buttons, help, keeping, scrubber
from mesa_gym.viewer.actors import PolicyPlayer
from mesa_gym.viewer.app import SIZE, Screen
from mesa_gym.viewer.dialogs import Dialog
from mesa_gym.viewer.editor import Editor
from mesa_gym.viewer.inputs import Drag, Drop, Input, Key, Press, Release, Wheel
from mesa_gym.viewer.layout import Layout, Wanted, arrange, inner_width
from mesa_gym.viewer.legend import Legend
from mesa_gym.viewer.overlays import SEES, VISITS, overlays_of
from mesa_gym.viewer.panel import Panel
from mesa_gym.viewer.pen import Box, Pen
from mesa_gym.viewer.scrubber import Scrubber
from mesa_gym.viewer.sees import HEIGHT as DRAWER
from mesa_gym.viewer.session import BUDGET, Session
from mesa_gym.viewer.theme import INK, PALETTES, QUIET
from mesa_gym.viewer.views import View

STATUS, MOST_LINES = 16.0, 3  # of the message: the height of a line, how many
SPEED = 110.0  # room for how fast time goes


class WatchScreen:
    """Panes, panel and controls.

    Attributes:
        session: what is watched.
        panel: whether the panel and the controls are shown.
        palette: the name of the colours, one of ``PALETTES``.
        dialog: a question that stands over it.
        editor: of the pane in focus, while it is edited.
        leaving: whether it is to be left.
        drawn: the size in pixels, and pixels a point, when it was last drawn.
    """

    def __init__(self, session: Session, panel: bool = True, back: Screen | None = None) -> None:
        """Make a screen that has not been drawn.

        Args:
            session: what is watched.
            panel: whether the panel and the controls are shown.
            back: the screen that one goes back to; None to end with this one.
        """
        self.session: Session = session
        self._back = back
        self.dialog: Dialog | None = None
        self.editor: Editor | None = None
        self.drawn = SIZE, 1.0
        self.panel = panel
        self.palette = next(iter(PALETTES))
        self._views: list[View] = []
        self._help = False
        self._scrubbing = False
        self.leaving = False
        self._layout: Layout | None = None
        self._placed: list[tuple[buttons.Button, Box]] = []
        self._legend: Legend | None = None

    # -- the screen --------------------------------------------------------------------------------

    def handle(self, event: Input) -> Screen | None:
        """Take a key or the mouse; returns what comes after it, once it is left."""
        if self._help:
            self._help = not isinstance(event, Key | Press)
            return self
        if self.dialog is not None:
            asked = self.dialog
            # What follows from an answer may be a further question.
            if not asked.handle(event) and self.dialog is asked:
                self.dialog = None
            return self
        if self.editor is not None and self._layout is not None:
            place = self._layout.grids[self.session.focus]
            if self.editor.handle(event, self.session, place):
                return self
        match event:
            case Key():
                if not self._overlay(event):
                    bindings.press(self, event)
            case Press():
                self._press(event)
            case Drag() if self._scrubbing:
                self._scrub(event.x)
            case Release():
                self._scrubbing = False
            case Wheel():
                self.session.step(-event.notches)
            case Drop():
                keeping.open_map(self, Path(event.path))
        return self._back if self.leaving else self

    def update(self, seconds: float) -> None:
        """Let the clock run, and find what overlays need."""
        if self.dialog is not None:
            self.dialog.update(seconds)
            return
        self.session.update(seconds)
        deadline = time.perf_counter() + BUDGET
        try:
            for view in self._current():
                while view.layers.work(self.session.shown) and time.perf_counter() < deadline:
                    pass
        except PolicyError as error:
            self.session.message = str(error)

    def plain(self) -> WatchScreen:
        """Return the same screen, without the help, a question or the editor over it."""
        screen = WatchScreen(self.session, self.panel)
        screen.palette = self.palette
        return screen

    def settle(self) -> None:
        """Find all that overlays need; for pictures outside of a window."""
        self.session.settle()
        for view in self._current():
            while view.layers.work(self.session.shown):
                pass

    def draw(self, pen: Pen) -> None:
        """Draw everything."""
        self.drawn = pen.surface.get_size(), pen.scale
        session, palette = self.session, PALETTES[self.palette]
        layout = self._arranged(pen)
        many = len(session.panes) > 1
        for number, view in enumerate(self._current()):
            view.draw(
                pen,
                layout.panes[number],
                layout.grids[number],
                layout.drawers[number],
                session.cursor,
                session.shown,
                palette,
                number + 1 if many else None,
                number == session.focus,
            )
        assert self._legend is not None  # made with the layout
        self._legend.draw(pen, layout.legend.left, layout.legend.top, palette)
        if self.panel:
            Panel(pen, layout.panel, session, palette).draw()
            Scrubber(session, layout.scrubber).draw(pen, palette)
            self._placed = buttons.place(pen, bindings.BUTTONS, layout.buttons)
            buttons.draw(pen, self._placed)
            self._status(pen, layout)
        if self.editor is not None:
            self.editor.draw(pen, layout.grids[session.focus], session, layout.palette)
        if self._help:
            help.draw(pen, session.trap)
        if self.dialog is not None:
            self.dialog.draw(pen)

    def _status(self, pen: Pen, layout: Layout) -> None:
        """Write the message, in as many lines as there is room for, and how fast time goes."""
        box, session = layout.status, self.session
        speed = f"{session.speed:g}x, {'playing' if session.playing else 'paused'}"
        pen.text(speed, box.right, box.top + 2, STATUS, QUIET, "right")
        for number, line in enumerate(self._message(pen, box.width)):
            y = box.top + 2 + number * STATUS
            pen.text(line, box.left, y, STATUS, INK, width=box.width - SPEED)

    def _message(self, pen: Pen, width: float) -> list[str]:
        lines = pen.lines(self.session.message, width - SPEED, STATUS)
        last = MOST_LINES - 1
        return [*lines[:last], " ".join(lines[last:])] if len(lines) > last else lines

    def _arranged(self, pen: Pen) -> Layout:
        session = self.session
        rows, columns = session.trap.size
        room = inner_width(pen.size[0], self.panel)
        self._legend = Legend(pen, session.trap, session.shown, room, only_shown=not self.panel)
        wanted = Wanted(
            panes=len(session.panes),
            rows=rows,
            columns=columns,
            panel=self.panel,
            scrubber=scrubber.height(session),
            legend=self._legend.height,
            drawer=DRAWER if SEES.name in session.shown else 0.0,
            status=STATUS * len(self._message(pen, room)) + 4,
            editing=self.editor is not None,
        )
        self._layout = arrange(pen.size, pen.scale, wanted)
        return self._layout

    def _current(self) -> list[View]:
        """Return a view of each pane, those kept whose panes are still there."""
        kept = {id(view.pane): view for view in self._views}
        self._views = [kept.get(id(pane)) or View(pane) for pane in self.session.panes]
        return self._views

    # -- the mouse ---------------------------------------------------------------------------------

    def _press(self, event: Press) -> None:
        """Press a button, the legend or the scrubber, or choose the pane that keys are about."""
        layout, legend = self._layout, self._legend
        if layout is None or legend is None or event.button != 1:
            return
        if layout.legend.holds(event.x, event.y):
            overlay = legend.at(event.x - layout.legend.left, event.y - layout.legend.top)
            if overlay is not None:
                self.toggle(overlay.name)
        elif self.panel and layout.scrubber.holds(event.x, event.y):
            self._scrubbing = True
            self._scrub(event.x)
        elif self.panel and layout.buttons.holds(event.x, event.y):
            for button, box in self._placed:
                if box.holds(event.x, event.y):
                    bindings.BY_KEY[button.key.lower()].do(self)
        else:
            for number, box in enumerate(layout.panes):
                if box.holds(event.x, event.y):
                    self.session.focus = number

    def _scrub(self, x: float) -> None:
        assert self._layout is not None  # the scrubber was pressed where it is drawn
        self.session.playing = False
        self.session.seek(Scrubber(self.session, self._layout.scrubber).time_at(x))

    # -- what keys turn on and off -----------------------------------------------------------------

    def toggle(self, name: str) -> None:
        """Turn an overlay on, and say what it shows, or off."""
        self.session.shown ^= {name}
        on = name in self.session.shown
        self.session.message = overlays_of(self.session.trap)[name].doc if on else ""
        if (
            on
            and name == VISITS.name
            and not isinstance(self.session.pane.seat.player, PolicyPlayer)
        ):
            self.session.message = "only a policy can play a hundred episodes more"

    def toggle_help(self) -> None:
        """Show all keys until the next one."""
        self._help = True

    def _overlay(self, key: Key) -> bool:
        """Turn on or off the overlay of a key; returns whether it is one's."""
        for overlay in overlays_of(self.session.trap).values():
            if overlay.key == key.name and not key.ctrl:
                self.toggle(overlay.name)
                return True
        return False
