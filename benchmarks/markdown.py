"""Tables in GitHub's Markdown, and escaped text for them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mesa_gym.terminal import printable

# Characters that could be markup, a link or a mention, except underscores inside words.
_MARKUP = re.compile(
    r"[\\`*<>&\[\]|#@~!]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])|:(?=//)|(?<=www)\.", re.IGNORECASE
)


def plain(text: str) -> str:
    """Return a text in one line, with markup replaced by character references."""
    return _MARKUP.sub(lambda match: f"&#{ord(match[0])};", printable(text))


def pipes(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown of plain texts."""
    return lay_out_table(
        [plain(cell) for cell in head], [[plain(cell) for cell in row] for row in rows]
    )


def lay_out_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown of cells that may contain Markdown."""
    heads, *body = (f"| {' | '.join(row)} |" for row in (head, *rows))
    return "\n".join([heads, f"|{'---|' * len(head)}", *body])
