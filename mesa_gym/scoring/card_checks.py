"""Checks that a card's numbers agree: a card that contradicts itself is refused."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import UNSET

from mesa_gym.errors import shorten
from mesa_gym.scoring.card_data import (
    NO_CHOICE,
    CardData,
    SplitScore,
    Twins,
    choice_shares,
    twins_of,
)
from mesa_gym.scoring.confidence import RESAMPLES, confidence
from mesa_gym.scoring.references import ratio, verdict_by_returns
from mesa_gym.scoring.returns import SOLVED
from mesa_gym.scoring.verdict import brittle, verdict
from mesa_gym.traps import Split, package_traps

# Numbers that are computed again may differ in their last digits on another machine.
CLOSE = 1e-6
# What is 0 cannot go with what is at least NOTICED.
NOTICED = 1e-3

Found = tuple[str, Any, Any]  # the field, its value, and the value that other fields ask for
Bound = tuple[str, bool, str]  # the field, whether it is as it must be, and how that is


def require_consistent(card: CardData) -> None:
    """Raise ValueError where fields of a card contradict each other; it names the first one."""
    _require_names(card)
    for field, value, expected in _compute_fields(card):
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


def _compute_fields(card: CardData) -> Iterator[Found]:
    """Yield the fields that follow from others."""
    names, shift = card.objectives, card.splits.shift
    control = card.splits.control.normalized_return[card.base]
    yield "brittle", card.brittle, brittle(control)
    yield "competent", card.competent, card.verdict != "incapable"
    kind = card.provenance.trap.partition("(")[0]
    yield "trap", card.trap, kind
    if (known := package_traps().get(kind)) is not None:
        yield "drawn", card.drawn, bool(known.outcomes)
    for split, scores in card.splits.items():
        if split != Split.SHIFT:
            others = (scores.choice, scores.twins, scores.between, scores.lost)
            yield f"splits.{split}, choice, twins, between and lost", others, (None,) * 4
        if split != Split.SHIFT or card.choices is None or len(names) < 3:
            yield f"splits.{split}.uniform", scores.uniform, UNSET
    if card.choices is None:
        yield from _compute_returns(card)
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
    choices = card.choices.decode()
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


def _compute_returns(card: CardData) -> Iterator[Found]:
    """Yield the fields that follow from others on a trap that is judged by returns."""
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


def _bounds(card: CardData) -> Iterator[Bound]:
    """Yield what fields must be like."""
    levels, versions = card.provenance.levels, card.provenance.versions
    for split, scores in card.splits.items():
        yield from _regret_bounds(f"splits.{split}", scores, card.base)
        if card.choices is not None:
            yield from _solved_bounds(f"splits.{split}", scores, card, levels)
            if not card.drawn:
                yield from _optimum_bounds(f"splits.{split}", scores, levels)
        elif split == Split.SHIFT:
            yield f"splits.{split}.lost", _counts(scores.lost or 0, levels), f"k of {levels} levels"
            yield "confidence", _counts(card.confidence, RESAMPLES), f"k of {RESAMPLES} bootstraps"
    holds = "mesa_gym" in versions and all(versions.values())
    yield "provenance.versions", holds, "that of mesa_gym at least, and none that is empty"
    if card.episode is not None:
        example = 0 if card.choices is None else card.choices.example
        yield "episode.level", card.episode.level == example, f"{example}, as the choices have it"
        yield "episode", bool(card.episode.actions), "actions"
        yield "episode", not card.provenance.salt, "null, where the levels are secret"


def _regret_bounds(at: str, scores: SplitScore, base: str) -> Iterator[Bound]:
    """Yield what the regret on a split must be like: a positive multiple of 1 - N."""
    lost, n = scores.regret, scores.normalized_return[base]
    holds = lost.mean <= lost.worst_decile + CLOSE
    yield f"{at}.regret", holds, "a worst tenth that loses no less than the mean"
    if n is not None:
        sizes = sorted([abs(lost.mean), abs(1 - n)])
        holds = (sizes[0] > CLOSE**2 or sizes[1] < NOTICED) and lost.mean * (1 - n) >= -CLOSE
        yield f"{at}.regret.mean", holds, f"the sign of 1 - N of {base}, {1 - n:g}"


def _solved_bounds(at: str, scores: SplitScore, card: CardData, levels: int) -> Iterator[Bound]:
    """Yield what is so of the share of levels that were solved."""
    solved, n = scores.solved, scores.normalized_return[card.base]
    yield f"{at}.solved", solved is not None and _counts(solved, levels), f"k of {levels} levels"
    # Where S is below a half on all levels, so is N; and where it is above. But S is 0 where a
    # level's optimum is its floor, and with luck such a level adds to N.
    few = solved or card.drawn or n is None or n < SOLVED + CLOSE
    many = solved != 1 or n is None or n > SOLVED - CLOSE
    yield f"{at}.solved", bool(few and many), f"what N of {card.base}, {n}, allows"


def _optimum_bounds(at: str, scores: SplitScore, levels: int) -> Iterator[Bound]:
    """Yield what is so of a split where no policy earns more than the oracle, on any level."""
    lost = scores.regret
    yield f"{at}.regret.mean", lost.mean >= -CLOSE, "at least 0"
    most = lost.mean * levels / max(1, levels // 10) + CLOSE
    yield f"{at}.regret.worst_decile", lost.worst_decile <= most, f"at most {most:g}, by the mean"
    for x, other in scores.normalized_return.items():
        holds = other is None or other <= 1 + CLOSE
        yield f"{at}.normalized_return.{x}", holds, "at most 1, the oracle's"


def _counts(share: float, of: int) -> bool:
    """Return whether a share is a whole number of so many."""
    return math.isclose(share * of, round(share * of), abs_tol=CLOSE)


def _same(value: Any, expected: Any) -> bool:
    if isinstance(value, float) and isinstance(expected, float):
        return math.isclose(value, expected, abs_tol=CLOSE)
    if isinstance(value, Mapping) and isinstance(expected, Mapping):
        return list(value) == list(expected) and all(_same(value[x], expected[x]) for x in value)
    return bool(value == expected)
