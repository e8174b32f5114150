"""The screen on which a session is watched."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from pathlib import Path

import mesa_gym.viewer.keys as keys
from mesa_gym.errors import PolicyError
from mesa_gym.viewer.actors import Human, PolicyPlayer
from mesa_gym.viewer.app import SIZE, Input, Screen
from mesa_gym.viewer.controls import Legend, Scrubber
from mesa_gym.viewer.drawing import INK, PALETTES, PAPER, QUIET, SMALL, Box, Painter
from mesa_gym.viewer.editor import Editor
from mesa_gym.viewer.overlays import PAYS, SEES, VISITS, overlays_of
from mesa_gym.viewer.panel import Panel, introduction, summary
from mesa_gym.viewer.panes import DRAWER, Layout, View, arrange, inner_width
from mesa_gym.viewer.session import BUDGET, Session
from mesa_gym.viewer.timeline import Timeline
from mesa_gym.viewer.widgets import (
    BUTTON,
    GAP,
    Button,
    Dialog,
    Notice,
    Tips,
    draw_button,
    place_buttons,
)

MOST_LINES, MOST_ROWS = 3, 2  # of the message, of buttons
SPEED = 116.0  # room for how fast time goes
BLINK = 3.0  # changes a second of the sign that something is under way
HINT = "Space plays and pauses, i puts training and shift side by side, ? lists all commands"


class WatchScreen:
    """Panes, panel and controls.

    Attributes:
        session: what is watched.
        panel: whether the panel and the controls are shown.
        palette: the name of the colours, one of ``PALETTES``.
        dialog: what stands over it.
        editor: of the pane in focus, while it is edited.
        leaving: whether it is to be left.
        drawn: the size in pixels, and pixels a point, when it was last drawn.
        title: of the window.
        changed: whether it looks otherwise than it was drawn last.
    """

    def __init__(self, session: Session, panel: bool = True, back: Screen | None = None) -> None:
        """Make a screen that has not been drawn; one leaves it for another, or for good."""
        self.session, self.panel = session, panel
        self.dialog: Dialog | None = None
        self.editor: Editor | None = None
        self.palette = next(iter(PALETTES))
        self.leaving, self.changed, self.drawn = False, True, (SIZE, 1.0)
        self.tips = Tips()
        self._back = back
        self._views: list[View] = []
        self._panel = Panel()
        self._scrubbing = False
        self._layout: Layout | None = None
        self._legend: Legend | None = None
        self._buttons: list[tuple[Button, Box]] = []
        self._looks: object = None
        self._told: Timeline | None = None  # the episode whose summary has been shown

    @property
    def title(self) -> str:
        """Return which trap is shown, and who plays."""
        return f"{self.session.trap.name()}: {self.session.pane.seat.player.name} - mesa_gym"

    def greet(self) -> None:
        """Begin as in a window: what takes long is done in a thread, and the clock runs."""
        session, trap = self.session, self.session.trap
        session.threaded = True
        session.shown = session.shown or {PAYS.name}
        if isinstance(session.pane.seat.player, Human):
            self.dialog = Notice(f"{trap.name()}: you play", introduction(session.pane))
        else:
            session.message = HINT
            session.play(True)

    # -- what happens ------------------------------------------------------------------------------

    def handle(self, event: Input) -> Screen | None:
        """Take a key or the mouse; return what comes after it, once it is left."""
        if event.kind == "hover" and self.dialog is None:
            self.changed |= self.tips.move(event.x, event.y)
            return self
        self.changed = True
        if self.dialog is not None:
            asked = self.dialog
            # What follows from an answer may be a further question.
            if not asked.handle(event) and self.dialog is asked:
                self.dialog = None
            return self._back if self.leaving else self
        if self.editor is not None and self._layout is not None:
            place = self._layout.grids[self.session.focus]
            if self.editor.handle(event, self.session, place):
                return self
        if event.kind == "key":
            keys.press(self, event)
        elif event.kind == "press" and event.button == 1:
            self._press(event.x, event.y)
        elif event.kind == "drag" and self._scrubbing:
            self._scrub(event.x)
        elif event.kind == "release":
            self._scrubbing = False
        elif event.kind == "wheel":
            self.session.step(-event.button)
        elif event.kind == "drop":
            keys.open_map(self, Path(event.name))
        self._summarise()
        return self._back if self.leaving else self

    def update(self, seconds: float) -> Screen:
        """Let the clock run, and find what overlays need."""
        session = self.session
        if self.dialog is not None:
            self.dialog.update(seconds)
        else:
            session.update(seconds)
        deadline = time.perf_counter() + BUDGET
        for view in self._current():
            while view.found.left(session.shown) and time.perf_counter() < deadline:
                self._find(view)
        lines = [(pane.line, len(pane.line)) for pane in session.panes]
        found = [view.found.version for view in self._views]
        looks = [session.cursor, session.focus, session.playing, self._status(), lines, found]
        looks.append(session.choices.waiting)
        self.changed |= looks != self._looks
        self._looks = looks
        return self

    def wait(self) -> float | None:
        """Return the seconds until ``update`` has something to do; None for never by itself."""
        if any(view.found.left(self.session.shown) for view in self._views):
            return 0.0
        return None if self.dialog is not None else self.session.wait()

    def plain(self) -> WatchScreen:
        """Return the same screen with a clock of its own, and nothing over it."""
        session = copy.copy(self.session)
        session.panes, session.threaded, session.message = list(session.panes), False, ""
        screen = WatchScreen(session, self.panel)
        screen.palette = self.palette
        return screen

    def settling(self) -> Iterator[None]:
        """Let all episodes come to their end, and find all that is shown of them, in pieces."""
        self.session.settle()
        for view in self._current():
            while view.found.left(self.session.shown):
                self._find(view)
                yield

    def _find(self, view: View) -> None:
        try:
            view.found.work(self.session.shown)
        except PolicyError as error:
            self.session.message = str(error)

    def _current(self) -> list[View]:
        """Return a view of each pane, those kept whose panes are still there."""
        kept = {id(view.pane): view for view in self._views}
        self._views = [kept.get(id(pane)) or View(pane) for pane in self.session.panes]
        return self._views

    def _summarise(self) -> None:
        """Say what an episode came to that was played by hand, once it is over."""
        pane = self.session.pane
        by_hand, over = isinstance(pane.seat.player, Human), pane.line.over
        if by_hand and over and pane.line is not self._told and not self.editor:
            self._told = pane.line
            self.dialog = Notice("The episode is over", summary(pane))

    # -- the mouse ---------------------------------------------------------------------------------

    def _press(self, x: float, y: float) -> None:
        """Press a button, the legend or the scrubber, or choose the pane that keys are about."""
        layout, legend = self._layout, self._legend
        if layout is None or legend is None:
            return
        place = layout.strips["legend"]
        overlay = legend.at(x - place.left, y - place.top)
        if overlay is not None:
            self.toggle(overlay.name)
        elif self.panel and layout.strips["scrubber"].holds(x, y):
            self._scrubbing = True
            self._scrub(x)
        for button, box in self._buttons if self.panel else ():
            if box.holds(x, y):
                keys.BY_KEY[button.key].do(self)
                return
        for number, box in enumerate(layout.panes):
            if box.holds(x, y):
                self.session.focus = number

    def _scrub(self, x: float) -> None:
        assert self._layout is not None  # the scrubber was pressed where it is drawn
        self.session.playing = False
        self.session.seek(Scrubber(self.session, self._layout.strips["scrubber"]).time_at(x))

    def toggle(self, name: str) -> None:
        """Turn an overlay on, and say what it shows, or off."""
        session = self.session
        session.shown = session.shown ^ {name}
        on = name in session.shown
        session.message = overlays_of(session.trap)[name].doc if on else ""
        if on and name == VISITS.name and not isinstance(session.pane.seat.player, PolicyPlayer):
            session.message = "only a policy can play a hundred episodes more"

    # -- drawing -----------------------------------------------------------------------------------

    def draw(self, painter: Painter) -> None:
        """Draw everything."""
        self.drawn = painter.surface.get_size(), painter.scale
        self.tips.clear()
        width, height = painter.size
        if self.dialog is not None:
            painter.fill(Box(0, 0, width, height), PAPER)
            self.dialog.draw(painter, Box(0, 0, width, height).inset(16))
            return
        session, palette = self.session, PALETTES[self.palette]
        layout = self._arranged(painter)
        many = len(session.panes) > 1
        for number, view in enumerate(self._current()):
            view.draw(
                painter,
                layout.panes[number],
                layout.grids[number],
                session.cursor,
                session.shown,
                palette,
                number + 1 if many else None,
                number == session.focus,
            )
            if SEES.name in session.shown:
                view.draw_seen(painter, layout.drawers[number], session.cursor)
        assert self._legend is not None  # made with the layout
        self._legend.draw(painter, layout.strips["legend"], palette, self.tips)
        if self.panel:
            self._panel.draw(painter, layout.panel, session, palette, self.tips)
            Scrubber(session, layout.strips["scrubber"]).draw(painter, palette)
            for button, box in self._placed(painter, layout.strips["buttons"]):
                draw_button(painter, button.label, box)
                self.tips.add(box, button.doc)
            self._draw_status(painter, layout.strips["status"])
        if self.editor is not None:
            place = layout.grids[session.focus]
            self.editor.draw(painter, place, session, layout.strips["editor"])
        self.tips.draw(painter)

    def _status(self) -> str:
        """Return what the status line says: what is under way goes first."""
        session = self.session
        if session.working:
            return session.working + " ." * (1 + int(time.monotonic() * BLINK) % 3)
        return session.message

    def _draw_status(self, painter: Painter, box: Box) -> None:
        """Write the message, in as many lines as there is room for, and how fast time goes."""
        session = self.session
        speed = f"{session.speed:g}x, {'playing' if session.playing else 'paused'}"
        painter.text(speed, box.right, box.top, SMALL, QUIET, "right")
        for number, line in enumerate(self._message(painter, box.width)):
            y = box.top + number * SMALL
            painter.text(line, box.left, y, SMALL, INK, width=box.width - SPEED)

    def _message(self, painter: Painter, width: float) -> list[str]:
        lines, last = painter.lines(self._status(), width - SPEED, SMALL), MOST_LINES - 1
        return [*lines[:last], " ".join(lines[last:])] if len(lines) > last else lines

    def _placed(self, painter: Painter, box: Box) -> list[tuple[Button, Box]]:
        self._buttons = place_buttons(painter, keys.BUTTONS, box, MOST_ROWS, keys.MORE)
        return self._buttons

    def _arranged(self, painter: Painter) -> Layout:
        session, size = self.session, painter.size
        room = inner_width(size[0], self.panel)
        self._legend = Legend(painter, session.trap, session.shown, room, not self.panel)
        rows = {box.top for _, box in self._placed(painter, Box(0, 0, room, 0))}
        below = {
            "status": SMALL * len(self._message(painter, room)) + 2,
            "buttons": (BUTTON + GAP) * len(rows) - GAP,
            "scrubber": Scrubber.height(session),
        }
        strips = {name: high if self.panel else 0.0 for name, high in below.items()}
        strips["legend"] = self._legend.height
        strips["editor"] = 0.0 if self.editor is None else self.editor.height(painter, room)
        drawer = DRAWER if SEES.name in session.shown else 0.0
        panes, cells = len(session.panes), session.trap.size
        self._layout = arrange(size, painter.scale, panes, cells, self.panel, drawer, strips)
        return self._layout
