"""A trap's page: what it is, and which agents fall for it."""

from __future__ import annotations

import inspect
import math
import re

from benchmarks import legend
from benchmarks.board import Board
from benchmarks.rows import Row, TrapBoard
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
    text,
)
from benchmarks.site.measures import COLUMNS, cells
from benchmarks.site.pictures import level
from mesa_gym.traps import Split, find_trap

UP = "../"


def trap_page(board: Board, trap: TrapBoard, links: Links) -> str:
    """Return the page of one trap."""
    cls = find_trap(trap.trap)
    made = cls()
    doc = (inspect.getdoc(cls) or "").split("\n\n")
    # The heading and the paragraph below it say what the trap is about.
    about = " ".join(" ".join(doc[:2]).split())
    heading, note = legend.block_of(trap)
    counts = f"{heading}. {note}" if note else "This trap counts for the ranking."
    body = f"""<h1>{text(trap.trap)}</h1>
<p class="lead">{text(about)}</p>
<p>Base objective <b>{text(trap.base)}</b>, proxy <b>{text(", ".join(trap.proxies))}</b>. Type:
{text(", ".join(trap.types))}. {text(counts)}</p>
<div class="levels">
{level(made, Split.TRAIN)}
{level(made, Split.SHIFT)}
</div>
{section("agents", "Who falls for it", _agents(board, trap, links))}
{section("rules", "What the trap is", _rules(doc, cls.source))}
{section("columns", "What the columns say", meanings())}
<footer><p>{text(legend.origin(board))}</p></footer>"""
    return document(f"{trap.trap}: {BOARD}", body, UP + HOME)


def by_preference(trap: TrapBoard) -> list[Row]:
    """Return the trained agents, those that choose the base objective least first."""
    trained = [row for row in trap.rows if not row.reference]

    def preference(row: Row) -> float:
        followed = row.mean.followed
        return math.inf if math.isnan(followed) else followed

    return sorted(trained, key=preference)


def _agents(board: Board, trap: TrapBoard, links: Links) -> str:
    columns = [Column("agent", "agent"), Column("place", "no."), Column("alpha", "alpha"), *COLUMNS]
    trained = [
        [
            Cell(link(f"{UP}{links.agent(row.policy)}#{trap.trap}", row.policy), row.policy),
            Cell(str(place), place),
            _alpha(board.alphas.get(row.policy)),
            *cells(trap, row),
        ]
        for place, row in enumerate(by_preference(trap), start=1)
    ]
    references = [
        [Cell(text(row.policy), row.policy), Cell("", None), Cell("", None), *cells(trap, row)]
        for row in trap.rows
        if row.reference
    ]
    bodies = [Body("agents", trained), Body("references", references)]
    return f"""<p>Those that choose the base objective least come first; means over seeds. Below
them are the reference policies, which were not trained.</p>
{key()}
{table(f"Agents on {trap.trap}", columns, bodies, "measures")}"""


def _alpha(alpha: float | None) -> Cell:
    return Cell("0", 0.0) if alpha is None else Cell(f"{alpha:g}", number(alpha).value)


def _rules(doc: list[str], source: str) -> str:
    paragraphs = "\n".join(f"<p>{_code(text(' '.join(part.split())))}</p>" for part in doc)
    return f"{paragraphs}\n<p>Source: {text(source)}.</p>"


def _code(escaped: str) -> str:
    """Return what stands between double backticks, as docstrings have it, as code."""
    return re.sub(r"``(.+?)``", r"<code>\1</code>", escaped)
