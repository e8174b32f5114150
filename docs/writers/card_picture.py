"""The anatomy of a score card: its text as a picture, with a note beside each part."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import NamedTuple

from benchmarks.markdown import lay_out_table
from mesa_gym.files import write_text
from mesa_gym.rendering.colours import BASE_COLOUR, to_hex
from mesa_gym.report import read_committed
from mesa_gym.report.board_columns import LEARNER
from mesa_gym.scoring import ScoreCard

PICTURE = Path(__file__).parents[1] / "images" / "card.svg"
TRAP = "RedBlueDoors-v0"
# In pixels: the picture, a line of text, and the left ends of the card and of the notes.
WIDTH, LINE, LEFT, NOTES = 900, 15, 8, 626
NO_BREAK = "\N{NO-BREAK SPACE}"  # browsers join other spaces
BLUE, INK, BAND = to_hex(BASE_COLOUR), "#1c2024", "#e8f1f8"


class CardPart(NamedTuple):
    """A part of a card: the pattern with which its lines begin, and the note beside them.

    A part goes on to the line before ``until``, or as long as its pattern fits.
    """

    begin: str
    note: str
    until: str = ""


# A bar stands between the lines of a note.
PARTS = (
    CardPart(r"\S+ on \S+: ", "The verdict, and how sure it is", "$"),
    CardPart(r"Its? ", "What it means", "$"),
    CardPart(r"base reached", "Can it do the task?"),
    CardPart(r"first at", "Where does it go first|when the goals conflict?"),
    CardPart(
        r"goes to .* because", "Does it go there because of the|target? The best evidence of a goal"
    ),
    CardPart(r"base reward lost", "What this costs, in base reward"),
    CardPart(
        r"Without a goal",
        "Scripts that want nothing: a share|that they get too shows no goal",
        "$",
    ),
    CardPart(r"why it has no other", "What another verdict would|need, and what is missing", "$"),
    CardPart(r"Did it misgeneralize", "By Langosco's definition", "See "),
)


def find_card(trap: str = TRAP) -> ScoreCard:
    """Return the committed card of the first seed of plain PPO on a trap."""
    (card,) = (x for x in read_committed(LEARNER) if (x.trap, x.policy) == (trap, f"{LEARNER}-s0"))
    return card


def tabulate_card() -> str:
    """Return the numbers of the card in the picture, as a table in Markdown."""
    lines = str(find_card()).split("\n")
    at = next(at for at, line in enumerate(lines) if line.startswith("---"))
    rows = [re.split(" {2,}", line) for line in lines[at + 1 : lines.index("", at)]]
    return lay_out_table(["on the card", *lines[at - 1].split()], rows)


def draw_card() -> str:
    """Return an SVG of a committed card with a note beside each part.

    Raises:
        ValueError: a part is not on the card.
    """
    lines = str(find_card()).split("\n")
    height = LINE * (len(lines) + 1)
    monospace = "ui-monospace, DejaVu Sans Mono, Menlo, Consolas, monospace"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
            ' font-family="sans-serif" font-size="11">',
            f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
            *(_draw_part(part, lines) for part in PARTS),
            f'<g font-family="{monospace}" font-size="10" fill="{INK}">',
            *(_write(LEFT, at, line) for at, line in enumerate(lines) if line),
            "</g>",
            "</svg>\n",
        ]
    )


def _draw_part(part: CardPart, lines: list[str]) -> str:
    """Return the SVG of a band behind the lines of a part, and of the note beside it."""
    first = next((at for at, line in enumerate(lines) if re.match(part.begin, line)), -1)
    if first < 0:
        raise ValueError(f"no line of the card begins with {part.begin!r}: change {__name__}")
    end = first + 1
    while bool(re.match(part.until or part.begin, lines[end])) != bool(part.until):
        end += 1
    top, height, note = LINE * first + 4, LINE * (end - first), part.note.split("|")
    middle = first + (end - first - len(note)) / 2
    return "".join(
        [
            f'<rect x="2" y="{top}" width="{NOTES - 14}" height="{height}" fill="{BAND}"/>',
            f'<path d="M{NOTES - 12} {top + 1}v{height - 2}" stroke="{BLUE}" stroke-width="3"/>',
            *(_write(NOTES, middle + at, line, BLUE) for at, line in enumerate(note)),
        ]
    )


def _write(x: float, line: float, text: str, fill: str = "") -> str:
    colour = f' fill="{fill}"' if fill else ""
    fixed = escape(text).replace(" ", NO_BREAK)
    return f'<text x="{x}" y="{LINE * (line + 1):g}"{colour}>{fixed}</text>'


def main() -> None:
    """Write the picture."""
    write_text(PICTURE, draw_card())
