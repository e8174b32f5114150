"""The keys and what they do; the list of commands, the buttons and the docs read this."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import mesa_gym.viewer.compare as compare
from mesa_gym.engine import ACTIONS
from mesa_gym.policies.finding import named_policies, trained_policies
from mesa_gym.scoring.rollout import TWINS, has_twins
from mesa_gym.traps import Split
from mesa_gym.viewer.actors import Human, PolicyPlayer, usual_policy
from mesa_gym.viewer.app import Input
from mesa_gym.viewer.drawing import PALETTES
from mesa_gym.viewer.editor import Editor
from mesa_gym.viewer.mapfile import load_map, save_map
from mesa_gym.viewer.overlays import overlays_of
from mesa_gym.viewer.panel import story
from mesa_gym.viewer.recording import RECORDINGS, Shown, free_name, recording_as
from mesa_gym.viewer.session import FAILURES, Session
from mesa_gym.viewer.timeline import Seat
from mesa_gym.viewer.widgets import ENTER, Button, Chooser, Dialog, Notice, NumberPrompt

CONFLICT = "jump to the next level where base and proxy conflict"
ARROWS = {"left": 0, "down": 1, "right": 2, "up": 3}


class Screen(Shown, Protocol):
    """The screen that keys are about; ``WatchScreen`` says what is what."""

    panel: bool
    palette: str
    dialog: Dialog | None
    editor: Editor | None
    leaving: bool
    drawn: tuple[tuple[int, int], float]

    def plain(self) -> Screen:
        """Return the same screen with a clock of its own, and nothing over it."""

    def toggle(self, name: str) -> None:
        """Turn an overlay on or off."""


@dataclass(frozen=True)
class Binding:
    """Keys that do the same.

    Attributes:
        written: the keys, as people write them: ``Space``, ``Ctrl+s``, ``?``.
        doc: what they do.
        do: does it.
        label: of the button for it; "" for none.
    """

    written: str
    doc: str
    do: Callable[[Screen], object]
    label: str = ""

    @property
    def keys(self) -> list[str]:
        """Return the keys, as ``Input`` names them."""
        return [key.replace("page-", "page ") for key in self.written.lower().split()]


# -- side by side ----------------------------------------------------------------------------------


def next_split(screen: Screen) -> None:
    """Watch the next split, in all panes; the twins come last."""
    session = screen.session
    if len({seat.play for seat in session.seats}) > 1:
        session.message = "several splits are side by side; i shows one of them alone"
        return
    plays = [*Split, TWINS] if has_twins(session.trap) else list(Split)
    after = plays[(plays.index(session.seats[0].play) + 1) % len(plays)]
    _watch(screen, [Seat(seat.player, after) for seat in session.seats])


def next_comparison(screen: Screen) -> None:
    """Turn from alone to the splits, the twins, the oracles, and to alone again."""
    session, first = screen.session, screen.session.seats[0]
    ways = [None, compare.SPLITS, *([TWINS] * has_twins(session.trap)), compare.ORACLES]
    plays = [seat.play for seat in session.seats]
    now = compare.ORACLES if len({*plays}) == 1 else TWINS if TWINS in plays else compare.SPLITS
    way = ways[(ways.index(now if len(plays) > 1 else None) + 1) % len(ways)]
    _watch(screen, compare.seats_for(first.player, session.trap, Split.SHIFT, way))


def ask_policy(screen: Screen) -> None:
    """Watch another policy beside the first one, on the same level."""
    trap, first = type(screen.session.trap), screen.session.seats[0]
    policies = named_policies(trap) | trained_policies(trap, Path.cwd())

    def then(number: int) -> None:
        chosen = PolicyPlayer(list(policies)[number])
        _watch(screen, [first, Seat(chosen, first.play)])

    screen.dialog = Chooser(f"{trap.name()}: compare with whom?", policies.items(), then)


def next_pane(screen: Screen) -> None:
    """Turn keys and the panel to the next pane."""
    screen.session.focus = (screen.session.focus + 1) % len(screen.session.panes)


def _watch(screen: Screen, seats: Sequence[Seat]) -> None:
    attempt(screen, lambda: screen.session.watch(list(seats)))


def attempt(screen: Screen, do: Callable[[], object]) -> None:
    """Do something; where that cannot be, say why, and all stays as it was."""
    screen.session.message = ""
    try:
        do()
    except FAILURES as error:
        screen.session.message = str(error)


def _step(steps: int) -> Callable[[Screen], object]:
    return lambda screen: screen.session.step(steps)


# -- time, levels, looks ---------------------------------------------------------------------------


def to_end(screen: Screen) -> None:
    """Show the last state of the longest episode."""
    screen.session.seek(max(pane.line.limit for pane in screen.session.panes))


def ask_level(screen: Screen) -> None:
    """Go to a level by its number."""
    session = screen.session
    screen.dialog = NumberPrompt(
        "Which level?",
        f"now {session.level}; 0 to 999 are those that scoring plays",
        lambda level: attempt(screen, lambda: session.go_to(level)),
    )


def ask_seed(screen: Screen) -> None:
    """Sample the policies' actions with another seed."""
    session = screen.session
    player = session.pane.seat.player
    now = f"now {player.seed}; " if isinstance(player, PolicyPlayer) else ""
    screen.dialog = NumberPrompt(
        "Which seed?",
        f"{now}actions are sampled with it, as with --seed",
        lambda seed: attempt(screen, lambda: session.reseed(seed)),
    )


def next_palette(screen: Screen) -> None:
    """Show other colours."""
    names = list(PALETTES)
    screen.palette = names[(names.index(screen.palette) + 1) % len(names)]
    screen.session.message = f"colours: {screen.palette}"


def toggle_panel(screen: Screen) -> None:
    """Show the panel and the controls, or hide them."""
    screen.panel = not screen.panel


def tell_story(screen: Screen) -> None:
    """Show what the trap is about."""
    trap = type(screen.session.trap)
    screen.dialog = Notice(trap.name(), story(trap))


def list_commands(screen: Screen) -> None:
    """List all commands with their keys, to choose one."""
    overlays = list(overlays_of(screen.session.trap).values())
    every = [(binding.doc, binding.written) for binding in BINDINGS]
    every += [(f"overlay: {overlay.label}", overlay.key) for overlay in overlays]

    def then(number: int) -> None:
        if number < len(BINDINGS):
            BINDINGS[number].do(screen)
        else:
            screen.toggle(overlays[number - len(BINDINGS)].name)

    note = "In a pane of your own, arrows move and Enter acts; with Shift in any pane, for a step."
    screen.dialog = Chooser("All commands", every, then, note)


def edit(screen: Screen) -> None:
    """Begin to edit, or end it."""
    if screen.editor is not None:
        screen.editor = None
        return

    def begin() -> None:
        screen.editor = Editor(screen.session)
        screen.session.play(False)
        screen.session.message = screen.editor.reason

    attempt(screen, begin)


def leave(screen: Screen) -> None:
    """Give up what is under way, or end editing; where there is neither, leave."""
    if screen.editor is not None:
        screen.editor = None
    elif screen.session.stop_work():
        screen.session.message = "given up"
    else:
        screen.leaving = True


# -- files -----------------------------------------------------------------------------------------


def save(screen: Screen) -> None:
    """Save the state that is shown as a map."""
    session, path = screen.session, free_name(screen.session, ".map")

    def write() -> None:
        save_map(path, session.trap, session.pane.seat.split, session.pane.state(session.cursor))
        session.message = f"saved {path.absolute()}"

    attempt(screen, write)


def ask_map(screen: Screen) -> None:
    """Ask which map to open."""
    maps = sorted(Path.cwd().glob("*.map"))
    if not maps:
        screen.session.message = f"there is no map in {Path.cwd()}; Ctrl+s saves one"
        return
    entries, note = [(path.name, "") for path in maps], f"in {Path.cwd()}"
    screen.dialog = Chooser("Which map?", entries, lambda n: open_map(screen, maps[n]), note)


def open_map(screen: Screen, path: Path) -> None:
    """Watch from a map: the same player, or on another trap what pursues its base objective."""
    before = screen.session

    def begin() -> None:
        trap, split, state = load_map(path)
        alike = repr(trap) == repr(before.trap)
        player = before.seats[0].player if alike else PolicyPlayer(usual_policy(trap))
        number = int(state.level.number[0])
        session = Session(trap, [Seat(player, split)], number, before.salt, state)
        session.shown = before.shown & set(overlays_of(trap))
        session.speed, session.threaded = before.speed, before.threaded
        session.message = f"opened {path.name}"
        screen.session, screen.editor = session, None

    attempt(screen, begin)


def ask_recording(screen: Screen) -> None:
    """Ask what to record, and write it, as large as the window, into this folder."""
    entries = [(kind, doc) for kind, (_, doc) in RECORDINGS.items()]
    kinds = list(RECORDINGS)
    screen.dialog = Chooser("Record what?", entries, lambda n: record(screen, kinds[n]))


def record(screen: Screen, kind: str) -> None:
    """Write a recording, piece by piece; the status line says how far it is."""
    session, plain = screen.session, screen.plain()
    session.start_pieces(recording_as(session, plain, kind, *screen.drawn))


BINDINGS = (
    Binding("Space", "play, or pause", lambda s: s.session.play(), "play / pause"),
    Binding(", Left", "one step back (Left: unless you play)", _step(-1), "◀ step"),
    Binding(". Right", "one step on (Right: likewise)", _step(1), "step ▶"),
    Binding(">", "ten steps on", _step(10)),
    Binding("<", "ten steps back", _step(-10)),
    Binding("Home", "to the start", lambda s: s.session.seek(0), "start"),
    Binding("End", "to the end", to_end, "end"),
    Binding("- Down", "half as fast", lambda s: s.session.faster(-1), "½x"),
    Binding("+ = Up", "twice as fast", lambda s: s.session.faster(1), "2x"),
    Binding("b Page-up", "previous level", lambda s: s.session.next_level(-1), "◀ level"),
    Binding("n Page-down", "next level", lambda s: s.session.next_level(1), "level ▶"),
    Binding("j", CONFLICT, lambda s: s.session.search_conflict(), "conflict ▶"),
    Binding("i", "alone; train and shift; twins; oracles", next_comparison, "side by side"),
    Binding("e", "edit: move, add, remove things; e again: go on from there", edit, "edit"),
    Binding("w", "what this trap is about", tell_story, "story"),
    Binding("Ctrl+r", "record a picture, film, trace or strip", ask_recording, "record"),
    Binding("k", "compare with another policy", ask_policy, "compare"),
    Binding("? F1", "all commands", list_commands, "keys ?"),
    Binding("g", "go to a level by its number", ask_level),
    Binding("t", "the next split: train, test, control, shift, twins", next_split),
    Binding("r", "another seed for what policies do", ask_seed),
    Binding("Tab", "the next pane: keys and panel are about it", next_pane),
    Binding("z Ctrl+z", "take back the last change", lambda s: s.session.undo()),
    Binding("Ctrl+s", "save what is shown as a map", save),
    Binding("Ctrl+o", "open a map (or drop one on the window)", ask_map),
    Binding("h", "hide the panel and the controls", toggle_panel),
    Binding("y", "other colours", next_palette),
    Binding("q Escape", "stop, close, leave", leave),
)
BY_KEY = {key: binding for binding in BINDINGS for key in binding.keys}
BUTTONS = tuple(
    Button(binding.label, binding.keys[0], f"{binding.doc} ({binding.written.split()[0]})")
    for binding in BINDINGS
    if binding.label
)
MORE = Button("more ...", "?", "all commands")


def press(screen: Screen, key: Input) -> None:
    """Do what a key is bound to, if it is to anything.

    In a pane that is played by hand the arrows move, and Enter acts; with Shift in any pane.
    """
    by_hand = key.shift or isinstance(screen.session.pane.seat.player, Human)
    if by_hand and not key.ctrl and key.name in ARROWS:
        screen.session.act(ARROWS[key.name])
        return
    if by_hand and not key.ctrl and key.name in ENTER:
        screen.session.act(ACTIONS.index("act"))
        return
    for overlay in overlays_of(screen.session.trap).values():
        if overlay.key == key.name and not key.ctrl:
            screen.toggle(overlay.name)
            return
    sign = len(key.name) == 1 and not key.name.isalnum()
    shift = "shift+" if key.shift and not sign else ""
    binding = BY_KEY.get(("ctrl+" if key.ctrl else "") + shift + key.name)
    try:
        if binding is not None:
            binding.do(screen)
    except FAILURES as error:
        screen.session.message = str(error)
