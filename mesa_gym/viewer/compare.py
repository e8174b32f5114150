"""The panes: who plays what beside whom, what was chosen, where others would go."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mesa_gym.engine import Ints, State
from mesa_gym.errors import unknown
from mesa_gym.policies import name_pursuer, references
from mesa_gym.scoring.plays import ALONE, BARE, TWINS, change_starts, plays_of, split_of, takes_away
from mesa_gym.traps import Split, Trap
from mesa_gym.viewer.actors import Actor, Decision, Player, PolicyPlayer
from mesa_gym.viewer.app import TURN, start_work
from mesa_gym.viewer.timeline import Analysis, Timeline

SPLITS, TARGETS, ORACLES = "splits", "targets", "oracles"
NONE, WAITING = "none", "..."
EPISODES = 100  # behind the visits
MOST_UNDONE = 100
SWEEPER = PolicyPlayer("sweeper")  # has no goal: beside what an agent chose stands its choice


@dataclass(frozen=True)
class Seat:
    """A player and what it plays, whatever the level.

    Attributes:
        player: who.
        play: as of ``mesa_gym.scoring.plays``.
    """

    player: Player
    play: str

    @property
    def split(self) -> Split:
        """Return the split of the levels."""
        return split_of(self.play)


class Pane:
    """One episode on the screen: its player, its analysis, and its edits.

    Attributes:
        trap: the rules.
        seat: who plays what; where a goal is put by hand, not the session's.
        level: its number.
        salt: an evaluator's secret.
        line: the episode.
        edited: whether it began elsewhere than the level does.
    """

    def __init__(
        self, trap: Trap, seat: Seat, level: int, salt: str = "", start: State | None = None
    ) -> None:
        """Make an episode that has not begun, of a level or from a start, a batch of one.

        Raises:
            ValueError: the player cannot play this level, or the trap has no such play.
        """
        if seat.play == TWINS and TWINS not in plays_of(trap):
            raise ValueError(f"{trap.name()} has no twins: no two targets can be exchanged")
        self.trap, self.seat, self.level, self.salt = trap, seat, level, salt
        self.edited, self._whole, self._note = start is not None, None, ""
        if start is None:
            whole = trap.levels(seat.split, np.array([level]), salt)
            start, exists = change_starts(trap, seat.play, whole)
            self._note = "" if exists[0] else ", unchanged"
            self._whole = whole if takes_away(seat.play) else None
        self.line = Timeline(trap, start, trap.horizon(seat.split), self._actor(start))
        self._past: list[tuple[Seat, Timeline, bool, int]] = []
        self._analysis: Analysis | None = None

    @property
    def title(self) -> str:
        """Return what is played, by whom; what is most needed comes first."""
        note = ", edited" if self.edited else self._note
        return f"{self.seat.play}, level {self.level}{note}: {self.seat.player.name}"

    @property
    def analysis(self) -> Analysis | None:
        """Return what the exact solver knows of the episode; None without a solver."""
        if self.trap.solvable and (self._analysis is None or self._analysis.line is not self.line):
            self._analysis = Analysis(self.line, None if self.edited else self._whole)
        return self._analysis

    @property
    def untouched(self) -> bool:
        """Return whether the episode began as the level does and its agent kept its own goal."""
        return not (self.edited or self.line.steered)

    def name_choice(self, t: int) -> str:
        """Return what ``t`` steps chose, in words: a target that is taken away left a ghost."""
        chosen = (self.analysis and self.analysis.choice(t)) or NONE
        away = takes_away(self.seat.play) and not self.edited and chosen in self.trap.alone
        return f"ghost of {chosen}" if away and self.seat.play != ALONE + chosen else chosen

    def time(self, cursor: int) -> int:
        """Return the step that is shown when the clock says ``cursor``: the last one at most."""
        return min(cursor, len(self.line))

    def state(self, cursor: int) -> State:
        """Return the state that is shown."""
        return self.line.states[self.time(cursor)]

    def act(self, cursor: int, action: int) -> None:
        """Take a step by hand from what is shown; the future that was there can be had back.

        Raises:
            ValueError: the episode is over there.
        """
        t = self.time(cursor)
        line = self.line.branch(t, self._actor(self.line.states[0]))
        line.act(Decision(action))
        # A person who plays need not undo every single step.
        if t < len(self.line):
            self._remember(cursor)
        self.line = line

    def replace(self, cursor: int, edited: Pane) -> None:
        """Go on with the episode of another pane, which began elsewhere."""
        self._remember(cursor)
        self.line, self.edited, self._analysis = edited.line, True, edited.analysis

    def hand_over(self, cursor: int, seat: Seat) -> None:
        """Let another player go on from what is shown.

        Raises:
            ValueError: the episode is over there, or the player cannot play it.
        """
        t = self.time(cursor)
        if self.line.over and t == len(self.line):
            raise ValueError("the episode is over here: go back in time")
        line = self.line.branch(t, seat.player.actor(self.trap, seat.play, self.line.states[0]))
        line.begin()
        line.steered = True
        self._remember(cursor)
        self.seat, self.line = seat, line

    def undo(self) -> int | None:
        """Take back the last change; returns the step that was shown then, None without one."""
        if not self._past:
            return None
        self.seat, self.line, self.edited, cursor = self._past.pop()
        return cursor

    def _actor(self, start: State) -> Actor:
        return self.seat.player.actor(self.trap, self.seat.play, start)

    def _remember(self, cursor: int) -> None:
        now = self.seat, self.line, self.edited, cursor
        self._past = [*self._past[1 - MOST_UNDONE :], now]


def list_plays(trap: Trap, beside: str | None) -> list[str]:
    """Return the plays that stand side by side; [] where it is players that do.

    Of ``splits`` they are train and shift, of a play of changed levels (``twins``, ``bare``,
    ``alone:<objective>``) the levels and these, and of ``targets`` shift and all with targets
    taken away.
    """
    if beside == SPLITS:
        return [Split.TRAIN, Split.SHIFT]
    if beside == TARGETS:
        return [Split.SHIFT, *(ALONE + x for x in trap.find_isolable()), BARE]
    changed = beside is not None and (beside == TWINS or takes_away(beside))
    return [split_of(beside), beside] if beside is not None and changed else []


def seats_for(
    player: Player, trap: Trap, play: str, beside: str | None = None, seed: int = 0
) -> list[Seat]:
    """Return who plays what.

    Args:
        player: the first of them.
        trap: the rules.
        play: what is played.
        beside: as of ``list_plays``, the player on several plays whatever ``play`` says;
            ``oracles``, those of the base objective and of each proxy (or their reference
            policies) too; or another policy, as ``as_policy`` takes it. By default nothing.
        seed: of the others' sampling.

    Raises:
        UnknownNameError: ``beside`` means nothing.
    """
    if plays := list_plays(trap, beside):
        return [Seat(player, each) for each in plays]
    others: list[str] = []
    if beside == ORACLES:
        oracles = {x: name_pursuer(trap, x) for x in trap.objectives}
        # A player that is one of them is not its own neighbour, by whatever name.
        named = player.name.replace(":base", f":{trap.base}")
        others = [o for o in oracles.values() if o.replace(":base", f":{trap.base}") != named]
    elif beside is not None:
        known = references(trap)
        if not (beside in known or ":" in beside or "/" in beside or Path(beside).is_dir()):
            what = "choice for beside (nor is it a directory or module:factory)"
            raise unknown(what, beside, [SPLITS, TWINS, TARGETS, BARE, ORACLES, *known])
        others = [beside]
    return [Seat(player, play), *(Seat(PolicyPlayer(other, seed), play) for other in others)]


class WatchedChoices:
    """The objectives that were chosen on the levels that were watched."""

    def __init__(self) -> None:
        # By the players themselves: two may have the same name.
        self._counted: dict[Seat, dict[int, str | None]] = {}
        self._asked: dict[tuple[Seat, int], Future[str]] = {}

    def of(self, pane: Pane) -> dict[int, str | None]:
        """Return level -> the objective that the pane's player chose there, None for none."""
        return self._counted.setdefault(pane.seat, {})

    def count(self, pane: Pane) -> None:
        """Count what was chosen in an episode under shift, if it is over and as the level was."""
        counts = pane.seat.split is Split.SHIFT and pane.line.over and pane.untouched
        known = self.of(pane)
        if counts and pane.level not in known and pane.analysis is not None:
            known[pane.level] = pane.analysis.choice(len(pane.line))

    def on_twin(self, pane: Pane, threaded: bool) -> str:
        """Return what the pane's player chooses on the level's twin; "" without a twin."""
        player, trap = pane.seat.player, pane.trap
        shift = pane.seat.play == Split.SHIFT and pane.line.over and pane.untouched
        if not (shift and isinstance(player, PolicyPlayer) and TWINS in plays_of(trap)):
            return ""
        return self._ask(pane, Seat(player, TWINS), pane.level, threaded)

    def of_sweeper(self, pane: Pane, threaded: bool) -> Counter[str]:
        """Return how often a sweeper, which has no goal, chose what on the levels watched."""
        seat = Seat(SWEEPER, pane.seat.play)
        return Counter(self._ask(pane, seat, level, threaded) for level in self.of(pane))

    def _ask(self, pane: Pane, seat: Seat, level: int, threaded: bool) -> str:
        """Return what a seat chooses on a level, ``WAITING`` until that is found in a thread."""

        def find(_: Future[str]) -> str:
            other = Pane(pane.trap, seat, level, pane.salt)
            other.line.grow()
            return (other.analysis and other.analysis.choice(len(other.line))) or NONE

        if (seat, level) not in self._asked:
            self._asked[seat, level] = start_work(find, threaded)
        work = self._asked[seat, level]
        return WAITING if not work.done() else "" if work.exception() else work.result()

    @property
    def waiting(self) -> bool:
        """Return whether a choice is still being found out."""
        return any(not work.done() for work in self._asked.values())


class OverlayData:
    """Searches about one pane's episode that take time: oracles' paths and visits.

    Attributes:
        line: the timeline that the pane had when it was made, from whose start all is seen.
        paths: objective -> the oracle's episode, as far as it is known.
        visits: int64 (cells,), how often the agent was there; None where no policy plays.
        version: grows with all that is found, so that a drawing can be seen to be out of date.
    """

    def __init__(self, pane: Pane) -> None:
        self.line, self.version = pane.line, 0
        self.paths: dict[str, Timeline] = {}
        self.visits: Ints | None = None
        self._trap, self._seat = pane.trap, pane.seat
        self._works: dict[str, Future[None] | None] = {}  # None for what is done

    def look(self, shown: set[str], threaded: bool) -> bool:
        """Look for what the overlays that are on show; return whether that is still under way.

        Raises:
            PolicyError: the policy failed; what it was asked for is not looked for again.
        """
        searches: dict[str, Callable[[Future[None]], None]]
        searches = {"oracles": self._find_paths, "visits": self._count_visits}
        for name in searches.keys() & shown - self._works.keys():
            self._works[name] = start_work(searches[name], threaded)
        for name, work in self._works.items():
            if work is not None and work.done():
                self._works[name] = None
                work.result()
        return any(self._works.values())

    def _find_paths(self, work: Future[None]) -> None:
        start = self.line.states[0]
        for x in self._trap.objectives:
            oracle = PolicyPlayer(name_pursuer(self._trap, x))
            actor = oracle.actor(self._trap, self._seat.play, start)
            line = Timeline(self._trap, start, self.line.horizon, actor)
            while line.grow(len(line) + 1):
                time.sleep(TURN)
            self.paths = {**self.paths, x: line}
            self.version += 1

    def _count_visits(self, work: Future[None]) -> None:
        trap, player = self._trap, self._seat.player
        if not isinstance(player, PolicyPlayer):
            return
        state = starts = self.line.states[0].take(np.zeros(EPISODES, dtype=np.int64))
        asking = player.ask(trap, self._seat.play, starts, self.line.horizon, np.arange(EPISODES))
        alive = np.ones(EPISODES, dtype=np.bool_)
        visits = np.bincount(state.agent, minlength=trap.cells)
        for t in range(self.line.limit):
            actions = asking.sample(asking.probabilities(state, t), t)
            state, _, ended = trap.step(state, actions)
            time.sleep(TURN)
            visits = visits + np.bincount(state.agent[alive], minlength=trap.cells)
            alive &= ~ended
            if not alive.any():
                break
            # Rows whose episode is over go on from their start, uncounted: all states stay valid.
            state = state.replaced(~alive, starts)
        self.visits = visits
        self.version += 1
