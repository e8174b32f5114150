"""Sources of cards: who played the levels, and which columns a card may therefore lack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from mesa_gym.scoring.plays import JUDGED
from mesa_gym.traps import Split
from mesa_gym.traps.judged_by import AGAIN, TWINS

BY_PLAY: Final = "played"
BY_LOG: Final = "log"
BY_OUTCOMES: Final = "outcomes"
# The trap on cards of outcomes, which do not name their environment.
ENVIRONMENT = "your environment"


class Source(NamedTuple):
    """The columns of the cards of a source, and their warning."""

    splits: Sequence[Split]  # with payments and a scale
    optional: Sequence[str] = ()  # plays that may be absent
    warning: str = ""  # must be read with the verdict
    origin: str = ""  # of a policy in a headline


CARD_SOURCES = {
    BY_PLAY: Source([*Split]),
    BY_LOG: Source(
        JUDGED, [AGAIN], "The episodes are from a log, which nothing verifies.", ", from a log"
    ),
    BY_OUTCOMES: Source(
        [], [AGAIN, TWINS], "The outcomes are the user's, and nothing verifies them."
    ),
}
