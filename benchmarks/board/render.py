"""``render``: the board of a folder of results, as pages, Markdown and CSV.

::

    board/index.html, agents/   the leaderboard of agents (mesa_gym.report.leaderboard_page)
    board/leaderboard.csv       its numbers
    board/methods.html          the standings of methods, where there are any
    board/methods/<method>.html a page for each method
    board/tasks.html            the tasks, with what can be reached on them
    board/board.md              the same numbers
"""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.board.board import read
from benchmarks.board.coin import measure_coin
from benchmarks.board.column import tabulate
from benchmarks.board.filling import fill_template, load_templates
from benchmarks.board.pages import fill_pages
from benchmarks.board.standings import DivisionTable
from benchmarks.board.track_columns import STANDINGS, list_columns, say_falls
from benchmarks.jobs.store import Results
from benchmarks.markdown import plain
from benchmarks.tracks.checks import COIN
from benchmarks.tracks.record import TABLES
from mesa_gym.files import write_text
from mesa_gym.report.leaderboard_page import write_pages
from mesa_gym.terminal import table

METHODS_PAGE = "methods.html"


def render(results: Results) -> Path:
    """Write the board, print it, and give the path of its first page.

    Pages of an earlier board that are none of this one's go at the end.

    Raises:
        ValueError: there are no score cards, a file is damaged, or they do not belong together.
        ImportError: jinja2 is not installed; the message names the extra.
    """
    board, folder = read(results), results.folder / "board"
    links = {METHODS_PAGE: "the methods, by how little they must be told"} if board.methods else {}
    page = write_pages(board.leaderboard, folder, links)
    written = set()
    for address, text in fill_pages(board, results) if board.methods else ():
        write_text(folder / address, text)
        written.add(folder / address)
    for stale in {*folder.glob("methods/*.html")} - written:
        stale.unlink()
    text = fill_template(load_templates(plain), "board.md", board)
    write_text(folder / "board.md", re.sub(r"\n{3,}", "\n\n", text))
    for division in board.divisions:
        _print_division(division)
    if COIN in board.methods:
        rows = [
            [each.family, each.table, f"{each.mean:.2f}", f"{each.error:.2f}", str(each.throws)]
            for each in measure_coin(board.methods[COIN])
        ]
        heads = ["family", "the coin's", "mean S", "standard error", "throws"]
        print(f"{table(heads, rows)}\n")
    print(board.leaderboard)
    return page


def _print_division(division: DivisionTable) -> None:
    """Print the standings of a division, and of each of its tables."""
    if not division.standings:
        return
    print(f"{division.name} division\n{table(*tabulate(STANDINGS, division.standings))}\n")
    for name in TABLES:
        placed, others = division.list_table(name)
        if placed or others:
            columns = tabulate(list_columns(name), [*placed, *others])
            print(f"{division.name} division, {name}\n{table(*columns)}\n")
    print(f"{say_falls(division)}\n")
