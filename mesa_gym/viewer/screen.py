"""The screen on which a session is watched."""

from __future__ import annotations

import numpy as np

from mesa_gym.viewer.app import Input, Screen
from mesa_gym.viewer.controls import Legend, Scrubber, Tips, draw_button, place_buttons
from mesa_gym.viewer.keys import BUTTONS, Commands
from mesa_gym.viewer.layout import DRAWER_HEIGHT, Layout, View, arrange, inner_width
from mesa_gym.viewer.overlays import GridPlace
from mesa_gym.viewer.painter import PAPER, QUIET, SMALL, TEXT, Box, Painter
from mesa_gym.viewer.panel import Panel
from mesa_gym.viewer.playback import Session, prepare
from mesa_gym.viewer.seats import Pane

MOST_LINES = 3  # of the status line
SPEED = 116.0  # width of the clock's speed in the status line
HINT = "Space plays and pauses, i puts training and shift side by side, ? lists all commands"
PLAYING = (
    "You play: arrow keys move; Enter acts, or waits. n goes to the next level, t to the next split"
)


class WatchScreen(Commands):
    """Panes, panel and controls.

    Attributes:
        title: the window's title.
        changed: whether the screen must be drawn again.
        layout: the layout of the last drawing.
        tips: the tooltips.
    """

    layout: Layout

    def __init__(self, session: Session, panel: bool = True) -> None:
        """Make a screen that has not been drawn."""
        super().__init__(session, panel)
        self.tips = Tips()
        self._views: list[View] = []
        self._panel = Panel()
        self._scrubbing = False
        self._buttons: dict[str, Box] = {}
        self._looks: object = None

    @property
    def title(self) -> str:
        """Return the window title: trap and players."""
        return f"{self.session.trap.name()}: {self.session.pane.seat.player.name} - mesa_gym"

    def greet(self) -> None:
        """Prepare the window: start the clock, and a thread for slow work."""
        session = self.session
        prepare(session.panes)
        session.clock.threaded = True
        session.shown = session.shown or {"pays", "taken"}
        if session.pane.seat.by_hand:
            session.message = PLAYING
        else:
            session.message = HINT
            session.clock.play(True)

    # -- events ------------------------------------------------------------------------------------

    def handle(self, event: Input) -> Screen | None:
        """Handle a key or mouse event; return None when the person leaves the screen."""
        if event.kind == "hover" and self.dialog is None:
            self.changed |= self.tips.move(event.x, event.y)
            return self
        self.changed = True
        dialog = self.dialog
        if dialog is not None and not dialog.handle(event):
            self.dialog = None
        if dialog is None or dialog.passes:
            self._take(event)
        return None if self.leaving else self

    def _take(self, event: Input) -> None:
        if event.kind == "key":
            self.press(event)
        elif event.kind == "press":
            self._press(event)
        elif event.kind == "drag" and self._scrubbing:
            self._scrub(event.x)
        elif event.kind == "release":
            self._scrubbing = False
        elif event.kind == "wheel":
            self.session.clock.step(-event.notches)

    def update(self, seconds: float) -> Screen:
        """Advance the clock by ``seconds``."""
        session = self.session
        if self.dialog is None:
            session.update(seconds)
        lines = [(pane.line, len(pane.line)) for pane in session.panes]
        clock = session.clock
        looks = [clock.cursor, session.focus, clock.playing, self._status(), lines]
        self.changed |= looks != self._looks
        self._looks = looks
        return self

    def wait(self) -> float | None:
        """Return the seconds until ``update`` has work; None if only an event can cause work."""
        return None if self.dialog is not None else self.session.wait()

    # -- the mouse ---------------------------------------------------------------------------------

    def _press(self, event: Input) -> None:
        """Handle a click on a button, the legend or the scrubber, or focus the clicked pane."""
        strips, x, y = self.layout.strips, event.x, event.y
        overlay = self._legend.at(x - strips["legend"].left, y - strips["legend"].top)
        if overlay is not None:
            self.toggle(overlay.name)
        elif self.panel and strips["scrubber"].contains(x, y):
            self._scrubbing = True
            self._scrub(x)
        placed = self._buttons.items()
        here = [label for label, box in placed if box.within(strips["buttons"]).contains(x, y)]
        if here:
            self.attempt(lambda: BUTTONS[here[0]].do(self))
            return
        for number, box in enumerate(self.layout.panes):
            if box.contains(x, y):
                self.session.focus = number

    def _scrub(self, x: float) -> None:
        self.session.clock.playing = False
        self.session.clock.seek(Scrubber(self.session, self.layout.strips["scrubber"]).time_at(x))

    # -- drawing -----------------------------------------------------------------------------------

    def draw(self, painter: Painter) -> None:
        """Draw everything."""
        self.tips.clear()
        self.layout = self._arrange_parts(painter)
        if self.dialog is not None:
            window = Box(0, 0, *painter.size)
            painter.fill(window, PAPER)
            self.dialog.draw(painter, window.inset(16))
            return
        session, layout = self.session, self.layout
        # A pane that is still shown keeps its view.
        kept = {id(view.pane): view for view in self._views}
        self._views = [kept.get(id(pane)) or View(pane) for pane in session.panes]
        for number, view in enumerate(self._views):
            view.draw(painter, layout, number, session)
            self._explain_cells(layout.grids[number], view.pane)
        self._legend.draw(painter, layout.strips["legend"], self.tips)
        if self.panel:
            self._panel.draw(painter, layout.panel, session, self.tips)
            Scrubber(session, layout.strips["scrubber"]).draw(painter)
            self._draw_buttons(painter, layout.strips["buttons"])
            self._draw_status(painter, layout.strips["status"])
        self.tips.draw(painter)

    def _explain_cells(self, place: GridPlace, pane: Pane) -> None:
        """Add a tip to each cell with its value on every heat map that is on."""
        on = self.session.shown_overlays
        t = pane.time(self.session.clock.cursor)
        heats = [
            (overlay.label, heat) for overlay in on if (heat := overlay.heat(pane, t)) is not None
        ]
        for cell in range(pane.trap.cells):
            values = [f"{x}: {heat[cell]:z.2f}" for x, heat in heats if np.isfinite(heat[cell])]
            if values:
                box = place.box_of(cell)
                self.tips.add(box, "\n".join(values), box)

    def _draw_buttons(self, painter: Painter, strip: Box) -> None:
        for label, placed in self._buttons.items():
            box, command = placed.within(strip), BUTTONS[label]
            draw_button(painter, label, box)
            self.tips.add(box, f"{command.doc} ({command.written.split()[0]})", strip)

    def _status(self) -> str:
        """Return the status line's text: the work in progress, else the message."""
        session = self.session
        return f"{session.pending_work} ..." if session.pending_work else session.message

    def _draw_status(self, painter: Painter, box: Box) -> None:
        """Write the message in the lines that fit, and the clock's speed."""
        clock = self.session.clock
        speed = f"{clock.speed:g}x, {'playing' if clock.playing else 'paused'}"
        painter.text(speed, box.right, box.top, SMALL, QUIET, "right")
        for number, line in enumerate(self._message(painter, box.width)):
            y = box.top + number * SMALL
            painter.text(line, box.left, y, SMALL, TEXT, width=box.width - SPEED)

    def _message(self, painter: Painter, width: float) -> list[str]:
        lines, last = painter.lines(self._status(), width - SPEED, SMALL), MOST_LINES - 1
        return [*lines[:last], " ".join(lines[last:])] if len(lines) > last else lines

    def _arrange_parts(self, painter: Painter) -> Layout:
        session, room = self.session, inner_width(painter.size[0], self.panel)
        self._legend = Legend(painter, session, room, not self.panel)
        placed = place_buttons(painter, BUTTONS, room)
        self._buttons = placed if self.panel else {}
        below = {
            "status": SMALL * len(self._message(painter, room)) + 2,
            "buttons": max(box.bottom for box in placed.values()),
            "scrubber": Scrubber.height(session),
        }
        strips = {name: high if self.panel else 0.0 for name, high in below.items()}
        strips["legend"] = self._legend.height
        drawer = DRAWER_HEIGHT if "sees" in session.shown else 0.0
        cells = session.trap.size
        return arrange(painter, len(session.panes), cells, self.panel, drawer, strips)
