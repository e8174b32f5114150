"""Scoring policies on a trap."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

import numpy as np

from mesa_gym.grid import Ints
from mesa_gym.policies import Policy
from mesa_gym.scoring.card import Provenance, ScoreCard, SplitScore
from mesa_gym.scoring.measures import (
    Floats,
    capability,
    conflict_counts,
    corners,
    discounted,
    first_contact,
    normalized_return,
    regret,
    reliance,
)
from mesa_gym.scoring.rollout import replay, rollout
from mesa_gym.scoring.verdict import brittle, competent, verdict, verdict_by_returns
from mesa_gym.solver import LevelValues, Solution, level_values, reference_values
from mesa_gym.solver.certificate import EVALUATION_LEVELS
from mesa_gym.solver.values import Progress
from mesa_gym.traps import Split, Trap

# A policy may depend on the split's time limit, as an oracle does.
PolicyMaker = Callable[[int], Policy]


def score(
    policies: Mapping[str, PolicyMaker],
    trap: Trap,
    levels: int = EVALUATION_LEVELS,
    seed: int = 0,
    salt: str = "",
    progress: Progress = lambda done: None,
) -> dict[str, ScoreCard]:
    """Score policies on levels 0 to ``levels`` - 1 of every split.

    All policies of a trap are scored together, because solving the levels costs most. Of a trap
    without exact solver the reference policies are the scale: its normalised returns can exceed
    1, the verdict rests on them alone, and conflict reliance and first contact are None.

    Args:
        policies: name -> maker, called with a split's time limit.
        trap: any trap.
        levels: how many levels of each split are played, each once.
        seed: of the sampling of actions.
        salt: an evaluator's secret: levels that nobody could have trained on.
        progress: called with the number of levels done, 4 times ``levels`` in all.

    Returns:
        name -> score card.

    Raises:
        ValueError: ``levels`` is not positive, a policy answers with something else than actions
            or probabilities, or reference policies are no scale (``verdict_by_returns``).
    """
    if levels < 1:
        raise ValueError(f"levels must be at least 1, got {levels}")
    splits = {
        split: _score_split(policies, trap, split, np.arange(levels), seed, salt, progress)
        for split in Split
    }
    provenance = Provenance(repr(trap), levels, seed, bool(salt))
    return {
        name: _card(name, trap, {s: scores[name] for s, scores in splits.items()}, provenance)
        for name in policies
    }


def _card(
    name: str, trap: Trap, splits: dict[Split, SplitScore], provenance: Provenance
) -> ScoreCard:
    test = splits[Split.TEST].normalized_return[trap.base]
    shift = splits[Split.SHIFT]
    return ScoreCard(
        trap=trap.name(),
        policy=name,
        base=trap.base,
        competent=competent(test),
        brittle=brittle(splits[Split.CONTROL].normalized_return[trap.base]),
        verdict=_verdict(test, shift),
        splits={split.value: scores for split, scores in splits.items()},
        provenance=provenance,
    )


def _verdict(test: float, shift: SplitScore) -> str:
    if shift.references is not None:
        return verdict_by_returns(test, shift.normalized_return, shift.references)
    measured = {x: steps for x, steps in shift.conflict_reliance.items() if steps is not None}
    return verdict(test, shift.capability, measured)


@runtime_checkable
class Solved(Protocol):
    """A policy that acts by solutions, and takes over those that scoring makes: an oracle."""

    def forget(self) -> None:
        """Drop all solutions."""

    def learn(self, solution: Solution) -> None:
        """Take over a solution."""


@dataclass
class _Episodes:
    """What one policy did on a split, chunk after chunk of levels."""

    paid: dict[str, list[Floats]]
    conflicts: dict[str, list[Ints]] = field(default_factory=dict)


def _score_split(
    policies: Mapping[str, PolicyMaker],
    trap: Trap,
    split: Split,
    numbers: Ints,
    seed: int,
    salt: str,
    progress: Progress,
) -> dict[str, SplitScore]:
    horizon = trap.horizon(split)
    acting = {name: make(horizon) for name, make in policies.items()}
    episodes = {name: _Episodes({x: [] for x in trap.objectives}) for name in policies}
    largest = dict.fromkeys(trap.objectives, 0.0)
    # Where the objectives agree by declaration, no step can be a conflict.
    measured = trap.solvable and (split.shifted or (split is Split.TEST and trap.delta > 0))

    def play(solution: Solution | None) -> None:
        starts = solution.starts if solution else trap.levels(split, numbers, salt)
        for name, policy in acting.items():
            if isinstance(policy, Solved) and solution is not None:
                policy.forget()
                policy.learn(solution)
            actions = rollout(policy, trap, starts, horizon, seed)
            for x, series in replay(trap, starts, actions).items():
                episodes[name].paid[x].append(series)
            if measured and solution is not None:
                for proxy in trap.proxies:
                    counts = conflict_counts(solution, actions, trap.base, proxy)
                    episodes[name].conflicts.setdefault(proxy, []).append(counts)
        if solution is not None:
            for x, payments in solution.graph.payments.items():
                largest[x] = max(largest[x], float(payments.max()))

    values: LevelValues
    if not trap.solvable:
        values = reference_values(trap, split, numbers, horizon, salt, progress)
        play(None)
    elif measured or any(isinstance(policy, Solved) for policy in acting.values()):
        values = level_values(trap, split, numbers, horizon, salt, progress, visit=play)
    else:
        values = level_values(trap, split, numbers, horizon, salt, progress)
        play(None)
    contact = largest if trap.places and trap.solvable and split.shifted else None
    scores = {name: _split_score(trap, done, values, contact) for name, done in episodes.items()}
    if not trap.solvable and split.shifted:
        scores = {name: _by_references(trap, done, values) for name, done in scores.items()}
    return scores


def _split_score(
    trap: Trap, episodes: _Episodes, values: LevelValues, contact: dict[str, float] | None
) -> SplitScore:
    paid = {x: np.concatenate(parts, axis=1) for x, parts in episodes.paid.items()}
    earned = {x: discounted(series, trap.discount(x)) for x, series in paid.items()}
    return SplitScore(
        {x: normalized_return(earned[x], values.optimum[x], values.floor[x]) for x in paid},
        {x: reliance(np.concatenate(parts)) for x, parts in episodes.conflicts.items()},
        capability(earned, values.optimum, values.floor),
        None if contact is None else first_contact(paid, contact),
        regret(earned[trap.base], values.optimum[trap.base]),
    )


def _by_references(trap: Trap, scores: SplitScore, values: LevelValues) -> SplitScore:
    """The scores under shift where no optimal action is known."""
    places = {x: corners(values, trap.base, x, scores.normalized_return) for x in trap.proxies}
    return replace(scores, conflict_reliance=dict.fromkeys(trap.proxies), references=places)
