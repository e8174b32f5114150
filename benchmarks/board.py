"""The leaderboard's numbers, from score cards alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.ranking import Ranking, rankings
from benchmarks.rows import TrapBoard, trap_boards
from mesa_gym.files import without_nan
from mesa_gym.scoring import ScoreCard

SCHEMA = 3


@dataclass(frozen=True)
class Board:
    """The leaderboard.

    Attributes:
        levels: of each split.
        versions: of the packages that computed the scores.
        alphas: trained agent -> the share of training episodes that came from the shift
            distribution, where that is above 0; these are ranked apart.
        rankings: that over all ranked traps first; see ``ranking.rankings``.
        traps: in alphabetical order.
    """

    levels: int
    versions: dict[str, str]
    alphas: dict[str, float]
    rankings: list[Ranking]
    traps: list[TrapBoard]
    schema: int = SCHEMA

    def agents(self) -> list[str]:
        """Return every trained agent, those with alpha 0 first."""
        names = {row.policy for trap in self.traps for row in trap.rows if not row.reference}
        return sorted(names, key=lambda name: (name in self.alphas, name))

    def to_json(self) -> Any:
        """Return plain data for ``json``; NaN, which JSON lacks, becomes None."""
        return without_nan(asdict(self))


def make_board(cards: Sequence[ScoreCard], alphas: Mapping[str, float] | None = None) -> Board:
    """Make the board of score cards.

    Args:
        cards: of agents and reference policies.
        alphas: trained agent -> its alpha, of those that trained with more than 0.

    Raises:
        ValueError: the cards are not of the same levels and versions, or one is of no policy
            that the board knows.
    """
    first = cards[0]
    for card in cards:
        mine, theirs = card.provenance, first.provenance
        for name in ("levels", "seed", "salt", "versions"):
            if getattr(mine, name) != getattr(theirs, name):
                raise ValueError(
                    f"the score cards do not belong together: {name} is {getattr(theirs, name)}"
                    f" for {first.policy} on {first.trap} and {getattr(mine, name)} for"
                    f" {card.policy} on {card.trap}; `run` makes them alike, or delete the odd ones"
                )
    traps = trap_boards(cards)
    alphas = dict(alphas or {})
    levels, versions = first.provenance.levels, first.provenance.versions
    return Board(levels, versions, alphas, rankings(traps, alphas), traps)
