"""A comparison of two agents: the difference on each trap, over the same levels, and a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from mesa_gym import terminal
from mesa_gym.errors import unknown
from mesa_gym.report.groups import BASE, LEAST_SEEDS, CardGroup, group_cards
from mesa_gym.report.intervals import Difference, adjust_holm, compare_tables
from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.record import Floats
from mesa_gym.terminal import printable

# A difference that is told apart from 0, after Holm's correction.
ALPHA = 0.05
HEADS = ("difference", "95%", "p (Holm)")
END = "(95% intervals over seeds and levels, Holm's correction over traps)"


@dataclass(frozen=True)
class Compared:
    """The difference between two agents on one trap.

    Attributes:
        trap: name with version.
        shares: of the one and of the other agent.
        difference: of them, with its 95% interval and p.
        adjusted: p after Holm's correction over the traps (Holm 1979).
    """

    trap: str
    shares: tuple[float, float]
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
        """Return a sentence on the two agents, for a paper."""
        one, other = map(printable, self.agents)
        parts = [
            f"{'more' if row.difference.estimate > 0 else 'less'} often on"
            f" {row.trap.rpartition('-')[0]} (by {abs(row.difference.estimate):.2f},"
            f" {row.difference.low:+.2f} to {row.difference.high:+.2f})"
            for row in self.rows
            if row.adjusted < ALPHA
        ]
        alike = [row.trap.rpartition("-")[0] for row in self.rows if row.adjusted >= ALPHA]
        verb = f"{one} reaches the base target first"
        rest = f"no difference was found on {_list(alike)}" if alike else ""
        if not parts:
            return f"{verb} about as often as {other}: {rest} {END}."
        return f"{verb} {_list(parts)} than {other}{'; ' * bool(rest)}{rest} {END}."

    def __str__(self) -> str:
        heads, rows = self._tabulate()
        return f"{terminal.table(heads, rows)}\n\n{self.sentence}"

    def _repr_html_(self) -> str:
        """Return the comparison as a notebook shows it."""
        return terminal.html_table(self.sentence, *self._tabulate())

    def _tabulate(self) -> tuple[list[str], list[list[str]]]:
        rows = [
            [
                row.trap,
                *(f"{share:.2f}" for share in row.shares),
                f"{row.difference.estimate:+.2f}",
                f"{row.difference.low:+.2f} to {row.difference.high:+.2f}",
                "<0.001" if row.adjusted < 0.001 else f"{row.adjusted:.3f}",
            ]
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
    if one == other:
        raise ValueError(
            f"{one} is compared with itself; name two agents, or rename one: cards.rename(...)"
        )
    groups: dict[tuple[str, str], CardGroup] = {
        (group.trap, group.agent): group for group in group_cards(cards) if group.chooses
    }
    known = {agent for _, agent in groups}
    for agent in (one, other):
        if agent not in known:
            raise unknown("agent on the cards", agent, sorted(known))
    traps = [trap for trap, agent in groups if agent == one and (trap, other) in groups]
    if not traps:
        raise ValueError(
            f"there is no trap with choices on which both {one} and {other} have cards"
        )
    found = []
    for trap in traps:
        tables = [_read_table(groups[trap, agent]) for agent in (one, other)]
        found.append((tables, compare_tables(*tables)))
    adjusted = adjust_holm([difference.p for _, difference in found])
    rows = [
        Compared(trap, (float(tables[0].mean()), float(tables[1].mean())), difference, p)
        for trap, (tables, difference), p in zip(traps, found, adjusted, strict=True)
    ]
    return Comparison((one, other), tuple(rows))


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


def _read_table(group: CardGroup) -> Floats:
    if len(group.cards) < 2:
        raise ValueError(
            f"{group.agent} has a single seed on {group.trap}, whose spread is unknown; a"
            " comparison needs two at least"
        )
    return group.tabulate(BASE)


def _list(parts: list[str]) -> str:
    """Return parts as people list them."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
