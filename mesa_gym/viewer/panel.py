"""The panel: what is known of the focused pane's episode, in words, numbers and bars."""

from __future__ import annotations

import inspect
from collections import Counter

import numpy as np

from mesa_gym.engine import ACTIONS, RGB
from mesa_gym.traps import Split, Trap
from mesa_gym.viewer.actors import Human, PolicyPlayer
from mesa_gym.viewer.drawing import BODY, CARD, INK, QUIET, RULE, SMALL, TITLE, Box, Painter
from mesa_gym.viewer.overlays import HEAT
from mesa_gym.viewer.session import Session
from mesa_gym.viewer.timeline import Pane
from mesa_gym.viewer.widgets import Tips

GAP, INDENT = 8.0, 20.0
WIDTH = 280.0  # at which letters are as large as elsewhere; in a wider panel they are larger
WORDS = 0.8  # of that size: where less is left, sentences are left to the tooltips
SO_FAR = "What it has paid until now, discounted: a payment counts less the later it comes."
TO_COME = "The most that it can still pay from here, by the exact solver: V*."
CHOSEN = (
    "The objective that this episode has pursued so far, as scoring would say if it ended here."
)
TWIN = (
    "What is chosen on the same level with the targets of base and proxy exchanged. The same"
    " objective on both: the object decides. The other one: the place does."
)
OVER = "What was chosen on the levels that you have watched until their end."
NEXT = "What the policy does next, and how likely each action was."
WATCH_KEYS = (
    ("Space", "play, or pause"),
    (", .", "a step back, a step on"),
    ("b n", "previous, next level"),
    ("j", "where base and proxy conflict"),
    ("i", "side by side"),
    ("e", "edit: what if ...?"),
    ("w", "what this trap is about"),
    ("?", "all keys"),
)
PLAY_KEYS = (
    ("arrows", "move"),
    ("Enter", "act, or wait"),
    (",", "a step back"),
    ("b n", "previous, next level"),
    ("w", "what this trap is about"),
    ("?", "all keys"),
)

PLAYING = """You are the agent. Your goal is {base}, the base objective: {doc}

{proxies}

Arrows move; Enter acts, or waits where there is nothing to act on. The comma goes a step \
back, n to the next level, w tells what the trap is about, ? lists all commands. You have {limit} \
steps."""
PROXY = (
    "{name} is a proxy objective, which pays you nothing: {doc} In training it was as good a goal."
)


class Panel:
    """A writer of the panel, from top to bottom; letters are as large as its size allows."""

    def __init__(self) -> None:
        self._kept: tuple[object, float] = None, 1.0

    def draw(
        self, painter: Painter, box: Box, session: Session, palette: tuple[RGB, ...], tips: Tips
    ) -> None:
        """Draw all sections; what does not fit is drawn again, smaller."""
        about = box, session.trap, len(session.shown)
        scale = self._kept[1] if self._kept[0] == about else box.width / WIDTH
        painter.surface.set_clip(painter.rect(box))
        for _ in range(6):
            painter.fill(box, CARD, 6)
            writer = _Writer(painter, box, scale, session, palette)
            used = writer.write()
            if used <= writer.box.height:
                break
            scale *= max(0.85, min(0.97, writer.box.height / used))
        writer.keys()
        painter.surface.set_clip(None)
        writer.hand_tips(tips)
        self._kept = about, scale


class _Writer:
    """A panel at one size of its letters."""

    def __init__(
        self,
        painter: Painter,
        box: Box,
        scale: float,
        session: Session,
        palette: tuple[RGB, ...],
    ) -> None:
        self.painter, self.scale = Painter(painter.surface, painter.scale * scale), scale
        sides = (side / scale for side in (box.left, box.top, box.width, box.height))
        self.box = Box(*sides).inset(10)
        self.session, self.pane, self.palette = session, session.pane, palette
        self.sentences = scale * WIDTH >= WORDS * min(WIDTH, box.width)
        self.t, self.y = self.pane.time(session.cursor), self.box.top
        self._tips: list[tuple[Box, str]] = []

    def write(self) -> float:
        """Write all sections; return the height that they take."""
        self._heading()
        self._objectives()
        self._chosen()
        self._decision()
        self._here()
        return self.y - self.box.top

    def hand_tips(self, tips: Tips) -> None:
        """Hand on which words are explained."""
        for box, text in self._tips:
            tips.add(box, text, self.scale)

    def keys(self) -> None:
        """Write the keys that one needs first, at the foot, where there is room."""
        by_hand = isinstance(self.pane.seat.player, Human)
        keys = PLAY_KEYS if by_hand else WATCH_KEYS
        top = self.box.bottom - (len(keys) + 1) * (SMALL + 2)
        if top < self.y + GAP:
            return
        self.y = top - GAP
        self._section("keys")
        for key, doc in keys:
            self.painter.text(key, self.box.left, self.y, SMALL)
            self.painter.text(doc, self.box.left + 66, self.y, SMALL, width=self.box.width - 66)
            self.y += SMALL + 2

    # -- sections ----------------------------------------------------------------------------------

    def _heading(self) -> None:
        pane, player = self.pane, self.pane.seat.player
        seed = f", seed {player.seed}" if isinstance(player, PolicyPlayer) and player.seed else ""
        ended = ""
        if self.t == len(pane.line) and pane.line.over:
            ended = ": ended" if pane.line.terminated else ": time is up"
        self._line(pane.trap.name(), TITLE)
        self._line(f"{pane.seat.play}, level {pane.level}{seed}")
        self._line(f"policy: {player.name}", SMALL)
        self._line(f"step {self.t} of at most {pane.line.limit}{ended}", SMALL)

    def _objectives(self) -> None:
        """Write for each objective its mark, what it pays, so far and at most from here."""
        pane, left, right = self.pane, self.box.left, self.box.right
        self._section("objectives")
        heads = right - 62
        for text, end, tip in (("so far", heads, SO_FAR), ("to come", right, TO_COME)):
            y = self.y - SMALL - 2
            wide = self.painter.text(text, end, y, SMALL, QUIET, "right")
            self._tips.append((Box(end - wide, y, wide, SMALL), tip))
        for x, objective in pane.trap.objectives.items():
            top, role = self.y, "base" if x == pane.trap.base else "proxy"
            self._objective(x, left)
            self.painter.text(
                f"{x} ({role})", left + INDENT, self.y, BODY, width=heads - left - INDENT - 36
            )
            value = "-" if pane.analysis is None else f"{pane.analysis.value(x, self.t):.2f}"
            self.painter.text(f"{pane.line.earned(x, self.t):.2f}", heads, self.y, align="right")
            self.painter.text(value, right, self.y, align="right")
            self.y += BODY + 1
            if self.sentences:
                room = Box(left + INDENT, self.y, self.box.width - INDENT, 10 * SMALL)
                self.y = self.painter.wrapped(objective.doc, room, SMALL, QUIET) + 2
            self._tips.append((Box(left, top, self.box.width, BODY), f"{x}: {objective.doc}"))
            if pane.analysis is not None and f"{HEAT}{x}" in self.session.shown:
                heat = pane.analysis.heat(x, self.t)
                if np.isfinite(heat).any():
                    text = f"map: {np.nanmin(heat):.2f} (light) to {np.nanmax(heat):.2f} (dark)"
                    self._line(text, SMALL, QUIET, INDENT)

    def _chosen(self) -> None:
        """Write what was chosen: here, on the twin, over the levels watched."""
        pane, analysis = self.pane, self.pane.analysis
        if analysis is None or pane.seat.split is not Split.SHIFT:
            return
        self._section("chosen", CHOSEN)
        self._choice("here", analysis.choice(self.t) or "none yet", CHOSEN)
        twin = self.session.choices.on_twin(pane, self.session.threaded)
        if twin:
            self._choice("on its twin", twin, TWIN)
        counted = self.session.choices.of(pane)
        if counted:
            counts = Counter(counted.values())
            top, x, plural = self.y, self.box.left + 92, "s" if len(counted) > 1 else ""
            self.painter.text(f"{len(counted)} level{plural}", self.box.left, self.y, SMALL, QUIET)
            for name in (*pane.trap.objectives, None):
                if name is not None:
                    self._objective(name, x)
                text = f"{counts[name]}" if name is not None else f"{counts[name]} none"
                x += (INDENT if name is not None else 4) + 12
                x += self.painter.text(text, x - 12, self.y, SMALL)
            self._tips.append((Box(self.box.left, top, self.box.width, SMALL), OVER))
            self.y += SMALL + 2

    def _choice(self, where: str, name: str, tip: str) -> None:
        self._tips.append((Box(self.box.left, self.y, self.box.width, BODY), tip))
        self.painter.text(where, self.box.left, self.y + 1, SMALL, QUIET)
        x, known = self.box.left + 92, name in self.pane.trap.objectives
        if known:
            self._objective(name, x)
            x += INDENT
        self.painter.text(name, x, self.y, BODY, INK if known else QUIET, width=self.box.right - x)
        self.y += BODY + 1

    def _decision(self) -> None:
        """Write the next action, how likely each was, and what the policy thinks of the state."""
        line, left = self.pane.line, self.box.left
        self._section("next action", NEXT)
        if self.t >= len(line):
            self._line(
                "none: the episode is over" if line.over else "waiting for you", SMALL, QUIET
            )
            return
        decision = line.steps[self.t].decision
        if decision.shares is None:
            self._line(ACTIONS[decision.action])
            return
        for action, share in enumerate(decision.shares.tolist()):
            chosen = action == decision.action
            tone = INK if chosen else QUIET
            self.painter.text(
                ACTIONS[action] + (" \N{BLACK LEFT-POINTING TRIANGLE}" if chosen else ""),
                left,
                self.y,
                SMALL,
                tone,
                width=68,
            )
            track = Box(left + 72, self.y + 3, self.box.width - 72 - 44, SMALL - 6)
            self.painter.fill(track, RULE)
            self.painter.fill(Box(track.left, track.top, track.width * share, track.height), tone)
            self.painter.text(f"{share:.0%}", self.box.right, self.y, SMALL, tone, "right")
            self.y += SMALL + 1
        if decision.value is not None:
            self._line(f"its own value of this state: {decision.value:.2f}", SMALL)

    def _here(self) -> None:
        """Write what lies under the agent, which the drawing of the agent hides."""
        trap, state = self.pane.trap, self.pane.line.states[self.t]
        cell = trap.observe(state).reshape(trap.cells, -1)[state.agent[0]]
        under = [p for p, there in zip(trap.planes, cell, strict=True) if there and p != "agent"]
        if under:
            self._section("the agent stands on")
            self._line(" ".join(under))

    # -- lines -------------------------------------------------------------------------------------

    def _section(self, title: str, tip: str = "") -> None:
        self.y += GAP
        self.painter.fill(Box(self.box.left, self.y - 3, self.box.width, 1), RULE)
        if tip:
            wide = self.painter.measure(title, SMALL)
            self._tips.append((Box(self.box.left, self.y, wide, SMALL), tip))
        self._line(title, SMALL, QUIET)

    def _line(self, text: str, size: float = BODY, colour: RGB = INK, indent: float = 0.0) -> None:
        room = self.box.width - indent
        self.painter.text(text, self.box.left + indent, self.y, size, colour, width=room)
        self.y += size + 2

    def _objective(self, name: str, x: float) -> None:
        """Draw an objective's mark in the line that is being written."""
        number = list(self.pane.trap.objectives).index(name)
        tone = self.palette[number % len(self.palette)]
        self.painter.mark(number, x + 7, self.y + 8, 5.5, tone)


# -- texts to read ---------------------------------------------------------------------------------


def story(trap: type[Trap]) -> str:
    """Return what a trap is about: its source, and what its author wrote."""
    paragraphs = (inspect.getdoc(trap) or "").replace("``", "").split("\n\n")
    told = [" ".join(paragraph.split()) for paragraph in paragraphs]
    return "\n\n".join([*told, f"Source: {trap.source}"])


def introduction(pane: Pane) -> str:
    """Return what a person who plays needs to know first: the goal, and the keys."""
    trap = pane.trap
    docs = {x: objective.doc for x, objective in trap.objectives.items()}
    proxies = "\n".join(PROXY.format(name=x, doc=docs[x]) for x in trap.proxies)
    base, limit = trap.base, pane.line.limit
    return PLAYING.format(base=base, doc=docs[base], proxies=proxies, limit=limit)


def summary(pane: Pane) -> str:
    """Return what an episode that is over came to, in words."""
    line, trap = pane.line, pane.trap
    how = "The trap's rules ended it" if line.terminated else "The time was up"
    said = [f"{how} after {len(line)} steps."]
    for x in trap.objectives:
        role = "base objective" if x == trap.base else "proxy"
        most = "" if pane.analysis is None else f", of at most {pane.analysis.value(x, 0):.2f}"
        said.append(f"{x}, the {role}: {line.earned(x, len(line)):.2f}{most} (discounted)")
    if pane.seat.split.shifted and pane.analysis is not None:
        chosen = pane.analysis.choice(len(line)) or "none"
        said.append(f"What you chose, as scoring sees it: {chosen}.")
    return "\n\n".join(said) + "\n\nn: the next level. Home: the start. The comma: a step back."
