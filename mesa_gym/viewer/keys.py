"""The viewer's commands and keys, which buttons and docs read, and the dialog that lists them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from mesa_gym.engine import ACTIONS
from mesa_gym.links import link_page
from mesa_gym.scoring.plays import plays_of
from mesa_gym.traps import Split
from mesa_gym.traps.judged_by import AGAIN, TWINS
from mesa_gym.viewer.app import TOLD_ERRORS, Input, Screen
from mesa_gym.viewer.mapfile import save_map
from mesa_gym.viewer.overlays import turn_on
from mesa_gym.viewer.painter import BODY, HEADING, QUIET, RULE, SHEET, SMALL, TEXT, Box, Painter
from mesa_gym.viewer.playback import Session
from mesa_gym.viewer.seats import BOTH_SPLITS, ORACLES, TARGETS, Seat, list_choices, seats_for

ARROWS = {"left": 0, "down": 1, "right": 2, "up": 3}
SHIFTED = (
    "Arrows and Enter play your own pane. Hold Shift to take over another one for a step.\n"
    "Panes: bare is a level without any target; on alone:NAME, this target is the only one.\n"
    "Names: ppo:0 is seed 0 of the trained agent ppo.\n"
    f"The words: {link_page('glossary')}\n"
)
# Sizes of a dialog; KEYS is the width of its table's first column.
PAD = 16.0
WIDEST = 760.0
KEY_ROW = BODY + 3
KEYS = 96.0
ENTER = ("return", "enter")
CLOSES, SCROLLS = "any key: continue", "Up, Down: {} to {} of {}"


class Notice:
    """A dialog with a title, a text and a table of keys; any command closes it and then runs.

    Attributes:
        passes: whether the event that closed the dialog is a command that has yet to run.
    """

    def __init__(self, title: str, text: str, rows: Sequence[tuple[str, str]] = ()) -> None:
        self._title, self.text, self._rows = title, text, rows
        self.passes = False
        self._top, self._room, self._total = 0, 1, 0

    def handle(self, event: Input) -> bool:
        """Scroll a long dialog, or close it; return whether it stays open."""
        steps = {"up": -1, "down": 1, "page up": -self._room, "page down": self._room}
        by = -event.notches if event.kind == "wheel" else steps.get(event.name, 0)
        if by and self._total > self._room:
            self._top += by
            return True
        self.passes = event.kind == "key" and event.name not in (*ENTER, "escape")
        return event.kind not in ("key", "press")

    def draw(self, painter: Painter, box: Box) -> None:
        """Draw the dialog in the middle of ``box``, with as many lines as fit."""
        width, above = min(box.width, WIDEST), PAD + HEADING + PAD / 2
        lines = [("", line) for line in painter.lines(self.text, width - 2 * PAD, BODY)]
        lines += self._rows
        self._total, self._room = len(lines), max(int((box.height - above - PAD) / KEY_ROW), 1)
        self._top = max(0, min(self._top, self._total - self._room))
        visible_lines = lines[self._top : self._top + self._room]
        height = above + KEY_ROW * len(visible_lines) + PAD
        card = Box(box.middle[0] - width / 2, box.middle[1] - height / 2, width, height)
        painter.fill(card, SHEET, 6)
        painter.frame(card, RULE, 1, 6)
        left, right = card.left + PAD, card.right - PAD
        last = self._top + len(visible_lines)
        hint = (
            SCROLLS.format(self._top + 1, last, self._total) if visible_lines != lines else CLOSES
        )
        wide = painter.text(hint, right, card.top + PAD, SMALL, QUIET, "right")
        room = right - left - wide - PAD
        painter.text(self._title, left, card.top + PAD - 4, HEADING, TEXT, width=room)
        for number, (key, line) in enumerate(visible_lines):
            y, x = card.top + above + number * KEY_ROW, left + (KEYS if key else 0.0)
            painter.text(key, left, y, BODY, QUIET)
            painter.text(line, x, y, BODY, width=right - x)


class Commands(Screen):
    """The commands of a session, independent of how it is drawn.

    Attributes:
        session: the session that is watched.
        panel: whether the panel and the controls are shown.
        dialog: the open dialog, or None.
        leaving: whether the session is to be closed.
    """

    def __init__(self, session: Session, panel: bool = True) -> None:
        self.session, self.panel = session, panel
        self.dialog: Notice | None = None
        self.leaving = False

    def press(self, key: Input) -> None:
        """Run the command that a key is bound to, if any.

        In a pane that is played by hand, the arrows move and Enter acts; with Shift, in any pane.
        """
        session = self.session
        by_hand = key.shift or session.pane.seat.by_hand
        if by_hand and not key.ctrl and key.name in (*ARROWS, *ENTER):
            session.act(ARROWS.get(key.name, ACTIONS.index("act")))
            return
        for overlay in session.overlays.values():
            if overlay.key == key.name and not key.ctrl:
                self.toggle(overlay.name)
                return
        sign = len(key.name) == 1 and not key.name.isalnum()
        shift = "shift+" if key.shift and not sign else ""
        command = BY_KEY.get(("ctrl+" if key.ctrl else "") + shift + key.name)
        if command is not None:
            self.attempt(lambda: command.do(self))

    def attempt(self, do: Callable[[], object]) -> None:
        """Run ``do``; if it fails, show its error and change nothing."""
        try:
            do()
        except TOLD_ERRORS as error:
            self.session.message = str(error)

    def toggle(self, name: str) -> None:
        """Turn an overlay on, with a message about it, or turn it off."""
        session, overlay = self.session, self.session.overlays[name]
        on = name not in session.shown
        there, active = session.overlays, session.shown
        session.shown = turn_on(there, active, name) if on else active - {name}
        session.message = overlay.doc if on else ""

    # -- side by side ------------------------------------------------------------------------------

    def watch(self, seats: Sequence[Seat]) -> None:
        """Show ``seats`` (players and plays) on the same level."""
        self.session.message = ""
        self.session.watch(list(seats))

    def next_split(self) -> None:
        """Show the next split in all panes; plays with changed levels come last."""
        session = self.session
        if len({seat.play for seat in session.seats}) > 1:
            session.message = "several splits are side by side; i shows one of them by itself"
            return
        now = session.seats[0].play
        # The play AGAIN looks like another play, so it is shown only on request.
        plays = [play for play in plays_of(session.trap) if play != AGAIN or play == now]
        after = plays[(plays.index(now) + 1) % len(plays)]
        self.watch([Seat(seat.player, after) for seat in session.seats])

    def compare(self) -> None:
        """Cycle the comparison: one pane, splits, twins, removed targets, oracles."""
        trap, seats = self.session.trap, self.session.seats
        ways = [x for x in (BOTH_SPLITS, TWINS, TARGETS) if x in list_choices(trap)]
        choices = (None, *ways, ORACLES)
        seat_lists = [seats_for(seats[0].player, trap, Split.SHIFT, way) for way in choices]
        # Other seats side by side, such as oracles on another split, count as the last choice.
        now = seat_lists.index(seats) if seats in seat_lists else -(len(seats) > 1)
        self.watch(seat_lists[(now + 1) % len(seat_lists)])

    def next_pane(self) -> None:
        """Focus the next pane, which keys and panel then act on."""
        self.session.focus = (self.session.focus + 1) % len(self.session.panes)

    # -- time, levels, looks -----------------------------------------------------------------------

    def toggle_panel(self) -> None:
        """Show the panel and the controls, or hide them."""
        self.panel = not self.panel

    def list_commands(self) -> None:
        """List all commands with their keys."""
        rows = [(binding.written, binding.doc) for binding in BINDINGS]
        rows += [(overlay.key, overlay.label) for overlay in self.session.overlays.values()]
        self.dialog = Notice("All commands", SHIFTED, rows)

    def leave(self) -> None:
        """Cancel the work in progress; if there was none, leave the screen."""
        if self.session.stop():
            self.session.message = "given up"
        else:
            self.leaving = True

    # -- files -------------------------------------------------------------------------------------

    def save(self) -> None:
        """Save the state on screen as a map in this folder, under a free name."""
        session, pane = self.session, self.session.pane
        stem = f"{pane.trap.name()}-{pane.seat.play}-{pane.level}".replace(":", "-")
        names = (Path(f"{stem}{f'-{n}' if n else ''}.map") for n in count())
        path = next(path for path in names if not path.exists())
        save_map(path, session.trap, pane.state(session.clock.cursor))
        session.message = f"saved {path.absolute()}"


@dataclass(frozen=True)
class Binding:
    """A command of the viewer and its keys."""

    written: str  # the keys, as people write them: ``Space``, ``Ctrl+s``, ``?``
    doc: str
    do: Callable[[Commands], object]
    label: str = ""  # of the button; "" without a button

    @property
    def keys(self) -> list[str]:
        """Return the keys of a command, as ``Input`` names them."""
        return [key.replace("page-", "page ") for key in self.written.lower().split()]


def _step(steps: int) -> Callable[[Commands], object]:
    return lambda screen: screen.session.clock.step(steps)


def _next_level(step: int) -> Callable[[Commands], object]:
    return lambda screen: screen.session.next_level(step)


BINDINGS = (
    Binding("Space", "play, or pause", lambda s: s.session.clock.play(), "play / pause"),
    Binding(", Left", "one step back (Left: unless you play)", _step(-1), "◀ step"),
    Binding(". Right", "one step on (Right: likewise)", _step(1), "step ▶"),
    Binding(">", "ten steps on", _step(10)),
    Binding("<", "ten steps back", _step(-10)),
    Binding("Home", "to the start", lambda s: s.session.clock.seek(0)),
    Binding("End", "to the end", lambda s: s.session.clock.seek(sys.maxsize)),
    Binding("- Down", "half as fast", lambda s: s.session.clock.change_speed(-1)),
    Binding("+ = Up", "twice as fast", lambda s: s.session.clock.change_speed(1)),
    Binding("b Page-up", "the previous level", _next_level(-1), "◀ level"),
    Binding("n Page-down", "the next level", _next_level(1), "level ▶"),
    Binding("t", "the next split; then twins, bare, targets alone", Commands.next_split),
    Binding("i", "train | shift, twins, targets, oracles", Commands.compare, "side by side"),
    Binding("Tab", "the next pane: keys and panel are about it", Commands.next_pane),
    Binding("h", "hide the panel and the controls", Commands.toggle_panel),
    Binding("? F1", "all commands", Commands.list_commands, "keys ?"),
    Binding("Ctrl+s", "save what is shown as a map", Commands.save),
    Binding("q Escape", "stop, close, leave", Commands.leave),
)
BY_KEY = {key: binding for binding in BINDINGS for key in binding.keys}
BUTTONS = {binding.label: binding for binding in BINDINGS if binding.label}
