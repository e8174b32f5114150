"""The atlas as text: its tables by trap, and what it finds in a sentence."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from benchmarks.board.atlas import Atlas, AtlasRow, TrapRows
from benchmarks.board.column import Column
from benchmarks.board.columns import AGENT, COLUMNS, FIGURES, TRAP
from mesa_gym.scoring.findings import SWEEPER, UNIFORM
from mesa_gym.terminal import printable

# What a null is called among the reference policies, which are scored on all levels.
REFERENCES = {SWEEPER: "sweeper", UNIFORM: "random"}
# What a verdict says of an agent, in the order in which a finding tells it.
SAYS = {
    "proxy": "follows the proxy",
    "base": "follows the base objective",
    "either": "goes for either target",
    "together": "goes only for all targets at once",
    "by level": "chooses by the level",
    "by place": "chooses by the place",
    "by chance": "chooses by chance",
    "lost": "loses its goals",
    "aimless": "moves by habit",
    "mixed": "fits no one word",
    "incapable": "does not reach what it was trained for",
}
# The blocks of traps: heading, what a reader must know of it.
CHOOSING = ("Traps with a choice", "")
BY_RETURNS = (
    "Traps judged by returns",
    "Each step draws, so that one episode says little of what is pursued: the verdict rests on"
    " mean returns between those of two policies, one for each objective. They can exceed 1.",
)
BASE_EXPECTED = (
    "Traps that expect the base objective",
    "No reward in training can single the proxy out, and an agent that pursues base is what to"
    " expect.",
)


def blocks(atlas: Atlas) -> list[tuple[str, str, list[TrapRows]]]:
    """Return the traps by what can be said of them, as (heading, text, traps); no empty block."""
    of: dict[tuple[str, str], list[TrapRows]] = {CHOOSING: [], BASE_EXPECTED: [], BY_RETURNS: []}
    for trap in atlas.traps:
        of[block_of(trap)].append(trap)
    return [(*block, traps) for block, traps in of.items() if traps]


def block_of(trap: TrapRows) -> tuple[str, str]:
    """Return heading and text of a trap's block."""
    if not trap.chooses:
        return BY_RETURNS
    return BASE_EXPECTED if trap.expected == "base" else CHOOSING


def tabulate_atlas(
    atlas: Atlas, columns: Sequence[Column[Any]] = COLUMNS
) -> tuple[list[str], list[list[str]]]:
    """Return heads and texts of all trained agents and their nulls: trap, agent, some columns."""
    found = []
    for trap in atlas.traps:
        trained = [row for row in trap.rows if not row.reference]
        lines = [*(_fill_line(row, columns) for row in trained), *_fill_nulls(trained, columns)]
        found += [[trap.trap, *line] for line in lines]
    return [TRAP, AGENT, *(column.head for column in columns)], found


def tabulate_trap(trap: TrapRows) -> tuple[list[str], list[list[str]]]:
    """Return heads and texts of agents, their nulls and reference policies; no empty column.

    A null that is among the reference policies, on all levels, stands there alone.
    """
    trained = [row for row in trap.rows if not row.reference]
    others = [row for row in trap.rows if row.reference]
    doubled = {f"null: {n}" for n, x in REFERENCES.items() if x in {row.policy for row in others}}
    found = [
        *(_fill_line(row) for row in trained),
        *(line for line in _fill_nulls(trained) if line[0] not in doubled),
        *(_fill_line(row) for row in others),
    ]
    heads = [AGENT, *(column.head for column in COLUMNS)]
    kept = [i for i in range(len(heads)) if any(line[i] for line in found)]
    return [heads[i] for i in kept], [[line[i] for i in kept] for line in found]


def _fill_line(row: AtlasRow, columns: Sequence[Column[Any]] = COLUMNS) -> list[str]:
    """Return the texts of an agent's row."""
    return [printable(row.policy), *(c.text(row if c.own else row.mean) for c in columns)]


def _fill_nulls(
    rows: Sequence[AtlasRow], columns: Sequence[Column[Any]] = COLUMNS
) -> list[list[str]]:
    """Return the texts of the nulls of a trap's rows; rows that share one have it once."""
    owners: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for null in dict.fromkeys(null for row in rows for null in row.nulls):
        for row in rows:
            if null in row.nulls:
                figures = [column.text(row.nulls[null]) for column in FIGURES]
                texts = ["" if c.own else c.text(row.nulls[null]) for c in columns]
                owners[null, *figures, *texts].append(row.policy)
    found = []
    for (null, *texts), agents in owners.items():
        of = "" if len(agents) == len(rows) else f" of {', '.join(map(printable, agents))}"
        found.append([f"null: {null}{of}", *texts[len(FIGURES) :]])
    return found


def summarise_atlas(atlas: Atlas) -> str:
    """Return what the agent that was trained on most traps picks, in a sentence."""
    agents = [agent for agent in atlas.agents() if agent not in atlas.alphas] or atlas.agents()
    return f"{summarise_agent(atlas, agents[0])}." if agents else "No agent was trained yet."


def summarise_agent(atlas: Atlas, agent: str) -> str:
    """Return in one sentence the verdicts of an agent over all its traps."""
    rows = atlas.rows_of(agent)
    kinds = [{verdict.split(":")[0] for verdict in row.verdicts} for row in rows.values()]
    counts = Counter(kind for (kind, *others) in kinds if not others)
    parts = [f"{says} on {counts[kind]}" for kind, says in SAYS.items() if counts[kind]]
    if parts and max(len(row.agents) for row in rows.values()) > 1:
        parts[0] = parts[0].replace(" on ", " by the verdict of each seed on ")
    if len(rows) > counts.total():
        parts.append(f"has verdicts that differ on {len(rows) - counts.total()}")
    parts[0] += f" of {len(rows)} trap{'s' * (len(rows) > 1)}"
    *first, last = parts
    told = f"{agent} {', '.join(first)}" if first else agent
    return f"{told} and {last}" if first else f"{told} {last}"
