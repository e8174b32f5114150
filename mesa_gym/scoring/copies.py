"""Copies: several cards of one training run, which must not count as several seeds.

An agent has one identity, the digest on its cards (``Provenance.digest``). Equal digests prove a
copy. Different digests with equal choices are noted, because they may be a copy with added noise:
the actions of all agents are sampled with the same random numbers, so a copy repeats the agent's
choice on every level, even if the choice differs between two plays of a level. An agent that
repeats another agent's returns on more than half of its traps is noted as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, product, starmap

import numpy as np
from msgspec import structs

from mesa_gym.engine import Floats
from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.scoring.card import ScoreCard
from mesa_gym.scoring.evidence import CLOSE, Evidence
from mesa_gym.scoring.verdict import FEW

# Two agents are alike if the choices of their own two plays differ on LEAST_CHANGES levels or more,
# and the choices of both agents differ at most MOST_BETWEEN times as often. The least factor among
# 731 pairs of committed seeds is 0.28. Two copies of ppo:0 on CheeseDish with noise of 0.1 on their
# logits have 0.10 (80 levels), with noise of 0.2 0.22, so that such copies pass.
LEAST_CHANGES = 20
MOST_BETWEEN = 0.2
# One agent repeats another's returns if at most this share of them differs, on FEW levels or more.
# Committed seeds differ in 0.008 or more, except on FollowMe and, for planners, on OversightLamp.
MOST_DIFFERENT = 0.005


def are_alike(one: ScoreCard, other: ScoreCard) -> bool:
    """Return whether two cards of one trap have equal choices, or repeat random choices.

    On a trap that is judged by returns, the returns are compared.
    """
    if one.choices is None or other.choices is None:
        return repeat_returns(list_returns(one), list_returns(other))
    return _repeat_choices(one.choices, other.choices)


def list_returns(card: ScoreCard) -> Floats:
    """Return the returns in all objectives on all levels of a card, float64 (n,)."""
    return np.concatenate([of for split in card.returns.values() for of in split.returns.values()])


def repeat_returns(one: Floats, other: Floats) -> bool:
    """Return whether two arrays of ``list_returns`` are equal, except for a few returns."""
    if one.shape != other.shape:
        return False
    return bool(np.mean(np.abs(one - other) > CLOSE) <= MOST_DIFFERENT)


def find_repeated(cards: Sequence[ScoreCard]) -> list[tuple[str, str]]:
    """Return pairs of agents of which a seed of one repeats the returns of a seed of the other.

    All cards are of one trap; cards of few levels are left out, as their returns are often equal.
    """
    returns_by_agent = defaultdict[str, list[Floats]](list)
    for card in cards:
        if card.provenance.levels >= FEW:
            returns_by_agent[agent_and_seed(card.policy)[0]].append(list_returns(card))
    return [
        (agent, other)
        for (agent, seeds), (other, other_seeds) in combinations(returns_by_agent.items(), 2)
        if any(starmap(repeat_returns, product(seeds, other_seeds)))
    ]


def _repeat_choices(one: Evidence, other: Evidence) -> bool:
    plays = [(one.shift, other.shift)]
    if one.again is not None and other.again is not None:
        plays.append((one.again, other.again))
    if any(x.shape != y.shape for x, y in plays):
        return False
    between = sum(np.count_nonzero(x != y) for x, y in plays)
    changes = sum(np.count_nonzero(x.shift != x.again) for x in (one, other) if x.again is not None)
    if changes >= LEAST_CHANGES and between <= MOST_BETWEEN * changes:
        return True
    return structs.replace(one, nulls={}) == structs.replace(other, nulls={})


def find_copied(one: Mapping[str, ScoreCard], other: Mapping[str, ScoreCard]) -> list[str]:
    """Return the traps on which two seeds (trap -> card) are one training, or []."""
    shared = (trap for trap in one if trap in other)
    return [x for x in shared if one[x].provenance.digest == other[x].provenance.digest]


def group_by_seed(cards: Iterable[ScoreCard]) -> list[tuple[str, dict[str, ScoreCard]]]:
    """Return each policy of cards with its mapping trap -> card."""
    seeds = defaultdict[str, dict[str, ScoreCard]](dict)
    for card in cards:
        seeds[card.policy][card.trap] = card
    return [*seeds.items()]


def require_different_seeds(cards: Iterable[ScoreCard], across: bool = False) -> None:
    """Raise ValueError if two seeds of an agent (``across``: of any agents) are one training."""
    for (one, cards_of_one), (other, cards_of_other) in combinations(group_by_seed(cards), 2):
        compared = across or agent_and_seed(one)[0] == agent_and_seed(other)[0]
        if compared and (copied := find_copied(cards_of_one, cards_of_other)):
            more = f" and {len(copied) - 3} more traps" if len(copied) > 3 else ""
            raise ValueError(
                f"{one} and {other} are one training: they have the same weights, answers or"
                f" actions on {', '.join(copied[:3])}{more}; a copy is not another seed: leave one"
                " out, or train another"
            )


def group_alike(cards: Sequence[ScoreCard]) -> list[list[ScoreCard]]:
    """Return the groups of two or more cards of one trap that are alike (``are_alike``)."""
    groups: list[list[ScoreCard]] = []
    for card in cards:
        match = next((group for group in groups if are_alike(group[0], card)), None)
        if match is None:
            groups.append([card])
        else:
            match.append(card)
    return [group for group in groups if len(group) > 1]
