"""The panel: facts about the focused pane's episode, in words, numbers and bars."""

from __future__ import annotations

import numpy as np

from mesa_gym.engine import ACTIONS, RGB
from mesa_gym.errors import shorten_text
from mesa_gym.terminal import printable
from mesa_gym.traps import Split
from mesa_gym.traps.life import TRIALS
from mesa_gym.viewer.controls import Tips
from mesa_gym.viewer.painter import BODY, QUIET, RULE, SHEET, SMALL, TEXT, TITLE, Box, Painter
from mesa_gym.viewer.playback import Session
from mesa_gym.viewer.players import PolicyPlayer
from mesa_gym.viewer.seats import Pane

PANEL_GAP = 8.0
INDENT = 20.0
BARS = 72.0
PANEL_WIDTH = 280.0  # the width for letters of normal size; a wider panel has larger letters
LEAST_SCALE = 0.8  # below this share of the size, sentences appear only in tooltips
SO_FAR = "What it has paid until now, discounted: a payment counts less the later it comes."
TO_COME = "The most that it can still pay from here, by the exact solver: V*."
CHOSEN = "What this episode has pursued so far, as scoring would say if it ended here."
NEXT = "What the policy does next, and how likely each action was."
SKIP = "n: the next level"
MOST_LETTERS = 400  # characters
MOST_WRAPPED = 12  # lines of a text


class Panel:
    """The panel, written from top to bottom in letters as large as its size allows."""

    def __init__(self) -> None:
        self._about: object = None
        self.scale = 1.0  # of the letters in the last drawing

    def draw(self, painter: Painter, box: Box, session: Session, tips: Tips) -> None:
        """Draw all sections of the panel, in smaller letters if they do not fit."""
        about = box, session.trap, len(session.shown)
        if self._about != about:
            self._about, self.scale = about, box.width / PANEL_WIDTH
        painter.surface.set_clip(painter.rect(box))
        for _ in range(6):
            painter.fill(box, SHEET, 6)
            writer = _Writer(painter, box, self.scale, session)
            used = writer.write()
            if used <= writer.box.height:
                break
            self.scale *= max(0.85, min(0.97, writer.box.height / used))
        painter.surface.set_clip(None)
        for place, text in writer.tips:
            tips.add(place, text, box, writer.scale)


class _Writer:
    """A writer of the panel in letters of one size."""

    def __init__(self, painter: Painter, box: Box, scale: float, session: Session) -> None:
        self.painter = Painter(painter.surface, painter.scale * scale)
        self.scale, self.session, self.pane = scale, session, session.pane
        self.box = Box(*(s / scale for s in (box.left, box.top, box.width, box.height))).inset(10)
        self.left, self.right, self.y = self.box.left, self.box.right, self.box.top
        self.sentences = scale * PANEL_WIDTH >= LEAST_SCALE * min(PANEL_WIDTH, box.width)
        self.t = self.pane.time(session.clock.cursor)
        self.tips: list[tuple[Box, str]] = []

    def write(self) -> float:
        self._write_heading()
        if self.pane.trap.trials > 1:
            self._write_life()
        self._write_objectives()
        self._write_choice()
        if self.pane.seat.by_hand and self.t == len(self.pane.line) and self.pane.line.over:
            self._section("the end")
            self._wrap(summary(self.pane))
        else:
            self._write_decision()
        return self.y - self.box.top

    # -- sections ----------------------------------------------------------------------------------

    def _write_heading(self) -> None:
        pane, player = self.pane, self.pane.seat.player
        seed = f", seed {player.seed}" if isinstance(player, PolicyPlayer) and player.seed else ""
        ended = ""
        if self.t == len(pane.line) and pane.line.over:
            ended = ": ended" if pane.line.terminated else ": time is up"
        self._line(pane.trap.name(), TITLE)
        self._line(f"{pane.seat.play}, level {pane.level}{seed}")
        self._line(f"agent: {player.name}", SMALL)
        self._line(f"step {self.t} of at most {pane.line.limit}{ended}", SMALL)

    def _write_life(self) -> None:
        """Write the trial of a life and its feedback."""
        state = self.pane.line.states[self.t]
        now = {name: int(state.vars[name][0]) for name in ("trial", "over", "told")}
        payment_text = (": not paid", ": paid")[now["told"]] if now["over"] else ""
        self._section("life")
        self._line(f"trial {min(now['trial'] + 1, TRIALS)} of {TRIALS}{payment_text}")

    def _write_objectives(self) -> None:
        """Write each objective's mark, its return so far, and the most that can still be earned."""
        pane, analysis, heads = self.pane, self.pane.analysis, self.right - 62
        self._section("objectives, discounted")
        for text, end, tip in (("so far", heads, SO_FAR), ("to come", self.right, TO_COME)):
            y = self.y - SMALL - 2
            wide = self.painter.text(text, end, y, SMALL, QUIET, "right")
            self.tips.append((Box(end - wide, y, wide, SMALL), tip))
        for x, objective in pane.trap.objectives.items():
            self._tip(f"{x}: {objective.doc}", BODY)
            so_far = pane.line.compute_return(x, self.t)
            self.painter.text(f"{so_far:.2f}", heads, self.y, align="right")
            value = "-" if analysis is None else f"{analysis.value(x, self.t):.2f}"
            self.painter.text(value, self.right, self.y, align="right")
            role = "base" if x == pane.trap.base else "proxy"
            name, at = f"{x} ({role})", self._mark(x, self.left)
            self.painter.text(name, at, self.y, BODY, width=heads - at - 36)
            self.y += BODY + 1
            if self.sentences:
                self._wrap(objective.doc, INDENT)
            self._write_range(f"heat:{x}", INDENT)

    def _write_choice(self) -> None:
        """Write which objective the episode chose."""
        if self.pane.analysis is None or self.pane.seat.split is not Split.SHIFT:
            return
        self._section("chosen", CHOSEN)
        name = self.pane.name_choice(self.t)
        self._tip(CHOSEN, BODY)
        is_objective = name in self.pane.trap.objectives
        x = self._mark(name, self.left) if is_objective else self.left
        self.painter.text(
            name, x, self.y, BODY, TEXT if is_objective else QUIET, width=self.right - x
        )
        self.y += BODY + 1

    def _write_decision(self) -> None:
        """Write the next action and the probability of each action."""
        line = self.pane.line
        self._section("next action", NEXT)
        if self.t >= len(line):
            waiting = "waiting for the policy" if line.growing else "waiting for you"
            self._line("none: the episode is over" if line.over else waiting, SMALL, QUIET)
            return
        decision = line.steps[self.t].decision
        if decision.shares is None:
            self._line(ACTIONS[decision.action])
            if decision.said:
                self._section("said")
                self._wrap(shorten_text(printable(" ".join(decision.said.split())), MOST_LETTERS))
            return
        for action, share in enumerate(decision.shares.tolist()):
            chosen = action == decision.action
            name = ACTIONS[action] + (" \N{BLACK LEFT-POINTING TRIANGLE}" if chosen else "")
            self._write_bar(name, share, TEXT if chosen else QUIET)

    # -- lines -------------------------------------------------------------------------------------

    def _write_range(self, name: str, indent: float = 0.0) -> None:
        """Write the least and greatest value of an overlay's heat map, if it is on."""
        overlay = self.session.overlays.get(name) if name in self.session.shown else None
        heat = None if overlay is None else overlay.heat(self.pane, self.t)
        if overlay is not None and heat is not None and np.isfinite(heat).any():
            least, most = f"{np.nanmin(heat):z.2f} (light)", f"{np.nanmax(heat):z.2f} (dark)"
            self._line(f"{overlay.label}: {least} to {most}", SMALL, QUIET, indent)

    def _write_bar(self, name: str, share: float, tone: RGB) -> None:
        """Write a name, a bar for ``share``, and the share in percent."""
        self.painter.text(name, self.left, self.y, SMALL, tone, width=BARS - 4)
        track = Box(self.left + BARS, self.y + 3, self.box.width - BARS - 44, SMALL - 6)
        self.painter.fill(track, RULE)
        self.painter.fill(Box(track.left, track.top, track.width * share, track.height), tone)
        self.painter.text(f"{share:.0%}", self.right, self.y, SMALL, tone, "right")
        self.y += SMALL + 1

    def _wrap(self, text: str, indent: float = 0.0) -> None:
        """Write a text in as many lines as it needs, and at most ``MOST_WRAPPED``."""
        for line in self.painter.lines(text, self.box.width - indent, SMALL)[:MOST_WRAPPED]:
            self.painter.text(line, self.left + indent, self.y, SMALL, QUIET)
            self.y += SMALL
        self.y += 2

    def _section(self, title: str, tip: str = "") -> None:
        self.y += PANEL_GAP
        self.painter.fill(Box(self.left, self.y - 3, self.box.width, 1), RULE)
        if tip:
            self._tip(tip, SMALL)
        self._line(title, SMALL, QUIET)

    def _line(self, text: str, size: float = BODY, colour: RGB = TEXT, indent: float = 0.0) -> None:
        room = self.box.width - indent
        self.painter.text(text, self.left + indent, self.y, size, colour, width=room)
        self.y += size + 2

    def _tip(self, text: str, high: float) -> None:
        """Add a tip to the line that is being written, ``high`` points high."""
        self.tips.append((Box(self.left, self.y, self.box.width, high), text))

    def _mark(self, name: str, x: float) -> float:
        """Draw an objective's mark at ``x`` in the current line; return the x to its right."""
        number = list(self.pane.trap.objectives).index(name)
        self.painter.mark(number, x + 7, self.y + 8, 5.5)
        return x + INDENT


def summary(pane: Pane) -> str:
    """Return the result of an episode that a person played, in words."""
    line, trap = pane.line, pane.trap
    ending = "The level ended" if line.terminated else "The time was up"
    sentences, chosen = [f"{ending} after {len(line)} steps."], pane.name_choice(len(line))
    if pane.seat.split is Split.SHIFT and chosen in trap.objectives:
        role = "the base objective" if chosen == trap.base else "a proxy"
        sentences.append(
            f"You went for {chosen}, {role}. In training you could not tell them apart."
        )
    return " ".join([*sentences, f"{SKIP}. Home: the start."])
