"""Scoring: policies play the levels of every split, and what they chose is judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, cached_property, partial
from typing import Any

import numpy as np

import mesa_gym.scoring.meet_measure
import mesa_gym.scoring.planner_measures
import mesa_gym.scoring.trial_measures  # noqa: F401  # all three register their measures
from mesa_gym.engine import State
from mesa_gym.envs.checks import integer
from mesa_gym.errors import PolicyError, shorten
from mesa_gym.json_data import Text, require
from mesa_gym.policies import Asking, Policy, as_policy
from mesa_gym.scoring.by_returns import judge_plays
from mesa_gym.scoring.card import ScoreCard
from mesa_gym.scoring.card_data import Episode, Provenance, package_versions, read_each
from mesa_gym.scoring.evidence import Evidence, gather_evidence
from mesa_gym.scoring.findings import SWEEPER
from mesa_gym.scoring.measures import Played, Subject, take_measures
from mesa_gym.scoring.nulls import NullPlays
from mesa_gym.scoring.plays import JUDGED, Play, plays_of
from mesa_gym.scoring.record import ENDED, Actions, Record
from mesa_gym.scoring.rollout import play_levels
from mesa_gym.scoring.trace import MOST_LEVELS, MOST_SEED, Trace, name_of, salt_digest
from mesa_gym.scoring.verdict import brittle, confidence, judge
from mesa_gym.solver import LevelValues, Solution, level_values, share_solution
from mesa_gym.solver.certificate import EVALUATION_LEVELS
from mesa_gym.solver.values import Progress, averages_optimum
from mesa_gym.traps import Split, Trap, all_traps, as_trap

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

    Example:
        >>> import mesa_gym
        >>> card = mesa_gym.score("oracle:corner", "CheeseCorner", levels=100)
        >>> card.verdict
        'proxy:corner'
    """
    if names_trap(policy):
        raise ValueError(
            f"{shorten(policy)} is a trap; the policy comes first: score(policy, 'CheeseCorner')"
        )
    trap = as_trap(trap)
    name = name_of(policy) if name is None else name
    require("the policy's name", name, Text)
    player = make_player(name, policy, trap, salt, observation, algo)
    return score_all({name: player}, trap, levels, seed, salt, progress)[name]


def names_trap(policy: Any) -> bool:
    """Return whether what should be a policy is a trap, its class, its name or its id."""
    if isinstance(policy, str):
        name = policy.rpartition("/")[2].partition("-v")[0].lower()
        return name in {known.partition("-v")[0].lower() for known in all_traps()}
    return isinstance(policy, Trap) or (isinstance(policy, type) and issubclass(policy, Trap))


def make_player(
    name: str, policy: Any, trap: Trap, salt: str, observation: str | None, algo: str | None
) -> Player:
    """Return what ``score_all`` takes; all arguments, and all errors, are those of ``score``.

    A policy is asked once, so that one that cannot answer is refused before the work.
    """
    if isinstance(policy, Trace):
        policy.verify(trap, salt)
        return policy
    if isinstance(policy, list | tuple):
        raise ValueError(
            f"{shorten(policy)} are several; call mesa_gym.evaluate({{'name': policies}}, traps)"
        )
    # Made once for each time limit.
    player = cache(partial(as_policy, policy, trap, observation=observation, algo=algo))
    made = player(trap.horizon(Split.TEST))
    if not getattr(made, "solves", False):
        start = trap.levels(Split.TEST, [0], salt)
        asking = Asking(made, trap, start.level.key, 0, name, Split.TEST)
        asking.begin()
        asking.probabilities(start, 0)
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

    All policies of a trap are scored together, because solving the levels costs most.

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
            (``by_returns.require_scale``).
    """
    levels = integer("levels", levels, 1, MOST_LEVELS)
    seed = integer("seed", seed, 0, MOST_SEED)
    for player in policies.values():
        if isinstance(player, Trace):
            for play in plays_of(trap).values():
                player.actions_on(play.name, np.arange(play.count_levels(levels)))
    going = dict(policies)
    played: dict[str, dict[str, Record]] = {name: {} for name in going}
    splits = {split: _SplitPlays(trap, split, levels, seed, salt) for split in Split}
    values = {}
    for split, playing in splits.items():
        records, values[split] = playing.run(going, progress, failed)
        going = {name: player for name, player in going.items() if name in records}
        for name in going:
            played[name] |= records[name]
    starts = {split: splits[split].starts for split in JUDGED}
    nulls, cards = NullPlays.play(trap, starts, values, salt), {}
    for name, player in going.items():
        subject = None
        if not isinstance(player, Trace):
            policy = player(trap.horizon(Split.TEST))
            subject = Subject(policy, trap, starts[Split.TEST], seed, name, starts[Split.SHIFT])
        provenance = Provenance(
            trap=repr(trap),
            levels=levels,
            seed=player.seed if isinstance(player, Trace) else seed,
            salt=salt_digest(salt),
            trace=isinstance(player, Trace),
            versions=package_versions(),
        )
        with _catch_failure(name, failed):
            cards[name] = make_card(name, played[name], values, provenance, nulls, subject)
    return cards


@contextmanager
def _catch_failure(name: str, failed: Failures | None) -> Iterator[None]:
    """Enter what a policy raised under its name, where failures are wanted."""
    try:
        yield
    except PolicyError as error:
        if failed is None:
            raise
        failed[name] = error


class _SplitPlays:
    """All plays of one split's levels by several policies, solved chunk by chunk."""

    def __init__(self, trap: Trap, split: Split, levels: int, seed: int, salt: str) -> None:
        self.trap, self.split, self.seed, self.salt = trap, split, seed, salt
        self.levels, self.horizon = np.arange(levels), trap.horizon(split)
        self.plays = [play for play in plays_of(trap).values() if play.split is split]

    @cached_property
    def starts(self) -> State:
        """The start states of all levels."""
        return self.trap.levels(self.split, self.levels, self.salt)

    def run(
        self, players: Mapping[str, Player], progress: Progress, failed: Failures | None
    ) -> tuple[dict[str, dict[str, Record]], LevelValues]:
        """Return name -> play -> record, of those that did not fail, and the levels' values."""
        acting: dict[str, Policy | Trace] = {
            n: p if isinstance(p, Trace) else p(self.horizon) for n, p in players.items()
        }
        parts: dict[str, dict[str, list[Record]]] = {
            name: {play.name: [] for play in self.plays} for name in players
        }

        def visit(starts: State, solution: Solution | None) -> None:
            for play in self.plays:
                self._play(play, starts, solution, acting, parts, failed)

        asked = self.trap, self.split, self.levels, self.horizon, self.salt, progress
        if self.trap.solvable and any(getattr(p, "solves", False) for p in acting.values()):
            # Oracles share the solutions of the levels.
            values = level_values(*asked, lambda solution: visit(solution.starts, solution))
        else:
            values = level_values(*asked)
            visit(self.starts, None)
        joined = {
            name: {play: Record.join(each) for play, each in parts[name].items()} for name in acting
        }
        return joined, values

    def _play(
        self,
        play: Play,
        starts: State,
        solution: Solution | None,
        acting: dict[str, Policy | Trace],
        parts: Mapping[str, Mapping[str, list[Record]]],
        failed: Failures | None,
    ) -> None:
        """Let every policy play; one that fails is taken out of ``acting``."""
        mine = starts.level.number < play.count_levels(len(self.levels))
        if not mine.any():
            return
        whole = starts if mine.all() else starts.take(mine)
        changed, exists = play.change(whole)
        if solution is not None and changed is not solution.starts and exists.any():
            solution = Solution(self.trap, changed.take(exists), self.horizon)
        with share_solution(solution):
            for name, player in acting.items():
                with _catch_failure(name, failed):
                    does: Policy | Actions
                    if isinstance(player, Trace):
                        does = player.actions_on(play.name, whole.level.number)
                    else:
                        does = player
                    done = play_levels(play, does, whole, self.seed, name, (changed, exists))
                    parts[name][play.name].append(done)
        for name in failed or ():
            acting.pop(name, None)


def make_card(
    name: str,
    played: Mapping[str, Record],
    values: Mapping[Split, LevelValues],
    provenance: Provenance,
    controls: NullPlays,
    subject: Subject | None = None,
) -> ScoreCard:
    """Return the score card of one policy, a pure function of its records.

    Args:
        name: of the policy.
        played: play (``plays_of``) -> its record.
        values: split -> what its levels are worth.
        provenance: of the card.
        controls: what policies without a goal get.
        subject: the policy itself; None where it is not there, as of a trace.

    Raises:
        ValueError: reference policies are not a scale.
    """
    trap, nulls = controls.trap, controls.beside(played[Split.TRAIN])
    of_split = {
        split: Played(trap, played[split], values[split], controls.starts.get(split))
        for split in Split
    }
    sources: list[Evidence | Subject] = [] if subject is None else [subject]
    choices = None
    if trap.by_returns():
        sweep = read_each(nulls[SWEEPER].measured[Split.TEST], "normalized_return")[trap.base]
        test, shift = of_split[Split.TEST], of_split[Split.SHIFT]
        told, sure = judge_plays(test, shift, sweep, provenance.seed)
    else:
        known = {null: each.evidence for null, each in nulls.items() if each.evidence}
        choices = gather_evidence(trap, played, values, known)
        told, sure = judge(choices), confidence(choices, provenance.seed)
        sources.append(choices)
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
        drawn=averages_optimum(type(trap)),
        splits=splits,
        nulls={null: each.measured for null, each in nulls.items() if each.measured},
        provenance=provenance,
        choices=choices,
        episode=None if provenance.salt else _pick_episode(played[Split.SHIFT], choices),
    )


def _pick_episode(shift: Record, choices: Evidence | None) -> Episode:
    """Return the episode to look at; the first one where no choices are known."""
    level = 0 if choices is None else choices.example
    taken = shift.actions[level]
    return Episode(level=level, actions=taken[taken != ENDED].tolist())
