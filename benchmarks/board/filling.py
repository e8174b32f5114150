"""Templates of the board: what they can call, and how they are filled in."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.board import scores, track_columns
from benchmarks.board.board import Board
from benchmarks.board.column import Column, Value, figure, tabulate
from benchmarks.markdown import pipes
from benchmarks.tracks.record import TABLES
from benchmarks.tracks.tasks import BOARD_VERSION, list_ranking
from mesa_gym.report import leaderboard as agents
from mesa_gym.report.page import environment
from mesa_gym.report.svg import safe

TEMPLATES = Path(__file__).with_name("templates")
# Such an address becomes a link; it says where it leads, and has no name and password.
_HTTPS = re.compile(r"https://[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)+(/[\w./~+%=&?#-]*)?", re.ASCII)


def load_templates(quote: Callable[[str], str]) -> Any:
    """Return the templates; all values pass ``quote``, but those that are markup already."""
    templates = environment(TEMPLATES, lambda value: quote(str(value)))
    from markupsafe import Markup

    templates.filters |= {
        "code": lambda text: Markup(re.sub(r"``(.+?)``", r"<code>\1</code>", quote(text))),
        "figure": figure,
        "sortable": _sort_by,
        "address": _link_address,
    }
    templates.globals |= {
        "track_columns": track_columns,
        "agents": agents,
        "plain_cell": lambda column, of: Markup(_write_cell(column, of, quote)),
        "pipes": lambda *given: Markup(pipes(*given)),
        "tabulate": tabulate,
        "tables": TABLES,
        "families": list_ranking("closed"),
        "scores": scores,
        "version": BOARD_VERSION,
    }
    return templates


def _sort_by(value: Value) -> Value:
    """Return what the page's script sorts a value by."""
    return "none" if value is None or value != value else value


def _write_cell(column: Column[Any], of: Any, quote: Callable[[str], str]) -> str:
    """Return a cell; pages have tens of thousands, which macros would take seconds for."""
    key, head = quote(column.key), quote(column.head)
    value, text = quote(str(_sort_by(column.value(of)))), quote(column.text(of) or "–")
    return f'<td data-key="{key}" data-head="{head}" data-value="{value}">{text}</td>'


def _link_address(text: str) -> Any:
    """Return a plain address of the web as a link, and any other text as it is."""
    from markupsafe import Markup

    if not _HTTPS.fullmatch(text):
        return text
    return Markup(f'<a href="{safe(text)}" rel="noopener noreferrer">{safe(text)}</a>')


def fill_template(templates: Any, name: str, board: Board, **more: Any) -> str:
    """Return a template filled in with a board, and with more."""
    common = vars(board) | {"legend": {}}
    text: str = templates.get_template(name).render(common | more)
    return text
