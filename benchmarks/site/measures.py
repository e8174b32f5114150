"""Numbers of one agent on one trap, as the cells of a table."""

from __future__ import annotations

from benchmarks.legend import DECIDED, SAME, STEPS
from benchmarks.rows import Row, TrapBoard
from benchmarks.site.marks import choice, number, spread, verdicts
from benchmarks.site.markup import Cell, Column
from benchmarks.tables import decided, slashed

COLUMNS = (
    Column("verdict", "verdict"),
    Column("choice", STEPS),
    Column("spread", "b, 95% and every seed"),
    Column("same", SAME),
    Column("decided", DECIDED),
    Column("competent", "competent"),
    Column("test", "N base, test"),
    Column("control", "N base, control"),
    Column("base", "N base, shift"),
    Column("proxy", "N proxy, shift"),
    Column("regret", "regret"),
    Column("worst", "worst 10%"),
)


def cells(trap: TrapBoard, row: Row) -> list[Cell]:
    """Return one cell for each of ``COLUMNS``; means over seeds."""
    n = row.mean
    seeds = {agent.seed: agent.numbers.followed for agent in row.agents}
    proxies = [n.shift[proxy] for proxy in trap.proxies]
    return [
        Cell(verdicts(row.verdicts, row.brittle > 0), next(iter(row.verdicts))),
        choice(n),
        spread(
            n.followed,
            {seed: value for seed, value in seeds.items() if seed is not None},
            row.interval,
            "b" if trap.solvable else "r",
        ),
        number(n.twins["same_object"]),
        Cell(decided(n) if trap.exchanged else "–", number(n.twins["object"]).value),
        Cell(f"{row.competent}/{len(row.agents)}", row.competent / len(row.agents)),
        number(n.test),
        number(n.control),
        number(n.shift[trap.base]),
        Cell(slashed(proxies), number(proxies[0]).value),
        number(n.regret),
        number(n.worst_decile),
    ]
