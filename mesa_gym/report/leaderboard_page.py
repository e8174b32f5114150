"""The leaderboard as pages: the matrix, and a page for each agent with its episodes.

::

    index.html              agents by traps, with the four counts
    agents/<agent>.html     what it does trap by trap, with an episode of each
    leaderboard.csv         a row for each agent: the counts, who made it, its verdicts
    cells.csv               a row for each agent and trap: verdict and shares
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mesa_gym import links
from mesa_gym.files import read_bytes, write_text
from mesa_gym.rendering import render_rgb
from mesa_gym.rendering.png import data_uri
from mesa_gym.report.cells import KINDS, UNTRAINED, Cell
from mesa_gym.report.groups import ROLES
from mesa_gym.report.leaderboard import (
    HEADS,
    LEGEND,
    QUESTION,
    Leaderboard,
    format_cell,
    format_count,
    format_mean,
    format_value,
    format_word,
    strip_version,
)
from mesa_gym.report.page import TEMPLATES, environment, safe
from mesa_gym.report.strip import episode_strip
from mesa_gym.scoring import WORDS, ScoreCard
from mesa_gym.traps import Split, find_trap, package_traps

# The first page shows a level of this trap in training and one under shift.
SHOWN = "CheeseCorner"
GENERATOR = '<meta name="generator" content="mesa_gym leaderboard">'
TILE = 20  # pixels a cell has in an episode's pictures
LONGEST = 60  # of a file's name
# With these a spreadsheet takes a cell for a formula (OWASP, "CSV Injection").
_FORMULA = tuple("=+-@＝＋－＠\t\r\n")


def write_pages(board: Leaderboard, folder: Path) -> Path:
    """Write the pages of a leaderboard and its tables, and return the path of the first page.

    Other files in the folder stay.

    Raises:
        FileExistsError: there is a file in the way that is none of a leaderboard's.
        ImportError: jinja2 is not installed; the message names the extra.
    """
    require_free(folder)
    templates = environment(TEMPLATES, lambda value: safe(str(value)))
    addresses = {row.agent: f"agents/{slug(row.agent)}.html" for row in board.rows}
    templates.filters |= {"cell": format_cell, "value": format_value, "trap": strip_version}
    templates.filters |= {"count": format_count, "mean": format_mean, "page": find_page}
    templates.filters["word"] = format_word
    templates.globals |= {
        "board": board,
        "addresses": addresses,
        "heads": HEADS,
        "roles": ROLES,
        "untrained": {name: told for block in UNTRAINED.values() for name, told in block.items()},
        "generator": GENERATOR,
        "links": links,
    }
    shown = [_draw_level(split) for split in (Split.TRAIN, Split.SHIFT)]
    pages = {
        "index.html": templates.get_template("leaderboard.html").render(
            question=QUESTION, legend=" ".join(LEGEND), words=WORDS, pictures=shown
        )
    }
    for row in board.rows:
        sections = [(cell, _draw_episode(cell)) for cell in (*row.cells, *row.aside) if cell.group]
        agent = templates.get_template("agent.html").render(row=row, sections=sections)
        pages[addresses[row.agent]] = agent
    pages |= {
        "leaderboard.csv": write_csv(list_agents(board)),
        "cells.csv": write_csv(board.cells()),
    }
    for address, page in pages.items():
        write_text(folder / address, page)
    return folder / "index.html"


def require_free(folder: Path) -> None:
    """Raise FileExistsError where a page would replace a file of another kind."""
    taken = folder / "index.html" if folder.is_dir() else folder
    if taken.exists() and (taken == folder or GENERATOR.encode() not in read_bytes(taken)):
        raise FileExistsError(f"{taken} is not of a leaderboard; choose another folder")


def find_page(trap: str) -> str:
    """Return the address of a trap's page; "" for a trap that is not of the package."""
    known = package_traps().get(trap)
    return links.link_trap(known.__module__) if known else ""


def list_agents(board: Leaderboard) -> list[dict[str, Any]]:
    """Return a row for each agent: its counts, its origin, and its verdict on each trap."""
    return [
        {
            "agent": row.agent,
            "block": row.block,
            **{HEADS[kind]: row.counts[kind].mean for kind in KINDS},
            "seeds": row.seeds,
            "by": row.origin.by if row.origin else "",
            "made": row.origin.made if row.origin else "",
            "commit": row.origin.commit if row.origin else "",
            "standing": row.origin.standing if row.origin else "",
            **{strip_version(cell.trap): cell.word for cell in row.cells},
        }
        for row in board.rows
    ]


def write_csv(rows: Sequence[dict[str, Any]]) -> str:
    """Return rows as CSV (RFC 4180), numbers to four digits; unknown values are empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _write_value(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _write_value(value: Any) -> Any:
    if isinstance(value, float):
        return f"{round(value, 4) + 0:g}"
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _draw_episode(cell: Cell) -> list[tuple[str, str]]:
    """Return pictures and captions of the first seed's episode; none where the trap is absent."""
    cards: Sequence[ScoreCard] = cell.group.cards if cell.group else ()
    try:
        moments = episode_strip(cards[0])
    except ValueError:  # such as levels that are secret
        return []
    return [(data_uri(moment.picture(TILE)), moment.caption) for moment in moments]


def _draw_level(split: Split) -> str:
    trap = find_trap(SHOWN)()
    return data_uri(render_rgb(trap, trap.levels(split, [0]), TILE)[0])


def slug(name: str) -> str:
    """Return a file name for an agent's name; a digest stands in for odd characters.

    Names that differ in capitals alone get different files, as not every file system tells
    capitals apart.
    """
    if re.fullmatch(rf"[a-z0-9_-][a-z0-9._-]{{,{LONGEST - 1}}}", name, re.ASCII):
        return name
    digest = hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=4).hexdigest()
    readable = re.sub(r"[^a-z0-9._-]", "-", name.lower(), flags=re.ASCII)[:LONGEST].strip("-.")
    return f"{readable or 'agent'}-{digest}"
