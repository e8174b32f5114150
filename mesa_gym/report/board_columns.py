"""The leaderboard's columns, for text, pages and CSV alike, and its rows in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isnan
from typing import Any

from mesa_gym.report.cells import (
    CANNOT,
    GOALLESS,
    IDLE,
    KINDS,
    AgentRow,
    Cell,
    strip_version,
)
from mesa_gym.report.groups import BASE, ROLES
from mesa_gym.report.statements import LEAST_SEEDS
from mesa_gym.scoring.lines import FEW
from mesa_gym.terminal import printable
from mesa_gym.traps.judged_by import NO_CHOICE

FEW_TRAPS = 3  # of so many the words stand in the table, in place of their counts
MISSING = "–"


@dataclass(frozen=True)
class Column:
    """A column of the leaderboard, of rows or of cells.

    Attributes:
        name: its head.
        read: gives the value of a row or cell, which a CSV has.
        write: gives its text for people; None for the value as text.
    """

    name: str
    read: Callable[[Any], Any]
    write: Callable[[Any], str] | None = None

    def show(self, of: AgentRow | Cell) -> str:
        """Return the text for people."""
        return write_value(self.read(of)) if self.write is None else self.write(of)


def write_value(value: str | float | None) -> str:
    """Return a value as text: a share such as .25, a dash for None."""
    if isinstance(value, float):
        text = f"{value:z.2f}"
        return text if abs(value) > 0.995 else text.replace("0.", ".", 1)
    return MISSING if value is None else printable(str(value))


def write_word(cell: Cell) -> str:
    """Return a cell's verdict without the proxy's name; a dash without a card."""
    return cell.verdict.partition(":")[0] or MISSING


def write_verdict(cell: Cell) -> str:
    """Return a cell's verdict, and how many of its seeds have it."""
    of = f" {cell.agree}/{cell.seeds}" if cell.seeds > 1 and cell.agree else ""
    return f"{write_word(cell)}{of}"


def _make_count(kind: str) -> Column:
    """Return the column of an agent's number of cells of a kind."""
    return Column(kind, lambda row: row.counts[kind])


def _make_share(role: str) -> Column:
    """Return the column of a role's share, in its text with the interval that cards allow."""

    def read(cell: Cell) -> float | None:
        return cell.group.choice[role] if cell.group else None

    def write(cell: Cell) -> str:
        if not cell.group:
            return write_value(None)
        # The share of none is what base and proxies leave: without its range, names of agents fit.
        ends = []
        if role != NO_CHOICE:
            ends += [(" [{}, {}]", cell.group.find_range(role))]
            ends += [(" ({}-{})", cell.group.find_interval(role))]
        texts = [
            "" if isnan(low) else form.format(write_value(low), write_value(high))
            for form, (low, high) in ends
        ]
        return write_value(read(cell)) + "".join(texts)

    return Column(role, read, write)


ROW_COLUMNS = (
    *map(_make_count, KINDS),
    Column("seeds", lambda row: row.seeds),
)
VERDICT = Column("verdict", lambda cell: cell.verdict, write_verdict)
SHARES = tuple(map(_make_share, ROLES))
CELL_COLUMNS = (
    Column("trap", lambda cell: strip_version(cell.trap)),
    VERDICT,
    Column("agree", lambda cell: cell.agree),
    Column("seeds", lambda cell: cell.seeds),
    *SHARES,
    Column("confidence", lambda cell: cell.group.confidence if cell.group else None),
)


# -- sentences -------------------------------------------------------------------------------------


def describe_row(row: AgentRow) -> str:
    """Return a sentence on an agent's verdicts, which on a board of few traps names them."""
    where = defaultdict[str, list[str]](list)
    for cell in row.cells:
        where[cell.kind].append(strip_version(cell.trap))
    few = len(row.cells) <= FEW_TRAPS
    parts = [
        does.format(", ".join(where[kind]) if few else len(where[kind]))
        for kind, (_, does) in KINDS.items()
        if where[kind]
    ]
    able = [] if few or where[CANNOT] else ["can do all"]
    traps = "" if few else f", {len(row.cells)} traps"
    seeds = f"{row.seeds} seed{'s' * (row.seeds > 1)}"
    told = f"{row.agent} ({seeds}{traps}) {'; '.join([*able, *parts])}."
    if row.disagree:
        told += f" Its seeds disagree on {row.disagree}."
    if row.brittle:
        told += f" Brittle on {row.brittle}."
    if row.distinct < LEAST_SEEDS and row.block != IDLE:
        told += f" So few seeds say nothing of others: {LEAST_SEEDS} are needed."
    if row.levels < FEW:
        told += f" Only {row.levels} levels: score at least {FEW}."
    return printable(told)


def describe_nulls(rows: Iterable[AgentRow]) -> list[str]:
    """Return a sentence on how often each policy without a goal counts as base; [] without any."""
    counts = {row.agent: row.counts[BASE] for row in rows if row.block == IDLE}
    told = [f"{called} {counts[x]}" for x, (called, _) in GOALLESS.items() if x in counts]
    return [f"Without a goal, traps that count as base: {', '.join(told)}."] if told else []
