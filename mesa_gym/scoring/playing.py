"""Playing: policies are put through all plays of a split, and those without a goal beside them.

Policies without a goal are *nulls*: their measures on the same levels are shown beside the agent's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from mesa_gym.engine import ACTIONS, Ints, State
from mesa_gym.errors import PolicyError
from mesa_gym.policies import Constant, Policy, Sweeper, uniform
from mesa_gym.policies.sweeper import list_avoidable
from mesa_gym.scoring.choices import gather_evidence, list_paced
from mesa_gym.scoring.evidence import Evidence
from mesa_gym.scoring.findings import DRIFT, NULLS, OFF, RANDOM, SWEEPER, view_null
from mesa_gym.scoring.measures import Value, take_measures
from mesa_gym.scoring.plays import AGAIN, BARE, FEW_LEVELS, JUDGED, Play, plays_of, take_turns
from mesa_gym.scoring.record import ENDED, Played, Record, rollout
from mesa_gym.solver import LevelValues, Solution, level_values, share_solution
from mesa_gym.solver.values import Progress
from mesa_gym.traps import Split, Trap

# A policy may depend on the time limit, as an oracle does.
PolicyMaker = Callable[[int], Policy]
Failures = dict[str, PolicyError]
# Numbers of levels, and what was done on them.
_Part = tuple[Ints, Record]


class _Stage(NamedTuple):
    """The states and the solution that one play of some levels needs, for all policies.

    Attributes:
        play: which one it is.
        whole: start states, unchanged.
        changed: the start states as the play changes them.
        solution: the exact solution from ``changed``, if a policy needs one.
    """

    play: Play
    whole: State
    changed: State
    solution: Solution | None


class SplitPlays:
    """All plays of one split's levels by several policies, solved chunk by chunk."""

    def __init__(self, trap: Trap, split: Split, starts: State, seed: int, salt: str) -> None:
        self.trap, self.split, self.starts, self.seed, self.salt = trap, split, starts, seed, salt
        self.horizon = trap.horizon(split)
        self.plays = [play for play in plays_of(trap).values() if play.split is split]
        self.acting: dict[str, Policy] = {}

    def run(
        self, players: Mapping[str, PolicyMaker], progress: Progress, failed: Failures | None
    ) -> tuple[dict[str, dict[str, Record]], LevelValues]:
        """Return name -> play -> record, without policies that failed, and the levels' values."""
        acting = self.acting = {name: make(self.horizon) for name, make in players.items()}
        parts: dict[str, dict[str, list[_Part]]] = {
            name: {play.name: [] for play in self.plays} for name in players
        }

        def visit(starts: State, solution: Solution | None) -> None:
            stages = [self._set_stage(play, starts, solution) for play in self.plays]
            for name, policy in [*acting.items()]:
                try:
                    self._perform(name, policy, [each for each in stages if each], parts[name])
                except PolicyError as error:
                    if failed is None:
                        raise
                    failed[name] = error
                    del acting[name]

        asked = self.trap, self.split, self.starts.level.number, self.horizon, self.salt, progress
        if self.trap.solvable and any(getattr(p, "solves", False) for p in acting.values()):
            # Oracles share the solutions of the levels.
            values = level_values(*asked, lambda solution: visit(solution.starts, solution))
        else:
            values = level_values(*asked)
            visit(self.starts, None)
        joined = {
            name: {play: _join_parts(each) for play, each in parts[name].items()} for name in acting
        }
        return joined, values

    def _set_stage(self, play: Play, starts: State, solution: Solution | None) -> _Stage | None:
        """Return a play's start states and their solution; None where the play has no levels."""
        mine = starts.level.number < play.count_levels(self.starts.n)
        if not mine.any():
            return None
        whole = starts if mine.all() else starts.take(mine)
        changed = play.change(whole)
        if solution is not None and changed is not solution.starts:
            solution = Solution(self.trap, changed, self.horizon)
        return _Stage(play, whole, changed, solution)

    def _perform(
        self, name: str, policy: Policy, stages: Sequence[_Stage], parts: Mapping[str, list[_Part]]
    ) -> None:
        """Let a policy play: play after play, or parts of plays in turns if it has a memory."""
        on = {stage.play.name: stage for stage in stages}
        turns: Iterable[tuple[str, Ints]] = [
            (play, np.arange(stage.whole.n)) for play, stage in on.items()
        ]
        if getattr(policy, "memory", True) is not False:
            turns = take_turns({play: stage.whole.level.key for play, stage in on.items()})
        for called, rows in turns:
            stage = on[called]
            play, begun = stage.play, stage.changed.take(rows)
            whole = stage.whole.take(rows) if play.takes_away else None
            with share_solution(stage.solution):
                done = rollout(policy, self.trap, begun, play.steps, self.seed, name, called, whole)
            parts[called].append((begun.level.number, done))


def _join_parts(parts: Sequence[_Part]) -> Record:
    """Return the parts of one play joined into a record, levels in ascending order."""
    numbers = np.concatenate([each for each, _ in parts])
    whole = Record.join([record for _, record in parts])
    return whole if (numbers[1:] > numbers[:-1]).all() else whole.take(numbers.argsort())


# -- nulls -----------------------------------------------------------------------------------------


class Null(NamedTuple):
    """A policy without a goal on the first levels of a trap.

    Attributes:
        measured: split -> measures, of ``test`` and ``shift``; {} of one that is not shown.
        evidence: as of any policy; None on a trap that is judged by returns.
    """

    measured: dict[str, dict[str, Value]]
    evidence: Evidence | None


class NullPlays:
    """The nulls that are the same for all policies scored on some levels.

    Args:
        trap: the rules.
        starts: split -> the levels, at least of ``test`` and ``shift``.
        values: split -> what they are worth.

    Attributes:
        nulls: name -> its measures.
    """

    def __init__(
        self, trap: Trap, starts: Mapping[Split, State], values: Mapping[Split, LevelValues]
    ) -> None:
        self.trap = trap
        self.few = {split: starts[split].take(slice(FEW_LEVELS)) for split in JUDGED}
        self.values = {split: values[split].take(slice(FEW_LEVELS)) for split in JUDGED}
        policies: dict[str, Policy] = {SWEEPER: Sweeper(trap), RANDOM: uniform()}
        # Where everything can be taken away, its ghosts tell more.
        if not trap.by_returns() and BARE not in list_paced(trap):
            policies |= {OFF + kind: Sweeper(trap, kind) for kind in list_avoidable(trap)}
        played = {name: self._play(policy) for name, policy in policies.items()}
        self.nulls = self._measure(played, {})

    def beside(self, training: Record) -> dict[str, Null]:
        """Return all nulls of a policy, its drift included; ``training`` is its play of ``train``.

        Its drift sees nothing, and takes each action as often as the policy does in training.
        """
        done = training.actions[training.actions != ENDED]
        often = np.bincount(done, minlength=len(ACTIONS)) / len(done)
        return self.nulls | self._measure({DRIFT: self._play(Constant(often.tolist()))}, self.nulls)

    def _measure(
        self,
        played: Mapping[str, Mapping[str, Record]],
        others: Mapping[str, Null],
    ) -> dict[str, Null]:
        """Return name -> the null with its measures; ``others`` are nulls measured before."""
        if self.trap.by_returns():
            return {name: Null(self._take(played[name]), None) for name in played}
        found = {
            n: gather_evidence(self.trap, records, self.values) for n, records in played.items()
        }
        known = {name: null.evidence for name, null in others.items() if null.evidence}
        whole = msgspec.structs.replace(next(iter(found.values())), nulls={**known, **found})
        return {
            name: Null(
                self._take(played[name], view_null(whole, name)) if name in NULLS else {},
                evidence,
            )
            for name, evidence in found.items()
        }

    def _play(self, policy: Policy) -> dict[str, Record]:
        found = {}
        for name, play in plays_of(self.trap).items():
            if play.split in JUDGED and name != AGAIN:
                few = self.few[play.split]
                whole = few if play.takes_away else None
                changed = play.change(few)
                found[name] = rollout(
                    policy, self.trap, changed, play.steps, play=name, whole=whole
                )
        return found

    def _take(
        self, played: Mapping[str, Record], *evidence: Evidence
    ) -> dict[str, dict[str, Value]]:
        """Return split -> measures of one null."""
        found = {}
        for split in JUDGED:
            play = Played(self.trap, played[split], self.values[split], self.few[split])
            found[split.value] = take_measures(split, play, *evidence)
        return found
