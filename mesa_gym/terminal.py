"""Output of commands: a progress counter, tables, and text that is safe to print."""

from __future__ import annotations

import codecs
import math
import os
import sys
from collections.abc import Callable, Sequence
from functools import cache
from html import escape
from itertools import zip_longest
from time import monotonic
from typing import TextIO

WRITTEN_ANYWAY = "mesa_gym.replace"  # error handler for characters that an encoding lacks
DASHES = "\N{EN DASH}\N{MINUS SIGN}"
SECONDS_APART = 10  # between the lines of a counter that is not on a terminal


class Progress:
    """A progress counter on standard error; without a terminal, a line every ten seconds.

    Args:
        title: the title of the work.
        total: the number of things to do.
        unit: the name of these things.
    """

    def __init__(self, title: str, total: int, unit: str = "levels") -> None:
        self.title, self.total, self.unit, self.done = title, total, unit, 0
        self._on_terminal, self._told = sys.stderr.isatty(), -math.inf

    def __enter__(self) -> Callable[[int], None]:
        self._advance(0)
        return self._advance

    def _advance(self, done: int) -> None:
        self.done += done
        text = printable(f"{self.title}: {self.done:,} of {self.total:,} {self.unit}")
        if self._on_terminal:
            say(f"\r{text}", end="")
        elif (now := monotonic()) - self._told >= SECONDS_APART:
            self._told = now
            say(text)

    def __exit__(self, *error: object) -> None:
        if self._on_terminal:
            say("\r\033[K", end="")


def _replace_character(error: UnicodeError) -> tuple[bytes, int]:
    """Encode a character that the encoding lacks: a path's undecoded byte, a dash, or "?"."""
    assert isinstance(error, UnicodeEncodeError)
    character = error.object[error.start]
    byte = b""
    if "\udc80" <= character <= "\udcff":
        byte = character.encode("ascii", "surrogateescape")
    return byte or (b"-" if character in DASHES else b"?"), error.start + 1


codecs.register_error(WRITTEN_ANYWAY, _replace_character)


def say(text: str, end: str = "\n") -> None:
    """Print on standard error; continue if that is not possible."""
    try:
        print(text, end=end, file=sys.stderr, flush=True)
    except OSError:
        discard(sys.stderr)


@cache
def say_once(message: str) -> None:
    """Print a message of the package on standard error, once in a process."""
    say(f"mesa-gym: {printable(message)}")


def discard(stream: TextIO) -> None:
    """Discard all buffered and later output of a stream that cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def printable(text: str) -> str:
    """Return text in one line, with a replacement character for each unprintable one."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


UNDEFINED = "n/a"  # for a number


def number(value: float | None, digits: int = 3, line: float | None = None) -> str:
    """Return a number as text: "n/a" for None, never "-0.000", and counts without decimals.

    The text has more digits if the number would otherwise seem to be on the other side of ``line``.
    """
    if value is None:
        return UNDEFINED
    while line is not None and (round(value, digits) < line) != (value < line):
        digits += 1
    counts = value > 1 and value == round(value)
    return f"{value:.0f}" if counts else f"{round(value, digits) + 0:.{digits}f}"


def _is_number(cell: str) -> bool:
    return cell.lstrip("+-<.")[:1].isdigit() or cell == UNDEFINED


def format_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows as a text table, with text left-aligned and numbers right-aligned.

    A head may have several lines.
    """
    lines = [*zip_longest(*(head.split("\n")[::-1] for head in heads), fillvalue="")][::-1]
    widths = [max(map(len, column)) for column in zip(*lines, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        aligned = [
            cell.rjust(width) if _is_number(cell) else cell.ljust(width)
            for cell, width in zip(cells, widths, strict=True)
        ]
        return "  ".join(aligned).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([*map(line, lines), rule, *map(line, rows)])


def html_table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as HTML for a notebook, below a caption; all texts are escaped."""

    def line(cells: Sequence[str], tag: str) -> str:
        return "".join(f"<{tag}>{escape(printable(cell))}</{tag}>" for cell in cells)

    body = "".join(f"<tr>{line(cells, 'td')}</tr>" for cells in rows)
    return f"<p>{escape(printable(caption))}</p><table><tr>{line(heads, 'th')}</tr>{body}</table>"
