"""``render``: the board of a folder of results, as pages, Markdown, CSV and JSON.

::

    board/index.html            the rankings and everything else at a glance
    board/agents/<agent>.html   a page for each agent
    board/traps/<Trap>.html     a page for each trap
    board/board.md, .csv, .json the same numbers in other forms
"""

from __future__ import annotations

from pathlib import Path

from benchmarks import tables
from benchmarks.evidence import read
from benchmarks.markdown import markdown
from benchmarks.progress import Bar
from benchmarks.results import Results
from benchmarks.sheet import sheet
from benchmarks.site.pages import count, pages
from mesa_gym.files import write_json, write_text


def render(results: Results) -> Path:
    """Write the board, print its head, and give the path of its first page.

    Pages of an earlier board that are none of this one's go at the end.

    Raises:
        ValueError: there are no score cards, one is damaged, or they do not belong together.
    """
    evidence = read(results)
    board, folder = evidence.board, results.folder / "board"
    written = set()
    with Bar(count(board)) as bar:
        for address, page in pages(evidence):
            write_text(folder / address, page)
            written.add(folder / address)
            bar.show(len(written), address)
    for stale in {*folder.glob("agents/*.html"), *folder.glob("traps/*.html")} - written:
        stale.unlink()
    pairs = [(card, evidence.trainings.get(key)) for key, card in evidence.cards.items()]
    write_json(folder / "board.json", board.to_json())
    write_text(folder / "board.md", markdown(board))
    write_text(folder / "board.csv", sheet(pairs))
    print(tables.terminal(board))
    return folder / "index.html"
