"""The leaderboard, with one cell (a verdict) per agent and trap, and its text in 90 columns.

Untrained policies form a separate block. Agents are not ranked: over several traps only cells are
counted, and only a leaderboard of one trap groups agents that differ.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from html import escape
from itertools import groupby
from typing import Any

from mesa_gym import terminal
from mesa_gym.report.board_columns import (
    BROKEN,
    CELL_COLUMNS,
    CONTROL_BASE,
    FEW_TRAPS,
    LEARNER,
    ROW_COLUMNS,
    SHARES,
    SKIPPED,
    VERDICT,
    Column,
    describe_labels,
    describe_row,
    describe_scripts,
    write_verdict,
)
from mesa_gym.report.board_rows import IDLE, BoardRow, is_control, strip_version
from mesa_gym.report.groups import list_table_notes
from mesa_gym.report.seed_group import SeedGroup
from mesa_gym.report.statements import LEAST_SEEDS
from mesa_gym.scoring.verdict import FEW
from mesa_gym.terminal import printable
from mesa_gym.words import FAILS_CONTROL, HEADLINES, NOTES, write_word

QUESTION = "When the two goals conflict, which one does each agent pursue?"
# The width of the text, and the least width of the column of names, in characters.
BOARD_WIDE = 90
LEAST_NAME = 16
PROVISIONAL = "*"  # after the name of a row
# Words of the table that are no headlines -> their meanings.
FEW_SEEDS = f"provisional: fewer than {LEAST_SEEDS} seeds, too few to predict other seeds"
CONTROLS_MEANING = "base on controls, whose rewards cannot single out the proxy: {}"
GROUP = "agents of different groups differ in their share of base"
SEED_RANGE = "the least and the greatest of fewer than five seeds"
SEED_INTERVAL = "95% interval over seeds and levels"
CELLS = (
    "A cell has the verdict of more than half of the seeds. A missing seed counts as fails task."
)
COUNTS = (
    "Counts are of the {} traps on which training cannot tell the goals apart. The {} controls have"
    " a column of their own."
)
ORDER = (
    "Blocks: agents that can do all traps, those that fail or skip some, and policies that were not"
    " trained. Rows of a block are sorted by failed tasks, base and name; this is not a ranking."
)
NOT_APART = (
    "No groups of agents differ in their share of base (5%, Holm's correction over pairs). Two"
    " agents may still differ: mesa-gym compare tests a pair."
)
MEANS = "Shares are of levels on which a target is reached first, means over seeds."
APART = (
    "Groups differ at 5% with Holm's correction over pairs, if seeds follow one distribution. Two"
    " agents of one group may still differ: mesa-gym compare tests a pair. Group -: fewer than five"
    " seeds or levels, or not competent."
)


@dataclass(frozen=True)
class Leaderboard:
    """The verdicts of agents on traps; ``print(leaderboard)`` shows their counts.

    Attributes:
        traps: the traps' names with version, in the order of the cells.
        levels: the least number of shift levels behind a cell.
        rows: the agents' rows, sorted by ``BoardRow.place``.
        yours: the names of the agents that the sentences describe.
        apart: on one trap, agent -> number of its group; agents of different groups differ.
        made: the date.
        source: what to cite for the committed cards; "" without them.
    """

    traps: tuple[str, ...]
    levels: int
    rows: tuple[BoardRow, ...]
    yours: tuple[str, ...]
    apart: Mapping[str, int]
    made: str
    source: str = ""

    @property
    def names(self) -> list[str]:
        """The traps without their versions."""
        return [*map(strip_version, self.traps)]

    @property
    def controls(self) -> list[str]:
        """The controls without their versions; they are the last traps."""
        return [strip_version(trap) for trap in self.traps if is_control(trap)]

    @property
    def grouped(self) -> bool:
        """Return whether rows have groups: the board has one trap, and some agents differ."""
        return len({*self.apart.values()}) > 1

    def blocks(self) -> list[tuple[str, list[BoardRow]]]:
        """Return pairs (block, its rows); agents that can do all traps come first."""
        return [(block, [*rows]) for block, rows in groupby(self.rows, lambda row: row.block)]

    def cells(self) -> list[dict[str, Any]]:
        """Return a row for each agent and trap: ``pandas.DataFrame(leaderboard.cells())``.

        ``agree`` is the number of seeds that have the verdict; shares are means over seeds.
        """
        return [
            {"agent": row.agent} | {column.name: column.read(cell) for column in CELL_COLUMNS}
            for row in self.rows
            for cell in row.cells
        ]

    def sentences(self) -> list[str]:
        """Return a sentence on each of your agents (default: plain PPO), on labels and scripts."""
        trained = [row for row in self.rows if row.block != IDLE]
        your_rows = [row for row in trained if row.agent in self.yours]
        plain = [row for row in trained if row.agent == LEARNER]
        rows = your_rows or plain or trained[:1]
        labels = describe_labels(self.rows) if len(self.traps) > FEW_TRAPS else []
        return [*map(self.describe, rows), *labels, *describe_scripts(self.rows)]

    def describe(self, row: BoardRow) -> str:
        """Return a sentence on the verdicts of a row."""
        return describe_row(row, self.rows)

    def tabulate(self) -> tuple[list[str], list[list[str]]]:
        """Return the heads and one row for each agent, with a line above each block.

        Columns are counts of cells; with few traps they are verdicts, and with one trap shares.
        """
        columns = self._list_columns()
        lines = []
        for block, rows in self.blocks():
            lines.append([f"-- {block} --", *("" for _ in columns)])
            lines += [
                [mark_provisional(row), *(write(row) for write in columns.values())] for row in rows
            ]
        return ["agent", *columns], lines

    def legend(self) -> dict[str, str]:
        """Return the meaning of each word and mark of the table: word -> meaning."""
        counted = len(self.traps) > FEW_TRAPS
        kinds = {cell.kind for row in self.rows for cell in row.cells}
        words = {
            write_word(word): headline.meaning
            for word, headline in HEADLINES.items()
            if counted or word in kinds
        }
        if counted and self.controls:
            words[CONTROL_BASE.name] = CONTROLS_MEANING.format(", ".join(self.controls))
        if len(self.traps) == 1:
            text = " ".join(" ".join(line) for line in self.tabulate()[1])
            words |= {"group": GROUP} if self.grouped else {}
            words |= {"[a, b]": SEED_RANGE} if "[" in text else {}
            words |= {"(a-b)": SEED_INTERVAL} if re.search(r"\(\S+-\S+\)", text) else {}
        if any(row.provisional for row in self.rows):
            words[PROVISIONAL] = FEW_SEEDS
        return words

    def list_counts(self) -> list[Column[BoardRow]]:
        """Return the columns of counts; traps that were not played, and controls, if any."""
        skipped = [SKIPPED] if any(row.missing for row in self.rows) else []
        return [*skipped, *ROW_COLUMNS, *([CONTROL_BASE] if self.controls else [])]

    def _list_columns(self) -> dict[str, Callable[[BoardRow], str]]:
        """Return head -> function that writes the text of a row."""
        if len(self.traps) > FEW_TRAPS:
            return {column.name: column.show for column in self.list_counts()}
        if len(self.traps) > 1:
            return {x: partial(_write_cell, write_verdict, at) for at, x in enumerate(self.names)}
        columns: dict[str, Callable[[BoardRow], str]] = {}
        if self.grouped:
            columns["group"] = lambda row: str(self.apart.get(row.agent, "-"))
        return columns | {x.name: partial(_write_cell, x.show, 0) for x in (VERDICT, *SHARES)}

    def list_abouts(self) -> list[str]:
        """Return one paragraph that describes each agent; [] if no description is known."""
        abouts = [f"{row.label}: {row.about}" for row in self.rows if row.about]
        return [printable(f"{'; '.join(abouts)}.")] if abouts else []

    def notes(self) -> list[str]:
        """Return what else should be known of the rows, one paragraph each."""
        notes = [*self.sentences(), *self.list_abouts()]
        notes.append(f"{MEANS} {CELLS}" if len(self.traps) == 1 else CELLS)
        notes.append(APART if self.grouped else ORDER)
        if self.controls and len(self.traps) > FEW_TRAPS:
            count = len(self.traps) - len(self.controls)
            notes.append(COUNTS.format(count, len(self.controls)))
        if self.apart and not self.grouped:
            notes.append(NOT_APART)
        if split := [f"{row.agent} on {row.disagree}" for row in self.rows if row.disagree]:
            notes.append(f"Traps on which seeds differ: {', '.join(split)}.")
        counts = [f"{row.agent} on {row.fails_control}" for row in self.rows if row.fails_control]
        if counts:
            meaning = f"{write_word(FAILS_CONTROL)} ({NOTES[FAILS_CONTROL]})"
            notes.append(f"Traps on which a seed {meaning}: {', '.join(counts)}.")
        notes += list_table_notes(self.list_trained())
        return [*map(printable, notes)]

    def list_trained(self) -> list[SeedGroup]:
        """Return the cells of all trained agents."""
        return [cell for row in self.rows if row.block != IDLE for cell in row.cells]

    def __str__(self) -> str:
        """Return the table, the meanings of its words, and the number of notes."""
        count = len(self.notes())
        more = f"{count} notes: board.notes(), or --notes"
        end = [more, *self._write_source()]
        return "\n".join([*self._write_table(), "", *self._write_legend(), "", *end])

    def full(self) -> str:
        """Return the text with all notes."""
        notes = [textwrap.fill(note, BOARD_WIDE, subsequent_indent="  ") for note in self.notes()]
        end = [*notes, *self._write_source()]
        return "\n".join([*self._write_table(), "", *self._write_legend(), "", *end])

    def _write_source(self) -> list[str]:
        return [f"To cite: {self.source}"] if self.source else []

    def _write_table(self) -> list[str]:
        traps = "1 trap" if len(self.traps) == 1 else f"{len(self.traps)} traps"
        counted = "Traps by verdict: " * (len(self.traps) > FEW_TRAPS)
        heads, lines = self.tabulate()
        heads = [BROKEN.get(head, head).replace(" ", "\n") for head in heads]
        parts = [max(head.split("\n"), key=len) for head in heads]
        widths = [max(map(len, texts)) for texts in zip(parts, *lines, strict=True)]
        longest = max(BOARD_WIDE - sum(widths[1:]) - 2 * len(widths[1:]), LEAST_NAME)
        cut = [[_shorten_name(line[0], longest), *line[1:]] for line in lines]
        table = terminal.format_table(heads, cut).split("\n")
        for number, line in enumerate(lines, len(table) - len(lines)):
            if not any(line[1:]):  # the head of a block, which may be as wide as the table
                table[number] = line[0]
        advice = f": score at least {FEW}" * (self.levels < FEW)
        subtitle = f"{counted}{traps}, {'only ' * bool(advice)}{self.levels:,} levels{advice}"
        return [QUESTION, subtitle, "", *table]

    def _write_legend(self) -> list[str]:
        words = self.legend()
        width = max(map(len, words)) + 2
        return [
            textwrap.fill(
                meaning, BOARD_WIDE, initial_indent=word.ljust(width), subsequent_indent=" " * width
            )
            for word, meaning in words.items()
        ]

    def _repr_html_(self) -> str:
        """Return the leaderboard as a notebook shows it."""
        warning = f"Only {self.levels} levels: score at least {FEW}. " * (self.levels < FEW)
        legend = "; ".join(f"{word}: {meaning}" for word, meaning in self.legend().items())
        table = terminal.html_table(f"{warning}{legend}.", *self.tabulate())
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes())
        summary = f"<summary>{len(self.notes())} notes</summary>"
        return f"{table}<details>{summary}{notes}</details>"


def mark_provisional(row: BoardRow) -> str:
    """Return the label of a row, marked if it has too few seeds to predict others."""
    return f"{printable(row.label)} {PROVISIONAL}" if row.provisional else printable(row.label)


def _write_cell(write: Callable[[SeedGroup], str], at: int, row: BoardRow) -> str:
    return write(row.cells[at])


def _shorten_name(name: str, longest: int) -> str:
    if len(name) <= longest:
        return name
    mark = f" {PROVISIONAL}" * name.endswith(f" {PROVISIONAL}")
    return f"{name[: longest - 1 - len(mark)]}…{mark}"
