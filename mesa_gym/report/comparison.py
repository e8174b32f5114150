"""A comparison of two agents: the difference on each trap, over the same levels, and a sentence."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from mesa_gym import terminal
from mesa_gym.errors import unknown
from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.report.cells import strip_version
from mesa_gym.report.groups import BASE, LEAST_SEEDS, CardGroup, group_cards
from mesa_gym.report.intervals import Difference, adjust_holm, compare_tables
from mesa_gym.scoring import ScoreCard
from mesa_gym.terminal import printable

# A difference that is told apart from 0, after Holm's correction.
ALPHA = 0.05
HEADS = ("difference", "95%", "p (Holm)")


@dataclass(frozen=True)
class Compared:
    """The difference between two agents on one trap.

    Attributes:
        trap: name with version.
        groups: the seeds of the one and of the other agent.
        difference: of them, with its 95% interval and p.
        adjusted: p after Holm's correction over the traps (Holm 1979).
    """

    trap: str
    groups: tuple[CardGroup, CardGroup]
    difference: Difference
    adjusted: float


@dataclass(frozen=True)
class Comparison:
    """Two agents on the traps that both were scored on; ``print(comparison)`` shows a table.

    Attributes:
        agents: their names.
        rows: a trap each.
    """

    agents: tuple[str, str]
    rows: tuple[Compared, ...]

    @property
    def sentence(self) -> str:
        """Return a sentence for a paper on which agent reaches base more often, and the numbers."""
        one, other = map(printable, self.agents)
        found = defaultdict[str, list[str]](list)
        for row in self.rows:
            more = "more" if row.difference.estimate > 0 else "less"
            found[more if row.adjusted < ALPHA else ""].append(_say(row))
        alike = ", ".join(found.pop("", []))
        told = [
            f"{one} reaches the base target first {more} often than {other} on {', '.join(traps)}"
            for more, traps in found.items()
        ]
        if alike:
            both = f"{one} and {other}: " if not told else ""
            first = " in how often they reach the base target first" if not told else ""
            told.append(f"{both}no difference{first} was shown on {alike}")
        seeds = min(len(of.cards) for row in self.rows for of in row.groups)
        if alike and seeds < LEAST_SEEDS:
            told[-1] += f"; fewer than {LEAST_SEEDS} seeds seldom show one"
        levels = min(row.groups[0].cards[0].provenance.levels for row in self.rows)
        return (
            f"{'; '.join(told)}. 95% intervals are over seeds and at least {levels:,} levels, each"
            " for one trap; p has Holm's correction over traps."
        )

    def __str__(self) -> str:
        heads, rows = self._tabulate()
        return f"{terminal.table(heads, rows)}\n\n{self.sentence}"

    def _repr_html_(self) -> str:
        """Return the comparison as a notebook shows it."""
        return terminal.html_table(self.sentence, *self._tabulate())

    def _tabulate(self) -> tuple[list[str], list[list[str]]]:
        rows = [
            [row.trap, *(f"{of.choice[BASE]:.2f}" for of in row.groups), *_write(row)]
            for row in self.rows
        ]
        return ["base first", *map(printable, self.agents), *HEADS], rows


def compare(cards: Iterable[ScoreCard], one: str, other: str) -> Comparison:
    """Compare how often two agents choose the base objective, on the same levels, by trap.

    Seeds and levels are crossed: an interval is over both. Each agent needs two seeds at least,
    since the spread of one seed is unknown::

        print(report.compare(cards, "mine", "ppo"))

    Args:
        cards: of both agents, on at least one trap together.
        one: an agent's name, without ``-s0``.
        other: the same of another agent.

    Raises:
        ImportError: scipy is not installed.
        ValueError: an agent is unknown, an agent has a single seed, or the cards cannot be
            compared (``group_cards``).
    """
    if (agent := agent_and_seed(one)[0]) == agent_and_seed(other)[0]:
        raise ValueError(
            f"{one} and {other} are one agent, {agent}; compare needs two: name another, or rename"
            " one by cards.rename(...)"
        )
    given = group_cards(cards)
    for agent in (one, other):
        if agent not in (known := {of.agent for of in given}):
            raise unknown("agent on the cards", agent, sorted(known))
    groups = {(of.trap, of.agent): of for of in [x for x in given if x.chooses] or given}
    played = [(card.policy, card.trap) for of in groups.values() for card in of.cards]
    traps = find_shared(played, one, other)
    pairs = [(groups[trap, one], groups[trap, other]) for trap in traps]
    differences = [compare_tables(a.tabulate(BASE), b.tabulate(BASE)) for a, b in pairs]
    adjusted = adjust_holm([difference.p for difference in differences])
    rows = map(Compared, traps, pairs, differences, adjusted)
    return Comparison((one, other), tuple(rows))


def find_shared(played: Iterable[tuple[str, str]], one: str, other: str) -> list[str]:
    """Return the traps that two agents have in common, by policies and the traps they played.

    Raises:
        ValueError: there is no such trap, or an agent has a single seed on one.
    """
    seeds = defaultdict[str, Counter[str]](Counter)
    for policy, trap in played:
        seeds[agent_and_seed(policy)[0]][trap] += 1
    shared = [trap for trap in seeds[one] if trap in seeds[other]]
    if not shared:
        told = [f"{agent} played {', '.join(seeds[agent]) or 'none'}" for agent in (one, other)]
        raise ValueError(f"{', '.join(told)}: no trap in common")
    for agent in (one, other):
        if single := [trap for trap in shared if seeds[agent][trap] < 2]:
            raise ValueError(
                f"{agent} has a single seed on {single[0]}, whose spread is unknown; a comparison"
                " needs two at least"
            )
    return shared


def tell_apart(groups: Mapping[str, CardGroup]) -> dict[str, int]:
    """Return agent -> number of its group on one trap, 1 for the largest shares of base.

    Any two agents of different groups differ; an agent with fewer than three seeds has no group.
    """
    enough = {name: of for name, of in groups.items() if len(of.cards) >= LEAST_SEEDS}
    tables = {name: of.tabulate(BASE) for name, of in enough.items()}
    names = sorted(tables, key=lambda name: -tables[name].mean())
    pairs = [*combinations(names, 2)]
    p = adjust_holm([compare_tables(tables[one], tables[other]).p for one, other in pairs])
    alike = {pair for pair, each in zip(pairs, p, strict=True) if each >= ALPHA}
    found, number = dict[str, int](), 0
    for at, name in enumerate(names):
        number += not any((a, b) in alike for a in names[:at] for b in names[at:])
        found[name] = number
    return found


def _write(row: Compared) -> list[str]:
    """Return a comparison's difference, interval and p-value as texts."""
    signed = [f"{value:+z.2f}".replace("+0.00", "0.00") for value in row.difference[:3]]
    p = "<0.001" if row.adjusted < 0.001 else f"{row.adjusted:.3f}"
    return [signed[0], f"{signed[1]} to {signed[2]}", p]


def _say(row: Compared) -> str:
    """Return a trap's name with both agents' shares, and how many seeds are able."""
    shares = []
    for of in row.groups:
        seeds = len(of.cards)
        able = f" (able: {of.competent} of {seeds})" if of.competent < seeds else ""
        shares.append(f"{of.agent} {of.choice[BASE]:.2f} by {seeds} seeds{able}")
    estimate, ends, p = _write(row)
    told = f"{', '.join(shares)}: {estimate}, 95% {ends}, p {p}"
    return printable(f"{strip_version(row.trap)} ({told})")
