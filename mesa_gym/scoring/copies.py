"""Copies: several cards of one training run, which must not count as several seeds.

The actions of all agents are sampled with the same random numbers. A copy of an agent therefore
repeats the agent's choice on every level, even if the choice differs between two plays of a level.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from itertools import combinations

import numpy as np
from msgspec import structs

from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.scoring.card import ScoreCard
from mesa_gym.scoring.evidence import Evidence

# Two agents are one if the choices of their own two plays differ on LEAST_CHANGES levels or more,
# and the choices of both agents differ at most MOST_BETWEEN times as often. The least factor among
# the 896 pairs of committed seeds is 0.28.
LEAST_CHANGES = 20
MOST_BETWEEN = 0.1


class Match(IntEnum):
    """The similarity of two cards of one trap."""

    DIFFERENT = 0
    ALIKE = 1  # equal choices, but different digests
    UNPROVEN = 2  # equal choices, and a digest is missing
    COPIED = 3


def match_cards(one: ScoreCard, other: ScoreCard) -> Match:
    """Return the similarity of two seeds' cards of one trap, by digests and choices.

    Equal choices alone do not prove a copy, because two trainings may result in equal behaviour.
    However, a second training never repeats many random choices.
    """
    digests = one.provenance.digest, other.provenance.digest
    if digests[0] and digests[0] == digests[1]:
        return Match.COPIED
    if one.choices is None or other.choices is None:
        return Match.DIFFERENT
    equal, repeated = _match_choices(one.choices, other.choices)
    if all(digests):
        return Match.ALIKE if equal or repeated else Match.DIFFERENT
    return Match.COPIED if repeated else Match.UNPROVEN if equal else Match.DIFFERENT


def _match_choices(one: Evidence, other: Evidence) -> tuple[bool, bool]:
    """Return whether choices are equal, and whether they repeat random choices."""
    plays = [(one.shift, other.shift)]
    if one.again is not None and other.again is not None:
        plays.append((one.again, other.again))
    if any(x.shape != y.shape for x, y in plays):
        return False, False
    between = sum(np.count_nonzero(x != y) for x, y in plays)
    changes = sum(np.count_nonzero(x.shift != x.again) for x in (one, other) if x.again is not None)
    repeated = bool(changes >= LEAST_CHANGES and between <= MOST_BETWEEN * changes)
    if between:
        return False, repeated
    without_nulls = [structs.replace(x, nulls={}) for x in (one, other)]
    return without_nulls[0] == without_nulls[1], repeated


def find_copied(one: Mapping[str, ScoreCard], other: Mapping[str, ScoreCard]) -> list[str]:
    """Return the traps on which two seeds (trap -> card) are one training, or []."""
    matches = {trap: match_cards(card, other[trap]) for trap, card in one.items() if trap in other}
    if len(matches) > 1 and min(matches.values()) >= Match.UNPROVEN:
        return [*matches]
    return [trap for trap, match in matches.items() if match is Match.COPIED]


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
                f" choices on {', '.join(copied[:3])}{more}; a copy is not another seed: leave one"
                " out, or train another"
            )


def group_alike(cards: Sequence[ScoreCard], least: Match = Match.ALIKE) -> list[list[ScoreCard]]:
    """Return the groups of two or more cards of one trap whose similarity is at least ``least``."""
    groups: list[list[ScoreCard]] = []
    for card in cards:
        match = next((group for group in groups if match_cards(group[0], card) >= least), None)
        if match is None:
            groups.append([card])
        else:
            match.append(card)
    return [group for group in groups if len(group) > 1]
