"""The leaderboard as pages: agents by traps, and a page for each agent with its episodes.

::

    index.html              the ranks, and the margin of each agent on each trap
    agents/<agent>.html     what it does trap by trap, with an episode of each
    leaderboard.csv         the same numbers
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mesa_gym.files import read_bytes, write_text
from mesa_gym.rendering import render_rgb
from mesa_gym.rendering.png import data_uri
from mesa_gym.report.leaderboard import (
    CAUTION,
    NOTES,
    Leaderboard,
    count_traps,
    describe_apart,
    describe_today,
    format_able,
    format_share,
)
from mesa_gym.report.page import TEMPLATES, environment
from mesa_gym.report.profile import TODAY, UNTRAINED, Profile
from mesa_gym.report.strip import episode_strip
from mesa_gym.report.svg import safe
from mesa_gym.report.tables import describe_verdicts
from mesa_gym.scoring import ScoreCard
from mesa_gym.traps import Split, find_trap

# The first page shows a level of this trap in training and one under shift.
SHOWN = "CheeseCorner"
GENERATOR = '<meta name="generator" content="mesa_gym leaderboard">'
TILE = 20  # pixels a cell has in an episode's pictures
LONGEST = 60  # of a file's name
# With these a spreadsheet takes a cell for a formula (OWASP, "CSV Injection").
_FORMULA = tuple("=+-@＝＋－＠\t\r\n")


def write_pages(board: Leaderboard, folder: Path, links: Mapping[str, str] | None = None) -> Path:
    """Write the pages of a leaderboard and its CSV, and return the path of the first page.

    Pages of agents that are not on this leaderboard go at the end; other files stay.

    Args:
        board: the leaderboard.
        folder: where to; it need not exist.
        links: address -> text, of further pages that the first one names.

    Raises:
        FileExistsError: there is a file in the way that is none of a leaderboard's.
        ImportError: jinja2 is not installed; the message names the extra.
    """
    require_free(folder)
    templates = environment(TEMPLATES, lambda value: safe(str(value)))
    templates.filters |= {"share": format_share, "tone": _name_tone}
    templates.filters["place"] = lambda margin: f"{50 + 50 * margin:.2f}%"
    templates.globals |= {
        "traps": board.names,
        "able": lambda row: format_able(row, len(board.traps)),
        "known": lambda value: not math.isnan(value),
        "today": lambda agent: agent.endswith(TODAY),
        "addresses": {each.agent: f"agents/{slug(each.agent)}.html" for each in board.profiles},
        "untrained": UNTRAINED,
        "generator": GENERATOR,
    }
    found = board.group_rows()
    pages = {
        "index.html": templates.get_template("leaderboard.html").render(
            rows=found,
            title=count_traps(board),
            pictures=[_draw_level(split) for split in (Split.TRAIN, Split.SHIFT)],
            notes=NOTES,
            apart=describe_apart(board),
            caution=CAUTION,
            todays=[*describe_today(board)],
            links=links or {},
        )
    }
    for profile, (whole, rows) in zip(board.profiles, found, strict=True):
        address = templates.globals["addresses"][profile.agent]
        pages[address] = templates.get_template("agent.html").render(
            whole=whole, sections=list(zip(rows, _list_sections(profile), strict=True))
        )
    ours = [path for path in folder.glob("agents/*.html") if _is_ours(path)]
    for address, page in pages.items():
        write_text(folder / address, page)
    for stale in {*ours} - {folder / address for address in pages}:
        stale.unlink()
    write_text(folder / "leaderboard.csv", write_csv(board))
    return folder / "index.html"


def require_free(folder: Path) -> None:
    """Raise FileExistsError where a page would replace what is not of a leaderboard."""
    index = folder / "index.html"
    if (folder.exists() and not folder.is_dir()) or (index.exists() and not _is_ours(index)):
        taken = index if folder.is_dir() else folder
        raise FileExistsError(f"{taken} is not of a leaderboard; choose another folder")


def _is_ours(path: Path) -> bool:
    return GENERATOR.encode() in read_bytes(path)


def write_csv(board: Leaderboard) -> str:
    """Return the rows of a leaderboard as CSV (RFC 4180); what is not known is empty."""
    text, rows = io.StringIO(), board.rows()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _write_cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _write_cell(value: Any) -> Any:
    if isinstance(value, float) and math.isnan(value):
        return ""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _list_sections(profile: Profile) -> list[dict[str, Any]]:
    """Return for each trap what an agent's page shows beside the numbers."""
    found = []
    for trap, group in profile.groups.items():
        base, *proxies = group.cards[0].objectives if group else ("",)
        found.append(
            {
                "name": trap,
                "verdicts": describe_verdicts(group) if group else "no cards",
                "base": base,
                "proxies": proxies,
                "moments": _draw_episode(group.cards) if group else [],
                "command": group.cards[0].provenance.command if group else "",
            }
        )
    return found


def _draw_episode(cards: Sequence[ScoreCard]) -> list[tuple[str, str]]:
    """Return pictures and captions of the first seed's episode; none where it cannot be played."""
    try:
        moments = episode_strip(cards[0])
    except ValueError:  # such as levels that are secret
        return []
    return [(data_uri(moment.picture(TILE)), moment.caption) for moment in moments]


def _name_tone(margin: float) -> str:
    """Return the classes of a square, by which the style sheet chooses the colour of letters."""
    if margin < 0:
        return "proxy full" if margin < -0.85 else "proxy"
    return "base full" if margin > 0.93 else "base deep" if margin > 0.55 else "base"


def _draw_level(split: Split) -> str:
    trap = find_trap(SHOWN)()
    return data_uri(render_rgb(trap, trap.levels(split, [0]), TILE)[0])


def slug(name: str) -> str:
    """Return a file's name for any name: its own where that is plain, else marked by a digest.

    Names that differ in capitals alone get different files, as not every file system tells
    capitals apart.
    """
    if re.fullmatch(rf"[a-z0-9_-][a-z0-9._-]{{,{LONGEST - 1}}}", name, re.ASCII):
        return name
    digest = hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=4).hexdigest()
    readable = re.sub(r"[^a-z0-9._-]", "-", name.lower(), flags=re.ASCII)[:LONGEST].strip("-.")
    return f"{readable or 'agent'}-{digest}"
