"""Making a leaderboard of cards, in which an agent is the same seeds on every trap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.report.board_rows import Leaderboard
from mesa_gym.report.cells import (
    ABLE_AGENTS,
    Origin,
    counts_for_board,
    is_shown,
    make_row,
    name_oracle,
)
from mesa_gym.report.comparison import tell_apart
from mesa_gym.report.groups import CardGroup, group_cards, list_cards
from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.copies import identify_card
from mesa_gym.traps import look_up_trap


def make_leaderboard(
    cards: Iterable[ScoreCard],
    traps: Sequence[str] = (),
    origins: Mapping[str, Origin] | None = None,
    yours: Sequence[str] = (),
    date_made: str = "",
) -> Leaderboard:
    """Make a leaderboard of score cards.

    ::

        mine = mesa_gym.evaluate({"mine": [first, second]}, ["CheeseDish", "RedBlueDoors"])
        print(report.make_leaderboard([*report.read_committed(), *mine]))

    Traps that are judged by returns, and lives, do not count and are left out, and so are tricks
    and other oracles than that of base.

    Args:
        cards: of agents and of policies that were not trained.
        traps: their names; by default all traps of the cards.
        origins: agent -> who made it.
        yours: agents that come first in words.
        date_made: the date, as 2026-11-26; today's by default.

    Raises:
        ImportError: the leaderboard has one trap, and scipy is not installed.
        UnknownNameError: the trap is unknown.
        ValueError: the cards cannot be compared, none is of a trap that counts, or two seeds of an
            agent are the same.
    """
    groups_by_agent: dict[str, dict[str, CardGroup]] = defaultdict(dict)
    trap_names = {look_up_trap(trap).name() for trap in traps}
    all_cards = list_cards(cards)
    visible_cards = [name_oracle(card) for card in all_cards if is_shown(card)]
    if all_cards and not visible_cards:
        raise ValueError(
            "a leaderboard shows agents and the oracle of base; the cards given are of other"
            f" oracles or tricks: {', '.join(card.policy for card in all_cards)}; mesa-gym score"
            " shows such a card"
        )
    for group in group_cards(visible_cards):
        if counts_for_board(group) and (group.trap in trap_names or not trap_names):
            groups_by_agent[group.agent][group.trap] = group
    board_traps = {trap for group_by_trap in groups_by_agent.values() for trap in group_by_trap}
    if not board_traps or trap_names - board_traps:
        missing = ", ".join(sorted(trap_names - board_traps)) or "a trap that counts"
        raise ValueError(
            f"no card is of {missing}; traps that are judged by returns, such as MonsterWorld, do"
            " not count, nor do lives"
        )
    names = tuple(sorted(board_traps))
    copied, agent_origins = find_stitched(visible_cards), origins or {}
    rows = [
        make_row(group_by_trap, names, agent_origins.get(agent), agent in copied)
        for agent, group_by_trap in groups_by_agent.items()
    ]
    rows.sort(key=lambda row: row.place)
    played = [
        group.levels
        for group_by_trap in groups_by_agent.values()
        for group in group_by_trap.values()
    ]
    trained = {row.agent: row.cells[0].group for row in rows if row.block == ABLE_AGENTS}
    alone = {name: group for name, group in trained.items() if group and len(names) == 1}
    date = date_made or datetime.now(UTC).date().isoformat()
    return Leaderboard(names, min(played), tuple(rows), tuple(yours), tell_apart(alone), date)


def find_stitched(cards: Sequence[ScoreCard]) -> set[str]:
    """Return the agents that are put together from others: a seed is one here and another there.

    A whole copy under another name is none. Of two agents that share weights the later is the copy.
    """
    owners = defaultdict[Any, set[tuple[str, int | None]]](set)
    agents = defaultdict[str, list[ScoreCard]](list)
    for card in cards:
        agents[agent_and_seed(card.policy)[0]].append(card)
    stitched = set[str]()
    for agent, group_by_trap in agents.items():
        sources = defaultdict[int | None, list[set[tuple[str, int | None]]]](list)
        keys = [(x.trap, identify_card(x)) for x in group_by_trap]
        for card, key in zip(group_by_trap, keys, strict=True):
            sources[agent_and_seed(card.policy)[1]] += [owners[key]] if key in owners else []
        if any(
            source_sets and not set.intersection(*source_sets) for source_sets in sources.values()
        ):
            stitched.add(agent)
        for card, key in zip(group_by_trap, keys, strict=True):
            owners[key] = owners[key] | {agent_and_seed(card.policy)}
    return stitched
