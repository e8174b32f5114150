"""A ranking as a table and as a plane."""

from __future__ import annotations

import math

from benchmarks.board import Board
from benchmarks.ranking import (
    BASE_ORACLE,
    PROXY_ORACLE,
    Ranking,
    Standing,
    everywhere,
    plane_of,
)
from benchmarks.site.links import Links
from benchmarks.site.marks import number, spread
from benchmarks.site.markup import Body, Cell, Column, link, table, text
from benchmarks.site.plane import Point, plane, span_of

COLUMNS = (
    Column("agent", "agent"),
    Column("place", "place"),
    Column("score", "score"),
    Column("spread", "95% and every seed"),
    Column("p", "p"),
    Column("n", "n"),
    Column("competent", "competent"),
    Column("base", "N base, shift"),
    Column("proxy", "N proxy, shift"),
    Column("test", "N base, test (IQM)"),
    Column("regret", "regret (IQM)"),
    Column("verdicts", "verdicts"),
)
ALPHA = Column("alpha", "alpha")
TONES = {BASE_ORACLE: "base", PROXY_ORACLE: "proxy-a"}


def ranking_table(board: Board, ranking: Ranking, links: Links, caption: str) -> str:
    """The table; agents that lack a trap have a hidden row, for the script to show them in."""
    columns = [*COLUMNS, ALPHA] if ranking.shifted else list(COLUMNS)
    trained = [each for each in ranking.standings if not each.reference]
    rows = [
        _row(board, ranking, link(links.agent(each.policy), each.policy), each, place)
        for place, each in enumerate(trained, start=1)
    ]
    given = [f' data-policy="{text(links.key(each.policy))}"' for each in trained]
    for agent in ranking.lacking:
        name = Cell(link(links.agent(agent), agent), agent)
        alpha = [_alpha(board, agent)] if ranking.shifted else []
        rows.append([name, *(Cell("", None) for _ in COLUMNS[1:]), *alpha])
        given.append(f' data-policy="{text(links.key(agent))}" hidden')
    references = [each for each in ranking.standings if each.reference]
    others = [_row(board, ranking, text(each.policy), each, None) for each in references]
    named = [f' data-policy="{text(each.policy)}"' for each in references]
    bodies = [Body("agents", rows, given), Body("references", others, named)]
    return table(caption, columns, bodies, "standings")


def _row(
    board: Board, ranking: Ranking, name: str, each: Standing, place: int | None
) -> list[Cell]:
    proxies = each.verdicts.get("proxy", 0) / each.agents
    return [
        Cell(name, each.policy),
        Cell("", None) if place is None else Cell(str(place), place),
        number(each.score),
        spread(each.score, each.by_seed, each.interval, "score"),
        number(each.proxy),
        number(each.neither),
        Cell(f"{each.competent}/{each.agents}", each.competent / each.agents),
        number(each.plane[0]),
        number(each.plane[1]),
        number(each.test),
        number(each.regret),
        Cell(", ".join(f"{count} {kind}" for kind, count in each.verdicts.items()), proxies),
        *([_alpha(board, each.policy)] if ranking.shifted else []),
    ]


def _alpha(board: Board, policy: str) -> Cell:
    alpha = board.alphas.get(policy, math.nan)
    return Cell("" if math.isnan(alpha) else f"{alpha:g}", number(alpha).value)


def ranking_plane(board: Board, ranking: Ranking, links: Links, title: str) -> str:
    """Its agents and references in the plane; the axes hold them for every choice of traps."""
    points = [
        Point(
            each.policy,
            links.key(each.policy),
            each.plane,
            each.plane_by_seed,
            each.policy if each.reference else str(place),
            TONES.get(each.policy, "rest") if each.reference else "",
        )
        for place, each in enumerate(ranking.standings, start=1)
    ]
    traps = [trap for trap in board.traps if trap.trap in ranking.traps]
    reached = [
        plane_of(row, agent.numbers)
        for policy, rows in everywhere(traps).items()
        for row in rows.values()
        if row.reference or (policy in board.alphas) == ranking.shifted
        for agent in row.agents
    ]
    return plane(title, points, span_of(reached), ("N base", "N proxy"))
