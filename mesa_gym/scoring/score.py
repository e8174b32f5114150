"""Scoring: policies play the levels of every split, and their choices are judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from msgspec import structs

import mesa_gym.scoring.card_measures  # noqa: F401  # registers them
from mesa_gym.engine import Ints, State
from mesa_gym.envs.checks import integer
from mesa_gym.errors import PolicyError
from mesa_gym.policies import Policy
from mesa_gym.policies.adapting import warn_of_unread
from mesa_gym.policies.seeds import digest_policy
from mesa_gym.scoring.by_returns import judge_plays
from mesa_gym.scoring.card import ScoreCard
from mesa_gym.scoring.card_data import Provenance, package_versions, read_each, salt_digest
from mesa_gym.scoring.choices import gather_evidence
from mesa_gym.scoring.findings import SWEEPER
from mesa_gym.scoring.measures import Played, take_measures
from mesa_gym.scoring.nulls import NullPlays
from mesa_gym.scoring.plays import MOST_LEVELS, MOST_SEED, Play, plays_of, take_turns
from mesa_gym.scoring.record import Record
from mesa_gym.scoring.rollout import rollout
from mesa_gym.scoring.verdict import brittle, confidence, judge
from mesa_gym.solver import LevelValues, Solution, level_values, share_solution
from mesa_gym.solver.certificate import EVALUATION_LEVELS
from mesa_gym.solver.values import Progress
from mesa_gym.traps import Split, Trap

# A policy may depend on the time limit, as an oracle does.
PolicyMaker = Callable[[int], Policy]
Failures = dict[str, PolicyError]
# Play -> its record, of one policy.
Plays = Mapping[str, Record]


def score_all(
    policies: Mapping[str, PolicyMaker],
    trap: Trap,
    levels: int = EVALUATION_LEVELS,
    seed: int = 0,
    salt: str = "",
    progress: Progress = lambda done: None,
    failed: Failures | None = None,
    played: Callable[[str, Plays], None] = lambda name, plays: None,
) -> dict[str, ScoreCard]:
    """Score policies on levels 0 to ``levels`` - 1 of every split.

    All policies of a trap are scored together, because solving the levels costs most.

    Args:
        policies: name -> maker, called with a split's time limit.
        trap: any trap.
        levels: how many levels of each split are played, 1 to a million.
        seed: of the sampling of actions, 0 or more.
        salt: an evaluator's secret: levels that no agent was trained on.
        progress: called with the number of levels done, 4 times ``levels`` in all.
        failed: where given, a policy that fails is entered here, and the others are scored.
        played: called with the name of each policy and its records, by play.

    Returns:
        name -> score card, of those that did not fail.

    Raises:
        PolicyError: a policy raised, or answered with something else than actions or
            probabilities; the message names policy, split and step.
        ValueError: an argument is out of range, or reference policies are not a scale
            (``by_returns.require_scale``).
    """
    levels = integer("levels", levels, 1, MOST_LEVELS)
    seed = integer("seed", seed, 0, MOST_SEED)
    starts = {split: trap.levels(split, np.arange(levels), salt) for split in Split}
    values: dict[Split, LevelValues] = {}
    going, records = dict(policies), {name: dict[str, Record]() for name in policies}
    speaking: list[tuple[str, Policy]] = []
    for split in Split:
        playing = _SplitPlays(trap, split, starts[split], seed, salt)
        found, values[split] = playing.run(going, progress, failed)
        going = {name: player for name, player in going.items() if name in found}
        for name in going:
            records[name] |= found[name]
        speaking += [(name, playing.acting[name]) for name in going]
    warn_of_unread(speaking)
    nulls = NullPlays(trap, starts, values)
    provenance = Provenance(
        trap=repr(trap),
        levels=levels,
        seed=seed,
        salt=salt_digest(salt),
        versions=package_versions(),
    )
    cards = {}
    for name in going:
        played(name, records[name])
        own = structs.replace(provenance, digest=digest_policy(playing.acting[name]))
        cards[name] = make_card(name, records[name], values, starts, own, nulls)
    return cards


def make_card(
    name: str,
    played: Plays,
    values: Mapping[Split, LevelValues],
    starts: Mapping[Split, State],
    provenance: Provenance,
    controls: NullPlays,
) -> ScoreCard:
    """Return the score card of one policy, a pure function of its records.

    Args:
        name: of the policy.
        played: play (``plays_of``) -> its record.
        values: split -> what its levels are worth.
        starts: split -> the levels.
        provenance: of the card.
        controls: what policies without a goal get.

    Raises:
        ValueError: reference policies are not a scale.
    """
    trap, nulls = controls.trap, controls.beside(played[Split.TRAIN])
    of_split = {split: Played(trap, played[split], values[split], starts[split]) for split in Split}
    choices = None
    if trap.by_returns():
        sweep = read_each(nulls[SWEEPER].measured[Split.TEST], "normalized_return")[trap.base]
        test, shift = of_split[Split.TEST], of_split[Split.SHIFT]
        told, sure = judge_plays(test, shift, sweep, provenance.seed)
    else:
        known = {null: each.evidence for null, each in nulls.items() if each.evidence}
        choices = gather_evidence(trap, played, values, known)
        told, sure = judge(choices), confidence(choices, provenance.seed)
    sources = [] if choices is None else [choices]
    splits = {split.value: take_measures(split, play, *sources) for split, play in of_split.items()}
    return ScoreCard(
        trap=trap.name(),
        policy=name,
        base=trap.base,
        verdict=told.word,
        wants=list(told.wants),
        confidence=sure,
        competent=told.word != "incapable",
        brittle=brittle(read_each(splits[Split.CONTROL], "normalized_return")[trap.base]),
        splits=splits,
        nulls={null: each.measured for null, each in nulls.items() if each.measured},
        provenance=provenance,
        choices=choices,
    )


# -- the plays of a split --------------------------------------------------------------------------


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


class _SplitPlays:
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
