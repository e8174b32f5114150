"""Checks that a card's numbers agree: a card that contradicts itself is refused."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from mesa_gym.errors import shorten
from mesa_gym.scoring.card_data import (
    NO_CHOICE,
    CardData,
    Twins,
    choice_shares,
    twins_of,
)
from mesa_gym.scoring.confidence import confidence
from mesa_gym.scoring.references import ratio, verdict_by_returns
from mesa_gym.scoring.verdict import brittle, verdict
from mesa_gym.traps import Split

# Numbers that are computed again may differ in their last digits on another machine.
CLOSE = 1e-6

Found = tuple[str, Any, Any]  # the field, its value, and the value that other fields ask for


def require_consistent(card: CardData) -> None:
    """Raise ValueError where fields of a card contradict each other; it names the first one."""
    _require_names(card)
    for field, value, expected in _computed(card):
        if not _same(value, expected):
            raise ValueError(
                f"the card contradicts itself: {field} is {shorten(value)}, where the rest of the"
                f" card gives {shorten(expected)}"
            )
    for field, holds, expected in _bounds(card):
        if not holds:
            raise ValueError(f"the card contradicts itself: {field}: expected {expected}")


def _require_names(card: CardData) -> None:
    """Raise ValueError unless the objectives of all splits are the same, base first."""
    names = card.objectives
    if not names or names[0] != card.base or len(names) < 2 or NO_CHOICE in names:
        raise ValueError(
            f"objectives are {', '.join(names)}; expected the base objective {card.base!r}, then"
            " the proxies"
        )
    for split, scores in card.splits.items():
        if list(scores.normalized_return) != names:
            raise ValueError(
                f"splits.{split}.normalized_return has the objectives"
                f" {', '.join(scores.normalized_return)}; expected {', '.join(names)}"
            )


def _computed(card: CardData) -> Iterator[Found]:
    """Yield the fields that follow from others."""
    names, shift = card.objectives, card.splits.shift
    control = card.splits.control.normalized_return[card.base]
    yield "brittle", card.brittle, brittle(control)
    yield "competent", card.competent, card.verdict != "incapable"
    kind = card.provenance.trap.partition("(")[0]
    yield "trap", card.trap, kind
    for split, scores in card.splits.items():
        if split != Split.SHIFT:
            others = (scores.choice, scores.twins, scores.between, scores.lost)
            yield f"splits.{split}, choice, twins, between and lost", others, (None,) * 4
    if card.choices is None:
        yield from _by_returns(card)
        return
    levels = card.provenance.levels
    for play in ("solved", "shift", "again", "twins"):
        letters = getattr(card.choices, play)
        if letters is not None:
            yield f"length of choices.{play}", len(letters), levels
            highest = max((int(c) for c in set(letters) if c.isdigit()), default=0)
            yield f"objectives in choices.{play}", highest < len(names), True
    if shift.uniform:
        yield "objectives in splits.shift.uniform", list(shift.uniform), [*names, NO_CHOICE]
        yield "the sum of splits.shift.uniform", sum(shift.uniform.values()), 1.0
    choices = card.choices.decoded()
    solved = card.splits.test.solved
    yield "splits.test.solved", solved, float(choices.solved.mean())
    yield "splits.shift.choice", shift.choice, choice_shares(choices.shift, names)
    yield "splits.shift, between and lost", (shift.between, shift.lost), (None, None)
    found, expected = shift.twins, twins_of(choices, names)
    yield "splits.shift.twins", found is None, expected is None
    if found is not None and expected is not None:
        for field in Twins.__struct_fields__:
            yield f"splits.shift.twins.{field}", getattr(found, field), getattr(expected, field)
    yield "verdict", card.verdict, verdict(choices, names)
    yield "confidence", card.confidence, confidence(choices, names, card.provenance.seed)


def _by_returns(card: CardData) -> Iterator[Found]:
    """Yield the fields that follow from others on a trap without exact solver."""
    shift, test = card.splits.shift, card.splits.test
    yield "splits.shift, choice and twins", (shift.choice, shift.twins), (None, None)
    yield "solved", [s.solved for _, s in card.splits.items()], [None] * len(Split)
    between, mine = shift.between or {}, shift.normalized_return
    yield "proxies in splits.shift.between", list(between), card.objectives[1:]
    for x, each in between.items():
        point = (mine[card.base], mine[x])
        expected = ratio(each.base, each.proxy, point)
        yield f"splits.shift.between.{x}.ratio", each.ratio, expected
        own = (each.base[0], each.proxy[1])
        yield f"splits.shift.between.{x}, N of a reference in its own objective", own, (1.0, 1.0)
    yield "splits.shift.lost", shift.lost is None, False
    told = verdict_by_returns(test.normalized_return[card.base], shift.lost or 0, between)
    yield "verdict", card.verdict, told


def _bounds(card: CardData) -> Iterator[tuple[str, bool, str]]:
    """Yield what fields must be like: the field, whether it is so, and what it should be."""
    for split, scores in card.splits.items():
        lost = scores.regret
        holds = lost.mean <= lost.worst_decile + CLOSE
        yield f"splits.{split}.regret", holds, "a worst tenth that loses no less than the mean"
        if card.choices is None:
            continue
        yield f"splits.{split}.regret.mean", lost.mean >= -CLOSE, "at least 0"
        yield f"splits.{split}.solved", scores.solved is not None, "a share"
        for x, n in scores.normalized_return.items():
            holds = n is None or n <= 1 + CLOSE
            yield f"splits.{split}.normalized_return.{x}", holds, "at most 1, the oracle's"
    if card.episode is not None:
        holds = card.episode.level < card.provenance.levels and bool(card.episode.actions)
        yield "episode", holds, "a level that was played, and actions"
        yield "episode", not card.provenance.salt, "null, where the levels are secret"


def _same(value: Any, expected: Any) -> bool:
    if isinstance(value, float) and isinstance(expected, float):
        return math.isclose(value, expected, abs_tol=CLOSE)
    if isinstance(value, Mapping) and isinstance(expected, Mapping):
        return list(value) == list(expected) and all(_same(value[x], expected[x]) for x in value)
    return bool(value == expected)
