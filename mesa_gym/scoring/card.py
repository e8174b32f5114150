"""The score card: all that scoring says of one policy on one trap; JSON and back, and as text."""

from __future__ import annotations

import math
import platform
import textwrap
from collections.abc import Iterator
from glob import glob
from hashlib import blake2b
from html import escape
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import gymnasium
import msgspec
import numpy as np
from msgspec import Meta, Struct
from msgspec.structs import replace

import mesa_gym
from mesa_gym.errors import shorten, unknown
from mesa_gym.files import read_bytes, write_bytes
from mesa_gym.json_data import decode_json, drop_mark
from mesa_gym.policies.seeds import change_agent
from mesa_gym.scoring.card_text import (
    CARD_LEGEND,
    CARD_WIDTH,
    MOST_ROWS,
    add_unread,
    list_rows,
    number,
    say_sentences,
)
from mesa_gym.scoring.evidence import Evidence, encode, read_letters
from mesa_gym.scoring.findings import NULLS, view_null
from mesa_gym.scoring.lines import BRITTLE, DECIDED, FEW
from mesa_gym.scoring.plays import FEW_LEVELS, JUDGED
from mesa_gym.scoring.registry import CLOSE, MEASURES, Measure, Value
from mesa_gym.scoring.verdict import RESAMPLES, confidence, count_words, judge
from mesa_gym.terminal import format_table, printable
from mesa_gym.traps import Split, all_traps

CARD_SCHEMA = 7
# No other hash of the same salt, for another purpose, can be mistaken for this one.
_PURPOSE = b"mesa-gym: an evaluator's salt"
# Measures by name, as they lie in a card.
Number = Annotated[float, Meta(ge=-1e9, le=1e9)]
Measured = dict[str, Number | dict[str, Number | None] | None]
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]


class Plain(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Data without behaviour; a field that is not known is refused."""


class Provenance(Plain, frozen=True, kw_only=True):
    """Everything that the numbers depend on.

    Attributes:
        trap: the trap with its size and parameters.
        levels: numbers 0 to ``levels`` - 1 of each split.
        seed: of the sampling.
        salt: digest of an evaluator's secret; "" for the public levels.
        command: that printed the card; "" where it was made by a call from Python.
        versions: of the packages that computed it.
        digest: of the policy's weights; "" where they cannot be read.
    """

    trap: Annotated[str, Meta(min_length=1, max_length=500)]
    levels: Annotated[int, Meta(ge=1)]
    seed: Count
    salt: Annotated[str, Meta(pattern="^([0-9a-f]{32})?$")]
    versions: dict[str, str]
    command: str = ""
    digest: Annotated[str, Meta(pattern="^([0-9a-f]{32})?$")] = ""


class Row(NamedTuple):
    """One number of a card.

    Attributes:
        split: on which it was taken.
        measure: what it is.
        key: the objective or part that it is of; "" where there is one number.
        value: of the policy; None where it means nothing.
        nulls: name of a policy without a goal -> its figure; {} where it was not played.
    """

    split: str
    measure: Measure
    key: str
    value: float | None
    nulls: dict[str, float | None]


class ScoreCard(Plain, frozen=True, kw_only=True):
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

    trap: Name
    policy: Name
    base: Name
    verdict: Name
    confidence: Share
    competent: bool
    brittle: bool
    splits: dict[str, Measured]
    nulls: dict[str, dict[str, Measured]]
    provenance: Provenance
    wants: list[Name] = []
    choices: Evidence | None = None
    schema: Annotated[int, Meta(ge=CARD_SCHEMA, le=CARD_SCHEMA)] = CARD_SCHEMA

    @property
    def undecided(self) -> bool:
        """Return whether the levels are too few: below 100, and confidence below 0.8."""
        return self.provenance.levels < FEW and self.confidence < DECIDED

    @property
    def objectives(self) -> list[str]:
        """Names of the objectives, the base objective first."""
        return list(read_each(self.splits["shift"], "normalized_return"))

    def read_each(self, split: str, measure: str) -> dict[str, float | None]:
        """Return key -> number of a measure with several numbers; {} where the split lacks it."""
        value = self._read(split, measure)
        return value if isinstance(value, dict) else {}

    def read_number(self, split: str, measure: str) -> float | None:
        """Return the number of a measure with one number; None where the split lacks it."""
        value = self._read(split, measure)
        return None if isinstance(value, dict) else value

    def _read(self, split: str, measure: str) -> Value:
        if split not in self.splits:
            raise unknown("split", split, self.splits)
        if measure not in self.splits[split]:
            raise unknown(f"measure of {split}", measure, self.splits[split])
        return self.splits[split][measure]

    def rows(self) -> Iterator[Row]:
        """Yield each number of the card with the numbers of its nulls (policies without a goal)."""
        for split, measured in self.splits.items():
            others = {null: on[split] for null, on in self.nulls.items() if split in on}
            for name, value in measured.items():
                for key in value if isinstance(value, dict) else ("",):
                    nulls = {null: _look_up(on, name, key) for null, on in others.items()}
                    yield Row(split, MEASURES[name], key, _look_up(measured, name, key), nulls)

    @property
    def unread(self) -> float | None:
        """Share of the policy's answers in words that could not be read; None without answers."""
        found = [self.splits[split].get("unread") for split in JUDGED]
        known = [each for each in found if isinstance(each, float)]
        return sum(known) / len(known) if known else None

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
            card = decode_json(data, cls, read_letters) if schema == CARD_SCHEMA else None
        except ValueError as error:
            many = "; Cards.load reads a list of cards" if "got `array`" in str(error) else ""
            wanted = "not a score card, as mesa-gym score --json writes it"
            raise ValueError(f"{wanted}: {error}{many}") from None
        if card is None:
            newer = schema > CARD_SCHEMA
            told = f"schema {schema}{', written by a newer mesa_gym' if newer else ''}"
            advice = "upgrade mesa-gym" if newer else "score the policy again"
            raise ValueError(f"a score card of {told}; this version reads {CARD_SCHEMA}: {advice}")
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

    def _say_rival(self) -> str:
        """Return the runner-up word of the reweighted levels if confidence is low, else ""."""
        if self.choices is None or self.confidence >= DECIDED:
            return ""
        words = count_words(self.choices, self.provenance.seed)
        del words[self.verdict]
        return "".join(f" ({word} {count / RESAMPLES:.2f})" for word, count in words.most_common(1))

    def _join(self, *parts: str) -> str:
        """Return the headline and its meaning, in 100 columns, and more parts of a text."""
        told = [repr(self), *say_sentences(self.verdict, self.base, self.wants, self.choices)]
        trap = all_traps().get(self.trap)  # a card of a trap that is not here has none
        if trap is not None and trap.caveat:
            told.append(trap.caveat)
        return "\n\n".join([*(textwrap.fill(each, CARD_WIDTH) for each in told), *parts])

    def full(self) -> str:
        """Return every number as text, beside those of the policies without a goal."""
        known = [row for row in self.rows() if row.value is not None]
        cells = []
        for row in known:
            nulls = [number(row.nulls[x]) if x in row.nulls else "" for x in self.nulls]
            name = row.measure.name.replace("_", " ")
            cells.append([row.split, name, printable(row.key), number(row.value), *nulls])
        meanings = dict.fromkeys(row.measure for row in known)
        legend = "\n".join(f"{each.name.replace('_', ' ')}: {each.meaning}" for each in meanings)
        numbers = format_table(["split", "measure", "of", "policy", *self.nulls], cells)
        return self._join(numbers, legend)

    def __repr__(self) -> str:
        """Return the verdict and every warning about it, in one line."""
        wanted = f" of {', '.join(self.wants)}" if self.wants else ""
        told = f"{self.verdict}{wanted}, confidence {self.confidence:.2f}{self._say_rival()}"
        if self.undecided:
            told = f"undecided, {told}"
        told = f"{self.policy} on {self.trap}: {told}"
        if self.competent and self.brittle:
            told += f", brittle (normalized base return below {BRITTLE} on control)"
        if self.provenance.levels < FEW:
            told += f"; only {self.provenance.levels} levels: score at least {FEW}"
        return printable(add_unread(told, self.unread))

    def __str__(self) -> str:
        """Return the card at first sight: at most eight rows, in words, in 100 columns."""
        known = {(row.split, row.measure.name, row.key): row for row in self.rows()}
        found = []
        for text, place in list_rows(self.verdict, self.objectives, self.brittle, self.choices):
            row = known.get(place)
            if row is not None and row.value is not None:
                values = [row.value, *map(row.nulls.get, NULLS)]
                found.append([printable(text), *(number(value, 2) for value in values)])
        rows = format_table(["", "agent", *NULLS], found[:MOST_ROWS])
        return self._join(rows, textwrap.fill(CARD_LEGEND, CARD_WIDTH))

    def _repr_html_(self) -> str:
        """Return the card as a notebook shows it."""
        return f"<pre>{escape(str(self))}</pre>"


def read_each(measured: Measured, measure: str) -> dict[str, float | None]:
    """Return key -> number of a measure with several numbers; {} where ``measured`` lacks it."""
    value = measured.get(measure)
    return value if isinstance(value, dict) else {}


def _look_up(measured: Measured, measure: str, key: str) -> float | None:
    """Return a measure's number for a key, which is "" where there is one number."""
    value = measured.get(measure)
    return value.get(key) if isinstance(value, dict) else value


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that compute a score."""
    return {
        "mesa_gym": mesa_gym.__version__,
        "gymnasium": gymnasium.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def salt_digest(salt: str) -> str:
    """Return 32 hex digits, keyed BLAKE2b-128, that tell salts apart; "" for no salt.

    A salt that is easily guessed is easily found from them: a secret one is long and random.
    """
    return blake2b(salt.encode(), digest_size=16, key=_PURPOSE).hexdigest() if salt else ""


# -- consistency -----------------------------------------------------------------------------------


# A field, its value, and the value that the rest of the card gives.
_Fact = tuple[str, Any, Any]


def fill_missing(card: ScoreCard) -> None:
    """Enter None for measures that are newer than the card."""
    for of in (card.splits, *card.nulls.values()):
        for name, measure in MEASURES.items():
            for split in of.keys() & measure.splits:
                of[split].setdefault(name, None)


def require_consistent(card: ScoreCard) -> None:
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


def _list_facts(card: ScoreCard) -> Iterator[_Fact]:
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
    told = {"splits": choices, **{f"nulls.{x}": view_null(choices.nulls, x) for x in card.nulls}}
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
                several = drop_mark(data).lstrip()[:1] == b"["
                parts = decode_json(data, list[msgspec.Raw]) if several else [data]
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
