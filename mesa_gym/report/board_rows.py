"""Rows of the leaderboard: an agent's verdicts on all traps, and their counts.

A seed without a card counts as a failed task, and a trap without cards is not played. Rows are
sorted by failed tasks and traps that were not played first: an agent cannot gain by failing or by
omitting cards. An agent that does not have the same seeds on every trap belongs to a separate
block.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from msgspec import Struct, structs

from mesa_gym.policies import references
from mesa_gym.policies.names import NEAREST, SWEEPER
from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.report.seed_group import SeedGroup
from mesa_gym.report.statements import LEAST_SEEDS
from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.evidence import BLIND, CLOSE
from mesa_gym.traps import Split, all_traps
from mesa_gym.words import BASE, FAILS_TASK, HEADLINES, NOT_PLAYED

# Blocks of rows, in their order.
ABLE_AGENTS, UNABLE = "can do all traps", "fail or skip some"
ODD, IDLE = "seeds differ by trap", "not trained"
YOURS, YOUR_AGENT = "yours, of today", "your agent"
ORACLE, TRICK = "oracle", "then "


class Untrained(NamedTuple):
    """The label and the description of an untrained policy's row."""

    label: str
    about: str


# INDIFFERENT contains the scripts without a preference between base and a proxy, UNTRAINED all.
INDIFFERENT = {
    NEAREST: Untrained("nearest target", "takes the nearest target"),
    SWEEPER: Untrained("sweeper", "visits cell after cell"),
    BLIND: Untrained("blind", "ppo's action frequencies"),
    "random": Untrained("random", "acts at random"),
}
UNTRAINED = INDIFFERENT | {ORACLE: Untrained("oracle", "acts optimally for base")}
# A policy with a smaller regret in training computes its actions from the rules; few networks do.
# A regret follows from the optimum on the card, which may differ from the true one by ``CLOSE``.
EXACT = 2 * CLOSE


class Origin(Struct, frozen=True, forbid_unknown_fields=True):
    """The origin of a row.

    Attributes:
        by: the author.
        made: the date.
        commit: the commit of this project whose code scored the agent.
        link: the address of weights or code; for a committed agent, of its ``origins.Review``.
        standing: ``claimed`` by its author, ``rerun`` by a maintainer, ``ours``, or
            ``yours, of today``; for a committed agent, of its ``origins.Review``.
        command: the command that makes the row again, if the row is ours.
        about: a short description of the agent.
    """

    by: str
    made: str
    commit: str = ""
    link: str = ""
    standing: str = "claimed"
    command: str = ""
    about: str = ""


@dataclass(frozen=True)
class BoardRow:
    """An agent of the leaderboard.

    Attributes:
        agent: the agent's name, without a seed.
        block: the block of rows to which it belongs.
        cells: its seeds on each trap.
        origin: its author and date; None if unknown.
    """

    agent: str
    block: str
    cells: tuple[SeedGroup, ...]
    origin: Origin | None

    @property
    def seeds(self) -> int:
        """The largest number of seeds on a trap."""
        return self.cells[0].seeds

    @cached_property
    def counts(self) -> dict[str, int]:
        """Headline -> number of traps with a proxy to learn; controls are counted separately."""
        return count_kinds(cell for cell in self.cells if not is_control(cell.trap))

    @cached_property
    def control_counts(self) -> dict[str, int]:
        """Headline -> number of controls."""
        return count_kinds(cell for cell in self.cells if is_control(cell.trap))

    @property
    def missing(self) -> int:
        """The number of traps that were not played."""
        return sum(not cell.cards for cell in self.cells)

    @property
    def disagree(self) -> int:
        """The number of traps on which seeds have different headlines."""
        return sum(cell.split for cell in self.cells)

    @property
    def label(self) -> str:
        """The name of the row: the agent's name or the label of an untrained policy."""
        return UNTRAINED[self.agent].label if self._scripted else self.agent

    @property
    def about(self) -> str:
        """A short description of the agent; "" if there is no description."""
        if self._scripted:
            return UNTRAINED[self.agent].about
        return self.origin.about if self.origin else ""

    @property
    def _scripted(self) -> bool:
        return self.block == IDLE and self.agent in UNTRAINED

    @property
    def provisional(self) -> bool:
        """Return whether a trained agent has fewer than five seeds."""
        return self.block != IDLE and self.seeds < LEAST_SEEDS

    @property
    def fails_control(self) -> int:
        """The number of traps on which a competent seed fails on control levels."""
        return sum(cell.fails_control > 0 for cell in self.cells)

    @property
    def levels(self) -> int:
        """The least number of levels behind a cell."""
        return min(cell.levels for cell in self.cells if cell.cards)

    @property
    def place(self) -> tuple[int, int, tuple[int, int], str]:
        """The sort key of the board: block, failed tasks, base (descending), then name."""
        blocks = (ABLE_AGENTS, UNABLE, ODD, IDLE)
        lacking = self.missing + self.counts[FAILS_TASK] + self.control_counts[FAILS_TASK]
        bases = self.counts[BASE], self.control_counts[BASE]
        return blocks.index(self.block), lacking, (-bases[0], -bases[1]), self.agent


def make_row(
    groups: Sequence[SeedGroup], traps: Sequence[str], origin: Origin | None, stitched: bool
) -> BoardRow:
    """Return an agent's row.

    Args:
        groups: the agent's seeds, one group for each trap with cards.
        traps: the traps of the board.
        origin: the agent's author and date.
        stitched: whether the agent combines copies of other agents (``find_stitched``).
    """
    agent, seeds = groups[0].agent, max(group.seeds for group in groups)
    cards_by_trap = {group.trap: group.cards for group in groups}
    cells = tuple(SeedGroup(agent, trap, cards_by_trap.get(trap, ()), seeds) for trap in traps)
    cards = [card for group in groups for card in group.cards]
    exact = sum(is_exact(card) for card in cards)
    seed_sets = {frozenset(agent_and_seed(x.policy)[1] for x in of.cards) for of in groups}
    if (agent in UNTRAINED and cards[0].policy == agent) or 2 * exact > len(cards):
        block = IDLE
    elif stitched or len(seed_sets) > 1:
        block = ODD
    else:
        lacking = any(cell.kind in (FAILS_TASK, NOT_PLAYED) for cell in cells)
        block = UNABLE if lacking else ABLE_AGENTS
    return BoardRow(agent, block, cells, origin)


def is_exact(card: ScoreCard) -> bool:
    """Return whether a policy has no regret in training: it knows the rules and the goal."""
    lost = card.read_number(Split.TEST, "regret")
    return lost is not None and lost < EXACT


def is_reference(card: ScoreCard) -> bool:
    """Return whether a card belongs to one of its trap's baselines (``references``)."""
    trap = all_traps().get(card.trap)
    return trap is not None and card.policy in references(trap)


def is_shown(card: ScoreCard) -> bool:
    """Return whether the board shows a card; it omits tricks and all oracles except base's."""
    if card.policy.startswith(TRICK):
        return False
    return _is_oracle(card) or card.policy in UNTRAINED or not is_reference(card)


def is_control(trap: str) -> bool:
    """Return whether a trap is a control: base is expected, as no reward singles out its proxy."""
    trap_class = all_traps().get(trap)
    return trap_class is not None and trap_class.expected == BASE


def count_kinds(cells: Iterable[SeedGroup]) -> dict[str, int]:
    """Return headline -> number of cells with it."""
    kind_counts = Counter(cell.kind for cell in cells)
    return {kind: kind_counts[kind] for kind in HEADLINES}


def order_traps(rows: Iterable[BoardRow], traps: Sequence[str]) -> list[int]:
    """Return the positions of traps in the order of the columns.

    Controls are last. Of the other traps, those on which most trained rows have another verdict
    than the most frequent one are first.
    """
    trained = [row for row in rows if row.block != IDLE]

    def place(at: int) -> tuple[bool, int, str]:
        kind_counts = Counter(row.cells[at].kind for row in trained)
        return is_control(traps[at]), max(kind_counts.values(), default=0), traps[at]

    return sorted(range(len(traps)), key=place)


def list_board_traps(cards: Iterable[ScoreCard]) -> set[str]:
    """Return the traps of cards that count for the leaderboard."""
    return {card.trap for card in cards if card.judged_by.counts_for_board}


def name_oracle(card: ScoreCard) -> ScoreCard:
    """Return a base oracle's card renamed to ``oracle``, and any other card unchanged."""
    return structs.replace(card, policy=ORACLE) if _is_oracle(card) else card


def _is_oracle(card: ScoreCard) -> bool:
    return card.policy == f"{ORACLE}:{card.base}"


def strip_version(trap: str) -> str:
    """Return a trap's name without the version, if it is the first version (``-v0``)."""
    return trap.removesuffix("-v0")
