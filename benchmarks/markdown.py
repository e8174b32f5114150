"""The board as a Markdown file (GitHub's)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from benchmarks import legend, tables
from benchmarks.board import Board
from mesa_gym.terminal import printable

# What could be markup, a link or a mention; an underscore inside a word is not.
_MARKUP = re.compile(
    r"[\\`*<>&\[\]|#@~!]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])|:(?=//)|(?<=www)\.", re.IGNORECASE
)


def markdown(board: Board) -> str:
    """Return the whole board."""
    parts = ["# Leaderboard", "", legend.HOW_TO_READ]
    for ranking in board.rankings:
        parts += ["", f"## {legend.heading(board, ranking)}", ""]
        parts += [*legend.about(board, ranking), ""]
        parts += [pipes(tables.RANKING_HEADS, tables.ranking_rows(ranking))]
        parts += ["", plain(legend.lacking(ranking))] if ranking.lacking else []
    parts += ["", f"## {tables.GLANCE}", ""]
    parts += [pipes(tables.GLANCE_HEADS, tables.glance_rows(board))]
    for heading, text, traps in legend.blocks(board):
        parts += ["", f"## {heading}", *(["", text] if text else [])]
        for trap in traps:
            rows = [tables.cells(trap, line) for line in tables.all_lines(trap)]
            title = plain(legend.title(trap))
            parts += ["", f"### {title}", "", pipes(tables.heads(trap), rows)]
    parts += ["", "## Columns", ""]
    parts += [f"- *{head}*: {meaning}." for head, meaning in legend.MEANING.items()]
    return "\n".join([*parts, "", legend.origin(board), ""])


def plain(text: str) -> str:
    """Return text in one line, with character references for what would be markup."""
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", printable(text))


def pipes(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of plain texts."""
    return laid_out([plain(cell) for cell in head], [[plain(cell) for cell in row] for row in rows])


def laid_out(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of cells that may hold Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))
