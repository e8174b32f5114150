"""Scoring: policies play the levels of every split, and what they chose is judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from msgspec.structs import replace

from mesa_gym.engine import Bools, Ints, State
from mesa_gym.envs.checks import integer
from mesa_gym.errors import PolicyError
from mesa_gym.policies import Policy, as_policy, uniform
from mesa_gym.scoring.card import ScoreCard
from mesa_gym.scoring.card_data import (
    Episode,
    LevelChoices,
    Provenance,
    Regret,
    Splits,
    SplitScore,
    choice_shares,
    package_versions,
    twins_of,
)
from mesa_gym.scoring.choice import NO_TWIN, choices
from mesa_gym.scoring.confidence import confidence
from mesa_gym.scoring.references import (
    Returns,
    confidence_by_returns,
    require_scale,
    verdict_by_returns,
)
from mesa_gym.scoring.returns import SOLVED, level_scores, normalized_returns, regrets, sum_returns
from mesa_gym.scoring.rollout import (
    AGAIN,
    ENDED,
    PLAYS,
    TWINS,
    Floats,
    Record,
    plays_of,
    replay,
    rollout,
)
from mesa_gym.scoring.trace import MOST_LEVELS, MOST_SEED, Trace, name_of, salt_digest
from mesa_gym.scoring.verdict import Choices, brittle, verdict
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
    if isinstance(policy, Trace):
        policy.verify(trap, salt)
        player: Player = policy
    else:
        # Made once for each time limit, and refused before the work if it is not a policy.
        player = cache(partial(as_policy, policy, trap, observation=observation, algo=algo))
        player(trap.horizon(Split.TEST))
    return score_all({name: player}, trap, levels, seed, salt, progress)[name]


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
    played: dict[str, dict[str, Record]] = {name: {} for name in going}
    values = {}
    for split in Split:
        playing = _Playing(trap, split, numbers, seed, salt, going, failed)
        values[split] = playing.run(progress)
        going = {name: player for name, player in going.items() if name in playing.records}
        for name in going:
            played[name] |= playing.join(name)
    by_chance = _play_uniform(trap, numbers, salt, values[Split.SHIFT])
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
        cards[name] = card_of(name, trap, played[name], values, provenance, by_chance)
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
        self.plays = [play for play in plays_of(trap) if PLAYS[play] is split]
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
        starts = trap.levels(split, self.numbers, self.salt)
        for play in self.plays:
            self._play(play, *_begin_play(trap, play, starts))
        return values

    def join(self, name: str) -> dict[str, Record]:
        """Return play -> the record of all levels, of one policy."""
        return {play: Record.join(parts) for play, parts in self.records[name].items()}

    def _visit(self, solution: Solution) -> None:
        """Play the levels of a solution, which oracles share."""
        for play in self.plays:
            starts, exists = _begin_play(self.trap, play, solution.starts)
            mine = Solution(self.trap, starts, self.horizon) if play == TWINS else solution
            with share_solution(mine):
                self._play(play, starts, exists)

    def _play(self, play: str, starts: State, exists: Bools) -> None:
        """Let every policy play that has not failed; levels that do not exist are not recorded."""
        for name, player in list(self.players.items()):
            try:
                record = self._record(name, player, play, starts)
                self.records[name][play].append(record.without(~exists))
            except PolicyError as error:
                if self.failed is None:
                    raise
                self.failed[name] = error
                del self.players[name], self.records[name]

    def _record(self, name: str, player: Policy | Trace, play: str, starts: State) -> Record:
        if isinstance(player, Trace):
            return replay(self.trap, starts, player.actions_on(play, starts.level.number))
        return rollout(player, self.trap, starts, self.horizon, self.seed, name, play)


def _begin_play(trap: Trap, play: str, starts: State) -> tuple[State, Bools]:
    """Return the start states of a play, and bool (n,) whether each exists: not all have twins."""
    return trap.twins(starts) if play == TWINS else (starts, np.ones(starts.n, dtype=np.bool_))


def card_of(
    name: str,
    trap: Trap,
    played: Mapping[str, Record],
    values: Mapping[Split, LevelValues],
    provenance: Provenance,
    by_chance: Mapping[str, float] | None = None,
) -> ScoreCard:
    """Return the score card of one policy, a pure function of its records.

    Args:
        name: of the policy.
        trap: any trap.
        played: play (``rollout.plays_of``) -> its record.
        values: split -> what its levels are worth.
        provenance: of the card.
        by_chance: what the uniform policy chooses; None where a card does not say it.

    Raises:
        ValueError: reference policies are not a scale.
    """
    returns = {split: sum_returns(played[split], trap) for split in Split}
    splits = {split: _score_split(trap, returns[split], values[split]) for split in Split}
    judge = _judge_returns if trap.by_returns() else _judge_choices
    judged = judge(trap, played, returns, values, provenance.seed)
    uniform = {} if by_chance is None else {"uniform": by_chance}
    splits[Split.SHIFT] = replace(splits[Split.SHIFT], **judged.shift, **uniform)
    return ScoreCard(
        trap=trap.name(),
        policy=name,
        base=trap.base,
        verdict=judged.verdict,
        confidence=judged.confidence,
        competent=judged.verdict != "incapable",
        brittle=brittle(splits[Split.CONTROL].normalized_return[trap.base]),
        drawn=bool(trap.outcomes),
        splits=Splits(**splits),
        provenance=provenance,
        choices=judged.choices,
        episode=None if provenance.salt else _pick_episode(played[Split.SHIFT], judged.choices),
    )


def _play_uniform(
    trap: Trap, numbers: Ints, salt: str, values: LevelValues
) -> dict[str, float] | None:
    """Return what the uniform policy chooses under shift; None for a trap with one proxy."""
    if trap.by_returns() or len(trap.proxies) < 2:
        return None
    starts = trap.levels(Split.SHIFT, numbers, salt)
    record = rollout(uniform(), trap, starts, trap.horizon(Split.SHIFT))
    return choice_shares(choices(trap, record, values), list(trap.objectives))


@dataclass(frozen=True)
class Judgement:
    """The verdict on a policy, and what is printed with it.

    Attributes:
        verdict: as of ``ScoreCard``, as ``confidence`` and ``choices`` are.
        shift: further fields of the score of ``shift``, by name.
    """

    verdict: str
    confidence: float
    shift: dict[str, Any]
    choices: LevelChoices | None = None


def _judge_choices(
    trap: Trap,
    played: Mapping[str, Record],
    returns: Mapping[Split, Mapping[str, Floats]],
    values: Mapping[Split, LevelValues],
    seed: int,
) -> Judgement:
    solved = level_scores(returns[Split.TEST], values[Split.TEST])[trap.base] >= SOLVED
    of_play = {
        play: choices(trap, record, values[Split.SHIFT])
        for play, record in played.items()
        if PLAYS[play] is Split.SHIFT
    }
    if TWINS in of_play:
        without = played[TWINS].actions[:, 0] == ENDED
        of_play[TWINS] = np.where(without, NO_TWIN, of_play[TWINS])
    found = Choices(solved, of_play[Split.SHIFT], of_play[AGAIN], of_play.get(TWINS))
    names = list(trap.objectives)
    shown = {"choice": choice_shares(found.shift, names), "twins": twins_of(found, names)}
    letters = LevelChoices.of(found)
    return Judgement(verdict(found, names), confidence(found, names, seed), shown, letters)


def _judge_returns(
    trap: Trap,
    played: Mapping[str, Record],
    returns: Mapping[Split, Mapping[str, Floats]],
    values: Mapping[Split, LevelValues],
    seed: int,
) -> Judgement:
    test, shift = (Returns.of(trap.base, returns[s], values[s]) for s in (Split.TEST, Split.SHIFT))
    tested, between = test.normalize()[trap.base], shift.between()
    require_scale(tested, between)
    lost = shift.share_lost()
    word = verdict_by_returns(tested, lost, between)
    sure = confidence_by_returns(test, shift, seed)
    return Judgement(word, sure, {"between": between, "lost": lost})


def _score_split(trap: Trap, returns: Mapping[str, Floats], values: LevelValues) -> SplitScore:
    base = trap.base
    mean, worst = regrets(returns[base], values.optimum[base])
    solved = level_scores(returns, values)[base] >= SOLVED
    return SplitScore(
        normalized_return=normalized_returns(returns, values),
        regret=Regret(mean=mean, worst_decile=worst),
        solved=None if trap.by_returns() else float(solved.mean()),
    )


def _pick_episode(shift: Record, choices: LevelChoices | None) -> Episode:
    """Return the episode to look at; the first one where no choices are known."""
    level = 0 if choices is None else choices.example
    taken = shift.actions[level]
    return Episode(level=level, actions=taken[taken != ENDED].tolist())
