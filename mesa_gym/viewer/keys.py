"""The commands with their keys: the list of commands, the buttons and the docs read this."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from mesa_gym.engine import ACTIONS
from mesa_gym.policies import name_pursuer
from mesa_gym.policies.finding import named_policies, trained_policies
from mesa_gym.scoring.plays import AGAIN, TWINS, has_twins, plays_of
from mesa_gym.traps import Split
from mesa_gym.viewer.actors import Human, PolicyPlayer
from mesa_gym.viewer.app import FAILURES, SIZE, Input, under_way
from mesa_gym.viewer.compare import ORACLES, SPLITS, TARGETS, Seat, seats_for
from mesa_gym.viewer.drawing import PALETTES
from mesa_gym.viewer.editor import Editor
from mesa_gym.viewer.mapfile import load_map, save_map
from mesa_gym.viewer.panel import story
from mesa_gym.viewer.recording import RECORDINGS, RecordableScreen, write_recording
from mesa_gym.viewer.session import Session
from mesa_gym.viewer.widgets import ENTER, Chooser, Dialog, Notice, NumberPrompt

ARROWS = {"left": 0, "down": 1, "right": 2, "up": 3}
CONFLICT = "jump to the next level where base and proxy conflict"
EDIT = "edit: move, add, remove things; e again: go on from there"
SHIFTED = (
    "In a pane of your own, arrows move and Enter acts; with Shift in any pane, for a step.\n"
    "Shift+click on a cell sends an agent there that plans by a map; there again takes it back."
)


class Commands(RecordableScreen):
    """The commands of a session, whatever it looks like.

    Attributes:
        session: what is watched.
        panel: whether the panel and the controls are shown.
        palette: the name of the colours, one of ``PALETTES``.
        dialog: what stands over it.
        editor: of the pane in focus, while it is edited.
        leaving: whether it is to be left.
        drawn: the size in pixels, and pixels a point, when it was last drawn.
    """

    def __init__(self, session: Session, panel: bool = True) -> None:
        self.session, self.panel = session, panel
        self.palette = next(iter(PALETTES))
        self.dialog: Dialog | None = None
        self.editor: Editor | None = None
        self.leaving = False
        self.drawn = SIZE, 1.0

    def plain(self) -> Commands:
        """Return the same screen with a clock of its own, and nothing over it."""
        screen = type(self)(self.session.copy_episodes(), self.panel)
        screen.palette = self.palette
        return screen

    def press(self, key: Input) -> None:
        """Do what a key is bound to, if it is to anything.

        In a pane that is played by hand the arrows move, and Enter acts; with Shift in any pane.
        """
        session = self.session
        by_hand = key.shift or isinstance(session.pane.seat.player, Human)
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
        """Do something; where that cannot be, say why, and all stays as it was."""
        try:
            do()
        except FAILURES as error:
            self.session.message = str(error)

    def toggle(self, name: str) -> None:
        """Turn an overlay on, and say what it shows, or off."""
        session, overlay = self.session, self.session.overlays[name]
        session.shown = session.shown ^ {name}
        on, policy = name in session.shown, isinstance(session.pane.seat.player, PolicyPlayer)
        session.message = overlay.doc if on else ""
        if on and name == "visits" and not policy:
            session.message = "only a policy can play a hundred episodes more"

    # -- side by side ------------------------------------------------------------------------------

    def watch(self, seats: Sequence[Seat]) -> None:
        """Watch others on the same level."""
        self.session.message = ""
        self.session.watch(list(seats))

    def next_split(self) -> None:
        """Watch the next split, in all panes; changed levels come last."""
        session = self.session
        if len({seat.play for seat in session.seats}) > 1:
            session.message = "several splits are side by side; i shows one of them by itself"
            return
        plays = [play for play in plays_of(session.trap) if play != AGAIN]
        after = plays[(plays.index(session.seats[0].play) + 1) % len(plays)]
        self.watch([Seat(seat.player, after) for seat in session.seats])

    def compare(self) -> None:
        """Turn from one pane to splits, twins, targets taken away, oracles, and to one again."""
        trap, seats = self.session.trap, self.session.seats
        ways = [None, SPLITS, *[TWINS] * has_twins(trap), *[TARGETS] * bool(trap.alone), ORACLES]
        shown = [seats_for(seats[0].player, trap, Split.SHIFT, way) for way in ways]
        # Oracles stand beside a player on any split.
        now = shown.index(seats) if seats in shown else -(len(seats) > 1)
        self.watch(shown[(now + 1) % len(shown)])

    def ask_policy(self) -> None:
        """Watch another policy beside the first one, on the same level."""
        trap, first = type(self.session.trap), self.session.seats[0]
        policies = named_policies(trap) | trained_policies(trap, Path.cwd())

        def then(number: int) -> None:
            chosen = Seat(PolicyPlayer(list(policies)[number]), first.play)
            self.attempt(lambda: self.watch([first, chosen]))

        self.dialog = Chooser(f"{trap.name()}: compare with whom?", policies.items(), then)

    def next_pane(self) -> None:
        """Turn keys and the panel to the next pane."""
        self.session.focus = (self.session.focus + 1) % len(self.session.panes)

    # -- time, levels, looks -----------------------------------------------------------------------

    def ask_level(self) -> None:
        """Go to a level by its number."""
        note = f"now {self.session.level}; 0 to 999 are those that scoring plays"
        self._ask("Which level?", note, self.session.go_to)

    def ask_seed(self) -> None:
        """Sample the policies' actions with another seed."""
        player = self.session.pane.seat.player
        now = f"now {player.seed}; " if isinstance(player, PolicyPlayer) else ""
        note = f"{now}actions are sampled with it, as with --seed"
        self._ask("Which seed?", note, self.session.reseed)

    def _ask(self, title: str, note: str, then: Callable[[int], None]) -> None:
        self.dialog = NumberPrompt(title, note, lambda n: self.attempt(lambda: then(n)))

    def next_palette(self) -> None:
        """Show other colours."""
        names = list(PALETTES)
        self.palette = names[(names.index(self.palette) + 1) % len(names)]
        self.session.message = f"colours: {self.palette}"

    def toggle_panel(self) -> None:
        """Show the panel and the controls, or hide them."""
        self.panel = not self.panel

    def tell_story(self) -> None:
        """Show what the trap is about."""
        trap = type(self.session.trap)
        self.dialog = Notice(trap.name(), story(trap))

    def list_commands(self) -> None:
        """List all commands with their keys, to choose one."""
        overlays = list(self.session.overlays.values())
        every = [(binding.doc, binding.written) for binding in BINDINGS]
        every += [(f"overlay: {overlay.label}", overlay.key) for overlay in overlays]

        def then(number: int) -> None:
            if number < len(BINDINGS):
                self.attempt(lambda: BINDINGS[number].do(self))
            else:
                self.toggle(overlays[number - len(BINDINGS)].name)

        self.dialog = Chooser("All commands", every, then, SHIFTED)

    def edit(self) -> None:
        """Begin to edit, or end it."""
        if self.editor is not None:
            self.editor = None
            return
        self.editor = Editor(self.session)
        self.session.play(False)
        self.session.message = self.editor.reason

    def leave(self) -> None:
        """Give up what is under way, or end editing; where there is neither, leave."""
        if self.editor is not None:
            self.editor = None
        elif self.session.stop_work():
            self.session.message = "given up"
        else:
            self.leaving = True

    # -- files -------------------------------------------------------------------------------------

    def _free_name(self, suffix: str) -> Path:
        """Return a file in this folder that is not there yet, named after what is shown."""
        pane = self.session.pane
        stem = f"{pane.trap.name()}-{pane.seat.play}-{pane.level}".replace(":", "-")
        names = (Path(f"{stem}{f'-{n}' if n else ''}{suffix}") for n in count())
        return next(path for path in names if not path.exists())

    def save(self) -> None:
        """Save the state that is shown as a map."""
        session, path = self.session, self._free_name(".map")
        save_map(path, session.trap, session.pane.seat.split, session.pane.state(session.cursor))
        session.message = f"saved {path.absolute()}"

    def ask_map(self) -> None:
        """Ask which map to open."""
        folder = Path.cwd()
        maps = sorted(path for path in folder.glob("*.map") if path.is_file())
        if not maps:
            self.session.message = f"there is no map in {folder}; Ctrl+s saves one"
            return
        entries, note = [(path.name, "") for path in maps], f"in {folder}"
        self.dialog = Chooser("Which map?", entries, lambda n: self.open_map(maps[n]), note)

    def open_map(self, path: Path) -> None:
        """Watch from a map: the same player, or on another trap what pursues its base objective."""
        before = self.session

        def make(_: Any) -> Session:
            trap, split, state = load_map(path)
            alike = repr(trap) == repr(before.trap)
            player = before.seats[0].player if alike else PolicyPlayer(name_pursuer(trap, "base"))
            number = int(state.level.number[0])
            session = Session(trap, [Seat(player, split)], number, before.salt, state)
            session.threaded = before.threaded
            if session.threaded:
                session.prepare()
            return session

        def show(session: Session) -> None:
            session.shown, session.speed = before.shown & {*session.overlays}, before.speed
            session.message = f"opened {path.name}"
            self.session, self.editor = session, None

        self.attempt(lambda: before.work(f"opening {path.name}", make, show))

    def ask_recording(self) -> None:
        """Ask what to record."""
        kinds = list(RECORDINGS)
        entries = [(kind, doc) for kind, (_, doc) in RECORDINGS.items()]
        self.dialog = Chooser("Record what?", entries, lambda n: self.record(kinds[n]))

    def record(self, kind: str) -> None:
        """Write a recording into this folder, in pieces; the status line says how far it is."""
        session, path = self.session, self._free_name(RECORDINGS[kind][0])
        step = session.cursor if kind == "picture" else None
        pieces = write_recording(self.plain(), path, *self.drawn, step, "strip" in kind)

        def report_pieces() -> Iterator[None]:
            for piece in pieces:
                session.message = under_way(f"recording {path.name}")
                yield piece
            session.message = f"wrote {path.absolute()}"

        session.pieces = report_pieces()


@dataclass(frozen=True)
class Binding:
    """A command of the viewer, and the keys that do it.

    Attributes:
        written: the keys, as people write them: ``Space``, ``Ctrl+s``, ``?``.
        doc: what it does.
        do: does it.
        label: of the button for it; "" for none.
    """

    written: str
    doc: str
    do: Callable[[Commands], object]
    label: str = ""

    @property
    def keys(self) -> list[str]:
        """Return the keys, as ``Input`` names them."""
        return [key.replace("page-", "page ") for key in self.written.lower().split()]


def _step(steps: int) -> Callable[[Commands], object]:
    return lambda screen: screen.session.step(steps)


BINDINGS = (
    Binding("Space", "play, or pause", lambda s: s.session.play(), "play / pause"),
    Binding(", Left", "one step back (Left: unless you play)", _step(-1), "◀ step"),
    Binding(". Right", "one step on (Right: likewise)", _step(1), "step ▶"),
    Binding(">", "ten steps on", _step(10)),
    Binding("<", "ten steps back", _step(-10)),
    Binding("Home", "to the start", lambda s: s.session.seek(0), "start"),
    Binding("End", "to the end", lambda s: s.session.seek(sys.maxsize), "end"),
    Binding("- Down", "half as fast", lambda s: s.session.change_speed(-1), "½x"),
    Binding("+ = Up", "twice as fast", lambda s: s.session.change_speed(1), "2x"),
    Binding("b Page-up", "previous level", lambda s: s.session.next_level(-1), "◀ level"),
    Binding("n Page-down", "next level", lambda s: s.session.next_level(1), "level ▶"),
    Binding("j", CONFLICT, lambda s: s.session.search_conflict(), "conflict ▶"),
    Binding("i", "train and shift; twins; targets away; oracles", Commands.compare, "side by side"),
    Binding("e", EDIT, Commands.edit, "edit"),
    Binding("w", "what this trap is about", Commands.tell_story, "story"),
    Binding("Ctrl+r", "record a picture, film, trace or strip", Commands.ask_recording, "record"),
    Binding("k", "compare with another policy", Commands.ask_policy, "compare"),
    Binding("? F1", "all commands", Commands.list_commands, "keys ?"),
    Binding("g", "go to a level by its number", Commands.ask_level),
    Binding("t", "the next split; then twins, bare, targets alone", Commands.next_split),
    Binding("r", "another seed for what policies do", Commands.ask_seed),
    Binding("Tab", "the next pane: keys and panel are about it", Commands.next_pane),
    Binding("z Ctrl+z", "take back the last change", lambda s: s.session.undo()),
    Binding("Ctrl+s", "save what is shown as a map", Commands.save),
    Binding("Ctrl+o", "open a map (or drop one on the window)", Commands.ask_map),
    Binding("h", "hide the panel and the controls", Commands.toggle_panel),
    Binding("y", "other colours", Commands.next_palette),
    Binding("q Escape", "stop, close, leave", Commands.leave),
)
BY_KEY = {key: binding for binding in BINDINGS for key in binding.keys}
MORE = "more ..."
BUTTONS = {binding.label: binding for binding in BINDINGS if binding.label} | {MORE: BY_KEY["?"]}
