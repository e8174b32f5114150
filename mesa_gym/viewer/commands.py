"""Commands of keys and buttons that take more than a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesa_gym.errors import PolicyError
from mesa_gym.traps import Split
from mesa_gym.viewer import dialogs
from mesa_gym.viewer.actors import PolicyPlayer
from mesa_gym.viewer.compare import against_oracles, on_splits
from mesa_gym.viewer.editor import Editor
from mesa_gym.viewer.theme import PALETTES
from mesa_gym.viewer.timeline import Seat

if TYPE_CHECKING:
    from mesa_gym.viewer.watching import WatchScreen


def to_end(screen: WatchScreen) -> None:
    """Show the last state of the longest episode."""
    limits = [pane.line.limit for pane in screen.session.panes]
    screen.session.seek(max(limits))


def turn(screen: WatchScreen) -> None:
    """Watch the next split, in all panes."""
    seats = screen.session.seats
    if len({seat.split for seat in seats}) > 1:
        screen.session.message = "train and shift are side by side; i shows one of them alone"
        return
    splits = list(Split)
    after = splits[(splits.index(seats[0].split) + 1) % len(splits)]
    watch(screen, [Seat(seat.player, after) for seat in seats])


def compare(screen: WatchScreen) -> None:
    """Turn from alone to train and shift to the oracles, and to alone again."""
    session = screen.session
    first = session.seats[0]
    if len(session.seats) == 1:
        watch(screen, on_splits(first.player))
    elif len({seat.split for seat in session.seats}) > 1:
        watch(screen, against_oracles(session.trap, first.player, Split.SHIFT))
    else:
        watch(screen, [first])


def watch(screen: WatchScreen, seats: list[Seat]) -> None:
    """Watch others; if that cannot be, say so and change nothing."""
    try:
        screen.session.watch(seats)
        screen.session.message = ""
    except (ValueError, ImportError, PolicyError) as error:
        screen.session.message = str(error)


def ask_policy(screen: WatchScreen) -> None:
    """Watch another policy beside the first one, on the same level."""
    first = screen.session.seats[0]

    def then(spec: str) -> None:
        watch(screen, [first, Seat(PolicyPlayer(spec), first.split)])

    screen.dialog = dialogs.ask_policy(screen.session.trap, then)


def edit(screen: WatchScreen) -> None:
    """Begin to edit, or end it."""
    if screen.editor is not None:
        screen.editor = None
        return
    try:
        screen.editor = Editor(screen.session.trap)
        screen.session.play(False)
        screen.session.message = screen.editor.palette.reason
    except ValueError as error:
        screen.session.message = str(error)


def next_pane(screen: WatchScreen) -> None:
    """Turn keys and the panel to the next pane."""
    screen.session.focus = (screen.session.focus + 1) % len(screen.session.panes)


def next_palette(screen: WatchScreen) -> None:
    """Show other colours."""
    names = list(PALETTES)
    screen.palette = names[(names.index(screen.palette) + 1) % len(names)]
    screen.session.message = f"colours: {screen.palette}"


def toggle_panel(screen: WatchScreen) -> None:
    """Show the panel and the controls, or hide them."""
    screen.panel = not screen.panel


def leave(screen: WatchScreen) -> None:
    """Give up a search, or end editing; where there is neither, leave."""
    if screen.editor is not None:
        screen.editor = None
    elif screen.session.stop_work():
        screen.session.message = "the search was given up"
    else:
        screen.leaving = True
