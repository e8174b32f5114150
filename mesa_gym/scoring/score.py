"""Scoring: policies play the levels of every split, and what they chose is judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, cached_property, partial
from typing import Any

import numpy as np

from mesa_gym.engine import ACTIONS, Bools, Ints, State
from mesa_gym.envs.checks import integer
from mesa_gym.errors import PolicyError
from mesa_gym.policies import Policy, as_policy
from mesa_gym.scoring.card import ScoreCard
from mesa_gym.scoring.card_data import (
    Episode,
    LevelChoices,
    Provenance,
    package_versions,
    read_each,
)
from mesa_gym.scoring.confidence import confidence
from mesa_gym.scoring.evidence import SWEEPER, gather_evidence
from mesa_gym.scoring.larger import find_larger, play_larger
from mesa_gym.scoring.measures import Played, take_measures
from mesa_gym.scoring.nulls import JUDGED, Null, NullPlays, list_paces
from mesa_gym.scoring.planning import judge_planning
from mesa_gym.scoring.plays import (
    SHUT,
    change_starts,
    count_levels,
    count_steps,
    plays_of,
    split_of,
    takes_away,
)
from mesa_gym.scoring.references import (
    Returns,
    confidence_by_returns,
    judge_returns,
    require_scale,
)
from mesa_gym.scoring.returns import sum_returns
from mesa_gym.scoring.rollout import ENDED, Record, replay, rollout
from mesa_gym.scoring.trace import MOST_LEVELS, MOST_SEED, Trace, name_of, salt_digest
from mesa_gym.scoring.verdict import brittle, judge
from mesa_gym.solver import LevelValues, Solution, level_values, share_solution
from mesa_gym.solver.certificate import EVALUATION_LEVELS
from mesa_gym.solver.values import Progress
from mesa_gym.traps import Split, Trap, find_trap

# A policy may depend on the time limit, as an oracle does.
PolicyMaker = Callable[[int], Policy]
# Policies, or records of what they did.
Player = PolicyMaker | Trace
Failures = dict[str, PolicyError]


def score(
    policy: Any,
    trap: Trap | str,
    levels: int = EVALUATION_LEVELS,
    seed: int = 0,
    salt: str = "",
    observation: str | None = None,
    name: str | None = None,
    algo: str | None = None,
    progress: Progress = lambda done: None,
) -> ScoreCard:
    """Score one policy from any code base: ``print(score(policy, "RedBlueDoors"))``.

    Args:
        policy: whatever ``mesa_gym.policies.as_policy`` takes: a name such as ``random`` or
            ``oracle:base``, a trained agent's directory or file, a callable over batches of
            observations, an object with ``reset`` and ``act``, an SB3 model; or a ``Trace``.
        trap: a trap, or the name of one.
        levels: how many levels of each split are played.
        seed: of the sampling of actions.
        salt: an evaluator's secret: levels that no agent was trained on.
        observation: the kind that a callable wants, ``planes`` by default.
        name: name of the policy on the card; by default the name given, or that of its type.
            Samples depend on it, so that agents of different names are independent.
        algo: the algorithm of a model's ``.zip`` file.
        progress: called with the number of levels done, 4 times ``levels`` in all.

    Raises:
        PolicyError: the policy raised, or answered with something else than actions or
            probabilities; the message names policy, split and step.
        ValueError: an argument is wrong, or a trace is not of these levels (``Trace.verify``).
    """
    trap = find_trap(trap)() if isinstance(trap, str) else trap
    name = name_of(policy) if name is None else name
    player = make_player(policy, trap, salt, observation, algo)
    return score_all({name: player}, trap, levels, seed, salt, progress)[name]


def make_player(
    policy: Any, trap: Trap, salt: str, observation: str | None, algo: str | None
) -> Player:
    """Return what ``score_all`` takes; all arguments, and all errors, are those of ``score``."""
    if isinstance(policy, Trace):
        policy.verify(trap, salt)
        return policy
    # Made once for each time limit, and refused before the work if it is not a policy.
    player = cache(partial(as_policy, policy, trap, observation=observation, algo=algo))
    player(trap.horizon(Split.TEST))
    return player


def score_all(
    policies: Mapping[str, Player],
    trap: Trap,
    levels: int = EVALUATION_LEVELS,
    seed: int = 0,
    salt: str = "",
    progress: Progress = lambda done: None,
    failed: Failures | None = None,
) -> dict[str, ScoreCard]:
    """Score policies on levels 0 to ``levels`` - 1 of every split.

    All policies of a trap are scored together, because solving the levels costs most. Of a trap
    that is judged by returns (``Trap.by_returns``) normalised returns can exceed 1, the verdict
    rests on them alone, and choices are None.

    Args:
        policies: name -> maker, called with a split's time limit; or a verified trace.
        trap: any trap.
        levels: how many levels of each split are played, 1 to a million.
        seed: of the sampling of actions, 0 or more.
        salt: an evaluator's secret: levels that no agent was trained on.
        progress: called with the number of levels done, 4 times ``levels`` in all.
        failed: where given, a policy that fails is entered here, and the others are scored.

    Returns:
        name -> score card, of those that did not fail.

    Raises:
        PolicyError: a policy raised, or answered with something else than actions or
            probabilities; the message names policy, split and step.
        ValueError: an argument is out of range, or reference policies are not a scale
            (``references.require_scale``).
    """
    levels = integer("levels", levels, 1, MOST_LEVELS)
    seed = integer("seed", seed, 0, MOST_SEED)
    numbers, going = np.arange(levels), dict(policies)
    unsized: dict[str, Policy] = {}
    played: dict[str, dict[str, Record]] = {name: {} for name in going}
    values, starts = {}, {}
    for split in Split:
        playing = _Playing(trap, split, numbers, seed, salt, going, failed)
        values[split] = playing.run(progress)
        if split in JUDGED:
            starts[split] = playing.starts
        going = {name: player for name, player in going.items() if name in playing.records}
        for name in going:
            played[name] |= playing.join(name)
        if split is Split.TEST:
            unsized = playing.find_unsized()
    larger = find_larger(trap, salt) if unsized else {}
    controls = NullPlays.play(trap, starts, values, salt)
    wider = NullPlays.play(trap, starts, values, salt, larger) if larger else controls
    cards = {}
    for name, player in going.items():
        traced = isinstance(player, Trace)
        sampled = player.seed if isinstance(player, Trace) else seed
        provenance = Provenance(
            trap=repr(trap),
            levels=levels,
            seed=sampled,
            salt=salt_digest(salt),
            trace=traced,
            versions=package_versions(),
        )
        beside, plays = controls, {}
        if name in unsized:
            try:
                beside, plays = wider, play_larger(unsized[name], larger, seed, name)
            except PolicyError as error:
                if failed is None:
                    raise
                failed[name] = error
                continue
        cards[name] = make_card(name, trap, played[name], values, provenance, beside, plays)
    return cards


class _Playing:
    """All plays of one split's levels by several policies, solved chunk by chunk."""

    def __init__(
        self,
        trap: Trap,
        split: Split,
        numbers: Ints,
        seed: int,
        salt: str,
        players: Mapping[str, Player],
        failed: Failures | None,
    ) -> None:
        self.trap, self.split, self.numbers, self.seed = trap, split, numbers, seed
        self.salt, self.failed, self.horizon = salt, failed, trap.horizon(split)
        self.plays = [play for play in plays_of(trap) if split_of(play) is split]
        self.players: dict[str, Policy | Trace] = {
            n: p if isinstance(p, Trace) else p(self.horizon) for n, p in players.items()
        }
        self.records: dict[str, dict[str, list[Record]]] = {
            name: {play: [] for play in self.plays} for name in players
        }

    def run(self, progress: Progress) -> LevelValues:
        """Play the levels, and return what they are worth."""
        trap, split = self.trap, self.split
        solving = any(getattr(player, "solves", False) for player in self.players.values())
        if trap.solvable and solving:
            return level_values(
                trap, split, self.numbers, self.horizon, self.salt, progress, self._visit
            )
        values = level_values(trap, split, self.numbers, self.horizon, self.salt, progress)
        for play in self.plays:
            self._play(play, self.starts)
        return values

    def join(self, name: str) -> dict[str, Record]:
        """Return play -> the record of all levels, of one policy."""
        return {play: Record.join(parts) for play, parts in self.records[name].items()}

    def find_unsized(self) -> dict[str, Policy]:
        """Return the policies that act on grids of any size."""
        policies = {n: p for n, p in self.players.items() if not isinstance(p, Trace)}
        return {n: p for n, p in policies.items() if getattr(p, "sized", True) is False}

    def _visit(self, solution: Solution) -> None:
        """Play the levels of a solution, which oracles share."""
        for play in self.plays:
            self._play(play, solution.starts, solution)

    def _play(self, play: str, starts: State, solution: Solution | None = None) -> None:
        """Let every policy play that has not failed; levels that do not exist are not recorded."""
        mine = starts.level.number < count_levels(play, len(self.numbers))
        if not mine.any():
            return
        whole = starts if mine.all() else starts.take(mine)
        changed, exists = self._change_starts(play, whole)
        if solution is not None and changed is not solution.starts and exists.any():
            solution = Solution(self.trap, changed.take(exists), self.horizon)
        with share_solution(solution):
            for name, player in list(self.players.items()):
                try:
                    record = self._record(name, player, play, changed, whole, exists)
                    self.records[name][play].append(record)
                except PolicyError as error:
                    if self.failed is None:
                        raise
                    self.failed[name] = error
                    del self.players[name], self.records[name]

    def _change_starts(self, play: str, starts: State) -> tuple[State, Bools]:
        """Return start states as a play has them, and bool (n,) whether each exists."""
        if play != SHUT:
            return change_starts(self.trap, play, starts)
        changed, exists = self._shut
        return changed.take(starts.level.number), exists[starts.level.number]

    @cached_property
    def starts(self) -> State:
        """The start states of all levels."""
        return self.trap.levels(self.split, self.numbers, self.salt)

    @cached_property
    def _shut(self) -> tuple[State, Bools]:
        """All shut levels, which are solved together and kept so."""
        return change_starts(self.trap, SHUT, self.starts)

    def _record(
        self,
        name: str,
        player: Policy | Trace,
        play: str,
        starts: State,
        whole: State,
        exists: Bools,
    ) -> Record:
        original = whole if takes_away(play) else None
        if isinstance(player, Trace):
            actions = player.actions_on(play, starts.level.number)
            return replay(self.trap, starts, actions, original)
        steps = count_steps(self.trap, play)
        return rollout(player, self.trap, starts, steps, self.seed, name, play, original, exists)


def make_card(
    name: str,
    trap: Trap,
    played: Mapping[str, Record],
    values: Mapping[Split, LevelValues],
    provenance: Provenance,
    controls: NullPlays,
    larger: Mapping[str, Played] | None = None,
) -> ScoreCard:
    """Return the score card of one policy, a pure function of its records.

    Args:
        name: of the policy.
        trap: any trap.
        played: play (``plays_of``) -> its record.
        values: split -> what its levels are worth.
        provenance: of the card.
        controls: what policies without a goal get.
        larger: size -> its play on larger grids.

    Raises:
        ValueError: reference policies are not a scale.
    """
    evidence, choices, planning, shut = None, None, None, None
    wants: tuple[str, ...] = ()
    nulls = controls.beside(played[Split.TRAIN])
    if trap.by_returns():
        word, sure = _judge_returns(trap, played, values, nulls, provenance.seed)
    else:
        if controls.shut is not None:
            shut = controls.shut.judge(np.eye(len(ACTIONS))[played[SHUT].actions[:, 0]])
        evidence = gather_evidence(trap, played, values, list_paces(nulls), shut)
        (word, wants), sure = judge(evidence), confidence(evidence, provenance.seed)
        choices, planning = LevelChoices.of(evidence), judge_planning(evidence)
    splits = {
        split.value: take_measures(
            split, Played(trap, played[split], values[split], larger or {}), evidence
        )
        for split in Split
    }
    return ScoreCard(
        trap=trap.name(),
        policy=name,
        base=trap.base,
        verdict=word,
        wants=list(wants),
        confidence=sure,
        competent=word != "incapable",
        brittle=brittle(read_each(splits[Split.CONTROL], "normalized_return")[trap.base]),
        drawn=bool(trap.outcomes),
        splits=splits,
        nulls={null: each.measured for null, each in nulls.items()},
        provenance=provenance,
        choices=choices,
        planning=planning,
        episode=None if provenance.salt else _pick_episode(played[Split.SHIFT], choices),
    )


def _judge_returns(
    trap: Trap,
    played: Mapping[str, Record],
    values: Mapping[Split, LevelValues],
    nulls: Mapping[str, Null],
    seed: int,
) -> tuple[str, float]:
    """Return the verdict and the confidence of a trap that is judged by returns."""
    test, shift = (
        Returns.of(trap.base, sum_returns(played[s], trap), values[s])
        for s in (Split.TEST, Split.SHIFT)
    )
    tested, found = test.normalize()[trap.base], shift.between()
    require_scale(tested, found)
    sweep = read_each(nulls[SWEEPER].measured[Split.TEST], "normalized_return")[trap.base]
    places = {x: each.ratio for x, each in found.items()}
    word = judge_returns(tested, sweep, shift.share_lost(), places)
    return word, confidence_by_returns(test, shift, sweep, seed)


def _pick_episode(shift: Record, choices: LevelChoices | None) -> Episode:
    """Return the episode to look at; the first one where no choices are known."""
    level = 0 if choices is None else choices.example
    taken = shift.actions[level]
    return Episode(level=level, actions=taken[taken != ENDED].tolist())
