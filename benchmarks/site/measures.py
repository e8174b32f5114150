"""What was measured of one agent on one trap, as the cells of a table."""

from __future__ import annotations

import math

from benchmarks.rows import Row, TrapBoard
from benchmarks.site.marks import number, spread, steps, verdicts
from benchmarks.site.markup import Cell, Column
from benchmarks.tables import slashed

COLUMNS = (
    Column("verdict", "verdict"),
    Column("steps", "b / p / n"),
    Column("spread", "b, 95% and every seed"),
    Column("competent", "competent"),
    Column("test", "N base, test"),
    Column("control", "N base, control"),
    Column("base", "N base, shift"),
    Column("proxy", "N proxy, shift"),
    Column("first", "first: base / proxy / none"),
    Column("coverage", "coverage"),
    Column("regret", "regret"),
    Column("worst", "worst 10%"),
)


def cells(trap: TrapBoard, row: Row) -> list[Cell]:
    """One cell for each of ``COLUMNS``; means over seeds."""
    n = row.mean
    seeds = {agent.seed: row.followed(agent.numbers) for agent in row.agents}
    return [
        Cell(verdicts(row.verdicts, row.brittle > 0), next(iter(row.verdicts))),
        steps(row, n),
        spread(
            row.followed(n),
            {seed: value for seed, value in seeds.items() if seed is not None},
            row.interval,
            "b" if trap.solvable else "r",
        ),
        Cell(f"{row.competent}/{len(row.agents)}", row.competent / len(row.agents)),
        number(n.test),
        number(n.control),
        number(n.shift[trap.base]),
        number(n.shift[row.rival]),
        _contact(n.first_contact),
        number(n.reliance[row.rival]["coverage"]),
        number(n.regret),
        number(n.worst_decile),
    ]


def _contact(shares: dict[str, float] | None) -> Cell:
    if shares is None:
        return number(math.nan)
    values = list(shares.values())
    return Cell(slashed(values), values[0])
