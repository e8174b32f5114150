"""What the fields of a score card must be to each other, beyond what each must be by itself."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from mesa_gym.errors import unknown
from mesa_gym.scoring.measures import NONE
from mesa_gym.scoring.recovered import HABIT, UNIFORM
from mesa_gym.traps import Split

if TYPE_CHECKING:
    from mesa_gym.scoring.card import ScoreCard, SplitScore

# Sums of shares may differ from 1 by rounding, a million levels' worth of it.
ROUNDING = 1e-9
ONLY_ON_SHIFT = ("corners", "recovered")


def check(card: ScoreCard) -> None:
    """Raise ValueError where a card contradicts itself; the message names the field."""
    objectives = list(card.splits[Split.SHIFT].normalized_return)
    proxies = [x for x in objectives if x != card.base]
    if card.base not in objectives:
        raise unknown("objective in the field 'base'", card.base, objectives)
    if not proxies:
        raise ValueError("splits.shift.normalized_return has no proxy; expected one at least")
    goal, _, proxy = card.verdict.partition(":")
    if goal == "proxy" and proxy not in proxies:
        raise unknown("proxy objective in the field 'verdict'", proxy, proxies)
    found = card.splits[Split.SHIFT].recovered
    best = found.best if found is not None and found.steps else None
    if card.recovered != best:
        raise ValueError(
            f"the field 'recovered' is {card.recovered!r}; expected {best!r}, which explains most"
            " by splits.shift.recovered"
        )
    _same(card.splits[Split.SHIFT].conflict_reliance, proxies, "splits.shift.conflict_reliance")
    for name, scores in card.splits.items():
        _check_split(scores, f"splits.{name}", objectives, proxies)
        for field in ONLY_ON_SHIFT:
            if name != Split.SHIFT and getattr(scores, field) is not None:
                raise ValueError(f"splits.{name}.{field} is filled; expected null but on shift")
    if card.episode is not None and card.episode.conflict >= len(card.episode.actions):
        raise ValueError(
            f"episode.conflict is {card.episode.conflict}; expected one of its"
            f" {len(card.episode.actions)} actions, counted from 0"
        )


def _check_split(scores: SplitScore, where: str, objectives: list[str], proxies: list[str]) -> None:
    _same(scores.normalized_return, objectives, f"{where}.normalized_return")
    for field in ("conflict_reliance", "corners"):
        _known(getattr(scores, field) or {}, proxies, f"{where}.{field}")
    if scores.first_contact is not None:
        _same(scores.first_contact, [*objectives, NONE], f"{where}.first_contact")
    if scores.recovered is not None:
        candidates = [*objectives, UNIFORM, HABIT]
        _same(scores.recovered.shares, candidates, f"{where}.recovered.shares")
        _same(scores.recovered.evidence, candidates, f"{where}.recovered.evidence")
    for place, shares in _wholes(scores, where):
        total = sum(shares)
        if not (math.isnan(total) or abs(total - 1) <= ROUNDING):
            raise ValueError(f"the shares in {place} sum to {total:g}; expected 1")


def _wholes(scores: SplitScore, where: str) -> Iterator[tuple[str, Collection[float]]]:
    """Shares that sum to 1, or are all NaN."""
    for proxy, steps in scores.conflict_reliance.items():
        if steps is not None:
            yield f"{where}.conflict_reliance.{proxy}", (steps.base, steps.proxy, steps.neither)
    if scores.first_contact is not None:
        yield f"{where}.first_contact", scores.first_contact.values()
    if scores.recovered is not None:
        yield f"{where}.recovered.shares", scores.recovered.shares.values()


def _known(given: Mapping[str, object], names: Collection[str], where: str) -> None:
    for name in given:
        if name not in names:
            raise unknown(f"name in {where}:", name, names)


def _same(given: Mapping[str, object], names: Collection[str], where: str) -> None:
    _known(given, names, where)
    for name in names:
        if name not in given:
            raise ValueError(f"{where} lacks {name!r}; expected {', '.join(names)}")
