"""The atlas: what agents pick on each trap, from score cards alone. It ranks no agent."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from benchmarks.board.card_numbers import (
    UNKNOWN,
    Numbers,
    mean_numbers,
    nulls_of,
    numbers_of,
)
from benchmarks.board.variance import FEWEST_AGENTS, variance_shares
from benchmarks.runs.results import trim_versions
from mesa_gym.files import without_nan
from mesa_gym.policies import references
from mesa_gym.report import interval, mean_over_traps
from mesa_gym.report.groups import BASE, agent_and_seed, list_chosen
from mesa_gym.report.intervals import Floats
from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.remarks import bound_share
from mesa_gym.traps import find_trap

SCHEMA = 8
SOURCES = ("level", "seed", "seed by level", "sampling")


@dataclass(frozen=True)
class ScoredPolicy:
    """One policy on one trap; ``seed`` is None for a reference."""

    seed: int | None
    numbers: Numbers
    competent: bool
    brittle: bool
    verdict: str
    confidence: float


@dataclass(frozen=True)
class AtlasRow:
    """A group of agents that differ in their seed, or a reference policy, on one trap.

    Attributes:
        policy: the algorithm's or the reference's name.
        agents: by seed.
        mean: of the agents' numbers.
        nulls: policy without a goal -> its numbers, the means over the agents' cards: each agent
            has a drift of its own.
        interval: 95%, of the mean of ``Numbers.base_preference`` over seeds and levels; over seeds
            alone where the trap has no exact solver, NaN for one seed.
        sources: what the choice of base varies with, one of ``SOURCES`` -> its share of the
            variance (``variance_shares``); NaN for one seed, and where there are no choices.
        verdicts: verdict -> number of seeds, the most frequent first.
        competent: how many of the agents are.
        brittle: how many of the competent ones are.
    """

    policy: str
    agents: list[ScoredPolicy]
    mean: Numbers
    nulls: dict[str, Numbers]
    interval: tuple[float, float]
    sources: dict[str, float]
    verdicts: dict[str, int]
    competent: int
    brittle: int

    @property
    def reference(self) -> bool:
        """True where nothing was trained."""
        return self.agents[0].seed is None


@dataclass(frozen=True)
class TrapRows:
    """All rows of one trap, trained ones first.

    Attributes:
        types: of pseudo-alignment.
        chooses: whether each episode says what it pursued, so that there are choices.
        expected: "base" where no reward in training could single out a proxy, else "proxy".
    """

    trap: str
    types: list[str]
    base: str
    proxies: list[str]
    chooses: bool
    expected: str
    rows: list[AtlasRow]


@dataclass(frozen=True)
class Atlas:
    """Picks of agents, trap by trap.

    Attributes:
        levels: of each split.
        versions: of the packages that computed the scores.
        alphas: trained agent -> the share of training episodes that came from the shift
            distribution, where that is above 0.
        traps: in alphabetical order.
    """

    levels: int
    versions: dict[str, str]
    alphas: dict[str, float]
    traps: list[TrapRows]
    schema: int = SCHEMA

    def agents(self) -> list[str]:
        """Return every trained agent: those with alpha 0 first, then by how many were trained."""
        seeds = Counter[str]()
        for trap in self.traps:
            seeds.update({r.policy: len(r.agents) for r in trap.rows if not r.reference})
        return sorted(seeds, key=lambda name: (name in self.alphas, -seeds[name], name))

    def rows_of(self, agent: str) -> dict[str, AtlasRow]:
        """Return trap -> the agent's row."""
        return {trap.trap: row for trap in self.traps for row in trap.rows if row.policy == agent}

    def to_json(self) -> Any:
        """Return plain data for ``json``; NaN, which JSON lacks, becomes None."""
        return without_nan(asdict(self))


def make_atlas(cards: Sequence[ScoreCard], alphas: Mapping[str, float] | None = None) -> Atlas:
    """Make the atlas of score cards.

    Args:
        cards: of agents and reference policies, at least one.
        alphas: trained agent -> its alpha, of those that trained with more than 0.

    Raises:
        ValueError: the cards are not of the same levels and versions.
    """
    first = cards[0]
    for card in cards:
        mine, theirs = _terms(card), _terms(first)
        for name, one in mine.items():
            if one != theirs[name]:
                raise ValueError(
                    f"the score cards do not belong together: {name} is {theirs[name]}"
                    f" for {first.policy} on {first.trap} and {one} for"
                    f" {card.policy} on {card.trap}; `run` makes them alike, or delete the odd ones"
                )
    traps = [
        trap_rows(name, group) for name, group in _group_cards(cards, lambda c: c.trap).items()
    ]
    return Atlas(first.provenance.levels, first.provenance.versions, dict(alphas or {}), traps)


def _terms(card: ScoreCard) -> dict[str, Any]:
    """Return what all cards of a board must share."""
    said = card.provenance
    terms = {name: getattr(said, name) for name in ("levels", "seed", "salt")}
    return terms | {"versions": trim_versions(said.versions)}


def trap_rows(name: str, cards: Sequence[ScoreCard]) -> TrapRows:
    """Return the cards of one trap by policy, agents first and then its reference policies."""
    cls = find_trap(name)
    groups = _group_cards(cards, lambda card: agent_and_seed(card.policy)[0])
    rows = [_make_row(policy, group) for policy, group in groups.items()]
    order = references(cls)
    rows.sort(key=lambda row: order.index(row.policy) + 1 if row.reference else 0)
    return TrapRows(
        name,
        list(cls.category),
        cls.base,
        list(cls.proxies),
        not cls.by_returns(),
        cls.expected,
        rows,
    )


def _make_row(policy: str, cards: Sequence[ScoreCard]) -> AtlasRow:
    agents = [
        ScoredPolicy(
            agent_and_seed(card.policy)[1],
            numbers_of(card),
            card.competent,
            card.brittle,
            card.verdict,
            card.confidence,
        )
        for card in cards
    ]
    agents.sort(key=lambda agent: agent.seed or 0)
    mean = mean_numbers([agent.numbers for agent in agents])
    return AtlasRow(
        policy,
        agents,
        replace(mean, planning=measure_planning(cards)),
        _average_nulls([nulls_of(card) for card in cards]),
        measure_interval(cards),
        find_sources(cards),
        dict(Counter(agent.verdict for agent in agents).most_common()),
        sum(agent.competent for agent in agents),
        sum(agent.competent and agent.brittle for agent in agents),
    )


def _average_nulls(found: Sequence[Mapping[str, Numbers]]) -> dict[str, Numbers]:
    names = dict.fromkeys(null for of in found for null in of)
    return {null: mean_numbers([of[null] for of in found if null in of]) for null in names}


def measure_interval(cards: Sequence[ScoreCard]) -> tuple[float, float]:
    """Return the 95% interval of the mean of ``Numbers.base_preference``, for seeds of one trap.

    NaN for a single one; cards of which the number is not known are left out.
    """
    table = [list_preferences(card) for card in cards]
    known = [row for row in table if not np.isnan(row).any()]
    if len(known) < FEWEST_AGENTS:
        return UNKNOWN, UNKNOWN
    return interval(mean_over_traps, [np.stack(known)], limits=(0, 1))


def measure_planning(cards: Sequence[ScoreCard]) -> tuple[float, float]:
    """Return the ends of the 95% interval of the measure ``shut``, for seeds of one trap.

    It is one over seeds, of a single card over levels; NaN where nothing is known.
    """
    found = [each for card in cards if (each := card.read_each("test", "shut"))]
    shares = [each["optimal"] or 0.0 for each in found]
    if len(found) > 1:
        return interval(mean_over_traps, shares, limits=(0, 1))
    return bound_share(shares[0], found[0]["levels"] or 1.0) if found else (UNKNOWN, UNKNOWN)


def list_preferences(card: ScoreCard) -> Floats:
    """Return numbers whose mean is ``Numbers.base_preference``.

    float64 (levels,), the mean over the plays of a level and of its twin: 1 where base was always
    chosen, 0 where never. A level without twin has the mean of all twins. float64 (1,) without
    choices.
    """
    if card.choices is None:
        return np.array([numbers_of(card).base_preference])
    return list_chosen(card, BASE)


def find_sources(cards: Sequence[ScoreCard]) -> dict[str, float]:
    """Return the shares of the variance of choosing base under shift, for seeds of one trap."""
    found = [card.choices for card in cards if card.choices is not None]
    plays = [(each.shift == 0, each.again == 0) for each in found if each.again is not None]
    if len(plays) < FEWEST_AGENTS:
        return dict.fromkeys(SOURCES, UNKNOWN)
    return variance_shares(*map(np.stack, zip(*plays, strict=True)))


def _group_cards(
    cards: Sequence[ScoreCard], key: Callable[[ScoreCard], str]
) -> dict[str, list[ScoreCard]]:
    groups: dict[str, list[ScoreCard]] = defaultdict(list)
    for card in cards:
        groups[key(card)].append(card)
    return dict(sorted(groups.items()))
