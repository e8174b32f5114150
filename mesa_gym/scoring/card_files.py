"""Cards as files: read, refused where they contradict themselves, and several in a list."""

from __future__ import annotations

import math
from collections.abc import Iterator
from glob import glob
from html import escape
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from msgspec import structs

from mesa_gym.contents import name_content, read_content
from mesa_gym.errors import shorten
from mesa_gym.files import write_bytes
from mesa_gym.json_data import decode_json, drop_mark
from mesa_gym.policies.seeds import change_agent
from mesa_gym.scoring.card import CARD_SCHEMA, ScoreCard, read_each
from mesa_gym.scoring.card_text import list_warnings
from mesa_gym.scoring.evidence import NULLS, read_letters
from mesa_gym.scoring.plays import FEW_LEVELS, JUDGED
from mesa_gym.scoring.registry import CLOSE, MEASURES
from mesa_gym.scoring.verdict import confidence, judge
from mesa_gym.traps import Split

# A field, its value, and the value that the rest of the card gives.
_Fact = tuple[str, Any, Any]
# What evidence of lives has besides.
_RETURNS = ("base_return", "learner_return")


class Cards(tuple[ScoreCard, ...]):
    """Score cards of agents, seeds and traps: a tuple, ``cards[0]`` is a card.

    ``mesa_gym.report`` makes tables, figures and rows of a data frame of them.
    """

    __slots__ = ()

    def rename(self, agent: str, name: str) -> Cards:
        """Return the cards with another name of an agent; its seeds stay."""
        return Cards(structs.replace(x, policy=change_agent(x.policy, agent, name)) for x in self)

    def save(self, path: str | Path) -> None:
        """Write the cards as a JSON list, whole or not at all."""
        data = b"[" + b",".join(card.to_json() for card in self) + b"]"
        write_bytes(Path(path), msgspec.json.format(data, indent=1) + b"\n")

    @classmethod
    def load(cls, path: str | Path) -> Cards:
        """Read a file, the files of a pattern or of a folder; ValueError names a damaged one."""
        given = Path(path)
        # A file's own name comes before what it would match as a pattern.
        sources = [given] if given.exists() else sorted(map(Path, glob(str(path))))
        if not sources:
            raise ValueError(f"{path}: there is no such file or directory")
        cards, count = list[ScoreCard](), 0
        for name, data in (content for source in sources for content in read_content(source)):
            start = drop_mark(data).lstrip()[:1]
            if given.is_dir() and start not in (b"{", b"["):
                continue  # a picture or table beside the cards
            count += 1
            try:
                parts = decode_json(data, list[msgspec.Raw]) if start == b"[" else [data]
                cards += [read_card(bytes(part)) for part in parts]
            except ValueError as error:
                kind = name_content(data)
                what = "" if "score card" in kind else f"; this is {kind}"
                raise ValueError(f"{name}: {error}{what}") from None
        if not count:
            raise ValueError(f"there is no score card under {path}")
        return cls(cards)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self))

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"


class _Schema(msgspec.Struct):
    """The fields that are read before all others, which every score card has."""

    schema: int
    splits: Any


def read_card(data: bytes | str) -> ScoreCard:
    """Read the card that ``ScoreCard.to_json`` gave.

    Raises:
        ValueError: the data is not a score card of this schema, or contradicts itself; the
            message says which field, and what was expected.
    """
    try:
        schema = decode_json(data, _Schema).schema
        card = decode_json(data, ScoreCard, read_letters) if schema == CARD_SCHEMA else None
    except ValueError as error:
        wanted = "not a score card, as mesa-gym score --json writes it"
        raise ValueError(f"{wanted}: {error}") from None
    if card is None:
        newer = schema > CARD_SCHEMA
        told = f"schema {schema}{', written by a newer mesa_gym' if newer else ''}"
        advice = "upgrade mesa-gym" if newer else "score the policy again"
        raise ValueError(f"a score card of {told}; this version reads {CARD_SCHEMA}: {advice}")
    fill_missing(card)
    require_consistent(card)
    return card


def fill_missing(card: ScoreCard) -> None:
    """Enter None for measures that are newer than the card, and the warnings on its verdict."""
    if not card.warnings:
        structs.force_setattr(card, "warnings", list_warnings(card.verdict, card.choices))
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
    if card.judging:
        forms = [x for x in ("choices", "gains") if getattr(card, x) is not None]
        yield "judging", forms, [card.judged_by.evidence]
    places = {"splits": card.splits, **{f"nulls.{x}": of for x, of in card.nulls.items()}}
    for where, of in places.items():
        for split, measured in of.items():
            objectives = [*read_each(measured, "normalized_return")]
            yield f"{where}.{split}.normalized_return", objectives, card.objectives
            known = {name for name, each in MEASURES.items() if split in each.splits}
            yield f"what is not ours in {where}.{split}", sorted(measured.keys() - known), []
    if (evidence := card.evidence) is None:
        return
    levels = card.provenance.levels
    for name, each in {"evidence": evidence, **evidence.nulls}.items():
        most = levels if each is evidence else min(levels, FEW_LEVELS)
        yield f"levels of {name}", {*each.levels}, {most}
        yield f"objectives of {name}", [*each.objectives], card.objectives
        if card.judging:
            returns = [x for x in _RETURNS if getattr(each, x, None) is not None]
            yield f"returns of {name}", returns, [*card.judged_by.ratio]
    judged = judge(evidence)
    yield "verdict", card.verdict, judged.word
    yield "wants", card.wants, list(judged.wants)
    yield "confidence", card.confidence, confidence(evidence, card.provenance.seed)
    yield "warnings", card.warnings, list_warnings(card.verdict, card.choices)
    told = {"splits": evidence, **{f"nulls.{x}": evidence.view_null(x) for x in card.nulls}}
    for where, of in places.items():
        for name, measure in MEASURES.items():
            (split, *_) = measure.splits
            if measure.source is type(evidence):
                yield f"{where}.{split}.{name}", of[split][name], measure.take(told[where])
        base, learner = (getattr(told[where], x, None) for x in _RETURNS)
        if card.judged_by.ratio and base is not None and learner is not None:
            lost = float(np.mean(learner - base))
            yield f"{where}.test.regret", of["test"]["regret"], lost


def _agree(value: Any, expected: Any) -> bool:
    """Return whether values are equal; numbers may differ in their last digits."""
    if isinstance(value, dict) and isinstance(expected, dict):
        return [*value] == [*expected] and all(_agree(value[x], expected[x]) for x in value)
    if isinstance(value, float) and isinstance(expected, float):
        return math.isclose(value, expected, abs_tol=CLOSE)
    return bool(value == expected)
