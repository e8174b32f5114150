"""The origin of a committed agent, of its author, and its review, of this project's maintainers."""

from __future__ import annotations

import lzma
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct, structs

from mesa_gym.errors import shorten, unknown
from mesa_gym.files import read_bytes, write_bytes
from mesa_gym.json_data import decode_json
from mesa_gym.report.board_rows import Origin

REVIEWS = "reviews.json"  # beside the cards
STANDINGS = ("claimed", "rerun", "ours")
MOST_ORIGIN = 1 << 16  # bytes
_ADDRESS = re.compile(r"https://[\w./?&=#%~+:@,;-]{1,300}", re.ASCII)


class Review(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The entries of maintainers for a committed agent, whatever its file says.

    Attributes:
        standing: ``claimed``, ``rerun`` or ``ours``.
        link: the address of its weights or code; "" until a maintainer has looked at it.
    """

    standing: str = STANDINGS[0]
    link: str = ""


def read_origin(path: Path) -> Origin | None:
    """Return the origin in a file of cards, as its author wrote it; None if there is none.

    Raises:
        ValueError: the file has no origin, or one with hidden characters.
    """
    with lzma.open(path) as file:
        if (line := file.readline(MOST_ORIGIN)) == b"null\n":
            return None
    origin = decode_json(line, Origin)
    for field, text in structs.asdict(origin).items():
        if not text.isprintable():
            raise ValueError(f"the origin in {path.name} has {field} {text!a}; expected plain text")
    return origin


def read_reviews(folder: Path) -> dict[str, Review]:
    """Return agent -> review; an agent without a review is claimed, and has no link.

    Raises:
        ValueError: a standing is unknown, or a link is not an address.
    """
    if not (path := folder / REVIEWS).exists():
        return {}
    reviews = decode_json(read_bytes(path), dict[str, Review])
    for name, review in reviews.items():
        if review.standing not in STANDINGS:
            raise unknown(f"standing of {name}", review.standing, STANDINGS)
        if review.link and not _ADDRESS.fullmatch(review.link):
            raise ValueError(
                f"{REVIEWS} gives {name} the link {shorten(review.link)}; expected an address that"
                " begins with https://"
            )
    return reviews


def write_reviews(folder: Path, reviews: Mapping[str, Review]) -> None:
    """Write the reviews of a folder of cards."""
    data = msgspec.json.encode(reviews, order="sorted")
    write_bytes(folder / REVIEWS, msgspec.json.format(data, indent=1) + b"\n")
