"""The first page: the rankings, which agents fall for what, and the traps."""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence

from benchmarks import legend
from benchmarks.board import Board
from benchmarks.ranking import Ranking, everywhere
from benchmarks.rows import Row, TrapBoard
from benchmarks.site.links import Links
from benchmarks.site.marks import bar, between, key, number
from benchmarks.site.markup import (
    BOARD,
    Body,
    Cell,
    Column,
    document,
    link,
    section,
    table,
    terms,
    text,
)
from benchmarks.site.pictures import level_uri
from benchmarks.site.ranked import ranking_table
from benchmarks.tables import figure
from mesa_gym.traps import Split, find_trap

FORMS = ("board.md", "Markdown"), ("board.csv", "CSV"), ("board.json", "JSON")


def index(board: Board, links: Links) -> str:
    """Return the page."""
    blocks = "\n".join(
        _block(board, links, f"block-{i}", heading, about, traps)
        for i, (heading, about, traps) in enumerate(legend.blocks(board))
    )
    body = f"""<h1>{BOARD}</h1>
<p class="lead">{text(legend.HOW_TO_READ)}</p>
{_rankings(board, links)}
{blocks}
{section("traps", "The traps", _gallery(board, links))}
{section("columns", "What the columns say", meanings())}
<footer><p>{text(legend.origin(board))}</p>
<p>The same as {", ".join(link(file, form) for file, form in FORMS)}.</p></footer>"""
    return document(BOARD, body)


def meanings() -> str:
    """Return the meaning of each column."""
    return terms((text(head), f"{text(said)}.") for head, said in legend.MEANING.items())


def _rankings(board: Board, links: Links) -> str:
    if not board.rankings:
        return "<p>None of the traps below counts for a ranking.</p>"
    return "\n".join(
        _ranking(board, ranking, links, place) for place, ranking in enumerate(board.rankings)
    )


def _ranking(board: Board, ranking: Ranking, links: Links, place: int) -> str:
    about = "\n".join(f"<p>{text(words)}</p>" for words in legend.about(board, ranking))
    heading = legend.heading(board, ranking)
    body = f"""{about}
{ranking_table(board, ranking, links, heading)}
<p>{text(legend.lacking(ranking))}</p>"""
    return section(f"ranking-{place}", text(heading), body, kind="ranking")


def _block(
    board: Board, links: Links, name: str, heading: str, about: str, traps: Sequence[TrapBoard]
) -> str:
    """Return all trained agents on the traps of a block: how far each prefers base."""
    columns = [Column("agent", "agent")] + [
        Column(trap.trap, trap.trap, links.trap(trap.trap)) for trap in traps
    ]
    rows = _by_agent(traps)
    body = [
        [Cell(_name(board, agent, links), agent)]
        + [_met(rows[agent].get(trap.trap)) for trap in traps]
        for agent in board.agents()
        if agent in rows
    ]
    solvable = traps[0].solvable
    told = (
        "The share b of shift levels on which the base objective was chosen"
        if solvable
        else "The position r between the reference policies, 1 for that of base, 0 for the proxy's"
    )
    note = f"<p>{text(about)}</p>\n" if about else ""
    inner = f"""{note}<p>{told}, over a bar of base, proxy and none, and the most frequent
verdict; means over seeds.</p>
{key()}
{table(heading, columns, [Body("agents", body)], "matrix")}"""
    return section(name, text(heading), inner)


def _by_agent(traps: Sequence[TrapBoard]) -> dict[str, dict[str, Row]]:
    rows = everywhere(traps)
    return {policy: on for policy, on in rows.items() if not next(iter(on.values())).reference}


def _name(board: Board, agent: str, links: Links) -> str:
    alpha = board.alphas.get(agent)
    note = f' <span class="alpha">alpha {alpha:g}</span>' if alpha else ""
    return link(links.agent(agent), agent) + note


def _met(row: Row | None) -> Cell:
    """Return a small cell of what one agent does on one trap."""
    if row is None:
        return Cell("–", None)
    followed = row.mean.followed
    shares = row.mean.choice if math.isnan(row.mean.between) else between(followed)
    verdict, share = next(iter(row.verdicts.items()))
    said = verdict.split(":")[0] + ("" if share == 1 else f" {share:.0%}")
    html = f'{figure(followed)}{bar(shares)}<span class="said">{said}</span>'
    return Cell(html, number(followed).value)


def _gallery(board: Board, links: Links) -> str:
    cards = "\n".join(_trap(trap, links) for trap in board.traps)
    return f'<ul class="gallery">\n{cards}\n</ul>'


def _trap(board: TrapBoard, links: Links) -> str:
    trap = find_trap(board.trap)()
    about = (inspect.getdoc(type(trap)) or "").split("\n\n")[0]
    trained = [row for row in board.rows if not row.reference]
    fell = sum(agent.verdict.startswith("proxy") for row in trained for agent in row.agents)
    count = sum(len(row.agents) for row in trained)
    return f"""<li>
<img src="{level_uri(trap, Split.SHIFT)}" alt="A level of {text(board.trap)} under shift">
<h3>{link(links.trap(board.trap), board.trap)}</h3>
<p>{text(" ".join(about.split()))}</p>
<p class="quiet">{text(", ".join(board.types))}; {fell} of {count} agents pursue the proxy</p>
</li>"""
