"""The pages of the board, which are made of the templates beside this module."""

from __future__ import annotations

import base64
import hashlib
import inspect
import math
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from agents.algorithms import ALGORITHMS
from benchmarks.board.atlas import AtlasRow
from benchmarks.board.atlas_text import summarise_agent
from benchmarks.board.board import Board
from benchmarks.board.charts import draw_curves, draw_training
from benchmarks.board.column import list_meanings
from benchmarks.board.filling import TEMPLATES, fill_template, load_templates
from benchmarks.board.pictures import film_card, film_replays, picture, strip
from benchmarks.board.track_columns import STANDINGS, list_columns
from benchmarks.runs.results import Results
from benchmarks.tracks.methods import METHODS
from benchmarks.tracks.record import TABLES
from benchmarks.tracks.tasks import TASKS, find_task
from mesa_gym.report.page import STYLE
from mesa_gym.report.svg import safe
from mesa_gym.traps import find_trap

# The first page shows a level of this trap in training and one under shift.
SHOWN = "CheeseCorner"
_UNSAFE = re.compile(r"[^a-z0-9._-]|^\.", re.ASCII)
LONGEST = 60


def fill_pages(board: Board, results: Results) -> Iterator[tuple[str, str]]:
    """Yield each page's address, relative to the index, and what it holds."""
    atlas, templates = board.atlas, load_templates(safe)
    from markupsafe import Markup

    script = (TEMPLATES / "board.js").read_text(encoding="utf-8")
    style = STYLE.read_text(encoding="utf-8") + (TEMPLATES / "board.css").read_text("utf-8")
    links = {agent: f"agents/{slug(agent)}.html" for agent in atlas.agents()}
    # No two differ in capitals alone.
    methods = {name: f"methods/{name.lower()}.html" for name in board.methods}
    trained = [(t, row) for t in atlas.traps for row in t.rows if not row.reference]
    templates.globals |= {
        "script": Markup(script),
        "style": Markup(style),
        "digest": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "links": links,
        "method_links": methods,
        "picture": cache(picture),
        "doc": _doc,
        "curves": draw_curves,
        "agents": atlas.agents(),
        "trained": trained,
        "shown": SHOWN,
    }
    columns = [*STANDINGS, *(column for table in TABLES for column in list_columns(table))]
    legend = list_meanings(columns)
    yield "index.html", fill_template(templates, "index.html", board, up="", legend=legend)
    yield "atlas.html", fill_template(templates, "atlas.html", board, up="")
    tasks = {name: find_task(name, 0) for name in TASKS}
    yield "tasks.html", fill_template(templates, "tasks.html", board, up="", tasks=tasks, legend={})
    for trap in atlas.traps:
        more = {"trap": trap, "pairs": [(trap, row) for row in sorted(trap.rows, key=_preference)]}
        source = find_trap(trap.trap).source
        page = fill_template(templates, "trap.html", board, up="../", source=source, **more)
        yield f"traps/{trap.trap}.html", page
    for agent, address in links.items():
        pairs = [(trap, row) for trap, row in trained if row.policy == agent]
        more = _describe_agent(board, agent, pairs)
        yield address, fill_template(templates, "agent.html", board, up="../", **more)
    standings = {each.method: (of, each) for of in board.divisions for each in of.standings}
    for name, address in methods.items():
        division, standing = standings[name]
        more = {
            "about": board.methods[name][0],
            "records": board.methods[name],
            "division": division,
            "standing": standing,
            "played": [task for task in TASKS if task in {r.task for r in board.methods[name]}],
            "panels": draw_curves(division, [standing]),
            "films": film_replays(results, name),
            "source": find_source(name),
            "legend": list_meanings(STANDINGS),
        }
        yield address, fill_template(templates, "method.html", board, up="../", **more)


def _describe_agent(
    board: Board, agent: str, pairs: Sequence[tuple[Any, AtlasRow]]
) -> dict[str, Any]:
    """Return what an agent's page shows: of each trap the first seed's episode, and one film."""
    cards = {t.trap: board.cards[t.trap, f"{agent}-s{row.agents[0].seed}"] for t, row in pairs}
    trained = board.find_trainings(agent)
    records = [record for group in trained.values() for record in group]
    # The trap on which most seeds follow the proxy tells most.
    most = max(pairs, key=lambda pair: sum(n for v, n in pair[1].verdicts.items() if ":" in v))
    return {
        "agent": agent,
        "found": f"{summarise_agent(board.atlas, agent)}.",
        "pairs": pairs,
        "film": film_card(cards[most[0].trap]),
        "strips": {name: strip(card) for name, card in cards.items()},
        "trained": trained,
        "panels": draw_training(trained),
        "facts": {
            "algorithm": sorted({record.about for record in records}),
            "network": sorted({record.kind for record in records} - {""}),
            "alpha": sorted({f"{record.alpha:g}" for record in records}),
            "packages": sorted({f"{k} {v}" for r in records for k, v in r.versions.items()}),
        },
    }


def find_source(method: str) -> str:
    """Return the file of one of the project's own methods, "" for another's."""
    place = ALGORITHMS[method].module if method in ALGORITHMS else METHODS.get(method, "")
    return place.partition(":")[0].replace(".", "/") + ".py" if place else ""


def _preference(row: AtlasRow) -> tuple[bool, float]:
    """Return the key by which those that choose the base objective least come first."""
    followed = row.mean.base_preference
    return row.reference, 0.0 if row.reference else math.inf if math.isnan(followed) else followed


def _doc(trap: str) -> list[str]:
    doc = inspect.getdoc(find_trap(trap)) or ""
    return [" ".join(paragraph.split()) for paragraph in doc.split("\n\n")]


def slug(name: str) -> str:
    """Return a file's name for any name: its own where that is plain, else marked by a digest.

    Names that differ in capitals alone get different files, as not every file system tells
    capitals apart.
    """
    if len(name) <= LONGEST and not _UNSAFE.search(name):
        return name
    digest = hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=4).hexdigest()
    readable = _UNSAFE.sub("-", name.lower())[:LONGEST].strip("-.")
    return f"{readable or 'agent'}-{digest}"
