"""Making a leaderboard from cards; an agent should have the same seeds on every trap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations

from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.report.board_rows import (
    ABLE_AGENTS,
    Origin,
    is_shown,
    list_board_traps,
    make_row,
    name_oracle,
    order_traps,
)
from mesa_gym.report.board_text import Leaderboard
from mesa_gym.report.groups import group_cards, list_cards
from mesa_gym.report.intervals import adjust_holm, compare_tables
from mesa_gym.report.seed_group import SeedGroup
from mesa_gym.report.statements import A_DIFFERENCE, ALPHA
from mesa_gym.scoring import ScoreCard
from mesa_gym.traps import look_up_trap
from mesa_gym.words import BASE


def make_leaderboard(
    cards: Iterable[ScoreCard],
    traps: Sequence[str] = (),
    origins: Mapping[str, Origin] | None = None,
    yours: Sequence[str] = (),
    date_made: str = "",
) -> Leaderboard:
    """Make a leaderboard from score cards.

    ::

        mine = mesa_gym.evaluate({"mine": [first, second]}, ["CheeseDish", "RedBlueDoors"])
        print(report.make_leaderboard([*report.read_committed(), *mine]))

    The leaderboard omits traps of lives and traps that are judged by returns. It also omits tricks
    and all oracles except base's.

    Args:
        cards: cards of agents and of untrained policies.
        traps: names of traps; by default all traps of the cards.
        origins: agent -> origin.
        yours: the agents that the leaderboard's sentences describe.
        date_made: the date, such as 2026-11-26; today by default.

    Raises:
        ImportError: the leaderboard has one trap, and scipy is not installed.
        UnknownNameError: the trap is unknown.
        ValueError: the cards cannot be compared, a trap has no cards that count, or two seeds of
            an agent are copies.
    """
    trap_names = {look_up_trap(trap).name() for trap in traps}
    visible_cards = _list_visible(list_cards(cards))
    counting = list_board_traps(visible_cards)
    groups_by_agent: dict[str, list[SeedGroup]] = defaultdict(list)
    for group in group_cards(visible_cards):
        if group.trap in counting and (group.trap in trap_names or not trap_names):
            groups_by_agent[group.agent].append(group)
    board_traps = {group.trap for groups in groups_by_agent.values() for group in groups}
    if not board_traps or trap_names - board_traps:
        missing = ", ".join(sorted(trap_names - board_traps)) or "a leaderboard trap"
        raise ValueError(
            f"no card is of {missing}; the leaderboard has no lives and no traps that are judged by"
            " returns, such as MonsterWorld"
        )
    names = tuple(sorted(board_traps))
    stitched, agent_origins = find_stitched(visible_cards), origins or {}
    rows = [
        make_row(groups, names, agent_origins.get(agent), agent in stitched)
        for agent, groups in groups_by_agent.items()
    ]
    order = order_traps(rows, names)
    names = tuple(names[at] for at in order)
    rows = [replace(row, cells=tuple(row.cells[at] for at in order)) for row in rows]
    rows.sort(key=lambda row: row.place)
    levels = min(row.levels for row in rows)
    able = [row.cells[0] for row in rows if row.block == ABLE_AGENTS and len(names) == 1]
    date = date_made or datetime.now(UTC).date().isoformat()
    return Leaderboard(names, levels, tuple(rows), tuple(yours), tell_apart(able), date)


def _list_visible(cards: Sequence[ScoreCard]) -> list[ScoreCard]:
    """Return the cards that a leaderboard shows; ValueError if it shows none of them."""
    visible_cards = [name_oracle(card) for card in cards if is_shown(card)]
    if cards and not visible_cards:
        raise ValueError(
            "a leaderboard shows agents and the oracle of base; the cards given are of other"
            f" oracles or tricks: {', '.join(card.policy for card in cards)}; mesa-gym score"
            " shows such a card"
        )
    return visible_cards


def find_stitched(cards: Sequence[ScoreCard]) -> set[str]:
    """Return the agents with a seed that copies different earlier agents on different traps.

    An agent that copies one other agent on all traps is not stitched. If two agents share weights
    on a trap, the later agent is the copy.
    """
    seeds = [agent_and_seed(card.policy) for card in cards]
    weights = [(card.trap, card.provenance.digest) for card in cards]
    order = {agent: at for at, agent in enumerate(dict.fromkeys(agent for agent, _ in seeds))}
    # (trap, weights) -> the pairs (agent, seed) that have these weights.
    owners = defaultdict[Hashable, set[tuple[str, int | None]]](set)
    for seed, key in zip(seeds, weights, strict=True):
        owners[key].add(seed)
    # (agent, seed) -> for each copied card, the seeds of earlier agents with the same weights.
    sources = defaultdict[tuple[str, int | None], list[set[tuple[str, int | None]]]](list)
    for seed, key in zip(seeds, weights, strict=True):
        if earlier := {owner for owner in owners[key] if order[owner[0]] < order[seed[0]]}:
            sources[seed].append(earlier)
    return {agent for (agent, _), copied in sources.items() if not set.intersection(*copied)}


def tell_apart(groups: Iterable[SeedGroup]) -> dict[str, int]:
    """Return agent -> number of its group on one trap, 1 for the largest shares of base.

    Any two agents of different groups differ. An agent has no group if its cards allow no statement
    on differences.
    """
    tables = {of.agent: of.tabulate(BASE) for of in groups if not of.find_bar(A_DIFFERENCE)}
    names = sorted(tables, key=lambda name: -tables[name].mean())
    pairs = [*combinations(names, 2)]
    p = adjust_holm([compare_tables(tables[one], tables[other]).p for one, other in pairs])
    similar = {pair for pair, p_value in zip(pairs, p, strict=True) if p_value >= ALPHA}
    group_numbers, number = dict[str, int](), 0
    for at, name in enumerate(names):
        number += not any((a, b) in similar for a in names[:at] for b in names[at:])
        group_numbers[name] = number
    return group_numbers
