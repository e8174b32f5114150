"""Playing: runs policies through all plays of a split."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from mesa_gym.engine import Ints, State
from mesa_gym.errors import PolicyError
from mesa_gym.phases import Phases
from mesa_gym.policies import Oracle, Policy
from mesa_gym.scoring.plays import Play, play_changed, plays_of, take_turns
from mesa_gym.scoring.record import Record
from mesa_gym.solver import LevelValues, Solution, level_values, share_solution
from mesa_gym.solver.actions import ActionTable, KeptActions
from mesa_gym.solver.cache import cache_file
from mesa_gym.solver.values import Progress
from mesa_gym.traps import Split, Trap

# Makes a policy for a time limit; an oracle depends on the time limit.
PolicyMaker = Callable[[int], Policy]
Failures = dict[str, PolicyError]
# The CPU seconds that this process spent in each phase.
SPENT = Phases("import", "levels", "solve", "play", "nulls", "judge")
# The numbers of some levels, and their record.
_Part = tuple[Ints, Record]


class _Stage(NamedTuple):
    """The levels of one play, with the solution for policies that need one."""

    play: Play
    starts: State  # the split's start states, before the play changes them
    solution: Solution | None = None  # the solution of the play's changed levels


class SplitPlayer:
    """Runs policies through all plays of one split's levels.

    The actions of oracles are cached on disk. Without a cache, the levels are solved in chunks, and
    each chunk is played at once; the oracles share its solution.
    """

    def __init__(self, trap: Trap, split: Split, starts: State, seed: int, salt: str) -> None:
        self.trap, self.split, self.starts, self.seed, self.salt = trap, split, starts, seed, salt
        self.horizon = trap.horizon(split)
        self.plays = [play for play in plays_of(trap).values() if play.split is split]
        self.acting: dict[str, Policy] = {}
        self._kept: dict[str, KeptActions] = {}  # oracle -> its cached actions

    def run(
        self, makers: Mapping[str, PolicyMaker], progress: Progress, failed: Failures | None
    ) -> tuple[dict[str, dict[str, Record]], LevelValues]:
        """Return name -> play -> record for policies that did not fail, and the levels' values."""
        acting = self.acting = {name: make(self.horizon) for name, make in makers.items()}
        parts: dict[str, dict[str, list[_Part]]] = {
            name: {play.name: [] for play in self.plays} for name in makers
        }

        @SPENT.spend("play")
        def visit(names: Iterable[str], solution: Solution | None = None) -> None:
            stages = [x for play in self.plays if (x := self._set_stage(play, solution))]
            for name in [x for x in names if x in acting]:
                try:
                    self._let_play(name, acting[name], stages, parts[name])
                except PolicyError as error:
                    if failed is None:
                        raise
                    failed[name] = error
                    del acting[name]

        levels = self.starts.level.number, self.horizon, self.salt
        with SPENT.spend("solve"):
            solving = [
                name
                for name, policy in acting.items()
                if getattr(policy, "solves", False) and not self._read_actions(name, policy)
            ]
            visit_solving = partial(visit, solving) if solving else None
            values = level_values(
                self.trap, self.split, *levels, progress, visit_solving, starts=self.starts
            )
            for name in {*solving} & acting.keys() & self._kept.keys():
                self._kept[name].write()
        visit([name for name in acting if name not in solving])
        joined = {
            name: {play: _join_parts(rounds) for play, rounds in parts[name].items()}
            for name in acting
        }
        return joined, values

    def _set_stage(self, play: Play, solution: Solution | None) -> _Stage | None:
        """Return a play's stage, with all levels or a solution's levels; None without levels."""
        starts = self.starts if solution is None else solution.starts
        in_play = starts.level.number < play.most
        if not in_play.any():
            return None
        starts = starts if in_play.all() else starts.take(in_play)
        changed = play.change(starts)
        if solution is not None and changed is not solution.starts:
            with SPENT.spend("solve"):
                solution = Solution(self.trap, changed, self.horizon)
        return _Stage(play, starts, solution)

    def _let_play(
        self, name: str, policy: Policy, stages: Sequence[_Stage], parts: Mapping[str, list[_Part]]
    ) -> None:
        """Let a policy play: one play after another; with a memory, parts of plays in turns."""
        on = {stage.play.name: stage for stage in stages}
        if getattr(policy, "memory", True) is not False:
            turns = take_turns({play: stage.starts.level.key for play, stage in on.items()})
        else:
            turns = ((play, np.arange(stage.starts.n)) for play, stage in on.items())
        for play_name, rows in turns:
            play, starts, solution = on[play_name]
            part_starts = starts if len(rows) == starts.n else starts.take(rows)
            if isinstance(policy, Oracle) and name in self._kept:
                table = self._kept[name].tables[play_name]
                if solution is None:
                    policy.forget()
                    policy.take_over(table)
                else:
                    with SPENT.spend("solve"):
                        table.add(solution, policy.sets(solution))
            with share_solution(solution):
                done = play_changed(play, policy, part_starts, self.seed, name)
            parts[play_name].append((part_starts.level.number, done))

    def _read_actions(self, name: str, policy: Policy) -> bool:
        """Make tables for an oracle's actions, and return whether they are cached on disk."""
        if not (
            isinstance(policy, Oracle) and policy.goal and policy.fits(self.trap, self.horizon)
        ):
            return False
        numbers, tables = self.starts.level.number, dict[str, ActionTable]()
        try:
            for play in self.plays:
                starts = self.starts.take(numbers < play.most)
                tables[play.name] = ActionTable(self.trap, play.change(starts), self.horizon)
        except ValueError:  # too many levels to number together
            return False
        arguments = self.trap, self.split, numbers, self.horizon, self.salt
        path = cache_file(*arguments, policy.goal, type(policy).__mro__[:-1])
        self._kept[name] = KeptActions(path, tables)
        return self._kept[name].read()


def _join_parts(parts: Sequence[_Part]) -> Record:
    """Return one record of the parts of a play, with its levels in ascending order."""
    numbers = np.concatenate([levels for levels, _ in parts])
    joined = Record.join([record for _, record in parts])
    return joined if (numbers[1:] > numbers[:-1]).all() else joined.take(numbers.argsort())
