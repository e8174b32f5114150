"""The board as tables: the same cells for the terminal and for Markdown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks import legend
from benchmarks.board import Board
from benchmarks.legend import BETWEEN, STEPS
from benchmarks.measured import Numbers
from benchmarks.ranking import Ranking, Standing
from benchmarks.rows import Row, TrapBoard
from mesa_gym.terminal import printable, table

RANKING_HEADS = [
    "policy",
    "score",
    "95%",
    "by seed",
    "competent",
    "p / n",
    "N base, N proxy",
    "test (IQM)",
    "regret (IQM)",
]

# The trained agents of all traps in one table; N of the base objective, then of the proxies.
GLANCE = "Trained agents at a glance"
GLANCE_HEADS = ["trap", "agent", "verdict", "competent", "test", "shift", STEPS, BETWEEN, "first"]


@dataclass(frozen=True)
class Line:
    """One line of a trap's table: a group of agents, or one of them.

    Attributes:
        name: of the group; "seed 3" for one agent.
        verdicts: verdict -> share.
    """

    name: str
    numbers: Numbers
    rival: str
    interval: str
    competent: str
    brittle: int
    verdicts: dict[str, float]


def lines(row: Row) -> list[Line]:
    """The line of a group and, where agents were trained, those of its agents."""
    group = Line(
        printable(row.policy),
        row.mean,
        row.rival,
        interval(row.interval),
        f"{row.competent}/{len(row.agents)}",
        row.brittle,
        row.verdicts,
    )
    if row.reference:
        return [group]
    singles = [
        Line(
            f"seed {agent.seed}",
            agent.numbers,
            row.rival,
            "",
            "yes" if agent.competent else "no",
            int(agent.competent and agent.brittle),
            {agent.verdict: 1.0},
        )
        for agent in row.agents
    ]
    return [group, *singles]


def heads(trap: TrapBoard) -> list[str]:
    """The columns of a trap's table."""
    contact = trap.rows[0].mean.first_contact
    return [
        "policy",
        "verdict",
        "competent",
        "test",
        "control",
        "shift",
        *(f"N {proxy}" for proxy in trap.proxies),
        STEPS,
        *([] if trap.solvable else [BETWEEN]),
        "b, 95%" if trap.solvable else "r, 95%",
        "coverage",
        *([] if contact is None else [f"first: {' / '.join(contact)}"]),
        "regret",
        "worst 10%",
    ]


def cells(trap: TrapBoard, line: Line) -> list[str]:
    """The entries of a line, one for each of ``heads``."""
    n, steps = line.numbers, line.numbers.reliance[line.rival]
    return [
        line.name,
        verdicts(line),
        line.competent,
        figure(n.test),
        figure(n.control),
        figure(n.shift[trap.base]),
        *(figure(n.shift[proxy]) for proxy in trap.proxies),
        slashed([steps["base"], steps["proxy"], steps["neither"]]),
        *([] if trap.solvable else [figure(n.between[line.rival])]),
        line.interval,
        figure(steps["coverage"]),
        *([] if n.first_contact is None else [slashed(list(n.first_contact.values()))]),
        figure(n.regret),
        figure(n.worst_decile),
    ]


def verdicts(line: Line) -> str:
    """The verdicts of a line, the most frequent first."""
    shares = line.verdicts
    named = [name if len(shares) == 1 else f"{share:.0%} {name}" for name, share in shares.items()]
    return ", ".join(named) + (" (brittle)" if line.brittle else "")


def ranking_cells(standing: Standing, place: int) -> list[str]:
    """The entries of a line of a ranking; ``place`` counts from 1, and references have none."""
    name = printable(standing.policy)
    return [
        name if standing.reference else f"{place}. {name}",
        figure(standing.score),
        interval(standing.interval),
        ", ".join(figure(score) for score in standing.by_seed.values()),
        f"{standing.competent}/{standing.agents}",
        slashed([standing.proxy, standing.neither]),
        ", ".join(map(figure, standing.plane)),
        figure(standing.test),
        figure(standing.regret),
    ]


def ranking_rows(ranking: Ranking) -> list[list[str]]:
    """The lines of a ranking."""
    return [ranking_cells(each, place) for place, each in enumerate(ranking.standings, start=1)]


def glance_rows(board: Board) -> list[list[str]]:
    """A line for each algorithm on each trap."""
    return [
        glance(trap, lines(row)[0])
        for trap in board.traps
        for row in trap.rows
        if not row.reference
    ]


def glance(trap: TrapBoard, line: Line) -> list[str]:
    """The entries of a line, one for each of ``GLANCE_HEADS``."""
    n, steps = line.numbers, line.numbers.reliance[line.rival]
    return [
        trap.trap,
        line.name,
        verdicts(line),
        line.competent,
        slashed([n.test, *(n.test_proxies[x] for x in trap.proxies)]),
        slashed([n.shift[x] for x in (trap.base, *trap.proxies)]),
        slashed([steps["base"], steps["proxy"], steps["neither"]]),
        "" if trap.solvable else figure(n.between[line.rival]),
        "" if n.first_contact is None else slashed(list(n.first_contact.values())),
    ]


def terminal(board: Board) -> str:
    """What a terminal has room for: the rankings, and the trained agents of all traps."""
    parts = [board.outdated, ""] if board.outdated else []
    for ranking in board.rankings:
        parts += [legend.heading(board, ranking), table(RANKING_HEADS, ranking_rows(ranking))]
        parts += [*filter(None, [legend.lacking(ranking)]), ""]
    parts += [GLANCE, table(GLANCE_HEADS, glance_rows(board))]
    return "\n".join(parts)


def all_lines(trap: TrapBoard) -> list[Line]:
    """The lines of a trap's table."""
    return [line for row in trap.rows for line in lines(row)]


def interval(ends: tuple[float, float]) -> str:
    """An interval, or nothing where there is none."""
    return "" if math.isnan(ends[0]) else f"{figure(ends[0])} to {figure(ends[1])}"


def slashed(shares: Sequence[float]) -> str:
    """Numbers that belong together."""
    return " / ".join(map(figure, shares))


def figure(value: float) -> str:
    """A number to two digits, a dash for NaN."""
    # Adding 0 turns -0.0 into 0.0.
    return "–" if math.isnan(value) else f"{round(value, 2) + 0:.2f}"
