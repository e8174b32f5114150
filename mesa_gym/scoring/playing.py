"""Playing: agents, and baselines without a goal, play the levels of a trap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial
from typing import NamedTuple

import numpy as np

from mesa_gym.engine import ACTIONS, Ints, State
from mesa_gym.errors import PolicyError
from mesa_gym.phases import Phases
from mesa_gym.policies import Constant, Oracle, Policy, Sweeper
from mesa_gym.policies.habits import HABITS, make_habit, needs_habits
from mesa_gym.policies.scripted import list_avoidable
from mesa_gym.scoring.evidence import BLIND, OFF
from mesa_gym.scoring.nulls import NULLS
from mesa_gym.scoring.plays import FEW_LEVELS, JUDGED, Play, play_changed, plays_of, take_turns
from mesa_gym.scoring.record import ENDED, Record
from mesa_gym.solver import LevelValues, Solution, level_values, share_solution, solutions
from mesa_gym.solver.cache import name_shelf
from mesa_gym.solver.store import LevelActions
from mesa_gym.solver.values import Progress
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.judged_by import AGAIN, BARE

Failures = dict[str, PolicyError]
# The CPU seconds that this process spent in each phase.
SPENT = Phases("import", "levels", "solve", "play", "nulls", "judge")
# The numbers of some levels, and their record.
_Part = tuple[Ints, Record]


@dataclass(eq=False)
class LevelPlayer:
    """An agent, or a baseline without a goal, that plays the levels of a trap.

    Attributes:
        name: its name on cards and in messages.
        make: returns its policy for a time limit, because an oracle depends on the limit.
        seed: the seed for sampling actions.
        null: whether it is a baseline. Baselines play only the first levels, and only the plays by
            which agents are judged, without ``again``.
        policies: split -> its policy.
        records: play -> its record; empty before it has played.
        error: the error that ended its plays.
    """

    name: str
    make: Callable[[int], Policy]
    seed: int = 0
    null: bool = False
    policies: dict[Split, Policy] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    error: PolicyError | None = None

    def count_levels(self, play: Play) -> int:
        """Return how many levels of a play it plays, beginning with the first."""
        if self.null:
            return FEW_LEVELS if play.split in JUDGED and play.name != AGAIN else 0
        return play.most


def list_nulls(trap: Trap) -> list[LevelPlayer]:
    """Return the baselines of all agents; an agent's blind script is ``make_blind``."""
    makers: dict[str, Callable[[], Policy]] = {
        x: partial(null.make, trap) for x, null in NULLS.items() if null.make
    }
    # If all targets can be removed, comparisons with ghosts are more informative.
    if BARE not in (paced := trap.judging.paced(trap)) and paced:
        makers |= {OFF + kind: partial(Sweeper, trap, kind) for kind in list_avoidable(trap)}
    if needs_habits(trap):
        makers |= {name: partial(make_habit, trap, name) for name in HABITS}
    return [_make_null(name, make) for name, make in makers.items()]


def make_blind(training: Record) -> LevelPlayer:
    """Return the blind script of an agent; ``training`` is the agent's record of ``train``.

    The script ignores observations and takes each action as often as the agent did in training.
    """
    done = training.actions[training.actions != ENDED]
    often = np.bincount(done, minlength=len(ACTIONS)) / len(done)
    return _make_null(BLIND, partial(Constant, often.tolist()))


def _make_null(name: str, make: Callable[[], Policy]) -> LevelPlayer:
    make_once = cache(make)
    return LevelPlayer(name, lambda horizon: make_once(), null=True)


def play_all(
    players: Sequence[LevelPlayer],
    trap: Trap,
    starts: Mapping[Split, State],
    salt: str = "",
    progress: Progress = lambda done: None,
    failed: Failures | None = None,
    values: Mapping[Split, LevelValues] | None = None,
) -> dict[Split, LevelValues]:
    """Let players play all their plays of some levels, and return the levels' values.

    Args:
        players: the players, which receive their records.
        trap: the trap.
        starts: split -> the start states of its levels.
        salt: the salt of these levels.
        progress: called with the number of levels done since the last call.
        failed: if given, errors of players that fail are stored here, and the others play on.
        values: the levels' values, if they are known.

    Raises:
        PolicyError: a player failed, and ``failed`` is None.
    """
    values_by_split = dict(values or {})
    for split, of_split in starts.items():
        playing = [player for player in players if player.error is None]
        levels = SplitLevels(trap, split, of_split, salt, failed)
        values_by_split[split] = levels.play(playing, progress, values_by_split.get(split))
    return values_by_split


class _Stage(NamedTuple):
    """The levels of one play, with the solution for policies that need one."""

    play: Play
    starts: State  # the split's start states, before the play changes them
    solution: Solution | None = None  # the solution of the play's changed levels


class SplitLevels:
    """The levels of one split, on which players play the split's plays.

    The actions of oracles are cached on disk. Without a cache, the levels are solved in chunks. An
    oracle plays them afterwards, from a table of its actions; if the table is full, or for other
    policies that need solutions, each chunk is played at once.
    """

    def __init__(
        self, trap: Trap, split: Split, starts: State, salt: str, failed: Failures | None
    ) -> None:
        self.trap, self.split, self.starts, self.salt = trap, split, starts, salt
        self.failed = failed
        self.horizon = trap.horizon(split)
        self.plays = [play for play in plays_of(trap).values() if play.split is split]
        self._actions: dict[LevelPlayer, LevelActions] = {}  # of oracles
        self._parts = defaultdict[tuple[LevelPlayer, str], list[_Part]](list)

    def play(
        self, players: Sequence[LevelPlayer], progress: Progress, values: LevelValues | None
    ) -> LevelValues:
        """Let players play, and return the values of the levels, which are ``values`` if known."""
        self._make_policies(players)
        solving: list[LevelPlayer] = []
        if values is None:
            with SPENT.spend("solve"):
                self._open_actions(players)
                for actions in self._actions.values():
                    actions.read()
                solving = [player for player in players if self._needs_solution(player)]
                visit = partial(self._visit, solving) if solving else None
                levels = self.starts.level.number, self.horizon, self.salt
                values = level_values(
                    self.trap, self.split, *levels, progress, visit, starts=self.starts
                )
                for player in solving:
                    if player.error is None and player in self._actions:
                        self._actions[player].write()
        self._visit(
            [player for player in players if player not in solving or player in self._actions]
        )
        for player in [x for x in players if x.error is None]:
            for play in [x.name for x in self.plays if (player, x.name) in self._parts]:
                player.records[play] = _join_parts(self._parts[player, play])
        return values

    def _visit(self, players: Sequence[LevelPlayer], solution: Solution | None = None) -> None:
        """Let players play all levels, or the levels of a solution."""
        set_stage = cache(partial(self._set_stage, solution))  # players share their stages
        for player in [x for x in players if x.error is None]:
            stages = [set_stage(play, player.count_levels(play)) for play in self.plays]
            try:
                with SPENT.spend("nulls" if player.null else "play"):
                    let_play = self._play_by_table if player in self._actions else self._ask
                    let_play(player, [stage for stage in stages if stage])
            except PolicyError as error:
                if self.failed is None:
                    raise
                self.failed[player.name] = player.error = error

    def _set_stage(self, solution: Solution | None, play: Play, count: int) -> _Stage | None:
        """Return the stage of a play's first levels, which a solution can limit; None without any.

        The levels of a log need not begin with number 0.
        """
        starts = self.starts.take(slice(count))
        if solution is not None:
            in_play = np.isin(solution.starts.level.number, starts.level.number)
            starts = solution.starts if in_play.all() else solution.starts.take(in_play)
        if not starts.n:
            return None
        if solution is not None and (changed := play.change(starts)) is not solution.starts:
            with SPENT.spend("solve"):
                solution = Solution(self.trap, changed, self.horizon)
        return _Stage(play, starts, solution)

    def _ask(self, player: LevelPlayer, stages: Sequence[_Stage]) -> None:
        """Let a player play, asked at each step: with a memory, parts of plays in turns."""
        policy = player.policies[self.split]
        # A baseline remembers nothing of an earlier play.
        if player.null or getattr(policy, "memory", True) is False:
            for stage in stages:
                self._record(player, stage, np.arange(stage.starts.n))
            return
        on = {stage.play.name: stage for stage in stages}
        for play, rows in take_turns({play: x.starts.level.key for play, x in on.items()}):
            self._record(player, on[play], rows)

    def _play_by_table(self, player: LevelPlayer, stages: Sequence[_Stage]) -> None:
        """Let an oracle play from its tables; a solution is first put into them.

        Levels of a solution for which a table has no room are played at once.
        """
        policy, tables = player.policies[self.split], self._actions[player].tables
        assert isinstance(policy, Oracle)
        for stage in stages:
            play, starts, solution = stage
            rows, table = np.arange(starts.n), tables[play.name]
            if solution is None:
                policy.forget()
                policy.take_over(table)
                parts = self._parts[player, play.name]  # played before: the table was full
                played = [number for numbers, _ in parts for number in numbers.tolist()]
                rows = rows[~np.isin(starts.level.number, played)]
            else:
                with SPENT.spend("solve"):
                    if table.add(solution, policy.sets(solution)):
                        continue
            if rows.size:
                self._record(player, stage, rows)

    def _record(self, player: LevelPlayer, stage: _Stage, rows: Ints) -> None:
        """Let a player play rows of a stage's levels, and keep the record."""
        play, starts, solution = stage
        policy = player.policies[self.split]
        starts = starts if len(rows) == starts.n else starts.take(rows)
        with share_solution(solution):
            record = play_changed(play, policy, starts, player.seed, player.name)
        self._parts[player, play.name].append((starts.level.number, record))

    def solve_actions(self, players: Sequence[LevelPlayer]) -> list[LevelActions]:
        """Return the actions of some oracles, solved now and not stored."""
        self._make_policies(players)
        self._open_actions(players)
        for _, solution in solutions(self.trap, self.starts, self.horizon):
            self._visit(players, solution)
        return [self._actions[player] for player in players]

    def _make_policies(self, players: Sequence[LevelPlayer]) -> None:
        for player in players:
            player.policies[self.split] = player.make(self.horizon)

    def _open_actions(self, players: Sequence[LevelPlayer]) -> None:
        """Make empty tables for the actions of oracles that can be stored."""
        for player in players:
            policy = player.policies[self.split]
            if not isinstance(policy, Oracle) or not policy.goal:
                continue
            if not policy.fits(self.trap, self.horizon):
                continue
            shelf = name_actions(policy, self.split, self.starts.level.number, self.salt)
            starts = {x.name: x.change(self.starts.take(slice(x.most))) for x in self.plays}
            with suppress(ValueError):  # too many levels to number together
                self._actions[player] = LevelActions(shelf, starts, self.trap, self.horizon)

    def _needs_solution(self, player: LevelPlayer) -> bool:
        """Return whether a player acts by a solution of the levels."""
        if player in self._actions:
            return not self._actions[player].stored
        return bool(getattr(player.policies[self.split], "solves", False))


def name_actions(policy: Oracle, split: Split, numbers: Ints, salt: str) -> str:
    """Return the name of the shelf of an oracle's actions on a split's levels."""
    content = policy.goal, numbers.tolist()
    return name_shelf(policy.trap, split, policy.horizon, salt, content, type(policy))


def _join_parts(parts: Sequence[_Part]) -> Record:
    """Return one record of the parts of a play, with its levels in ascending order."""
    numbers = np.concatenate([levels for levels, _ in parts])
    records = [record for _, record in parts]
    joined = records[0] if len(records) == 1 else Record.join(records)
    return joined if (numbers[1:] > numbers[:-1]).all() else joined.take(numbers.argsort())
