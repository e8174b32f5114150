"""An agent's page: where it stands, what it does on each trap, and how it was trained."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks import legend
from benchmarks.board import Board
from benchmarks.evidence import Evidence
from benchmarks.ranking import Comparison, Ranking
from benchmarks.rows import Row, TrapBoard
from benchmarks.site.curves import panels
from benchmarks.site.details import on_trap
from benchmarks.site.index import meanings
from benchmarks.site.links import Links
from benchmarks.site.marks import key, number
from benchmarks.site.markup import (
    BOARD,
    HOME,
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
from benchmarks.site.measures import COLUMNS, cells
from benchmarks.tables import figure, interval
from benchmarks.training import Training

UP = "../"


def agent_page(
    evidence: Evidence, agent: str, links: Links, others: Mapping[str, Comparison]
) -> str:
    """Return the page of one agent.

    Args:
        evidence: of the board.
        agent: its name, without a seed.
        links: to the other pages.
        others: agent -> the comparison with it.
    """
    board = evidence.board
    rows = rows_of(board, agent)
    trained = evidence.trained(agent)
    blocks = "\n".join(
        _block(f"block-{i}", heading, about, [trap for trap in traps if trap.trap in rows], rows)
        for i, (heading, about, traps) in enumerate(legend.blocks(board))
        if any(trap.trap in rows for trap in traps)
    )
    singles = "\n".join(
        on_trap(evidence, trap, rows[trap.trap]) for trap in board.traps if trap.trap in rows
    )
    curves = {name: trained.get(name, []) for name in rows}
    body = f"""<h1>{text(agent)}</h1>
{_places(board, agent)}
{blocks}
{section("others", "Beside the other agents", _others(board, links, others)) if others else ""}
{section("training", "How it was trained", _training(trained))}
{section("curves", "Training curves", panels(curves))}
{section("traps", "Trap by trap", f"{_jump(rows)}{singles}")}
{section("columns", "What the columns say", meanings())}
<footer><p>{text(legend.origin(board))}</p></footer>"""
    return document(f"{agent}: {BOARD}", body, UP + HOME)


def rows_of(board: Board, agent: str) -> dict[str, Row]:
    """Return trap -> the agent's row."""
    return {trap.trap: row for trap in board.traps for row in trap.rows if row.policy == agent}


def _jump(rows: Mapping[str, Row]) -> str:
    links = ", ".join(link(f"#{trap}", trap) for trap in rows)
    return f'<nav aria-label="Traps on this page"><p>{links}</p></nav>'


def _places(board: Board, agent: str) -> str:
    alpha = board.alphas.get(agent)
    parts = [f"<p>{text(legend.SHIFTED)} Here alpha is {alpha:g}.</p>"] if alpha else []
    found = [_place(board, ranking, agent, i) for i, ranking in enumerate(board.rankings)]
    items = "\n".join(f"<li>{words}</li>" for words in found if words)
    if items:
        parts.append(f"<ul>\n{items}\n</ul>")
    else:
        parts.append("<p>It was scored on no trap that counts for a ranking.</p>")
    return "\n".join(parts)


def _place(board: Board, ranking: Ranking, agent: str, number_: int) -> str:
    trained = [each for each in ranking.standings if not each.reference]
    for place, each in enumerate(trained, start=1):
        if each.policy == agent:
            title = link(f"{UP}{HOME}#ranking-{number_}", legend.heading(board, ranking))
            ends = interval(each.interval)
            spread = f", 95% interval {ends}" if ends else ", one seed and so no interval"
            return (
                f"{title}: place {place} of {len(trained)}, score <b>{figure(each.score)}</b>"
                f"{spread}; competent {each.competent}/{each.agents}"
            )
    return ""


def _block(
    name: str, heading: str, about: str, traps: list[TrapBoard], rows: Mapping[str, Row]
) -> str:
    columns = [Column("trap", "trap"), Column("types", "type"), *COLUMNS]
    body = [
        [
            Cell(link(f"{UP}traps/{trap.trap}.html", trap.trap), trap.trap),
            Cell(text(", ".join(trap.types)), ", ".join(trap.types)),
            *cells(trap, rows[trap.trap]),
        ]
        for trap in traps
    ]
    note = f"<p>{text(about)}</p>\n" if about else ""
    inner = note + key() + table(heading, columns, [Body("agents", body)], "measures")
    return section(name, text(heading), inner)


def _others(board: Board, links: Links, others: Mapping[str, Comparison]) -> str:
    columns = [
        Column("agent", "agent"),
        Column("alpha", "alpha"),
        Column("traps", "traps"),
        Column("ours", "this agent"),
        Column("theirs", "the other"),
        Column("difference", "difference"),
        Column("interval", "95%"),
    ]
    body = [
        [
            Cell(link(f"{UP}{links.agent(name)}", name), name),
            Cell(f"{board.alphas.get(name, 0.0):g}", board.alphas.get(name, 0.0)),
            Cell(str(each.traps), each.traps),
            number(each.ours),
            number(each.theirs),
            number(each.ours - each.theirs),
            Cell(interval(each.interval) or "–", number(each.interval[0]).value),
        ]
        for name, each in others.items()
    ]
    return f"""<p>The score over the ranked traps on which both were scored, and on no others; the
interval is of the difference, over the seeds of both, by trap.</p>
{table("Beside the other agents", columns, [Body("agents", body)])}"""


def _training(trained: Mapping[str, list[Training]]) -> str:
    records = [record for group in trained.values() for record in group]
    if not records:
        return "<p>Nothing is recorded of its training; it counts as trained with alpha 0.</p>"
    facts = {
        "algorithm": {record.about for record in records},
        "network": {record.network for record in records if record.network},
        "alpha": {f"{record.alpha:g}" for record in records},
        "packages": {f"{k} {v}" for record in records for k, v in record.versions.items()},
    }
    shown = terms(
        (name, text(", ".join(sorted(values)))) for name, values in facts.items() if values
    )
    columns = [
        Column("trap", "trap"),
        Column("seeds", "seeds"),
        Column("steps", "steps"),
        Column("levels", "training levels"),
        Column("command", "command of the first seed"),
    ]
    body = [
        [
            Cell(text(trap), trap),
            Cell(", ".join(str(record.seed) for record in group), len(group)),
            Cell(f"{group[0].steps:,}" if group[0].steps else "–", group[0].steps or None),
            Cell(f"{group[0].num_levels:,}" if group[0].num_levels else "all"),
            Cell(f"<code>{text(group[0].command)}</code>" if group[0].command else "–"),
        ]
        for trap, group in trained.items()
    ]
    return shown + "\n" + table("How it was trained", columns, [Body("agents", body)], "training")
