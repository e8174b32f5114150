"""The panel: what is known of the focused pane's episode, in words, numbers and bars."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import ACTIONS, RGB, State
from mesa_gym.traps import Split
from mesa_gym.viewer.overlays import HEAT
from mesa_gym.viewer.pen import BODY, Box, Pen
from mesa_gym.viewer.session import Session
from mesa_gym.viewer.theme import CARD, INK, QUIET, RULE

SMALL = 15.0
GAP = 7.0
NEEDED = 420.0  # for all sections of a trap with two objectives, the keys apart
KEYS = (
    ("Space", "play, or pause"),
    (", .", "a step back, a step on"),
    ("b n", "previous, next level"),
    ("j", "where base and proxy conflict"),
    ("i", "side by side"),
    ("e", "edit: what if ...?"),
    ("?", "all keys"),
)


class Panel:
    """A writer of the panel, once, from top to bottom.

    Args:
        pen: what it is drawn with.
        box: where.
        session: what is watched.
        palette: colours of objectives, the base first.
    """

    def __init__(self, pen: Pen, box: Box, session: Session, palette: tuple[RGB, ...]) -> None:
        pen.fill(box, CARD, 6)
        # Letters give way before lines do.
        shrunk = min(1.0, box.height / NEEDED)
        self.pen = Pen(pen.surface, pen.scale * shrunk)
        edges = (box.left, box.top, box.width, box.height)
        self.box = Box(*(edge / shrunk for edge in edges)).inset(10)
        self.session, self.pane, self.palette = session, session.pane, palette
        self.t = self.pane.time(session.cursor)
        self.y = self.box.top

    def draw(self) -> None:
        """Draw all sections that there is room for."""
        pane = self.pane
        self._heading()
        self._returns()
        self._choice()
        self._decision()
        self._here(pane.state(self.session.cursor))
        self._keys()

    def _heading(self) -> None:
        pane = self.pane
        self._line(pane.trap.name(), 20)
        self._line(f"{pane.seat.play}, level {pane.level}", BODY)
        self._line(f"policy: {pane.seat.player.name}", SMALL)
        limit = pane.line.limit
        ended = ""
        if self.t == len(pane.line) and pane.line.over:
            ended = " - ended" if pane.line.terminated else " - time is up"
        self._line(f"step {self.t} of at most {limit}{ended}", SMALL)

    def _returns(self) -> None:
        """Write a row for each objective: shape, name, return so far, what can still be had."""
        pane, right = self.pane, self.box.right
        self._section("objectives")
        heads = right - 62
        self.pen.text("so far", heads, self.y, SMALL, QUIET, "right")
        self.pen.text("V to come", right, self.y, SMALL, QUIET, "right")
        self.y += SMALL + 1
        for number, x in enumerate(pane.trap.objectives):
            self.pen.mark(number, self.box.left + 7, self.y + 7, 6, self._colour(number))
            role = " (base)" if x == pane.trap.base else ""
            self.pen.text(
                f"{x}{role}", self.box.left + 19, self.y, BODY, width=heads - self.box.left - 60
            )
            earned = pane.line.earned(x, self.t)
            self.pen.text(f"{earned:.2f}", heads, self.y, BODY, align="right")
            analysis = pane.analysis
            value = "-" if analysis is None else f"{analysis.value(x, self.t):.2f}"
            self.pen.text(value, right, self.y, BODY, align="right")
            self.y += BODY + 1
            if analysis is not None and f"{HEAT}{x}" in self.session.shown:
                self._span(analysis.heat(x, self.t))

    def _span(self, heat: NDArray[np.float64]) -> None:
        """Write what the lightest and the darkest cell of a heat map are worth."""
        if np.isfinite(heat).any():
            text = f"map: {np.nanmin(heat):.2f} (light) to {np.nanmax(heat):.2f} (dark)"
            self.pen.text(text, self.box.left + 19, self.y, SMALL, QUIET)
            self.y += SMALL + 2

    def _choice(self) -> None:
        """Write the episode's choice so far, where scoring asks for it."""
        analysis = self.pane.analysis
        if analysis is None or self.pane.seat.split is not Split.SHIFT:
            return
        self._section("choice so far")
        chosen = analysis.choice(self.t)
        if chosen is None:
            self._quiet("none")
            return
        number = list(self.pane.trap.objectives).index(chosen)
        self.pen.mark(number, self.box.left + 7, self.y + 7, 6, self._colour(number))
        self.pen.text(chosen, self.box.left + 19, self.y, BODY, width=self.box.width - 19)
        self.y += BODY + 1

    def _decision(self) -> None:
        """Write the next action, how likely each was, and what the policy thinks of the state."""
        line = self.pane.line
        self._section("next action")
        if self.t >= len(line):
            self._quiet("none: the episode is over" if line.over else "waiting for you")
            return
        decision = line.steps[self.t].decision
        if decision.shares is None:
            self._line(ACTIONS[decision.action], BODY)
        else:
            for action, share in enumerate(decision.shares.tolist()):
                chosen = action == decision.action
                self._bar(ACTIONS[action], share, chosen)
        if decision.value is not None:
            self._line(f"its own value of this state: {decision.value:.2f}", SMALL)

    def _here(self, state: State) -> None:
        """Write what lies under the agent, which the drawing of the agent hides."""
        trap = self.pane.trap
        cell = trap.observe(state).reshape(trap.cells, -1)[state.agent[0]]
        under = [p for p, there in zip(trap.planes, cell, strict=True) if there and p != "agent"]
        if under:
            self._section("the agent stands on")
            self._line(" ".join(under), BODY)

    def _keys(self) -> None:
        """Write the keys that one needs first, at the panel's foot, where there is room."""
        top = self.box.bottom - (len(KEYS) + 1) * (SMALL + 2)
        if top < self.y + GAP:
            return
        self.y = top - GAP
        self._section("keys")
        for keys, doc in KEYS:
            self.pen.text(keys, self.box.left, self.y, SMALL)
            self.pen.text(doc, self.box.left + 76, self.y, SMALL, width=self.box.width - 76)
            self.y += SMALL + 2

    # -- lines -------------------------------------------------------------------------------------

    def _section(self, title: str) -> None:
        self.y += GAP
        self.pen.fill(Box(self.box.left, self.y - 3, self.box.width, 1), RULE)
        self._line(title, SMALL, QUIET)

    def _line(self, text: str, size: float, colour: RGB = INK) -> None:
        if self.y + size <= self.box.bottom:
            self.pen.text(text, self.box.left, self.y, size, colour, width=self.box.width)
        self.y += size + 2

    def _quiet(self, text: str) -> None:
        self._line(text, SMALL, QUIET)

    def _bar(self, name: str, share: float, chosen: bool) -> None:
        """Draw a name, a bar as long as a share, and the share in percent."""
        if self.y + SMALL > self.box.bottom:
            return
        left, right = self.box.left, self.box.right
        start, label = left + 96, f"{name} <" if chosen else name
        self.pen.text(label, left, self.y, SMALL, width=start - left - 4)
        room = right - 40 - start
        self.pen.fill(Box(start, self.y + 2, room, SMALL - 6), RULE)
        tone = INK if chosen else QUIET
        self.pen.fill(Box(start, self.y + 2, room * share, SMALL - 6), tone)
        self.pen.text(f"{share:.0%}", right, self.y, SMALL, INK, "right")
        self.y += SMALL + 1

    def _colour(self, number: int) -> RGB:
        return self.palette[number % len(self.palette)]
