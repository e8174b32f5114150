"""Score cards as one table of agents and traps, with intervals over seeds and nulls."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mesa_gym import terminal
from mesa_gym.report.groups import group_cards, list_table_notes
from mesa_gym.report.seed_group import ROLES, SeedGroup
from mesa_gym.report.statements import INTERVAL, LEAST_SEEDS, RANGE, count_seeds
from mesa_gym.scoring import LINES, ScoreCard
from mesa_gym.scoring.evidence import BLIND, SWEEPER
from mesa_gym.scoring.verdict import FEW as FEW_LEVELS
from mesa_gym.terminal import number, printable
from mesa_gym.words import BASE, FAILS_CONTROL, FAILS_TASK, PROXY, write_word

# Policies without a goal that tables and figures show for comparison.
SHOWN = (SWEEPER, BLIND)
HEADS = ("trap", "agent", "seeds", "verdict", "competent", *ROLES, *SHOWN)
WIDTH = 100  # of a caption in a terminal, in characters


@dataclass(frozen=True)
class CardTable:
    """A table of agents on traps; ``print(table)`` and notebooks show it.

    For a paper::

        pandas.DataFrame(table.rows, columns=table.heads).to_latex(index=False, escape=True)

    Attributes:
        heads: the heads of the columns.
        rows: one row of texts for each agent on each trap.
        caption: the meaning of the numbers.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str

    def __str__(self) -> str:
        rows = terminal.format_table(self.heads, self.rows)
        return f"{rows}\n\n{textwrap.fill(self.caption, WIDTH)}"

    def _repr_html_(self) -> str:
        """Return the table as a notebook shows it."""
        return terminal.html_table(self.caption, self.heads, self.rows)


def table(cards: Iterable[ScoreCard]) -> CardTable:
    """Return a table with a row for each agent on each trap.

    A share is the mean over seeds of the measure ``choice``, with the range over seeds and, if the
    cards allow it, the 95% interval over seeds and levels (``mesa_gym.report.interval``). On a trap
    that is judged by returns, the table shows ``place`` and its interval over seeds. The columns of
    the sweeper and the blind script show the choices of policies without a goal.

    Args:
        cards: score cards, such as from ``mesa_gym.evaluate``. The names of an agent's seeds differ
            only in the ending ``-s0``, ``-s1`` and so on.

    Raises:
        ImportError: an agent has several seeds and scipy is not installed.
        ValueError: the cards cannot be compared (``group_cards``).
    """
    groups = group_cards(cards)
    return CardTable(HEADS, tuple(map(tuple, tabulate_groups(groups))), _say_caption(groups))


def _say_caption(groups: Sequence[SeedGroup]) -> str:
    cards = [card for group in groups for card in group.cards]
    levels, sentences = min(card.provenance.levels for card in cards), []
    if kept := [card.choices for card in cards if card.choices is not None]:
        null_levels = sorted({len(x.nulls[SWEEPER].shift) for x in kept})
        first_levels = " to ".join(map(str, null_levels))
        twins = " and over twins (same levels, targets exchanged), half each"
        sentences.append(
            "Shares of shift levels on which base, a proxy or no target was reached first, over two"
            f" plays{twins if any(x.twins is not None for x in kept) else ''}. Sweeper and blind"
            f" have no goal; theirs are base / proxy on the first {first_levels} levels."
        )
    ranges = f", {RANGE}" if any(len(group.cards) > 1 for group in groups) else ""
    sentences.append(
        f"Means over seeds{ranges}; an interval needs {LEAST_SEEDS}, most of them competent."
    )
    if sure := [group for group in groups if not group.find_bar(INTERVAL)]:
        over = dict.fromkeys("seeds and levels" if x.choice else "seeds alone for r" for x in sure)
        fewest = min(len(group.cards) for group in sure)
        sentences.append(
            f"Intervals are 95%, over {' or '.join(over)}. They miss what no seed shows: what one"
            f" seed in ten does is absent from {0.9**fewest:.2f} of samples of {fewest} seeds."
        )
    if len(kept) < len(cards):
        sentences.append(
            "r is the place between two reference policies: 0 is the proxy's, 1 that of base."
        )
    if levels < FEW_LEVELS:
        sentences.append(f"Only {levels} levels: score at least {FEW_LEVELS}.")
    return " ".join([*sentences, *list_table_notes(groups)])


def tabulate_groups(groups: Iterable[SeedGroup]) -> list[list[str]]:
    """Return a row of texts for each group, in the order of ``HEADS``."""
    return [
        [
            printable(group.trap),
            printable(group.agent),
            str(len(group.cards)),
            printable(describe_verdicts(group)),
            f"{group.competent} of {len(group.cards)}",
            *map(group.write_share, ROLES),
            *(_format_null(group.nulls.get(null, {})) for null in SHOWN),
        ]
        for group in groups
    ]


def describe_verdicts(group: SeedGroup) -> str:
    """Return a group's verdicts with their numbers of seeds; for a single card only the verdict.

    The verdict ``fails_task`` is followed by the share of levels on which base is reached or, on
    lives, by the base return over the best learner's. Competent seeds that fail on control levels
    are counted.
    """
    has_seeds, descriptions = len(group.cards) > 1, []
    for verdict, count in group.verdicts.items():
        named = f"{write_word(verdict)} {count}" if has_seeds else write_word(verdict)
        failed = [card for card in group.cards if not card.competent]
        measure = group.cards[0].success
        success = [x for card in failed if (x := card.read_number("test", measure)) is not None]
        if verdict == FAILS_TASK and success:
            mean = "mean " * (count > 1)
            share = number(float(np.mean(success)), 2, LINES.success_rate)
            named += f" ({mean}{measure.replace('_', ' ')} {share})"
        descriptions.append(named)
    if group.fails_control:
        note = count_seeds(FAILS_CONTROL, group.fails_control, len(group.cards))
        return f"{', '.join(descriptions)}; {note}"
    return ", ".join(descriptions)


def _format_null(shares: Mapping[str, float]) -> str:
    return f"{shares[BASE]:.2f} / {shares[PROXY]:.2f}" if shares else number(None)
