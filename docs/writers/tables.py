"""The tables of pages: Markdown between two marks, of the CSV file that the first mark names."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from benchmarks.markdown import lay_out_table

DOCS = Path(__file__).parents[1]
BY = "by make pages"  # follows the name of a part in its mark
END = "<!-- until here -->"
NAMED = re.compile(rf"<!-- (table (\S+\.csv)), {BY} -->")


def read_table(file: Path) -> str:
    """Return a CSV file, whose cells may contain Markdown, as a table in Markdown.

    Raises:
        ValueError: a row has more or fewer cells than the heads, such as by an unquoted comma.
    """
    with file.open(newline="", encoding="utf-8") as lines:
        heads, *rows = csv.reader(lines)
    for number, row in enumerate(rows, 2):
        if len(row) != len(heads):
            raise ValueError(f"{file.name}: row {number} has {len(row)} cells, not {len(heads)}")
    return lay_out_table(heads, [[cell.replace("|", r"\|") for cell in row] for row in rows])


def put_part(text: str, name: str, part: str) -> str:
    """Return a page's text with a part between its mark and the next ``END``.

    A mark at the end of its line is followed by paragraphs, another mark by words of its line.

    Raises:
        ValueError: the page lacks the mark or an ``END`` after it.
    """
    mark = f"<!-- {name}, {BY} -->"
    before, begin, rest = text.partition(mark)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"the page has no place for the part: {mark} and then {END}")
    gap = "\n\n" if rest.startswith("\n") else ""
    return f"{before}{begin}{gap}{part}{gap}{end}{after}"


def fill_tables(page: Path) -> str:
    """Return a page's text with each table as its file next to the page has it."""
    text = page.read_text()
    for name, file in NAMED.findall(text):
        text = put_part(text, name, read_table(page.parent / file))
    return text


def list_pages() -> Iterator[Path]:
    """Yield the pages of docs/ that contain a table of a CSV file."""
    for page in sorted(DOCS.rglob("*.md")):
        if NAMED.search(page.read_text()):
            yield page
