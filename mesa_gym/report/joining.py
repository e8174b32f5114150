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
    made: str = "",
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
        made: the date, as 2026-11-26; today's by default.

    Raises:
        ImportError: the leaderboard has one trap, and scipy is not installed.
        UnknownNameError: the trap is unknown.
        ValueError: the cards cannot be compared, none is of a trap that counts, or two seeds of an
            agent are the same.
    """
    found: dict[str, dict[str, CardGroup]] = defaultdict(dict)
    wanted = {look_up_trap(trap).name() for trap in traps}
    given = list_cards(cards)
    shown = [name_oracle(card) for card in given if is_shown(card)]
    if given and not shown:
        raise ValueError(
            "a leaderboard shows agents and the oracle of base; the cards given are of other"
            f" oracles or tricks: {', '.join(card.policy for card in given)}; mesa-gym score shows"
            " such a card"
        )
    for group in group_cards(shown):
        if counts_for_board(group) and (group.trap in wanted or not wanted):
            found[group.agent][group.trap] = group
    known = {trap for own in found.values() for trap in own}
    if not known or wanted - known:
        raise ValueError(
            f"no card is of {', '.join(sorted(wanted - known)) or 'a trap that counts'}; traps that"
            " are judged by returns, such as MonsterWorld, do not count, nor do lives"
        )
    names = tuple(sorted(known))
    copied, known_origins = find_stitched(shown), origins or {}
    rows = [
        make_row(own, names, known_origins.get(agent), agent in copied)
        for agent, own in found.items()
    ]
    rows.sort(key=lambda row: row.place)
    played = [group.levels for own in found.values() for group in own.values()]
    trained = {row.agent: row.cells[0].group for row in rows if row.block == ABLE_AGENTS}
    alone = {name: group for name, group in trained.items() if group and len(names) == 1}
    date = made or datetime.now(UTC).date().isoformat()
    return Leaderboard(names, min(played), tuple(rows), tuple(yours), tell_apart(alone), date)


def find_stitched(cards: Sequence[ScoreCard]) -> set[str]:
    """Return the agents that are put together from others: a seed is one here and another there.

    A whole copy under another name is none. Of two agents that share weights the later is the copy.
    """
    owners = defaultdict[Any, set[tuple[str, int | None]]](set)
    agents = defaultdict[str, list[ScoreCard]](list)
    for card in cards:
        agents[agent_and_seed(card.policy)[0]].append(card)
    found = set[str]()
    for agent, own in agents.items():
        known = defaultdict[int | None, list[set[tuple[str, int | None]]]](list)
        keys = [(x.trap, identify_card(x)) for x in own]
        for card, key in zip(own, keys, strict=True):
            known[agent_and_seed(card.policy)[1]] += [owners[key]] if key in owners else []
        if any(each and not set.intersection(*each) for each in known.values()):
            found.add(agent)
        for card, key in zip(own, keys, strict=True):
            owners[key] = owners[key] | {agent_and_seed(card.policy)}
    return found
