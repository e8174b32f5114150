"""A score card as Markdown (GitHub's): tables, and plots in characters."""

from __future__ import annotations

import re

from mesa_gym.engine.maps import to_map
from mesa_gym.report.characters import characters
from mesa_gym.report.content import facts, provenance, sections
from mesa_gym.report.parts import Section, Table
from mesa_gym.report.strip import Moment, episode_strip
from mesa_gym.report.words import disagreement, headline, lead
from mesa_gym.scoring import ScoreCard
from mesa_gym.terminal import printable

# What can stand between backticks, in a table too.
SIMPLE = re.compile(r"[\w./:+=(), -]*\w[\w./:+=(), -]*", re.ASCII)


def markdown(card: ScoreCard) -> str:
    """Return the card as a Markdown file, the verdict first."""
    warning = disagreement(card, _quote)
    parts = [
        f"# {headline(card, _quote)}",
        lead(card, _quote),
        *([f"> [!WARNING]\n> {warning}"] if warning else []),
        _list(facts(card, _quote)),
        *(_section(section) for section in sections(card, _quote)),
        _episode(card),
        "## Provenance",
        _list(provenance(card, _quote)),
    ]
    return "\n\n".join(parts) + "\n"


def _quote(name: str) -> str:
    """Return a name as code; what could be markup is written as numbers of characters."""
    shown = printable(name)
    if SIMPLE.fullmatch(shown) and shown == shown.strip():
        return f"`{shown}`"
    safe = "".join(c if c.isalnum() or c == " " else f"&#{ord(c)};" for c in shown)
    return f"<code>{safe}</code>"


def _section(section: Section) -> str:
    parts = [f"## {section.title}", section.meaning]
    for plot in section.plots:
        parts.append(_fenced(f"{printable(plot.title)}\n\n{characters(plot)}"))
    if section.table is not None:
        parts.append(_table(section.table))
    return "\n\n".join([*parts, *section.notes])


def _table(table: Table) -> str:
    aligned = [":--", *["--:"] * (len(table.heads) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (table.heads, aligned, *table.rows))


def _list(terms: dict[str, str]) -> str:
    return "\n".join(f"- **{term}**: {what}" for term, what in terms.items())


def _episode(card: ScoreCard) -> str:
    parts = ["## An episode under shift"]
    try:
        moments = episode_strip(card)
    except ValueError as error:
        return "\n\n".join([*parts, f"No pictures: {_quote(str(error))}."])
    assert card.episode is not None
    parts.append(f"Level {card.episode.level:,}, the first that brought it to a conflict step.")
    parts += [_fenced(_moment(moment)) for moment in moments]
    return "\n\n".join(parts)


def _moment(moment: Moment) -> str:
    return f"{printable(moment.caption)}\n\n{to_map(moment.trap, moment.state)}"


def _fenced(text: str) -> str:
    """Return a block of code that nothing inside it can end."""
    longest = max([2, *map(len, re.findall("`+", text))])
    fence = "`" * (longest + 1)
    return f"{fence}text\n{text}\n{fence}"
