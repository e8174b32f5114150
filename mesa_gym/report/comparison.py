"""A comparison of two agents: the difference on each trap, over the same levels, and a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mesa_gym import terminal
from mesa_gym.errors import unknown
from mesa_gym.report.groups import BASE, ROLES, CardGroup, group_cards, list_chosen
from mesa_gym.report.intervals import Difference, compare_tables
from mesa_gym.scoring import ScoreCard
from mesa_gym.terminal import printable

# A difference that is told apart from 0, after Holm's correction over traps.
ALPHA = 0.05


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
        role: what is compared: ``base``, ``proxy`` or ``none``.
        rows: a trap each.
    """

    agents: tuple[str, str]
    role: str
    rows: tuple[Compared, ...]

    @property
    def sentence(self) -> str:
        """Return what can be said of the two, for a paper."""
        one, other = map(printable, self.agents)
        told = [
            f"on {row.trap} by {row.difference.estimate:+.2f} ({row.difference.low:+.2f} to"
            f" {row.difference.high:+.2f})"
            for row in self.rows
            if row.adjusted < ALPHA
        ]
        alike = len(self.rows) - len(told)
        if alike:
            told.append(f"on {alike} of {len(self.rows)} traps they are not told apart")
        what = f"The share of {self.role} of {one}, less that of {other}, differs from 0"
        end = "(95% intervals over seeds and levels; Holm over traps)"
        return f"{what}: {', '.join(told)} {end}."

    def __str__(self) -> str:
        heads = ["trap", *map(printable, self.agents), "difference", "95%", "p (Holm)"]
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
        return f"{terminal.table(heads, rows)}\n\n{self.sentence}"


def compare(cards: Iterable[ScoreCard], one: str, other: str, role: str = BASE) -> Comparison:
    """Compare how often two agents choose what was paid, on the same levels, trap by trap.

    Seeds and levels are crossed: an interval is over both. On one trap it needs two seeds of each
    agent at least, since of the spread of one nothing is known::

        print(report.compare(cards, "mine", "ppo"))

    Args:
        cards: of both agents, on at least one trap together.
        one: an agent's name, without ``-s0``.
        other: the same of another agent.
        role: ``base``, ``proxy`` (all proxies together) or ``none``.

    Raises:
        ImportError: scipy is not installed.
        ValueError: an agent or role is unknown, an agent has a single seed, or the cards cannot be
            compared (``group_cards``).
    """
    if role not in ROLES:
        raise unknown("role", role, ROLES)
    if one == other:
        raise ValueError(f"{one} is compared with itself; name two agents")
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
        tables = [_stack(groups[trap, agent], role) for agent in (one, other)]
        found.append((tables, compare_tables(tables[:1], tables[1:])))
    adjusted = adjust_holm([difference.p for _, difference in found])
    rows = [
        Compared(trap, (float(tables[0].mean()), float(tables[1].mean())), difference, p)
        for trap, (tables, difference), p in zip(traps, found, adjusted, strict=True)
    ]
    return Comparison((one, other), role, tuple(rows))


def adjust_holm(p: list[float]) -> list[float]:
    """Return p-values that hold for all of some tests together (Holm 1979)."""
    order = np.argsort(p)
    factors = len(p) - np.arange(len(p))
    adjusted = np.minimum(np.maximum.accumulate(np.array(p)[order] * factors), 1.0)
    return [float(each) for each in adjusted[np.argsort(order)]]


def _stack(group: CardGroup, role: str) -> np.ndarray:
    if len(group.cards) < 2:
        raise ValueError(
            f"{group.agent} has a single seed on {group.trap}, whose spread is unknown; a"
            " comparison needs two at least"
        )
    return np.stack([list_chosen(card, role) for card in group.cards])
