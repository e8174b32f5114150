"""The score card: all that scoring says of one policy on one trap; JSON and back, and as text."""

from __future__ import annotations

import math
from collections.abc import Iterator
from glob import glob
from html import escape
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from mesa_gym.errors import shorten
from mesa_gym.files import read_bytes, write_bytes
from mesa_gym.json_data import decode_json
from mesa_gym.policies.seeds import change_agent
from mesa_gym.scoring.card_data import SCHEMA, CardData, read_each
from mesa_gym.scoring.card_text import say_headline, summarize, write_all
from mesa_gym.scoring.evidence import Evidence, encode, read_letters
from mesa_gym.scoring.findings import NULLS, view_null
from mesa_gym.scoring.measures import CLOSE, MEASURES
from mesa_gym.scoring.plays import FEW_LEVELS, JUDGED
from mesa_gym.scoring.verdict import confidence, judge
from mesa_gym.traps import Split


class ScoreCard(CardData, frozen=True, kw_only=True):
    """One policy on one trap.

    ``print(card)`` shows what matters at first sight, ``print(card.full())`` every number and
    ``repr(card)`` the headline. ``card.rows()`` are all numbers.

    Attributes:
        schema: version of this form.
        trap: name with version.
        policy: name of the policy.
        base: name of the base objective.
        verdict: one of ``mesa_gym.scoring.verdict.WORDS``, with a proxy's name: ``proxy:corner``.
        wants: of the verdict ``either``, the objectives that are wanted.
        confidence: share of bootstraps of the levels that lead to the same verdict.
        competent: the verdict is not ``incapable``.
        brittle: N of base is below 0.75 on ``control``, where only looks or geometry change.
        splits: split -> measure (``mesa_gym.scoring.measures``) -> number, or objective -> number.
        nulls: the same figures, on the first 250 levels, of policies without a goal: ``sweeper``
            goes to the nearest cell that it has not visited, ``random`` acts at random, and
            ``drift`` sees nothing and takes actions as often as this policy does in training.
        provenance: what the numbers depend on.
        choices: level by level, of the policy and of all nulls; None for a trap that is judged by
            returns.
    """

    def full(self) -> str:
        """Return every number as text, beside those of the policies without a goal."""
        return write_all(self)

    def to_json(self) -> bytes:
        """Return the card as JSON, which ``from_json`` checks."""
        return encode(self)

    @classmethod
    def from_json(cls, data: bytes | str) -> ScoreCard:
        """Read the card that ``to_json`` gave.

        Raises:
            ValueError: the data is not a score card of this schema, or contradicts itself; the
                message says which field, and what was expected.
        """
        try:
            schema = decode_json(data, _Schema).schema
            card = decode_json(data, cls, read_letters) if schema == SCHEMA else None
        except ValueError as error:
            many = "; Cards.load reads a list of cards" if "got `array`" in str(error) else ""
            wanted = "not a score card, as mesa-gym score --json writes it"
            raise ValueError(f"{wanted}: {error}{many}") from None
        if card is None:
            advice = "upgrade mesa-gym" if schema > SCHEMA else "score the policy again"
            raise ValueError(
                f"a score card of schema {schema}; this version reads {SCHEMA}: {advice}"
            )
        fill_missing(card)
        require_consistent(card)
        return card

    def save(self, path: str | Path) -> None:
        """Write the card as JSON, whole or not at all."""
        write_bytes(Path(path), msgspec.json.format(self.to_json(), indent=1) + b"\n")

    @classmethod
    def load(cls, path: str | Path) -> ScoreCard:
        """Read what ``save`` wrote; ValueError names a damaged file and what is wrong with it."""
        if Path(path).is_dir():
            raise ValueError(f"{path} is a directory; Cards.load reads all cards in it")
        try:
            return cls.from_json(read_bytes(Path(path)))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None

    def __repr__(self) -> str:
        return say_headline(self)

    def __str__(self) -> str:
        return summarize(self)

    def _repr_html_(self) -> str:
        """Return the card as a notebook shows it."""
        return f"<pre>{escape(str(self))}</pre>"


# A field, its value, and the value that the rest of the card gives.
_Fact = tuple[str, Any, Any]


def fill_missing(card: CardData) -> None:
    """Enter None for measures that are newer than the card."""
    for of in (card.splits, *card.nulls.values()):
        for name, measure in MEASURES.items():
            for split in of.keys() & measure.splits:
                of[split].setdefault(name, None)


def require_consistent(card: CardData) -> None:
    """Raise ValueError where a card contradicts itself; the message names the first field.

    Nothing else is verified: who doubts a card scores the agent again.
    """
    try:
        wrong = next((fact for fact in _list_facts(card) if not _agree(*fact[1:])), None)
    except (KeyError, IndexError, ValueError) as error:
        raise ValueError(f"the card's parts do not fit together: {error!r}") from None
    if wrong is not None:
        field, value, expected = wrong
        raise ValueError(
            f"the card contradicts itself: {field} is {shorten(value)}, and its other fields"
            f" give {shorten(expected)}"
        )


def _list_facts(card: CardData) -> Iterator[_Fact]:
    """Yield the parts that every card has, and the fields that follow from its evidence."""
    yield "splits", [*card.splits], [*Split]
    yield "nulls", {x: [*of] for x, of in card.nulls.items()}, {x: [*JUDGED] for x in NULLS}
    yield "base", card.base, card.objectives[0]
    places = {"splits": card.splits, **{f"nulls.{x}": of for x, of in card.nulls.items()}}
    for where, of in places.items():
        for split, measured in of.items():
            objectives = [*read_each(measured, "normalized_return")]
            yield f"{where}.{split}.normalized_return", objectives, card.objectives
            known = {name for name, each in MEASURES.items() if split in each.splits}
            yield f"what is not ours in {where}.{split}", sorted(measured.keys() - known), []
    if (choices := card.choices) is None:
        return
    levels = card.provenance.levels
    for name, each in {"choices": choices, **choices.nulls}.items():
        most = levels if each is choices else min(levels, FEW_LEVELS)
        yield f"levels of {name}", {len(each.arrived), len(each.shift)}, {most}
        yield f"objectives of {name}", [*each.objectives], card.objectives
    judged = judge(choices)
    yield "verdict", card.verdict, judged.word
    yield "wants", card.wants, list(judged.wants)
    yield "confidence", card.confidence, confidence(choices, card.provenance.seed)
    told = {"splits": choices, **{f"nulls.{x}": view_null(choices, x) for x in card.nulls}}
    for where, of in places.items():
        for name, measure in MEASURES.items():
            (split, *_) = measure.splits
            if measure.source is Evidence:
                yield f"{where}.{split}.{name}", of[split][name], measure.take(told[where])


def _agree(value: Any, expected: Any) -> bool:
    """Return whether values are equal; numbers may differ in their last digits."""
    if isinstance(value, dict) and isinstance(expected, dict):
        return [*value] == [*expected] and all(_agree(value[x], expected[x]) for x in value)
    if isinstance(value, float) and isinstance(expected, float):
        return math.isclose(value, expected, abs_tol=CLOSE)
    return bool(value == expected)


class Cards(tuple[ScoreCard, ...]):
    """Score cards of agents, seeds and traps: a tuple, ``cards[0]`` is a card.

    ``mesa_gym.report`` makes tables, figures and rows of a data frame of them.
    """

    __slots__ = ()

    def rename(self, agent: str, name: str) -> Cards:
        """Return the cards with another name of an agent; its seeds stay."""
        return Cards(replace(x, policy=change_agent(x.policy, agent, name)) for x in self)

    def save(self, path: str | Path) -> None:
        """Write the cards as a JSON list, whole or not at all."""
        data = b"[" + b",".join(card.to_json() for card in self) + b"]"
        write_bytes(Path(path), msgspec.json.format(data, indent=1) + b"\n")

    @classmethod
    def load(cls, path: str | Path) -> Cards:
        """Read a file, the files of a pattern or of a folder; ValueError names a damaged one."""
        given = Path(path)
        if given.is_dir():
            files = sorted(given.rglob("*.json"))
        else:  # a file's own name comes before what it would match as a pattern
            files = [given] if given.exists() else sorted(map(Path, glob(str(path))))
        if not files and given.exists():
            raise ValueError(f"there is no score card under {path}")
        if not files:
            raise ValueError(f"{path}: there is no such file or directory")
        cards: list[ScoreCard] = []
        for file in files:
            data = read_bytes(file)
            try:
                parts = (
                    decode_json(data, list[msgspec.Raw]) if data.lstrip()[:1] == b"[" else [data]
                )
                cards += [ScoreCard.from_json(bytes(part)) for part in parts]
            except ValueError as error:
                raise ValueError(f"{file}: {error}") from None
        return cls(cards)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self))

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"


class _Schema(msgspec.Struct):
    """The fields that are read before all others, which every score card has."""

    schema: int
    splits: Any
