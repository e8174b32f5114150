"""The table of a sweep: competent seeds, shares of base and proxy, and verdicts of each cell."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from textwrap import fill
from typing import Any

from agents.jobs import runner
from agents.jobs.agents import CARD, list_agent_jobs, name_result
from agents.jobs.engines import JobLimits
from agents.jobs.job import read_done
from agents.run import Run
from agents.sweeps.axes import SweepCell, list_cells
from mesa_gym.errors import WorkError
from mesa_gym.files import format_csv, locate_path, require_ours, write_text
from mesa_gym.report.groups import group_cards, list_table_notes
from mesa_gym.report.seed_group import SeedGroup
from mesa_gym.report.statements import RANGE, write_verdicts
from mesa_gym.report.tables import WIDTH
from mesa_gym.scoring import Cards
from mesa_gym.scoring.evidence import BLIND, SWEEPER
from mesa_gym.terminal import format_table, printable, say
from mesa_gym.words import BASE, PROXY, SEEDS_SPLIT

CELL_LEVELS = 250  # per split, for a cell's cards
CELLS_FILE = "cells.csv"
CELLS_MARK = b"trap,algo,"
SCRIPTS = (SWEEPER, BLIND)
SWEEP_HEADS = ("competent", BASE, PROXY, "verdict")
# The columns of cells.csv, except axes and columns with two words, such as "base low".
COLUMNS = (
    *("trap", "algo", "seeds", "competent", "test"),
    *(BASE, PROXY, "verdict", "confidence", "seconds"),
)


@dataclass(frozen=True)
class SweepRow:
    """A cell and its agents' cards.

    Attributes:
        cell: the cell.
        group: the cards of its seeds.
        seconds: CPU time to train and score an agent, the mean over seeds.
    """

    cell: SweepCell
    group: SeedGroup
    seconds: float

    @property
    def competent(self) -> bool:
        """Whether more than half of the seeds can do the task on test levels."""
        return 2 * self.group.competent > len(self.group.cards)

    def write_share(self, role: str) -> str:
        """Return the share of a role as in other tables; a dash if there is none."""
        return self.group.write_share(role) if role in self.group.choice else "–"

    def write_null(self, null: str) -> str:
        """Return the base and proxy shares of a policy without a goal, such as ``0.43/0.44``."""
        shares = (self.measured.get(f"{null} {role}", "") for role in (BASE, PROXY))
        return "/".join(map(_write_share, shares))

    @property
    def verdicts(self) -> str:
        """Return the verdicts with their numbers of seeds, and notes: "inconsistent 3, base 2"."""
        verdicts = write_verdicts(self.group.verdicts)
        return "; ".join([verdicts, *self.group.list_limits(failing=False)])

    @cached_property
    def measured(self) -> dict[str, Any]:
        """The columns of ``cells.csv`` after the axes; "" for a missing value."""
        group, nulls = self.group, self.group.nulls
        success: list[Any] = [card.read_number("test", card.success) for card in group.cards]
        columns: dict[str, Any] = {"seeds": len(group.cards), "competent": group.competent}
        columns["test"] = math.nan if None in success else sum(success) / len(success)
        for role in (BASE, PROXY):
            columns[role] = group.choice.get(role, math.nan)
            ends = group.find_interval(role) if group.choice else (math.nan, math.nan)
            columns[f"{role} low"], columns[f"{role} high"] = ends
        columns |= {"verdict": group.word or SEEDS_SPLIT, "confidence": group.confidence}
        for null, shares in nulls.items():
            columns |= {f"{null} {role}": shares.get(role, math.nan) for role in (BASE, PROXY)}
        columns["seconds"] = self.seconds
        return {name: _shorten(value) for name, value in columns.items()}


def is_axis(column: str) -> bool:
    """Return whether a column of ``cells.csv`` has the values of an axis."""
    return column not in COLUMNS and " " not in column


def _shorten(value: Any) -> Any:
    if isinstance(value, float):
        return "" if math.isnan(value) else round(value, 4)
    return value


@dataclass(frozen=True)
class Sweep:
    """A finished sweep; ``print(sweep)`` shows its table."""

    rows: tuple[SweepRow, ...]

    @property
    def axes(self) -> list[str]:
        """The names of the varied axes, without the trap."""
        return [name for name, values in self._values.items() if len(values) > 1]

    @property
    def fixed(self) -> dict[str, Any]:
        """The axes with a single value, without the algorithm: name -> value."""
        one = {name: values for name, values in self._values.items() if len(values) == 1}
        return {name: value for name, (value,) in one.items() if name != "algo"}

    @cached_property
    def _values(self) -> dict[str, list[Any]]:
        names = ["algo", *dict(self.rows[0].cell.values)]
        return {x: [*dict.fromkeys(self.read(row, x) for row in self.rows)] for x in names}

    def read(self, row: SweepRow, axis: str) -> Any:
        """Return a row's value on an axis."""
        return row.cell.algo if axis == "algo" else dict(row.cell.values)[axis]

    def list_lines(self) -> list[dict[str, Any]]:
        """Return the lines of ``cells.csv``: column -> value."""
        return [
            {"trap": row.cell.trap, "algo": row.cell.algo, **dict(row.cell.values)} | row.measured
            for row in self.rows
        ]

    def write_csv(self) -> str:
        """Return ``cells.csv``."""
        return format_csv(self.list_lines())

    def list_texts(self) -> tuple[list[str], list[list[str]]]:
        """Return column heads and rows to display; shares are omitted if most seeds fail."""
        rows = []
        for row in self.rows:
            columns = row.measured
            competent = f"{columns['competent']} of {columns['seeds']}"
            shares = [row.write_share(role) if row.competent else "–" for role in (BASE, PROXY)]
            places = (str(self.read(row, axis)).rpartition(":")[2] for axis in self.axes)
            trap = row.cell.trap.removesuffix("-v0")
            rows.append([trap, *places, competent, *shares, row.verdicts])
        return ["trap", *self.axes, *SWEEP_HEADS], rows

    @property
    def notes(self) -> list[str]:
        """The notes below the table, one sentence each; the first contains the scripts' shares."""
        shares = [row.write_share(x) for row in self.rows if row.competent for x in (BASE, PROXY)]
        ranges = [f"Shares are means over seeds, {RANGE}."] if "[" in "".join(shares) else []
        return [self._write_scripts(), *ranges, *list_table_notes(row.group for row in self.rows)]

    def _write_scripts(self) -> str:
        """Return the shares of base and proxy of scripts without a goal, once for each trap."""
        traps: dict[str, list[SweepRow]] = {}
        for row in self.rows:
            traps.setdefault(row.cell.trap.removesuffix("-v0"), []).append(row)
        parts = []
        for trap, rows in traps.items():
            for null in SCRIPTS:
                shares = [[r.measured.get(f"{null} {x}", "") for r in rows] for x in (BASE, PROXY)]
                parts.append(f"{null} on {trap} {'/'.join(map(_write_range, shares))}")
        return f"Scripts without a goal, base/proxy: {', '.join(parts)}."

    def __str__(self) -> str:
        heads, rows = self.list_texts()
        text = format_table(heads, [[*map(printable, cells)] for cells in rows])
        return "\n\n".join([text, *(fill(note, WIDTH) for note in self.notes)])


def _write_range(values: Sequence[Any]) -> str:
    """Return the range of values, such as "0.20 to 0.26", or the only value."""
    ends = [*map(_write_share, sorted({x for x in values if x != ""}))] or ["–"]
    return ends[0] if ends[0] == ends[-1] else f"{ends[0]} to {ends[-1]}"


def _write_share(value: Any) -> str:
    return "–" if value == "" else f"{value:.2f}"


def sweep(
    traps: Sequence[str],
    axes: Mapping[str, Sequence[Any]],
    seeds: Iterable[int],
    out: str | Path,
    algorithms: Sequence[str] = ("ppo",),
    levels: int = CELL_LEVELS,
    workers: int | None = None,
    on: str | Executor | None = None,
    limits: JobLimits | None = None,
) -> Sweep:
    """Train and score agents in each cell, and return the table.

    Agents and their cards are stored in ``out`` as CELL/TRAP/AGENT. A stopped sweep continues; a
    sweep with more values or seeds reuses existing results.

    Args:
        traps, axes, algorithms: as for ``list_cells``.
        seeds: the seeds of each cell's agents.
        out: the folder of results.
        levels: the number of levels per split for the cards.
        workers: the number of jobs at a time; None for about one per core.
        on: the engine, as for ``agents.jobs.engines.open_engine``.
        limits: the limits of each Slurm job.

    Raises:
        FileExistsError: the folder contains unrelated files with the names of results.
        ImportError: an extra of an algorithm is not installed.
        WorkError: an agent failed; the others are kept.
        ValueError: an axis or value is invalid, or the folder contains results with other terms.

    Example:
        >>> from agents.sweeps import sweep
        >>> print(sweep(["CheeseDish"], {"alpha": [0, 0.1]}, range(5), "runs/a"))  # doctest: +SKIP
    """
    seeds, out = [*seeds], locate_path(out)
    require_ours(out, {CELLS_FILE: CELLS_MARK})
    trained, results = merge_runs(list_cells(traps, axes, algorithms), seeds)
    jobs = list_agent_jobs(trained, levels, trained)
    if failed := runner.run(jobs, out, workers, on, limits):
        name, reason = next(iter(failed.items()))
        raise WorkError(
            f"{len(failed)} of {len(jobs)} jobs failed, the first is {name}: {reason}; the same"
            " command tries them again"
        )
    rows = (_read_row(cell, [out / name for name in names]) for cell, names in results.items())
    swept = Sweep(tuple(rows))
    write_text(out / CELLS_FILE, swept.write_csv())
    return swept


def merge_runs(
    cells: Iterable[SweepCell], seeds: Sequence[int]
) -> tuple[dict[Run, str], dict[SweepCell, list[str]]]:
    """Return the trainings with the folders of their cells, and the results of each cell.

    Cells with equal trainings share agents, such as ``steps=0`` and the trap's usual steps.
    """
    first, results = dict[str, tuple[Run, SweepCell]](), dict[SweepCell, list[str]]()
    for cell in cells:
        same = [
            first.setdefault(run.describe_effect(), (run, cell)) for run in cell.list_runs(seeds)
        ]
        results[cell] = [name_result(run, of.folder) for run, of in same]
        if (of := same[0][1]) != cell:
            say(f"{cell.folder} is the same training of {cell.trap} as {of.folder}: done once")
    return {run: cell.folder for run, cell in first.values()}, results


def _read_row(cell: SweepCell, folders: Sequence[Path]) -> SweepRow:
    (group,) = group_cards(card for folder in folders for card in Cards.load(folder / CARD))
    times = [read_done(folder).seconds for folder in folders]
    return SweepRow(cell, group, sum(times) / len(times))
