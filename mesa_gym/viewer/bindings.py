"""The keys and what they do; the help page, the buttons and the docs read this."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesa_gym.engine import ACTIONS
from mesa_gym.viewer import commands, keeping
from mesa_gym.viewer.actors import Human
from mesa_gym.viewer.buttons import Button
from mesa_gym.viewer.inputs import Key

if TYPE_CHECKING:
    from mesa_gym.viewer.watching import WatchScreen

Do = Callable[["WatchScreen"], None]
ARROWS = {"left": 0, "down": 1, "right": 2, "up": 3}


@dataclass(frozen=True)
class Binding:
    """Keys that do the same.

    Attributes:
        keys: as people write them: ``Space``, ``Ctrl+s``, ``?``.
        group: of the help page.
        doc: what they do.
        do: does it.
    """

    keys: tuple[str, ...]
    group: str
    doc: str
    do: Do


def _time(screen: WatchScreen, steps: int) -> None:
    screen.session.step(steps)


BINDINGS = (
    Binding(("Space",), "time", "play, or pause", lambda s: s.session.play()),
    Binding((".", "Right"), "time", "one step on (Right: unless you play)", lambda s: _time(s, 1)),
    Binding((",", "Left"), "time", "one step back (Left: likewise)", lambda s: _time(s, -1)),
    Binding((">",), "time", "ten steps on", lambda s: _time(s, 10)),
    Binding(("<",), "time", "ten steps back", lambda s: _time(s, -10)),
    Binding(("Home",), "time", "to the start", lambda s: s.session.seek(0)),
    Binding(("End",), "time", "to the end", commands.to_end),
    Binding(("+", "=", "Up"), "time", "twice as fast", lambda s: s.session.faster(1)),
    Binding(("-", "Down"), "time", "half as fast", lambda s: s.session.faster(-1)),
    Binding(("n", "Page down"), "levels", "next level", lambda s: s.session.next_level(1)),
    Binding(("b", "Page up"), "levels", "previous level", lambda s: s.session.next_level(-1)),
    Binding(
        ("j",),
        "levels",
        "jump to the next level where base and proxy conflict",
        lambda s: s.session.search_conflict(),
    ),
    Binding(("t",), "levels", "the next split: train, test, control, shift", commands.turn),
    Binding(
        ("i",),
        "side by side",
        "alone; on train and shift; against the oracles",
        commands.compare,
    ),
    Binding(("k",), "side by side", "compare with another policy", commands.ask_policy),
    Binding(
        ("Tab",), "side by side", "the next pane: keys and panel are about it", commands.next_pane
    ),
    Binding(("e",), "edit", "move, add, remove things; e again: go on from there", commands.edit),
    Binding(("z", "Ctrl+z"), "edit", "take back the last change", lambda s: s.session.undo()),
    Binding(("Ctrl+s",), "edit", "save what is shown as a map", keeping.save),
    Binding(("Ctrl+o",), "edit", "open a map (or drop one on the window)", keeping.ask_map),
    Binding(("Ctrl+r",), "record", "a picture, film, trace or strip", keeping.ask_recording),
    Binding(("h",), "view", "hide the panel and the controls", commands.toggle_panel),
    Binding(("y",), "view", "other colours", commands.next_palette),
    Binding(("?", "F1"), "view", "all keys", lambda s: s.toggle_help()),
    Binding(("q", "Escape"), "view", "stop, close, leave", commands.leave),
)
BY_KEY = {key.lower(): binding for binding in BINDINGS for key in binding.keys}

BUTTONS = (
    Button("play / pause", "Space"),
    Button("< step", ","),
    Button("step >", "."),
    Button("start", "Home"),
    Button("end", "End"),
    Button("slower", "-"),
    Button("faster", "+"),
    Button("< level", "b"),
    Button("level >", "n"),
    Button("conflict >", "j"),
    Button("side by side", "i"),
    Button("compare", "k"),
    Button("edit", "e"),
    Button("record", "Ctrl+r"),
    Button("keys ?", "?"),
)


def written(key: Key) -> str:
    """Return a key as people write it, in lower case."""
    sign = len(key.name) == 1 and not key.name.isalnum()
    shift = "shift+" if key.shift and not sign else ""
    return ("ctrl+" if key.ctrl else "") + shift + key.name


def press(screen: WatchScreen, key: Key) -> bool:
    """Do what a key is bound to; returns whether it is bound to anything.

    In a pane that is played by hand the arrows move, and Enter acts; with Shift in any pane.
    """
    by_hand = key.shift or isinstance(screen.session.pane.seat.player, Human)
    if by_hand and not key.ctrl and key.name in ARROWS:
        screen.session.act(ARROWS[key.name])
        return True
    if by_hand and not key.ctrl and key.name in ("return", "enter"):
        screen.session.act(ACTIONS.index("act"))
        return True
    binding = BY_KEY.get(written(key))
    if binding is not None:
        binding.do(screen)
    return binding is not None
