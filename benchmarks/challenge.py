"""The rules that tracks, audits and submissions share; each is a challenge with the same verbs.

``run`` evaluates on public levels, and goes on where it was left. ``rerun`` evaluates what others
hand in on levels, or agents, that a secret salt draws; ``--against`` then compares with a claim.
``render`` makes the page of what there is. An entry says who made it, and how far it is believed.
"""

from __future__ import annotations

import argparse
import secrets
from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from benchmarks.options import say
from mesa_gym.json_data import Text, require

# Characters of a secret salt: who guesses one knows the levels, and what its digest names.
LEAST_SALT = 16
# Names that look the same in any folder, and on any terminal.
Name = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")]
Authors = Annotated[tuple[str, ...], Meta(min_length=1, max_length=50)]
Day = Annotated[str, Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]


class Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The origin of a record that is not the project's, and who ran it.

    Attributes:
        authors: their names.
        code: address of the published code, with its commit.
        date: on which the record was made, as 2026-11-23.
        tier: how far it can be believed; maintainers alone raise it.
    """

    authors: Authors
    code: str
    date: Day
    tier: Literal["claimed", "rerun by its author", "rerun by a maintainer"] = "claimed"

    def __post_init__(self) -> None:
        require_authors(self.authors)
        require("the address of the code", self.code, Text)
        date.fromisoformat(self.date)


def require_authors(authors: Authors) -> None:
    """Raise ValueError unless each name can be printed."""
    for author in authors:
        require("an author's name", author, Text)


def add_salt_option(parser: argparse.ArgumentParser) -> None:
    """Add the option of ``take_salt``."""
    told = f"the evaluator's secret, {LEAST_SALT} characters or more (default: drawn, and printed)"
    parser.add_argument("--salt", help=told)


def take_salt(given: str | None) -> str:
    """Return the evaluator's secret, which is printed: with it the same command goes on.

    Args:
        given: by the evaluator; None to draw one.

    Raises:
        ValueError: it is easily guessed.
    """
    salt = secrets.token_hex(LEAST_SALT) if given is None else given
    if len(salt) < LEAST_SALT:
        raise ValueError(
            f"salt {salt!r} is easily guessed: expected {LEAST_SALT} characters at least; without"
            " --salt one is drawn"
        )
    say(f"salt {salt}")
    return salt
