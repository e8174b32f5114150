"""The leaderboard's columns, for text, pages and CSV, and sentences about its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import isnan
from typing import Generic, TypeVar

from mesa_gym.policies.names import NEAREST
from mesa_gym.report.board_rows import (
    IDLE,
    INDIFFERENT,
    BoardRow,
    count_kinds,
    is_control,
    strip_version,
)
from mesa_gym.report.seed_group import ROLES, SeedGroup
from mesa_gym.report.statements import LEAST_SEEDS
from mesa_gym.scoring.verdict import FEW
from mesa_gym.terminal import printable
from mesa_gym.traps.judged_by import NO_CHOICE
from mesa_gym.words import (
    BASE,
    FAILS_CONTROL,
    HEADLINES,
    INCONSISTENT,
    NOT_PLAYED,
    UNDETERMINED,
    write_word,
)

LEARNER, LABELS = "ppo", "taught"  # plain training, by reward and by labels
FEW_TRAPS = 3  # with at most 3 traps, the table shows verdicts instead of their counts
MISSING = "–"
# Words that are wider than a narrow column, and are written in two lines.
BROKEN = {INCONSISTENT: "incon- sistent", UNDETERMINED: "undeter- mined"}
RowOrCell = TypeVar("RowOrCell", BoardRow, SeedGroup)


@dataclass(frozen=True)
class Column(Generic[RowOrCell]):
    """A column of the leaderboard, for rows or for cells.

    Attributes:
        name: the column's head.
        read: returns the value of a row or cell, as in the CSV.
        write: returns the text for people; None to format the value by ``write_value``.
    """

    name: str
    read: Callable[[RowOrCell], str | float | None]
    write: Callable[[RowOrCell], str] | None = None

    def show(self, of: RowOrCell) -> str:
        """Return the text for people."""
        return write_value(self.read(of)) if self.write is None else self.write(of)


def write_value(value: str | float | None) -> str:
    """Return a value as text: a share with two decimals, a dash for None."""
    if isinstance(value, float):
        return f"{value:z.2f}"
    return MISSING if value is None else printable(str(value))


def write_headline(cell: SeedGroup) -> str:
    """Return a cell's verdict without the proxy's name, or that the trap was not played."""
    return write_word(cell.verdict.partition(":")[0] or cell.kind)


def write_verdict(cell: SeedGroup) -> str:
    """Return a cell's verdict and the number of its seeds with this verdict."""
    return f"{write_headline(cell)} {write_agreement(cell)}".rstrip()


def write_agreement(cell: SeedGroup) -> str:
    """Return the share of a cell's seeds with its verdict, such as 3/5; "" for a single seed."""
    return f"{cell.agree}/{cell.seeds}" if cell.cards and cell.seeds > 1 and cell.agree else ""


def _make_count(kind: str) -> Column[BoardRow]:
    """Return the column of an agent's number of cells with a headline."""
    return Column(write_word(kind), lambda row: row.counts[kind])


def _make_share(role: str) -> Column[SeedGroup]:
    """Return the column of a role's share, in its text with an interval, or else a range."""

    def read(cell: SeedGroup) -> float | None:
        return cell.choice.get(role)

    def write(cell: SeedGroup) -> str:
        if not cell.cards:
            return write_value(None)
        ends = {}
        if role != NO_CHOICE:  # it follows from the others; without its range, agents' names fit
            ends = {" ({}-{})": cell.find_interval(role), " [{}, {}]": cell.find_range(role)}
        texts = [
            form.format(write_value(low), write_value(high))
            for form, (low, high) in ends.items()
            if not isnan(low)
        ]
        return "".join([write_value(read(cell)), *texts[:1]])

    return Column(role, read, write)


ROW_COLUMNS: tuple[Column[BoardRow], ...] = (
    *map(_make_count, HEADLINES),
    Column("seeds", lambda row: row.seeds),
)
# Only if the board has controls.
CONTROL_BASE: Column[BoardRow] = Column("control base", lambda row: row.control_counts[BASE])
# Only if a row skipped traps.
SKIPPED: Column[BoardRow] = Column(write_word(NOT_PLAYED), lambda row: row.missing)
VERDICT: Column[SeedGroup] = Column("verdict", lambda cell: cell.verdict, write_verdict)
SHARES = tuple(map(_make_share, ROLES))
CELL_COLUMNS: tuple[Column[SeedGroup], ...] = (
    Column("trap", lambda cell: strip_version(cell.trap)),
    VERDICT,
    Column("agree", lambda cell: cell.agree),
    Column("seeds", lambda cell: cell.seeds),
    *SHARES,
    Column("confidence", lambda cell: cell.confidence if cell.cards else None),
    Column("control", lambda cell: "yes" if is_control(cell.trap) else "no"),
)


# -- sentences -------------------------------------------------------------------------------------


def describe_row(row: BoardRow, rows: Iterable[BoardRow] = ()) -> str:
    """Return a sentence on an agent's verdicts; on a board of few traps it names the traps.

    Args:
        row: the agent's row.
        rows: the board's rows, which may contain the nearest-target script for comparison.
    """
    where: dict[str, list[str]] = {word: [] for word in (BASE, *HEADLINES, NOT_PLAYED)}
    for cell in row.cells:
        where[cell.kind].append(strip_version(cell.trap))
    if len(row.cells) <= FEW_TRAPS:
        parts = {word: f"{write_word(word)} on {', '.join(x)}" for word, x in where.items() if x}
    else:
        played = [cell for cell in row.cells if not is_control(cell.trap) and cell.cards]
        counts = row.counts | ({NOT_PLAYED: row.missing} if row.missing else {})
        counts = {word: counts[word] for word in where if counts.get(word) or word == BASE}
        parts = {word: f"{write_word(word)} on {count}" for word, count in counts.items()}
        parts[BASE] += f" of {_count_traps(len(played))}"
    seeds = f"{row.seeds} seed{'s' * (row.seeds > 1)}"
    provisional = f", provisional: {LEAST_SEEDS} are needed" if row.provisional else ""
    notes = [f"{row.agent} ({seeds}{provisional}): {'; '.join(parts.values())}."]
    number, text = sum(row.control_counts.values()), write_counts(row.control_counts)
    if len(row.cells) > FEW_TRAPS and number:
        notes.append(f"On {number} control{'s' * (number > 1)}, where base is expected: {text}.")
    notes += _compare_scripts(row, rows)
    if row.disagree:
        notes.append(f"Seeds differ on {_count_traps(row.disagree)}.")
    if row.fails_control:
        notes.append(f"A seed {write_word(FAILS_CONTROL)} on {_count_traps(row.fails_control)}.")
    if row.levels < FEW:
        notes.append(f"Only {row.levels} levels: score at least {FEW}.")
    return printable(" ".join(notes))


def _count_traps(count: int) -> str:
    return f"{count} trap{'s' * (count > 1)}"


def _compare_scripts(row: BoardRow, rows: Iterable[BoardRow]) -> list[str]:
    """Return a sentence on the traps where the nearest-target script has the agent's headline."""
    scripts = [script for script in rows if script.block == IDLE and script.agent == NEAREST]
    if row.block == IDLE or not scripts:
        return []
    pairs = zip(row.cells, scripts[0].cells, strict=True)
    same = [cell for cell, other in pairs if cell.kind == other.kind and cell.cards]
    if not same:
        return ["The nearest-target script has another verdict on every trap."]
    played = [cell for cell in row.cells if cell.cards]
    texts = []
    for control, noun in ((False, "trap"), (True, "control")):
        cells = [cell for cell in played if is_control(cell.trap) == control]
        part = [cell for cell in same if is_control(cell.trap) == control]
        if cells and (part or not control):
            counts = f" ({write_counts(count_kinds(part))})" if part else ""
            texts.append(f"{len(part)} of {len(cells)} {noun}{'s' * (len(cells) > 1)}{counts}")
    return [f"The nearest-target script has the same verdict on {' and '.join(texts)}."]


def write_counts(counts: Mapping[str, int]) -> str:
    """Return headlines with their counts, such as ``both 5, no goal 1``."""
    return ", ".join(f"{write_word(word)} {count}" for word, count in counts.items() if count)


def describe_labels(rows: Iterable[BoardRow]) -> list[str]:
    """Return on how many traps training by labels gives plain PPO's verdict; [] without rows."""
    by_agent = {row.agent: row for row in rows if row.block != IDLE}
    if not {LEARNER, LABELS} <= by_agent.keys():
        return []
    pairs = [*zip(by_agent[LEARNER].cells, by_agent[LABELS].cells, strict=True)]
    same, traps = sum(write_headline(x) == write_headline(y) for x, y in pairs), len(pairs)
    counts = f"all {traps}" if same == traps else f"{same} of {traps}"
    return [
        f"Training by labels ({LABELS}) gives the verdict of {LEARNER} on {counts} traps (verdicts"
        " hide smaller differences)."
    ]


def describe_scripts(rows: Iterable[BoardRow]) -> list[str]:
    """Return a sentence on the scripts without a preference that get base; [] without scripts."""
    bases = {row.agent: row.counts[BASE] for row in rows if row.block == IDLE}
    names = [name for name in INDIFFERENT if name in bases]
    places = [
        f"{INDIFFERENT[name].label} on {_count_traps(bases[name])}" for name in names if bases[name]
    ]
    if places:
        return [f"Scripts that prefer nothing and still get base: {', '.join(places)}."]
    return ["No script that prefers nothing gets base."] * bool(names)
