"""A comparison of two agents: their difference on each trap, on equal levels, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mesa_gym import terminal
from mesa_gym.errors import unknown
from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.report.board_rows import strip_version
from mesa_gym.report.groups import group_cards, list_table_notes
from mesa_gym.report.intervals import Difference, adjust_by_permutation, adjust_holm, compare_tables
from mesa_gym.report.seed_group import SeedGroup
from mesa_gym.report.statements import A_DIFFERENCE, ALPHA, MIN_LEVELS, RANGE
from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.copies import require_different_seeds
from mesa_gym.scoring.verdict import FEW
from mesa_gym.solver.graph import Floats
from mesa_gym.terminal import number, printable
from mesa_gym.words import BASE

PROMISE = (
    "if the seeds of both agents follow one distribution, about 5 of 100 such comparisons report a"
    " difference. If only their means are equal, more do: with 5 seeds, up to 33 of 100 on one trap"
    " and 95 of 100 on any of 16 in simulations."
)


# The claim of a statement; ``barred`` if the cards do not allow a statement.
MORE, LESS, ALIKE, BARRED = "more", "less", "alike", "barred"
DIFFERENCE_HEADS = ("difference", "95%", "p")


@dataclass(frozen=True)
class Statement:
    """A statement on the difference of two agents on one trap, or the reasons against one.

    Attributes:
        groups: the seeds of both agents on the trap.
        difference: the difference between their shares of base, with p adjusted for all compared
            traps; None if the cards allow no statement.
        limits: the notes on the statement, or the reasons against it.
    """

    groups: tuple[SeedGroup, SeedGroup]
    difference: Difference | None
    limits: tuple[str, ...]

    @property
    def what(self) -> str:
        """The claim: ``more``, ``less``, ``alike`` (no significant difference) or ``barred``."""
        if self.difference is None:
            return BARRED
        claim = MORE if self.difference.estimate > 0 else LESS
        return claim if self.difference.p < ALPHA else ALIKE

    @property
    def trap(self) -> str:
        """The trap's name with version."""
        return self.groups[0].trap

    def write(self) -> list[str]:
        """Return difference, interval and p as texts; dashes if the cards allow no comparison."""
        if self.difference is None:
            return ["–"] * len(DIFFERENCE_HEADS)
        *figures, p = self.difference
        _, low, high = figures
        # Use enough digits to show that the interval has a width.
        digits = next((n for n in (2, 3) if high - low >= 2 * 0.1**n), 4)
        texts = [f"{x:+z.{digits}f}" for x in figures]
        estimate, *ends = (text.replace("+0.", "0.") if not float(text) else text for text in texts)
        return [estimate, " to ".join(ends), "<0.001" if p < 0.001 else number(p, 3, ALPHA)]

    def describe(self) -> str:
        """Return the trap and, in brackets, the difference, with shares and p if significant."""
        estimate, ends, p = self.write()
        clause = f"{estimate}, 95% {ends}"
        if self.what != ALIKE:
            shares = [
                f"{of.agent} {of.choice[BASE]:.2f}{of.write_range(BASE)} by {len(of.cards)} seeds"
                for of in self.groups
            ]
            clause = f"{', '.join(shares)}: {clause}, p {p}"
        return printable(f"{strip_version(self.trap)} ({'; '.join([clause, *self.limits])})")


@dataclass(frozen=True)
class Comparison:
    """Two agents compared on all traps that they share; ``print(comparison)`` shows a table.

    Attributes:
        agents: the names of both agents.
        rows: one statement for each trap.
    """

    agents: tuple[str, str]
    rows: tuple[Statement, ...]

    @property
    def sentence(self) -> str:
        """Return sentences for a paper: the traps on which each agent reaches base more often."""
        one, other = map(printable, self.agents)
        starts = {
            verdict: f"{one} reaches the base target first {verdict} often than {other} on "
            for verdict in (MORE, LESS)
        }
        both = f"No difference between {one} and {other} in how often they reach the base target"
        starts[ALIKE] = f"{both} first was shown on "
        traps_by_start = {start: list[str]() for start in starts.values()}
        for row in self.rows:
            if row.what == BARRED:
                start = f"Not compared, since {printable(' and '.join(row.limits))}: "
                traps_by_start.setdefault(start, []).append(strip_version(row.trap))
            else:
                traps_by_start[starts[row.what]].append(row.describe())
        sentences = [
            f"{start}{', '.join(traps)}." for start, traps in traps_by_start.items() if traps
        ]
        if compared := [row for row in self.rows if row.what != BARRED]:
            traps = f"all {len(compared)} compared traps" if len(compared) > 1 else "this trap"
            levels = min(row.groups[0].levels for row in compared)
            sentences.append(
                f"95% intervals are over seeds and at least {levels:,} levels, each for one trap. p"
                f" is over {traps}: {PROMISE}"
            )
        if any(len(of.cards) > 1 for row in self.rows for of in row.groups):
            sentences.append(f"Means over seeds, {RANGE}.")
        sentences += list_table_notes(of for row in self.rows for of in row.groups)
        return " ".join(sentences)

    def __str__(self) -> str:
        heads, rows = self._tabulate()
        return f"{terminal.format_table(heads, rows)}\n\n{self.sentence}"

    def _repr_html_(self) -> str:
        """Return the comparison as a notebook shows it."""
        return terminal.html_table(self.sentence, *self._tabulate())

    def _tabulate(self) -> tuple[list[str], list[list[str]]]:
        rows = [[row.trap, *map(_write_share, row.groups), *row.write()] for row in self.rows]
        return ["base first", *map(printable, self.agents), *DIFFERENCE_HEADS], rows


def compare(cards: Iterable[ScoreCard], one: str, other: str) -> Comparison:
    """Compare how often two agents choose the base objective, trap by trap, on equal levels.

    Seeds and levels are crossed, so an interval is over both. If an agent fails the task or has
    fewer than five seeds on a trap, the comparison makes no statement about this trap::

        print(report.compare(cards, "mine", "ppo"))

    Args:
        cards: cards of both agents, which share at least one trap.
        one: an agent's name, without ``-s0``.
        other: another agent's name, without ``-s0``.

    Raises:
        ImportError: scipy is not installed.
        ValueError: an agent is unknown, the cards cannot be compared (``group_cards``), or they
            have fewer than five levels.
    """
    if (agent := agent_and_seed(one)[0]) == agent_and_seed(other)[0]:
        raise ValueError(
            f"{one} and {other} are one agent, {agent}; compare needs two: name another, or rename"
            " one by cards.rename(...)"
        )
    all_groups = group_cards(cards)
    for agent in (one, other):
        if agent not in (names := {of.agent for of in all_groups}):
            raise unknown("agent", agent, sorted(names))
    both = [card for of in all_groups if of.agent in (one, other) for card in of.cards]
    require_different_seeds(both, across=True)
    groups = {(of.trap, of.agent): of for of in [x for x in all_groups if x.choice] or all_groups}
    traps = find_shared(groups, one, other)
    for trap in traps:
        require_levels(groups[trap, one].levels, trap)
    pairs = [(groups[trap, one], groups[trap, other]) for trap in traps]
    pairs[0][0].tabulate(BASE)  # refuses a trap that is judged by returns
    tables = {
        pair[0].trap: (pair[0].tabulate(BASE), pair[1].tabulate(BASE))
        for pair in pairs
        if not any(group.find_bar(A_DIFFERENCE) for group in pair)
    }
    differences = compare_traps(tables)
    rows = (state_difference(pair, differences.get(pair[0].trap)) for pair in pairs)
    return Comparison((one, other), tuple(rows))


def find_shared(played: Iterable[tuple[str, str]], one: str, other: str) -> list[str]:
    """Return the traps that both agents played; ``played`` contains pairs (trap, agent).

    Raises:
        ValueError: the agents share no trap.
    """
    traps_by_agent: dict[str, dict[str, None]] = {one: {}, other: {}}
    for trap, agent in played:
        traps_by_agent.setdefault(agent, {})[trap] = None
    shared = [trap for trap in traps_by_agent[one] if trap in traps_by_agent[other]]
    if not shared:
        descriptions = [
            f"{agent} played {', '.join(traps_by_agent[agent]) or 'none'}" for agent in (one, other)
        ]
        raise ValueError(f"{', '.join(descriptions)}: no trap in common")
    return shared


def require_levels(levels: int, where: str) -> None:
    """Raise ValueError if there are too few levels for a comparison."""
    if levels < MIN_LEVELS:
        raise ValueError(
            f"{levels} level{'s' * (levels != 1)} on {where}: compare needs at least"
            f" {MIN_LEVELS}; score both agents on {FEW} or more"
        )


def state_difference(
    groups: tuple[SeedGroup, SeedGroup], difference: Difference | None
) -> Statement:
    """Return the statement on the difference of two agents on one trap that their cards allow."""
    bars = [f"{of.agent} {bar}" for of in groups if (bar := of.find_bar(A_DIFFERENCE))]
    if bars or difference is None:
        return Statement(groups, None, tuple(bars))
    limits = [f"{of.agent}: {limit}" for of in groups for limit in of.list_limits()]
    return Statement(groups, difference, tuple(limits))


def compare_traps(tables: Mapping[Any, tuple[Floats, Floats]]) -> dict[Any, Difference]:
    """Return trap -> difference with p adjusted for all traps; ``tables``: trap -> both tables.

    p is the larger of two p-values: of t tests over seeds and levels (Holm 1979), and of a
    permutation test over seeds, which is valid for any distribution of seeds.
    """
    differences = [compare_tables(*both) for both in tables.values()]
    means = [(one.mean(axis=1), other.mean(axis=1)) for one, other in tables.values()]
    p = map(
        max, adjust_holm([difference.p for difference in differences]), adjust_by_permutation(means)
    )
    return {
        trap: difference._replace(p=x)
        for trap, difference, x in zip(tables, differences, p, strict=True)
    }


def _write_share(group: SeedGroup) -> str:
    """Return an agent's share of base, and the number of competent seeds unless all are."""
    seeds, share = len(group.cards), f"{group.choice[BASE]:.2f}{group.write_range(BASE)}"
    return (
        share if group.competent == seeds else f"{share} ({group.competent} of {seeds} competent)"
    )
