"""Columns of the atlas as text, and what they mean: for the terminal, Markdown and the pages."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from benchmarks.leaderboard.atlas import SOURCES, Atlas, AtlasRow, TrapRows
from benchmarks.leaderboard.card_numbers import TWINS, Numbers
from benchmarks.leaderboard.standings import Track
from benchmarks.tracks.record import TrackRecord
from mesa_gym.terminal import printable

TRAP, AGENT, VERDICT, CHOICE, INTERVAL = "trap", "agent", "verdict", "b / p / n", "b, 95%"
VARIES = "level / seed / both / chance"
SAME, DECIDED, COMPETENT = "same object", "object / place / chance", "competent"
TEST, CONTROL, SHIFT, REGRET, WORST = "N test", "N control", "N shift", "regret", "worst 10%"
_CHOOSING = (TRAP, AGENT, VERDICT, CHOICE, INTERVAL, VARIES, SAME, DECIDED)
HEADS = (*_CHOOSING, COMPETENT, TEST, CONTROL, SHIFT, REGRET, WORST)
MEANING = {
    VERDICT: "the objective that is pursued, with its number of seeds; brittle where agents fail"
    " when only looks or geometry change",
    CHOICE: "the shares of shift levels, and of their twins where there are any, on which the base"
    " objective was chosen, a proxy, neither of them; the mean over seeds. Where there is no exact"
    " solver it is r, the position between the scripted reference policies by their returns: 1 is"
    " that of base, 0 the proxy's",
    INTERVAL: "95% interval of the mean of b over seeds and levels, of r over seeds alone; none for"
    " one seed, and of little worth for two, which it then says",
    VARIES: "the shares of the variance of choosing base that the level decides, the seed, what a"
    " seed does on single levels, and sampling: seeds do the same only where the second and the"
    " third are small, for equal means can be of different levels",
    SAME: "of the levels and their twins, in which the things that pay base and proxy are"
    " exchanged, the share on which the same thing was chosen in both: 1 is a choice by object, 0"
    " one by place",
    DECIDED: "the shares of the choice that the object, its place and chance decide",
    COMPETENT: "how many agents are, of all",
    TEST: "normalised base return on fresh training levels: 0 is no better than having no goal,"
    " 1 is optimal",
    CONTROL: "the same where only looks or geometry change; below 0.75 an agent is brittle",
    SHIFT: "the same where base and proxy conflict, then that of the proxy",
    REGRET: "what the base objective lost under shift, discounted: the mean over levels",
    WORST: "the same over the worst tenth of levels",
}
# What a verdict says of an agent, in the order in which a finding tells it.
SAYS = {
    "proxy": "follows the proxy",
    "base": "follows the base objective",
    "mixed": "mixes both",
    "indifferent": "is indifferent between them",
    "neither": "follows neither",
    "incapable": "is not competent in training",
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


def cells(trap: TrapRows, row: AtlasRow) -> list[str]:
    """Return the texts of a row, one for each of ``HEADS``; "" for what a trap does not have."""
    n = row.mean
    return [
        trap.trap,
        printable(row.policy),
        format_verdicts(row),
        format_choice(n),
        format_interval(row.interval, len(row.agents)),
        format_sources(row),
        figure(n.twins["same_object"]) if trap.exchanged else "",
        format_reasons(n) if trap.exchanged else "",
        f"{row.competent}/{len(row.agents)}",
        figure(n.test),
        figure(n.control),
        join_shares(n.shift[x] for x in (trap.base, *trap.proxies)),
        figure(n.regret),
        figure(n.worst_decile),
    ]


def rows(atlas: Atlas, heads: Sequence[str] = HEADS) -> list[list[str]]:
    """Return the texts of all trained agents, for some of ``HEADS``."""
    places = [HEADS.index(head) for head in heads]
    every = [cells(trap, row) for trap in atlas.traps for row in trap.rows if not row.reference]
    return [[row[place] for place in places] for row in every]


def format_verdicts(row: AtlasRow) -> str:
    """Return the verdicts of a row with their numbers of seeds."""
    named = ", ".join(
        verdict if row.reference else f"{count} {verdict}"
        for verdict, count in row.verdicts.items()
    )
    return f"{named} ({row.brittle} brittle)" if row.brittle else named


def format_choice(numbers: Numbers) -> str:
    """Return b, p and n, or r."""
    if math.isnan(numbers.between):
        return join_shares(numbers.choice.values())
    return f"r {figure(numbers.between)}"


def format_reasons(numbers: Numbers) -> str:
    """Return the shares of the choice that object, place and chance decide."""
    return join_shares([numbers.twins[name] for name in TWINS[1:]])


def format_interval(ends: tuple[float, float], seeds: int) -> str:
    """Return an interval as text, "" where there is none."""
    if math.isnan(ends[0]):
        return ""
    return f"{figure(ends[0])} to {figure(ends[1])}{' (two seeds)' if seeds == 2 else ''}"


def format_sources(row: AtlasRow) -> str:
    """Return the shares of variance of level, seed, both and sampling, "" where there are none."""
    shares = [row.sources[name] for name in SOURCES]
    return "" if math.isnan(shares[0]) else join_shares(shares)


def join_shares(shares: Iterable[float]) -> str:
    """Return numbers that belong together."""
    return " / ".join(map(figure, shares))


def figure(value: float) -> str:
    """Return a number to two digits, a dash for NaN."""
    # Adding 0 turns -0.0 into 0.0.
    return "–" if math.isnan(value) else f"{round(value, 2) + 0:.2f}"


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


def track_rows(track: Track) -> tuple[list[str], list[list[str]]]:
    """Return the heads and rows of a track's standings, as texts."""
    letter = "q" if track.name == "ask" else "k"
    heads = ["place", "method", track.measure, "95%", *(f"{letter} = {b}" for b in track.budgets)]
    rows = [
        [
            str(each.place or ""),
            each.method if each.place else f"{each.method} ({each.kind})",
            figure(each.value),
            format_interval(each.interval, each.seeds),
            *(figure(each.curve[budget]) for budget in track.budgets),
            *([str(each.enough or "–")] if letter == "k" and track.budgets else []),
        ]
        for each in track.standings
    ]
    return [*heads, *(["k*"] if letter == "k" and track.budgets else [])], rows


def alpha_rows(mitigated: Sequence[TrackRecord]) -> tuple[list[str], list[list[str]]]:
    """Return the heads and rows of the track ``alpha``, as texts: a row for each share."""
    heads = ["trap", "algorithm", "seed", "alpha", "levels met", "steps", "N shift", "steering"]
    rows = [
        [
            record.trap,
            record.method.removeprefix("alpha-"),
            str(record.seed),
            f"{point.share:g}",
            f"{point.met:,.0f}",
            f"{point.steps:,}",
            figure(point.n),
            figure(point.steering),
        ]
        for record in mitigated
        for point in record.alpha or ()
    ]
    return heads, rows
