"""The pages of methods, which are made of the templates beside this module."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from functools import cache

from benchmarks.board.board import Board
from benchmarks.board.charts import draw_curves
from benchmarks.board.column import list_meanings
from benchmarks.board.filling import TEMPLATES, fill_template, load_templates
from benchmarks.board.pictures import film_replays, picture
from benchmarks.board.track_columns import STANDINGS, list_columns
from benchmarks.jobs.store import Results
from benchmarks.tracks.methods import METHODS
from benchmarks.tracks.record import TABLES
from benchmarks.tracks.tasks import TASKS, find_task
from mesa_gym.report.page import STYLE
from mesa_gym.report.svg import safe

# The first page shows a level of this trap in training and one under shift.
SHOWN = "CheeseCorner"


def fill_pages(board: Board, results: Results) -> Iterator[tuple[str, str]]:
    """Yield each page's address, relative to the first page, and what it holds."""
    templates = load_templates(safe)
    from markupsafe import Markup

    script = (TEMPLATES / "board.js").read_text(encoding="utf-8")
    style = STYLE.read_text(encoding="utf-8") + (TEMPLATES / "board.css").read_text("utf-8")
    # No two differ in capitals alone.
    methods = {name: f"methods/{name.lower()}.html" for name in board.methods}
    templates.globals |= {
        "script": Markup(script),
        "style": Markup(style),
        "digest": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "method_links": methods,
        "picture": cache(picture),
        "curves": draw_curves,
        "shown": SHOWN,
    }
    columns = [*STANDINGS, *(column for table in TABLES for column in list_columns(table))]
    legend = list_meanings(columns)
    yield "methods.html", fill_template(templates, "methods.html", board, up="", legend=legend)
    tasks = {name: find_task(name, 0) for name in TASKS}
    yield "tasks.html", fill_template(templates, "tasks.html", board, up="", tasks=tasks, legend={})
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


def find_source(method: str) -> str:
    """Return the file of one of the project's own methods, "" for another's."""
    place = METHODS.get(method, "")
    return place.partition(":")[0].replace(".", "/") + ".py" if place else ""
