"""Cards as files: reads and writes cards."""

from __future__ import annotations

import json
import os
import warnings
from html import escape
from pathlib import Path
from typing import Any

import msgspec
from msgspec import structs

from mesa_gym.contents import name_content, read_content
from mesa_gym.errors import shorten
from mesa_gym.files import find_paths, locate_path, write_bytes
from mesa_gym.json_data import BOM, DECODER, decode_json, fit, name_extra
from mesa_gym.policies.seeds import change_agent
from mesa_gym.scoring.card import ScoreCard
from mesa_gym.scoring.card_checks import check_card
from mesa_gym.scoring.card_fields import CARD_SCHEMA
from mesa_gym.scoring.evidence import read_letters

# The first bytes of a file of cards: a card or an origin, a list, or no origin (null) and cards.
CARD_STARTS = (b"{", b"[", b"null\n")


def _may_be_card(name: str, data: bytes) -> bool:
    """Return whether a file of a folder is read as a card: it begins like one, or lost its text."""
    lost = ".json" in Path(name).name and not data.strip(b"\0 \r\n\t")
    return lost or data.lstrip().startswith(CARD_STARTS)


class Cards(tuple[ScoreCard, ...]):
    """Score cards of agents, seeds and traps: a tuple, so ``cards[0]`` is a card.

    ``mesa_gym.report`` makes tables, figures and rows of a data frame from cards.
    """

    __slots__ = ()

    def rename(self, agent: str, name: str) -> Cards:
        """Return the cards with an agent renamed; the numbers of its seeds stay."""
        return Cards(structs.replace(x, policy=change_agent(x.policy, agent, name)) for x in self)

    def save(self, path: str | Path) -> None:
        """Write the cards as a JSON list, atomically."""
        data = b"[" + b",".join(card.to_json() for card in self) + b"]"
        write_bytes(locate_path(path), msgspec.json.format(data, indent=1) + b"\n")

    @classmethod
    def load(cls, path: str | Path) -> Cards:
        """Read the cards of a file, of a pattern's files or of a folder's files.

        Files may be compressed (gzip, bzip2, xz, zip). A ValueError names a damaged file.
        """
        sources = find_paths(path)
        if not sources:
            raise ValueError(f"{path}: there is no such file or directory")
        cards, count, unknown = list[ScoreCard](), 0, dict[str, None]()
        for name, data in (content for source in sources for content in read_content(source)):
            if sources[0].is_dir() and not _may_be_card(name, data):
                continue  # a picture or table in the folder
            count += 1
            try:
                for card, extra in map(_read_card, split_cards(data)):
                    cards.append(card)
                    unknown.update(dict.fromkeys(extra))
            except ValueError as error:
                kind = name_content(data)
                hint = "" if "score card" in kind else f"; this is {kind}"
                raise ValueError(f"{name}: {error}{hint}") from None
        if not count:
            raise ValueError(f"there is no score card under {path}")
        if unknown:
            warnings.warn(f"{path} has {name_extra([*unknown])}", stacklevel=2)
        return cls(cards)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self))

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"


def split_cards(data: bytes) -> list[bytes]:
    """Return the JSON of each card in a file: one card, a list, or lines of ``mesa-gym submit``.

    ``mesa-gym submit`` writes one card per line; a first line with the origin is left out.
    """
    data = data.strip()
    if data.startswith(b"["):
        try:
            return [bytes(section) for section in decode_json(data, list[msgspec.Raw])]
        except ValueError:  # NaN is read as null, and is not JSON
            return [json.dumps(section).encode() for section in _decode(data)]
    first, *lines = data.splitlines() or [data]
    try:
        _decode(first)
    except ValueError:
        return [data]  # a card over several lines
    return lines if lines and b'"schema"' not in first else [first, *lines]


def _decode(data: bytes | str) -> Any:
    """Return the plain data of JSON, which may contain NaN; ValueError if it is not JSON."""
    text = data if isinstance(data, str) else data.decode()
    try:
        return DECODER.decode(text.removeprefix(BOM))
    except RecursionError:
        raise ValueError("the JSON nests too deeply") from None


class _Schema(msgspec.Struct):
    """The fields that are read before the rest of the card."""

    schema: int
    splits: Any
    trap: str = "TRAP"
    provenance: dict[str, Any] = {}


def read_card(data: bytes | str) -> ScoreCard:
    """Read a card from the JSON of ``ScoreCard.to_json``.

    Raises:
        ValueError: the data is not a score card of this schema, or contradicts itself; the
            message names the field and the expected value.
    """
    if isinstance(data, str | Path) and os.path.exists(data):
        raise ValueError(
            f"{data} is a file, and read_card takes the JSON in it; read the file by"
            f" Cards.load({str(data)!r})"
        )
    card, extra = _read_card(data)
    if extra:
        warnings.warn(f"a score card has {name_extra(extra)}", stacklevel=2)
    return card


def _read_card(data: bytes | str) -> tuple[ScoreCard, list[str]]:
    """Return the card, and the keys that it has besides its fields."""
    extra = list[str]()
    try:
        plain = _decode(data)
        head, _ = fit(plain, _Schema)
        head = msgspec.convert(head, _Schema)
        schema, card = head.schema, None
        if schema == CARD_SCHEMA:
            fields, extra = fit(plain, ScoreCard)
            card = msgspec.convert(fields, ScoreCard, dec_hook=read_letters)
    except ValueError as error:
        problem = "the data is not a score card written by `mesa-gym score --json`"
        raise ValueError(f"{problem}; {error}") from None
    if card is None:
        newer = schema > CARD_SCHEMA
        version = f"schema {schema}{', written by a newer mesa_gym' if newer else ''}"
        again = f"mesa-gym score {head.trap} --policy POLICY --json FILE"
        command = head.provenance.get("command") or again
        advice = "upgrade mesa-gym" if newer else f"make the card again by {shorten(command)}"
        raise ValueError(f"a score card of {version}; this version reads {CARD_SCHEMA}: {advice}")
    return check_card(card), extra
