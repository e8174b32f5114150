"""Drawings of a level: the formats that people and models write, converted to symbols of a map.

The formats besides the map of ``to_map`` are: the observation ``text``, with other text around it,
cells separated by blanks, blanks as floor, a list of rows, an array of characters.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mesa_gym.engine.looks import EMPTY
from mesa_gym.engine.world import World
from mesa_gym.errors import shorten

# The first line of the observation ``text``, and the first line below its grid.
ROWS = "map, a line for each row; spaces part the cells; signs that touch are in the same cell:"
SIGNS = "signs:"


def list_lines(drawing: object) -> tuple[list[str], bool]:
    """Return the non-blank lines of a drawing, and whether the drawing is an observation.

    If a text contains several observations, as a prompt may, the last one is used.

    Raises:
        ValueError: the drawing is neither text nor rows of text.
    """
    drawn = drawing.tolist() if isinstance(drawing, np.ndarray) else drawing
    if isinstance(drawn, list | tuple):
        rows = ["".join(row) if _is_texts(row) else row for row in drawn]
        drawn = "\n".join(rows) if _is_texts(rows) else drawing
    if not isinstance(drawn, str):
        raise ValueError(
            "map must be text as render_mode='ansi' or observation='text' shows, or a list of its"
            f" rows, got {shorten(drawing)}"
        )
    _, separator, text = drawn.rpartition(ROWS)
    if separator:
        text = text.partition(f"\n{SIGNS}")[0]
    return [line.strip() for line in text.splitlines() if line.strip()], bool(separator)


def _is_texts(parts: object) -> bool:
    return isinstance(parts, list | tuple) and all(isinstance(part, str) for part in parts)


def part_cells(trap: World, rows: list[str]) -> list[list[str]]:
    """Return the symbols of each row's cells; between blanks, a cell may have several signs."""
    parted = [row.split() for row in rows]
    if all(len(row) == trap.width for row in parted):
        return parted
    return [list(row.replace(" ", EMPTY)) for row in rows]


def make_speller(trap: World) -> Callable[[str], str]:
    """Return a function that maps the signs of one cell to their legend on a map.

    A sign of a plane means the first kind or trait that the plane shows. A trait applies to all
    things in the cell that may have it. The function returns "" if a sign is unknown.
    """
    spellings: dict[str, str] = {}
    for name in ("agent", *trap.ground, *trap.things, *trap.traits, *trap.marks):
        if plane := trap.shown_as.get(name, name):
            spellings.setdefault(trap.looks[plane].glyph, name)

    def spell(signs: str) -> str:
        names = [spellings.get(sign, "") for sign in signs]
        traits = {name: trap.traits[name] for name in names if name in trap.traits}
        kinds = [name for name in names if name not in traits]
        # A kind without a plane is recognized by its traits.
        kinds += {having[0]: "" for having in traits.values() if not {*having} & {*kinds}}
        if "" in names:
            return ""
        having = {
            kind: [x for x, kinds_of_trait in traits.items() if kind in kinds_of_trait]
            for kind in kinds
        }
        return ", ".join(" ".join([kind, *its]) for kind, its in having.items())

    return spell
