"""Parts of all pages: the document around them, and tables that can be sorted."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from mesa_gym.report.page import STYLE
from mesa_gym.terminal import printable

HERE = Path(__file__).parent
HOME, BOARD = "index.html", "mesa_gym leaderboard"


def text(words: str) -> str:
    """Return text for between tags or in an attribute: names from a card are never markup."""
    return escape(printable(words))


def link(address: str, words: str) -> str:
    """Return a link to another page of the board."""
    return f'<a href="{escape(address)}">{text(words)}</a>'


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
        html: what it shows.
        value: what it is sorted by, None where there is nothing; the shown text by itself where
            this is left out.
    """

    html: str
    value: float | str | None = ""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        key: names it within the table.
        head: what it is called, as text.
        address: of the page that it is about; "" for none.
    """

    key: str
    head: str
    address: str = ""


@dataclass(frozen=True)
class Body:
    """Rows that are sorted among themselves; the first cell of each names it.

    Attributes:
        kind: how they look: "agents" or "references".
        rows: cells for all columns.
    """

    kind: str
    rows: Sequence[Sequence[Cell]]


def table(caption: str, columns: Sequence[Column], bodies: Iterable[Body], kind: str = "") -> str:
    """Return a table that the script makes sortable; on a narrow screen it scrolls by itself."""
    heads = "".join(_head(column) for column in columns)
    groups = "\n".join(_body(body, columns) for body in bodies if body.rows)
    return f"""<div class="scroll" tabindex="0" role="region" aria-label="{text(caption)}">
<table class="sortable {kind}">
<caption>{text(caption)}</caption>
<thead><tr>{heads}</tr></thead>
{groups}
</table>
</div>"""


def _head(column: Column) -> str:
    words = link(column.address, column.head) if column.address else text(column.head)
    return f'<th scope="col" data-key="{text(column.key)}">{words}</th>'


def _body(body: Body, columns: Sequence[Column]) -> str:
    rows = "\n".join(f"<tr>{_row(row, columns)}</tr>" for row in body.rows)
    return f'<tbody class="{body.kind}">\n{rows}\n</tbody>'


def _row(row: Sequence[Cell], columns: Sequence[Column]) -> str:
    cells = []
    for place, (cell, column) in enumerate(zip(row, columns, strict=True)):
        tag = "td" if place else 'th scope="row"'
        value = "" if cell.value == "" else f' data-value="{text(_plain(cell.value))}"'
        cells.append(f'<{tag} data-key="{text(column.key)}"{value}>{cell.html}</{tag[:2]}>')
    return "".join(cells)


def _plain(value: float | str | None) -> str:
    return "none" if value is None else str(value)


def section(name: str, heading: str, body: str, level: int = 2, kind: str = "") -> str:
    """Return a part of a page under a heading, which can be linked to by name."""
    given = f' class="{kind}"' if kind else ""
    return f"""<section id="{name}" aria-labelledby="{name}-heading"{given}>
<h{level} id="{name}-heading">{heading}</h{level}>
{body}
</section>"""


def terms(entries: Iterable[tuple[str, str]]) -> str:
    """Return a list of terms and what they mean, both markup."""
    inner = "\n".join(f"<div><dt>{term}</dt><dd>{what}</dd></div>" for term, what in entries)
    return f"<dl>\n{inner}\n</dl>"


def document(title: str, body: str, home: str = "") -> str:
    """Return a whole page, which fetches nothing.

    Args:
        title: of the page, as text.
        body: markup, the heading first.
        home: address of the index, as seen from the page; "" for the index itself.
    """
    script = (HERE / "board.js").read_text(encoding="utf-8")
    style = STYLE.read_text(encoding="utf-8") + (HERE / "board.css").read_text(encoding="utf-8")
    way = f'<header><nav aria-label="Board">{link(home, BOARD)}</nav></header>\n' if home else ""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_policy(script)}">
<title>{text(title)}</title>
<style>
{style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
{way}<main id="main" tabindex="-1">
{body}
</main>
<script>{script}</script>
</body>
</html>
"""


def _policy(script: str) -> str:
    """Should a name ever get past the escaping: nothing is fetched, and no other script runs."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline';"
        f" script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
