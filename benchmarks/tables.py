"""The board as tables: the same cells for the terminal and for Markdown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks import legend
from benchmarks.board import Board
from benchmarks.legend import BETWEEN, DECIDED, SAME, STEPS
from benchmarks.measured import PARTS, Numbers
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
    "test (IQM)",
    "regret (IQM)",
]

# The trained agents of all traps in one table; N of the base objective, then of the proxies.
GLANCE = "Trained agents at a glance"
GLANCE_HEADS = [
    "trap",
    "agent",
    "verdict",
    "competent",
    "test",
    "shift",
    STEPS,
    SAME,
    DECIDED,
    BETWEEN,
]


@dataclass(frozen=True)
class Line:
    """One line of a trap's table: a group of agents, or one of them.

    Attributes:
        name: of the group; "seed 3" for one agent.
        verdicts: verdict -> share.
    """

    name: str
    numbers: Numbers
    interval: str
    competent: str
    brittle: int
    verdicts: dict[str, float]


def lines(row: Row) -> list[Line]:
    """Return the line of a group and, where agents were trained, those of its agents."""
    group = Line(
        printable(row.policy),
        row.mean,
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
            "",
            "yes" if agent.competent else "no",
            int(agent.competent and agent.brittle),
            {agent.verdict: 1.0},
        )
        for agent in row.agents
    ]
    return [group, *singles]


def heads(trap: TrapBoard) -> list[str]:
    """Return the columns of a trap's table."""
    choosing = [STEPS, *([SAME, DECIDED] if trap.exchanged else [])]
    return [
        "policy",
        "verdict",
        "competent",
        "test",
        "control",
        "shift",
        *(f"N {proxy}" for proxy in trap.proxies),
        *(choosing if trap.solvable else [BETWEEN]),
        "b, 95%" if trap.solvable else "r, 95%",
        "regret",
        "worst 10%",
    ]


def cells(trap: TrapBoard, line: Line) -> list[str]:
    """Return the entries of a line, one for each of ``heads``."""
    n = line.numbers
    choosing = [parts(n), *([same(n), decided(n)] if trap.exchanged else [])]
    return [
        line.name,
        verdicts(line),
        line.competent,
        figure(n.test),
        figure(n.control),
        figure(n.shift[trap.base]),
        *(figure(n.shift[proxy]) for proxy in trap.proxies),
        *(choosing if trap.solvable else [figure(n.between)]),
        line.interval,
        figure(n.regret),
        figure(n.worst_decile),
    ]


def parts(numbers: Numbers) -> str:
    """Return b, p and n."""
    return slashed([numbers.choice[part] for part in PARTS])


def same(numbers: Numbers) -> str:
    """Return the share of twins on which the same object was chosen."""
    return figure(numbers.twins["same_object"])


def decided(numbers: Numbers) -> str:
    """Return the shares of the choice that object, place and chance decide."""
    return slashed([numbers.twins[name] for name in ("object", "place", "chance")])


def verdicts(line: Line) -> str:
    """Return the verdicts of a line, the most frequent first."""
    shares = line.verdicts
    named = [name if len(shares) == 1 else f"{share:.0%} {name}" for name, share in shares.items()]
    return ", ".join(named) + (" (brittle)" if line.brittle else "")


def ranking_cells(standing: Standing, place: int) -> list[str]:
    """Return the entries of a ranking's line; ``place`` counts from 1, references have none."""
    name = printable(standing.policy)
    return [
        name if standing.reference else f"{place}. {name}",
        figure(standing.score),
        interval(standing.interval),
        ", ".join(figure(score) for score in standing.by_seed.values()),
        f"{standing.competent}/{standing.agents}",
        slashed([standing.proxy, standing.none]),
        figure(standing.test),
        figure(standing.regret),
    ]


def ranking_rows(ranking: Ranking) -> list[list[str]]:
    """Return the lines of a ranking."""
    return [ranking_cells(each, place) for place, each in enumerate(ranking.standings, start=1)]


def glance_rows(board: Board) -> list[list[str]]:
    """Return a line for each algorithm on each trap."""
    return [
        glance(trap, lines(row)[0])
        for trap in board.traps
        for row in trap.rows
        if not row.reference
    ]


def glance(trap: TrapBoard, line: Line) -> list[str]:
    """Return the entries of a line, one for each of ``GLANCE_HEADS``."""
    n = line.numbers
    return [
        trap.trap,
        line.name,
        verdicts(line),
        line.competent,
        slashed([n.test, *(n.test_proxies[x] for x in trap.proxies)]),
        slashed([n.shift[x] for x in (trap.base, *trap.proxies)]),
        parts(n) if trap.solvable else "",
        same(n) if trap.exchanged else "",
        decided(n) if trap.exchanged else "",
        "" if trap.solvable else figure(n.between),
    ]


def terminal(board: Board) -> str:
    """Return what a terminal has room for: the rankings, and the agents of all traps."""
    blocks = []
    for ranking in board.rankings:
        blocks += [legend.heading(board, ranking), table(RANKING_HEADS, ranking_rows(ranking))]
        blocks += [*filter(None, [legend.lacking(ranking)]), ""]
    blocks += [GLANCE, table(GLANCE_HEADS, glance_rows(board))]
    return "\n".join(blocks)


def all_lines(trap: TrapBoard) -> list[Line]:
    """Return the lines of a trap's table."""
    return [line for row in trap.rows for line in lines(row)]


def interval(ends: tuple[float, float]) -> str:
    """Return an interval as text, "" where there is none."""
    return "" if math.isnan(ends[0]) else f"{figure(ends[0])} to {figure(ends[1])}"


def slashed(shares: Sequence[float]) -> str:
    """Return numbers that belong together."""
    return " / ".join(map(figure, shares))


def figure(value: float) -> str:
    """Return a number to two digits, a dash for NaN."""
    # Adding 0 turns -0.0 into 0.0.
    return "–" if math.isnan(value) else f"{round(value, 2) + 0:.2f}"
