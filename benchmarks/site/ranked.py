"""A ranking as a table."""

from __future__ import annotations

import math

from benchmarks.board import Board
from benchmarks.ranking import Ranking, Standing
from benchmarks.site.links import Links
from benchmarks.site.marks import number, spread
from benchmarks.site.markup import Body, Cell, Column, link, table, text

COLUMNS = (
    Column("agent", "agent"),
    Column("place", "place"),
    Column("score", "score"),
    Column("spread", "95% and every seed"),
    Column("p", "p"),
    Column("n", "n"),
    Column("competent", "competent"),
    Column("test", "N base, test (IQM)"),
    Column("regret", "regret (IQM)"),
    Column("verdicts", "verdicts"),
)
ALPHA = Column("alpha", "alpha")


def ranking_table(board: Board, ranking: Ranking, links: Links, caption: str) -> str:
    """Return the table, references below the agents."""
    columns = [*COLUMNS, ALPHA] if ranking.shifted else list(COLUMNS)
    trained = [
        _row(board, ranking, link(links.agent(each.policy), each.policy), each, place)
        for place, each in enumerate(ranking.standings, start=1)
        if not each.reference
    ]
    references = [
        _row(board, ranking, text(each.policy), each, None)
        for each in ranking.standings
        if each.reference
    ]
    bodies = [Body("agents", trained), Body("references", references)]
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
        number(each.none),
        Cell(f"{each.competent}/{each.agents}", each.competent / each.agents),
        number(each.test),
        number(each.regret),
        Cell(", ".join(f"{count} {kind}" for kind, count in each.verdicts.items()), proxies),
        *([_alpha(board, each.policy)] if ranking.shifted else []),
    ]


def _alpha(board: Board, policy: str) -> Cell:
    alpha = board.alphas.get(policy, math.nan)
    return Cell("" if math.isnan(alpha) else f"{alpha:g}", number(alpha).value)
