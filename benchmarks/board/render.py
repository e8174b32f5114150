"""``render``: the board of a folder of results, as pages, Markdown, CSV and JSON.

::

    board/index.html            the standings of methods
    board/methods/<method>.html a page for each method
    board/tasks.html            the tasks, with what can be reached on them
    board/atlas.html            what agents pick
    board/agents/<agent>.html   a page for each agent
    board/traps/<Trap>.html     a page for each trap
    board/board.md, .csv, .json the same numbers in other forms
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from benchmarks.board.atlas_text import tabulate_atlas
from benchmarks.board.board import read
from benchmarks.board.coin import measure_coin
from benchmarks.board.column import tabulate
from benchmarks.board.filling import fill_template, load_templates
from benchmarks.board.pages import fill_pages
from benchmarks.board.spreadsheet import spreadsheet
from benchmarks.board.standings import DivisionTable
from benchmarks.board.track_columns import STANDINGS, list_columns, say_falls
from benchmarks.markdown import plain
from benchmarks.runs.results import Results
from benchmarks.tracks.checks import COIN
from benchmarks.tracks.record import TABLES
from benchmarks.tracks.tasks import BOARD_VERSION
from mesa_gym.files import write_bytes, write_text
from mesa_gym.terminal import table


def render(results: Results) -> Path:
    """Write the board, print the atlas and the standings, and give the path of its first page.

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
    more = {"board_version": BOARD_VERSION, "divisions": board.divisions}
    data = msgspec.json.encode(board.atlas.to_json() | more)
    write_bytes(folder / "board.json", msgspec.json.format(data, indent=1) + b"\n")
    text = fill_template(load_templates(plain), "board.md", board)
    write_text(folder / "board.md", re.sub(r"\n{3,}", "\n\n", text))
    write_text(folder / "board.csv", spreadsheet(board))
    print(table(*tabulate_atlas(board.atlas)))
    for division in board.divisions:
        _print_division(division)
    if COIN in board.methods:
        rows = [
            [each.family, each.table, f"{each.mean:.2f}", f"{each.error:.2f}", str(each.throws)]
            for each in measure_coin(board.methods[COIN])
        ]
        heads = ["family", "the coin's", "mean S", "standard error", "throws"]
        print(f"\n{table(heads, rows)}")
    return folder / "index.html"


def _print_division(division: DivisionTable) -> None:
    """Print the standings of a division, and of each of its tables."""
    if not division.standings:
        return
    print(f"\n{division.name} division\n{table(*tabulate(STANDINGS, division.standings))}")
    for name in TABLES:
        placed, others = division.list_table(name)
        if placed or others:
            columns = tabulate(list_columns(name), [*placed, *others])
            print(f"\n{division.name} division, {name}\n{table(*columns)}")
    print(f"\n{say_falls(division)}")
