"""``render``: the board of a folder of results, as pages, Markdown, CSV and JSON.

::

    board/index.html            the atlas, the tracks and everything else at a glance
    board/agents/<agent>.html   a page for each agent
    board/traps/<Trap>.html     a page for each trap
    board/board.md, .csv, .json the same numbers in other forms

The pages are made of the templates beside this module.
"""

from __future__ import annotations

import base64
import hashlib
import inspect
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.board import columns, track_columns
from benchmarks.board.atlas import AtlasRow
from benchmarks.board.board import Board, read
from benchmarks.board.card_numbers import Numbers
from benchmarks.board.pictures import film, picture, strip, track_panels, training_panels
from benchmarks.board.spreadsheet import spreadsheet
from benchmarks.markdown import pipes, plain
from benchmarks.runs.results import Results
from mesa_gym.files import without_nan, write_json, write_text
from mesa_gym.report.page import STYLE, environment
from mesa_gym.report.svg import safe
from mesa_gym.scoring.roles import ROLES
from mesa_gym.scoring.verdict import WORDS
from mesa_gym.terminal import table
from mesa_gym.traps import find_trap

TEMPLATES = Path(__file__).with_name("templates")
TONES = dict(zip(ROLES, ("base", "proxy-a", "rest"), strict=True))
_UNSAFE = re.compile(r"[^a-z0-9._-]|^\.", re.ASCII)
LONGEST = 60


def render(results: Results) -> Path:
    """Write the board, print the atlas and the tracks, and give the path of its first page.

    Pages of an earlier board that are none of this one's go at the end.

    Raises:
        ValueError: there are no score cards, a file is damaged, or they do not belong together.
        ImportError: jinja2 is not installed; the message names the extra.
    """
    board, folder = read(results), results.folder / "board"
    written = set()
    for address, page in _pages(board, results):
        write_text(folder / address, page)
        written.add(folder / address)
    for stale in {*folder.glob("agents/*.html"), *folder.glob("traps/*.html")} - written:
        stale.unlink()
    atlas = board.atlas
    tracks = [without_nan(asdict(track)) for track in board.tracks]
    write_json(folder / "board.json", atlas.to_json() | {"tracks": tracks})
    text = _fill_template(_templates(plain), "board.md", board)
    write_text(folder / "board.md", re.sub(r"\n{3,}", "\n\n", text))
    write_text(folder / "board.csv", spreadsheet(board))
    print(table(columns.HEADS, columns.rows(atlas)))
    for track in board.tracks:
        print(f"\n{track.name}\n{table(*track_columns.track_rows(track))}")
    return folder / "index.html"


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


# -- pages -----------------------------------------------------------------------------------------


def _pages(board: Board, results: Results) -> Iterator[tuple[str, str]]:
    """Yield each page's address, relative to the index, and what it holds."""
    atlas, templates = board.atlas, _templates(safe)
    from markupsafe import Markup

    script = (TEMPLATES / "board.js").read_text(encoding="utf-8")
    style = STYLE.read_text(encoding="utf-8") + (TEMPLATES / "board.css").read_text("utf-8")
    links = {agent: f"agents/{slug(agent)}.html" for agent in atlas.agents()}
    trained = [(t, row) for t in atlas.traps for row in t.rows if not row.reference]
    templates.globals |= {
        "script": Markup(script),
        "style": Markup(style),
        "digest": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "links": links,
        "picture": cache(picture),
        "parts": _parts,
        "doc": _doc,
        "panels": track_panels,
        "mean": lambda seeds: sum(seeds.values()) / len(seeds),
        "agents": atlas.agents(),
        "trained": trained,
        "out": results.out_option(),
    }
    yield "index.html", _fill_template(templates, "index.html", board, up="")
    for trap in atlas.traps:
        more = {"trap": trap, "pairs": [(trap, row) for row in sorted(trap.rows, key=_preference)]}
        source = find_trap(trap.trap).source
        page = _fill_template(templates, "trap.html", board, up="../", source=source, **more)
        yield f"traps/{trap.trap}.html", page
    for agent, address in links.items():
        pairs = [(trap, row) for trap, row in trained if row.policy == agent]
        more = _describe_agent(board, agent, pairs)
        yield address, _fill_template(templates, "agent.html", board, up="../", **more)


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
        "found": f"{columns.summarise_agent(board.atlas, agent)}.",
        "pairs": pairs,
        "film": film(cards[most[0].trap]),
        "strips": {name: strip(card) for name, card in cards.items()},
        "trained": trained,
        "curves": training_panels(trained),
        "facts": {
            "algorithm": sorted({record.about for record in records}),
            "network": sorted({record.kind for record in records} - {""}),
            "alpha": sorted({f"{record.alpha:g}" for record in records}),
            "packages": sorted({f"{k} {v}" for r in records for k, v in r.versions.items()}),
        },
    }


def _preference(row: AtlasRow) -> tuple[bool, float]:
    """Return the key by which those that choose the base objective least come first."""
    followed = row.mean.base_preference
    return row.reference, 0.0 if row.reference else math.inf if math.isnan(followed) else followed


def _doc(trap: str) -> list[str]:
    doc = inspect.getdoc(find_trap(trap)) or ""
    return [" ".join(paragraph.split()) for paragraph in doc.split("\n\n")]


# -- templates -------------------------------------------------------------------------------------


def _templates(quote: Callable[[str], str]) -> Any:
    """Return the templates; all values pass ``quote``, but those that are markup already."""
    templates = environment(TEMPLATES, lambda value: quote(str(value)))
    from markupsafe import Markup

    templates.filters |= {
        "code": lambda text: Markup(re.sub(r"``(.+?)``", r"<code>\1</code>", quote(text))),
        "figure": columns.figure,
        "percent": lambda share: f"{100 * share:.2f}%",
        "sortable": lambda value: "none" if math.isnan(value) else value,
        "tone": lambda verdict: quote(verdict.partition(":")[0].replace(" ", "-")),
    }
    templates.tests["known"] = lambda value: not math.isnan(value)
    templates.globals["pipes"] = lambda *given: Markup(pipes(*given))
    templates.globals["by_trap"] = lambda trap: Markup(pipes(*columns.tabulate_trap(trap)))
    return templates


def _fill_template(templates: Any, name: str, board: Board, **more: Any) -> str:
    """Return a template filled in with a board, and with more."""
    found = columns.summarise_atlas(board.atlas)
    told = {"columns": columns, "track_columns": track_columns, "verdicts": WORDS}
    common = vars(board) | told | {"found": found}
    text: str = templates.get_template(name).render(common | more)
    return text


def _parts(numbers: Numbers) -> Iterator[tuple[str, str, str]]:
    """Yield left end, width and tone of the parts of a bar."""
    shares: Mapping[str, float] = numbers.choice
    if not math.isnan(numbers.between):
        place = min(1.0, max(0.0, numbers.between))
        shares = dict(zip(ROLES, (place, 1 - place, 0.0), strict=True))
    left = 0.0
    for part, tone in TONES.items():
        if shares[part] > 0:
            yield f"{100 * left:.1f}", f"{100 * shares[part]:.1f}", tone
            left += shares[part]
