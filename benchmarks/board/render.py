"""``render``: the board of a folder of results, as pages, Markdown, CSV and JSON.

::

    board/index.html            the atlas, the tracks and everything else at a glance
    board/agents/<agent>.html   a page for each agent
    board/traps/<Trap>.html     a page for each trap
    board/methods/<method>.html a page for each method of the tracks
    board/board.md, .csv, .json the same numbers in other forms
"""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

from benchmarks.board.atlas_text import tabulate_atlas
from benchmarks.board.board import read
from benchmarks.board.column import tabulate
from benchmarks.board.filling import fill_template, load_templates
from benchmarks.board.pages import fill_pages
from benchmarks.board.spreadsheet import spreadsheet
from benchmarks.board.track_columns import list_columns
from benchmarks.markdown import plain
from benchmarks.runs.results import Results
from benchmarks.tracks.trap_sets import BOARD_VERSION
from mesa_gym.files import without_nan, write_json, write_text
from mesa_gym.terminal import table


def render(results: Results) -> Path:
    """Write the board, print the atlas and the tracks, and give the path of its first page.

    Pages of an earlier board that are none of this one's go at the end.

    Raises:
        ValueError: there are no score cards, a file is damaged, or they do not belong together.
        ImportError: jinja2 is not installed; the message names the extra.
    """
    board, folder = read(results), results.folder / "board"
    written = set()
    for address, page in fill_pages(board, results):
        write_text(folder / address, page)
        written.add(folder / address)
    kinds = ("agents", "traps", "methods")
    for stale in {path for kind in kinds for path in folder.glob(f"{kind}/*.html")} - written:
        stale.unlink()
    atlas = board.atlas
    tracks = [without_nan(asdict(track)) for track in board.tracks]
    version = {"board_version": BOARD_VERSION}
    write_json(folder / "board.json", atlas.to_json() | version | {"tracks": tracks})
    text = fill_template(load_templates(plain), "board.md", board)
    write_text(folder / "board.md", re.sub(r"\n{3,}", "\n\n", text))
    write_text(folder / "board.csv", spreadsheet(board))
    print(table(*tabulate_atlas(atlas)))
    for track in board.tracks:
        told = tabulate(list_columns(track), track.standings)
        print(f"\n{track.name}\n{table(*told)}")
    return folder / "index.html"
