"""Seats, each a player with its play, and the panes that show their episodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from mesa_gym.engine import Ints, State
from mesa_gym.errors import UnknownNameError, offer, shorten
from mesa_gym.files import locate_path
from mesa_gym.policies import name_pursuer, references
from mesa_gym.policies.names import ORACLE, find_trained
from mesa_gym.scoring.plays import LACKED, find_play, plays_of, split_of
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.judged_by import ALONE, BARE, NO_CHOICE, TWINS
from mesa_gym.viewer.players import Decision, Human, Player, PolicyPlayer
from mesa_gym.viewer.timeline import Analysis, Timeline

BOTH_SPLITS, TARGETS, ORACLES = "splits", "targets", "oracles"


@dataclass(frozen=True)
class Seat:
    """A player and its play (``mesa_gym.scoring.plays``), for all levels."""

    player: Player
    play: str

    @property
    def split(self) -> Split:
        """Return the split of the levels."""
        return split_of(self.play)

    @property
    def by_hand(self) -> bool:
        """Return whether a person plays."""
        return isinstance(self.player, Human)


def list_plays(trap: Trap, comparison: str | None) -> list[str]:
    """Return the plays shown side by side; [] if players are shown side by side.

    ``splits`` gives train and shift; a play of changed levels (``twins``, ``bare``,
    ``alone:<objective>``) gives the unchanged and the changed levels; ``targets`` gives shift and
    all plays with targets taken away.

    Raises:
        UnknownNameError: the trap has no such changed levels.
    """
    if comparison is None:
        return []
    choices = list_choices(trap)
    if comparison not in choices and (
        comparison in (TARGETS, TWINS, BARE) or comparison.startswith(ALONE)
    ):
        lacked = LACKED.get(BARE if comparison == TARGETS else comparison, shorten(comparison))
        offered = f"--beside takes {', '.join(choices)}, {ORACLES} or a policy"
        raise UnknownNameError(f"{trap.name()} has no {lacked}; {offered}")
    return choices.get(comparison, [])


def list_choices(trap: Trap) -> dict[str, list[str]]:
    """Return the choices of a trap, each with the plays that it shows side by side."""
    changed = [x for x in plays_of(trap) if x in (TWINS, BARE) or x.startswith(ALONE)]
    choices: dict[str, list[str]] = {BOTH_SPLITS: [Split.TRAIN, Split.SHIFT]}
    choices |= {x: [split_of(x), x] for x in changed}
    if BARE in choices:
        choices[TARGETS] = [Split.SHIFT, *(x for x in changed if x.startswith(ALONE)), BARE]
    return choices


def seats_for(
    player: Player, trap: Trap, play: str, comparison: str | None = None, seed: int = 0
) -> list[Seat]:
    """Return the seats for the options: each player with its play.

    Args:
        player: the first player.
        trap: the trap that is played.
        play: the play of all seats, unless the comparison names plays.
        comparison: plays as in ``list_plays``; ``oracles`` for the oracles (or the reference
            policies) of all objectives; or another policy, as ``as_policy`` takes it.
        seed: the seed for sampling the other policies.

    Raises:
        UnknownNameError: ``comparison`` is unknown, or the trap has no such changed levels.
    """
    if plays := list_plays(trap, comparison):
        return [Seat(player, play_name) for play_name in plays]
    players: list[str] = []
    if comparison == ORACLES:
        oracles = {x: name_pursuer(trap, x) for x in trap.objectives}
        # Leave out the oracle that the player is itself, under either of its names.
        named = player.name.replace(":base", f":{trap.base}")
        players = [o for o in oracles.values() if o.replace(":base", f":{trap.base}") != named]
    elif comparison is not None:
        reference_names = references(trap)
        path = ":" in comparison or "/" in comparison or locate_path(comparison).exists()
        if (
            comparison not in (ORACLE, *reference_names)
            and not path
            and find_trained(comparison, trap) is None
        ):
            expected = offer(comparison, [*list_choices(trap), ORACLES, *reference_names])
            problem = f"--beside {shorten(comparison)} is neither a choice nor a policy"
            raise UnknownNameError(f"{problem}; {expected}")
        players = [comparison]
    return [Seat(player, play), *(Seat(PolicyPlayer(other, seed), play) for other in players)]


def find_shift(seats: Sequence[Seat]) -> int:
    """Return the index of the pane that is focused at first: the shift split's, else 0.

    If the plays differ, the shift split shows the behaviour that matters most.
    """
    plays = [seat.play for seat in seats]
    return plays.index(Split.SHIFT) if Split.SHIFT in plays else 0


def common_levels(seats: Sequence[Seat]) -> Ints | None:
    """Return the levels that all players can play, ascending; None if no player limits them."""
    limits = [seat.player.levels(seat.play) for seat in seats]
    chosen = [levels for levels in limits if levels is not None]
    return reduce(np.intersect1d, chosen) if chosen else None


class Pane:
    """One episode on the screen: its player and its analysis.

    Attributes:
        trap: the trap.
        seat: the player and its play.
        level: the level's number.
        line: the episode.
        mapped: whether the episode began from a map instead of the level.
    """

    def __init__(
        self, trap: Trap, seat: Seat, level: int, salt: str = "", start: State | None = None
    ) -> None:
        """Make an episode without steps, from a level or from ``start``, a batch of one.

        Raises:
            ValueError: the trap has no such play.
        """
        self.trap, self.seat, self.level = trap, seat, level
        self._play = find_play(trap, seat.play)
        self.mapped, self._whole = start is not None, None
        if start is None:
            level_start = trap.levels(seat.split, np.array([level]), salt)
            start = self._play.change(level_start)
            self._whole = level_start if self._play.takes_away else None
        self.line = Timeline(trap, start, trap.horizon(seat.split), seat.player, seat.play)
        self._analysis: Analysis | None = None

    @property
    def title(self) -> str:
        """Return the level and the player in words, the most important first."""
        note = ", from a map" if self.mapped else ""
        return f"{self.seat.play}, level {self.level}{note}: {self.seat.player.name}"

    @property
    def analysis(self) -> Analysis | None:
        """Return the exact solver's analysis of the episode; None without a solver."""
        if self.trap.solvable and (self._analysis is None or self._analysis.line is not self.line):
            self._analysis = Analysis(self.line, None if self.mapped else self._whole)
        return self._analysis

    def name_choice(self, t: int) -> str:
        """Return the objective chosen by step ``t``, "ghost of ..." if its target was removed."""
        chosen = (self.analysis and self.analysis.choice(t)) or NO_CHOICE
        away = self._play.takes_away and not self.mapped and chosen in self.trap.alone
        return f"ghost of {chosen}" if away and self.seat.play != ALONE + chosen else chosen

    def time(self, cursor: int) -> int:
        """Return the pane's step at the clock's ``cursor``: at most the episode's last step."""
        return min(cursor, len(self.line))

    def state(self, cursor: int) -> State:
        """Return the pane's state at the clock's ``cursor``."""
        return self.line.states[self.time(cursor)]

    def act(self, cursor: int, action: int) -> None:
        """Take a step by hand from the shown state; it replaces the episode's future.

        Raises:
            ValueError: the episode is over at that step.
        """
        line = self.line.branch(self.time(cursor))
        line.act(Decision(action))
        self.line = line
