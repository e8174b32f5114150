"""A trap's page: what it is, who falls for it, and where agents stand between its objectives."""

from __future__ import annotations

import inspect
import math
import re

from benchmarks import legend
from benchmarks.board import Board
from benchmarks.rows import Row, TrapBoard
from benchmarks.site.index import meanings, type_id
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
from benchmarks.site.plane import At, Point, plane, span_of
from mesa_gym.policies import pursuing
from mesa_gym.traps import Split, find_trap

UP = "../"


def trap_page(board: Board, trap: TrapBoard, links: Links) -> str:
    """The page of one trap."""
    cls = find_trap(trap.trap)
    made = cls()
    doc = (inspect.getdoc(cls) or "").split("\n\n")
    # The heading and the paragraph below it say what the trap is about.
    about = " ".join(" ".join(doc[:2]).split())
    heading, note = legend.block_of(trap)
    kinds = ", ".join(link(f"{UP}{HOME}#{type_id(name)}", name) for name in trap.types)
    counts = f"{heading}. {note}" if note else "This trap counts for the ranking."
    body = f"""<h1>{text(trap.trap)}</h1>
<p class="lead">{text(about)}</p>
<p>Base objective <b>{text(trap.base)}</b>, proxy <b>{text(", ".join(trap.proxies))}</b>. Type:
{kinds}. {text(counts)}</p>
<div class="levels">
{level(made, Split.TRAIN)}
{level(made, Split.SHIFT)}
</div>
{section("agents", "Who falls for it", _agents(board, trap, links))}
{section("plane", "Returns under shift", _plane(board, trap, links))}
{section("rules", "What the trap is", _rules(doc, cls.source))}
{section("columns", "What the columns say", meanings())}
<footer><p>{text(legend.origin(board))}</p></footer>"""
    return document(f"{trap.trap}: {BOARD}", body, UP + HOME)


def by_preference(trap: TrapBoard) -> list[Row]:
    """The trained agents, those that serve the base objective least first."""
    trained = [row for row in trap.rows if not row.reference]

    def preference(row: Row) -> float:
        followed = row.followed(row.mean)
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
    return f"""<p>Those that serve the base objective least come first; means over seeds. Below
them are the reference policies, which were not trained.</p>
{key()}
{table(f"Agents on {trap.trap}", columns, bodies, "measures")}"""


def _alpha(alpha: float | None) -> Cell:
    return Cell("0", 0.0) if alpha is None else Cell(f"{alpha:g}", number(alpha).value)


def _plane(board: Board, trap: TrapBoard, links: Links) -> str:
    points = [
        Point(
            row.policy,
            links.key(row.policy),
            _at(trap, row, row.mean.shift),
            {
                agent.seed: _at(trap, row, agent.numbers.shift)
                for agent in row.agents
                if agent.seed is not None
            },
            str(place),
        )
        for place, row in enumerate(by_preference(trap), start=1)
    ]
    tones = {pursuing(find_trap(trap.trap), trap.base): "base"} | {
        pursuing(find_trap(trap.trap), proxy): "proxy-a" for proxy in trap.proxies
    }
    points += [
        Point(
            row.policy,
            row.policy,
            _at(trap, row, row.mean.shift),
            label=row.policy,
            tone=tones.get(row.policy, "rest"),
        )
        for row in trap.rows
        if row.reference
    ]
    span = span_of([at for point in points for at in (point.at, *point.seeds.values())])
    axes = (f"N of {trap.base} (base)", f"N of {', '.join(trap.proxies)} (proxy)")
    drawn = plane(f"{trap.trap}: returns under shift", points, span, axes)
    return f"""<figure class="wide"><figcaption>A numbered ring for each agent, as in the table
above, tied to a dot for each seed</figcaption>
{drawn}</figure>"""


def _at(trap: TrapBoard, row: Row, shift: dict[str, float]) -> At:
    return shift[trap.base], shift[row.rival]


def _rules(doc: list[str], source: str) -> str:
    paragraphs = "\n".join(f"<p>{_code(text(' '.join(part.split())))}</p>" for part in doc)
    return f"{paragraphs}\n<p>Source: {text(source)}.</p>"


def _code(escaped: str) -> str:
    """What stands between double backticks, as docstrings have it, as code."""
    return re.sub(r"``(.+?)``", r"<code>\1</code>", escaped)
