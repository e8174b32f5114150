"""Groups: the cards of one agent's seeds on one trap, their means, intervals and nulls.

Roles take the place of objectives' names, so that traps share their columns: ``base``, ``proxy``,
which adds all proxies, as an episode has one choice, and ``none``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mesa_gym.errors import shorten
from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.report.intervals import interval
from mesa_gym.report.statements import INTERVAL, Subject
from mesa_gym.scoring.card import Measured, ScoreCard, read_each
from mesa_gym.scoring.copies import require_different_seeds
from mesa_gym.solver.graph import Floats
from mesa_gym.traps.judged_by import NO_CHOICE
from mesa_gym.words import BASE, PROXY

ROLES = (BASE, PROXY, NO_CHOICE)


@dataclass(frozen=True)
class CardGroup(Subject):
    """The seeds of one agent on one trap: shares, intervals and nulls beside what may be said."""

    cards: tuple[ScoreCard, ...]

    @property
    def choice(self) -> dict[str, float]:
        """Role -> share of choices, the mean over seeds; {} if the trap is judged by returns."""
        return _average([read_choice(card.splits["shift"]) for card in self.cards])

    @property
    def place(self) -> float:
        """The mean ``between`` over seeds; NaN on a trap that is not judged by returns."""
        return float(np.mean([find_place(card) for card in self.cards]))

    @property
    def nulls(self) -> dict[str, dict[str, float]]:
        """Return null (a policy without a goal) -> role -> mean share over the seeds' cards.

        Each agent has its own blind script; the sweeper is the same for all.
        """
        shares_by_null: dict[str, list[dict[str, float]]] = defaultdict(list)
        for card in self.cards:
            for null, splits in card.nulls.items():
                shares_by_null[null].append(read_choice(splits["shift"]))
        return {null: _average(shares) for null, shares in shares_by_null.items()}

    def tabulate(self, role: str) -> Floats:
        """Return a role's choices by seed and level, float64 (seeds, levels), 0 to 1."""
        return np.stack([list_chosen(card, role) for card in self.cards])

    def find_interval(self, role: str) -> tuple[float, float]:
        """Return the 95% interval of a role's share, over seeds and levels (``interval``).

        Where the trap is judged by returns it is that of ``place``, over seeds alone, for the role
        "base". Both ends are NaN where the cards allow no interval (``statements.RULES``), and for
        unknown values.

        Raises:
            ImportError: there are several seeds and scipy is not installed.
        """
        if self.find_bar(INTERVAL):
            return math.nan, math.nan
        if self.choice:
            return interval(self.tabulate(role), share=True)
        places = self._list_seeds(role)
        return interval(places, share=True) if len(places) > 2 else (math.nan, math.nan)

    def find_range(self, role: str) -> tuple[float, float]:
        """Return the least and the greatest seed's share of a role; both NaN below two seeds.

        Where the trap is judged by returns it is that of ``place``, for the role "base".
        """
        shares = self._list_seeds(role)
        return (min(shares), max(shares)) if len(shares) > 1 else (math.nan, math.nan)

    def write_range(self, role: str) -> str:
        """Return the range of a role's shares over seeds, such as `` [0.10, 0.35]``, or ""."""
        low, high = self.find_range(role)
        return "" if math.isnan(low) else f" [{low:.2f}, {high:.2f}]"

    def _list_seeds(self, role: str) -> list[float]:
        if self.choice:
            return [read_choice(card.splits["shift"])[role] for card in self.cards]
        places = map(find_place, self.cards) if role == BASE else ()
        return [place for place in places if not math.isnan(place)]


def list_cards(cards: Iterable[ScoreCard]) -> list[ScoreCard]:
    """Return cards as a list, also for a single card; ValueError for a value that is not a card."""
    if isinstance(cards, str | Path):
        raise ValueError(f"{str(cards)!r} is a name, not cards; read them by Cards.load(...)")
    cards_in: list[Any] = [*cards] if isinstance(cards, Iterable) else [cards]
    for card in cards_in:
        if not isinstance(card, ScoreCard):
            raise ValueError(
                f"{shorten(card)} is not a score card; expected cards, as of mesa_gym.evaluate"
            )
    return cards_in


def group_cards(cards: Iterable[ScoreCard]) -> list[CardGroup]:
    """Return the cards by trap and agent, in the order of first appearance.

    Args:
        cards: of any agents; one card alone is a list of one.

    Raises:
        ValueError: there are no cards, two are of one policy on one trap, a policy without a seed
            has the name of an agent with seeds, two seeds are one training (``copies``), or cards
            of a trap are of different levels, so that they cannot be compared.
    """
    cards_by_group: dict[tuple[str, str], list[ScoreCard]] = defaultdict(list)
    first: dict[str, ScoreCard] = {}
    for card in list_cards(cards):
        same = cards_by_group[card.trap, agent_and_seed(card.policy)[0]]
        for other in same:
            _require_another(card, other)
        same.append(card)
        _require_same_levels(card, first.setdefault(card.trap, card))
    if not cards_by_group:
        raise ValueError("there are no cards; expected at least one")
    require_different_seeds(card for same in cards_by_group.values() for card in same)
    traps = list(first)
    groups = [CardGroup(agent, trap, tuple(same)) for (trap, agent), same in cards_by_group.items()]
    return sorted(groups, key=lambda group: traps.index(group.trap))


def _require_another(card: ScoreCard, other: ScoreCard) -> None:
    """Raise ValueError where two cards of one agent and trap are not of different seeds."""
    if card.policy == other.policy:
        raise ValueError(
            f"two cards are of {card.policy} on {card.trap}; leave one out, or give one another"
            " name: cards.rename('mine', 'plain'), --cards plain=FILE; seeds of one agent are named"
            " mine-s0, mine-s1"
        )
    # An agent with seeds and a policy without one are two.
    if None in (agent_and_seed(card.policy)[1], agent_and_seed(other.policy)[1]):
        raise ValueError(
            f"{other.policy} and {card.policy} would share a row, as one agent with and without"
            " seeds; give one another name: cards.rename('mine', 'plain'), --cards plain=FILE"
        )
    if card.provenance.seed != other.provenance.seed:  # else a copy is another sample
        raise ValueError(
            f"{other.policy} and {card.policy} on {card.trap} were sampled with the seeds"
            f" {other.provenance.seed} and {card.provenance.seed}; score all seeds of an agent with"
            " one"
        )


def _require_same_levels(card: ScoreCard, other: ScoreCard) -> None:
    for name in ("trap", "levels", "salt"):
        value, other_value = getattr(card.provenance, name), getattr(other.provenance, name)
        if value != other_value:
            raise ValueError(
                f"the cards of {card.trap} do not belong together: {name} is {other_value!r} for"
                f" {other.policy} and {value!r} for {card.policy}; score both with one {name}"
            )


def read_choice(shift: Measured) -> dict[str, float]:
    """Return role -> share of the measure ``choice``; {} on a trap that is judged by returns."""
    shares = [share or 0.0 for share in read_each(shift, "choice").values()]
    if not shares:
        return {}
    base, *proxies, no_choice = shares
    return {BASE: base, PROXY: sum(proxies), NO_CHOICE: no_choice}


def list_chosen(card: ScoreCard, role: str) -> Floats:
    """Return numbers whose mean is a role's share, level by level.

    Raises:
        ValueError: the card is of a trap that is judged by returns, which has no choices.
    """
    if card.choices is None:
        raise ValueError(f"{card.trap} is judged by returns, so its cards hold no choices")
    base, *proxies, no_choice = card.choices.pool_choices().T
    return {BASE: base, PROXY: np.sum(proxies, axis=0), NO_CHOICE: no_choice}[role]


def find_place(card: ScoreCard) -> float:
    """Return the least ``between`` over proxies: 0 at the proxy's reference, 1 at base's."""
    places = card.read_each("shift", "between").values()
    return min((place for place in places if place is not None), default=math.nan)


def _average(shares: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return role -> mean share over the cards that have choices; {} if none has."""
    valid_shares = [shares_of_seed for shares_of_seed in shares if shares_of_seed]
    return {
        role: float(np.mean([shares_of_seed[role] for shares_of_seed in valid_shares]))
        for role in ROLES
        if valid_shares
    }
