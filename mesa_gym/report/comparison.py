"""A comparison of two agents: their difference on each trap, on equal levels, in sentences."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mesa_gym import terminal
from mesa_gym.engine import Floats
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
from mesa_gym.terminal import number, printable
from mesa_gym.words import BASE

EQUAL = (
    "if the seeds of both agents follow one distribution, about 5 of 100 such comparisons report a"
    " difference."
)
PROMISE = (
    "If only their means are equal, more do: with 5 seeds, up to 33 of 100 on one trap and 95 of"
    " 100 on any of 16 in simulations, where one seed in five of one agent acts differently."
)
TEXT_WIDTH = 90  # characters of a line of sentences
NAMED = 3  # more traps without a significant difference are counted, not named
# The claim of a statement; ``barred`` if the cards do not allow a statement.
MORE, LESS, ALIKE, BARRED = "more", "less", "alike", "barred"
DIFFERENCE_HEADS = ("difference", "95%", "p")  # the first names both agents in a table


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
        """Return the trap with both shares, and with p if the difference is significant."""
        one, other = (of.choice[BASE] for of in self.groups)
        p = "" if self.what == ALIKE else f", p {self.write()[-1]}"
        return f"{strip_version(self.trap)} ({one:.2f} against {other:.2f}{p})"

    def list_notes(self) -> list[str]:
        """Return the limits of the statement, and a note if p and the interval seem to disagree."""
        name = strip_version(self.trap)
        notes = [f"{name}: {limit}." for limit in self.limits]
        if self.difference is not None and self.what == ALIKE:
            _, low, high, _ = self.difference
            if low > 0 or high < 0:
                _, ends, p = self.write()
                notes.append(
                    f"{name}: 0 is outside the interval of this trap alone ({ends}), but p, which"
                    f" is over all compared traps, is {p}."
                )
        return notes


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
        """Return one sentence for a paper: where each agent reaches base more often, with shares.

        It has no difference if the cards allow none.
        """
        one, other = map(printable, self.agents)
        claims = {
            claim: [row.describe() for row in self.rows if row.what == claim]
            for claim in (MORE, LESS, ALIKE)
        }
        parts = [
            f"{claim} often than {other} on {join_words(traps)}"
            for claim, traps in claims.items()
            if traps and claim != ALIKE
        ]
        insignificant = claims[ALIKE]
        if parts:
            sentence = f"{one} reaches the base target first {', and '.join(parts)}"
            if insignificant:
                traps = f"{len(insignificant)} other trap{'s' * (len(insignificant) > 1)}"
                sentence += f"; on {traps}, no difference is significant"
        elif insignificant:
            where = (
                join_words(insignificant)
                if len(insignificant) <= NAMED
                else f"{len(insignificant)} traps"
            )
            sentence = (
                f"No difference between {one} and {other} in how often they reach the base target"
                f" first is significant on {where}"
            )
        else:
            sentence = f"{one} and {other} cannot be compared on these traps"
        return printable(f"{sentence}.")

    @property
    def notes(self) -> list[str]:
        """Return what belongs to the sentence and the table, one fact each."""
        one, other = map(printable, self.agents)
        barred: dict[str, list[str]] = {}
        for row in self.rows:
            if row.what == BARRED:
                barred.setdefault(" and ".join(row.limits), []).append(strip_version(row.trap))
        notes = [f"Not compared, since {x}: {', '.join(traps)}." for x, traps in barred.items()]
        compared = [row for row in self.rows if row.what != BARRED]
        notes += [note for row in compared for note in row.list_notes()]
        if compared:
            traps = f"all {len(compared)} compared traps" if len(compared) > 1 else "this trap"
            levels = min(row.groups[0].levels for row in compared)
            notes += [
                f"A difference is the share of {one} minus the share of {other}.",
                f"95% intervals are over seeds and at least {levels:,} levels, each for one trap.",
                f"p is over {traps}: {EQUAL}",
                PROMISE,
            ]
        if any(len(of.cards) > 1 for row in self.rows for of in row.groups):
            notes.append(f"Means over seeds, {RANGE}.")
        notes += list_table_notes(of for row in self.rows for of in row.groups)
        return [*map(printable, notes)]

    def __str__(self) -> str:
        notes = [textwrap.fill(x, TEXT_WIDTH, subsequent_indent="  ") for x in self.notes]
        sentence = textwrap.fill(self.sentence, TEXT_WIDTH)
        return "\n".join([terminal.format_table(*self._tabulate()), "", sentence, "", *notes])

    def _repr_html_(self) -> str:
        """Return the comparison as a notebook shows it."""
        return terminal.html_table(" ".join([self.sentence, *self.notes]), *self._tabulate())

    def _tabulate(self) -> tuple[list[str], list[list[str]]]:
        rows = [[row.trap, *map(_write_share, row.groups), *row.write()] for row in self.rows]
        one, other = map(printable, self.agents)
        return ["base first", one, other, f"{one} - {other}", *DIFFERENCE_HEADS[1:]], rows


def join_words(words: Sequence[str]) -> str:
    """Return words as a list in a sentence: "a", "a and b" or "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


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


def compare_traps(tables: Mapping[str, tuple[Floats, Floats]]) -> dict[str, Difference]:
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
    seeds, share = len(group.cards), group.write_share(BASE, with_interval=False)
    return (
        share if group.competent == seeds else f"{share} ({group.competent} of {seeds} competent)"
    )
