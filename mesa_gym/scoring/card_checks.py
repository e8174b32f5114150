"""Checks of cards: computes the results again, and refuses a card that contradicts itself.

A check changes no figure: sums of floating-point numbers differ in their last digits between
processors, so a card keeps the figures of the processor that scored the agent.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from msgspec import structs

from mesa_gym.errors import shorten
from mesa_gym.importing import QUESTIONS, import_hook
from mesa_gym.scoring.card import ScoreCard
from mesa_gym.scoring.conclusions import add_results, conclude_all, put_in_order
from mesa_gym.scoring.evidence import BLIND, CLOSE, Evidence
from mesa_gym.scoring.nulls import list_shown_nulls
from mesa_gym.scoring.playing import list_nulls
from mesa_gym.scoring.plays import FEW_LEVELS, JUDGED
from mesa_gym.scoring.returns import SCALE_MEANS, SplitReturns
from mesa_gym.scoring.verdict import digest_rules
from mesa_gym.traps import Split, Trap, all_traps
from mesa_gym.traps.judged_by import AGAIN, ALONE, BARE, TWINS, Trials
from mesa_gym.traps.played_episodes import NONE, UNASKED

# A field, its value, and the value that follows from the rest of the card.
_Fact = tuple[str, Any, Any]


def check_card(card: ScoreCard) -> ScoreCard:
    """Return a card whose results agree with those computed again from what was played.

    The card keeps its figures and gains the measures that are newer than the card. If the card was
    judged by other rules, its results are replaced without a comparison.

    Raises:
        ValueError: the card contradicts itself; the message names the first such field. A
            consistent card can still be invented; only scoring the agent again verifies it.
    """
    try:
        card = put_in_order(card)
        _require_equal(_list_forms(card))
        results = conclude_all(card, _find_trap(card))
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError(f"the card lacks or mixes up entries: {error!r}; score it again") from None
    if card.provenance.rules == digest_rules():
        _require_equal(_list_results(card, results))
        results = {field: _keep(getattr(card, field), of) for field, of in results.items()}
    provenance = structs.replace(card.provenance, rules=digest_rules())
    return add_results(card, results | {"provenance": provenance})


def _keep(value: Any, expected: Any) -> Any:
    """Return ``value`` with the order of keys, and the further entries, of ``expected``."""
    if isinstance(value, dict) and isinstance(expected, dict):
        return {x: _keep(value[x], of) if x in value else of for x, of in expected.items()}
    return value


def _find_trap(card: ScoreCard) -> Trap | None:
    """Return the trap of a card, in its default size; None if the trap is not installed."""
    kind = all_traps().get(card.trap)
    return kind() if kind else None


def _require_equal(facts: Iterable[_Fact]) -> None:
    for field, value, expected in facts:
        if not _agree(value, expected):
            raise ValueError(
                f"the card contradicts itself: {field} is {shorten(value)}, but the other fields"
                f" of the card give {shorten(expected)}"
            )


def _list_forms(card: ScoreCard) -> Iterator[_Fact]:
    """Yield facts on the names, and on the numbers of levels, of what was played."""
    trap, names, levels = _find_trap(card), card.objectives, card.provenance.levels
    yield "provenance.trap", card.provenance.trap.partition("(")[0], card.trap
    yield "judging", card.judging, trap.judging.name if trap else card.judging
    yield "objectives", names, [*trap.objectives] if trap else [*dict.fromkeys(names)]
    returning = not card.judged_by.chooses
    yield "choices are stored", card.choices is not None, not returning
    yield "payments", [*card.payments], [*map(str, Split)]
    null_names = list_shown_nulls(card.form, _name_nulls(card, trap))
    nulls = {x: [*map(str, JUDGED)] for x in null_names}
    yield "null_payments", {x: [*of] for x, of in card.null_payments.items()}, nulls
    yield from _list_scale(card, returning)
    returns = {"payments": card.returns} | {
        f"null_payments.{x}": of for x, of in card.null_returns.items()
    }
    for name, of_splits in returns.items():
        most = levels if name == "payments" else min(levels, FEW_LEVELS)
        for split, of in of_splits.items():
            yield f"levels of {name}.{split}", of.list_lengths(), {most}
    for split, of in [*card.payments.items(), *_flatten(card.null_payments)]:
        yield f"objectives of payments.{split}", [*of.payments], names
    if card.choices is not None:
        yield from _list_choices(card, card.choices, trap)
    if card.form:
        yield from import_hook(QUESTIONS).list_choice_facts(card, trap)
    else:
        yield "names and training without a form", [card.names, card.trained], [{}, None]
    if card.unread is None:
        yield "examples without questions", card.examples, None


def _name_nulls(card: ScoreCard, trap: Trap | None) -> list[str]:
    """Return the names of the nulls that play a card's trap."""
    if trap is None:
        return [*card.null_payments, *(card.choices.nulls if card.choices else ())]
    return [*(null.name for null in list_nulls(trap)), BLIND]


def _flatten(nulls: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    for of in nulls.values():
        yield from of.items()


def _list_scale(card: ScoreCard, returning: bool) -> Iterator[_Fact]:
    """Yield facts on the splits and objectives of the scale, and on its means."""
    scale, names = card.scale, card.objectives
    trap = _find_trap(card)
    discount = {x: trap.discount(x) for x in names} if trap else scale.discount
    yield "scale.discount", scale.discount, discount
    for field in SCALE_MEANS:
        splits = JUDGED if field.startswith("null") else Split
        entries = {split: [*of] for split, of in getattr(scale, field).items()}
        yield f"entries of scale.{field}", entries, {str(split): names for split in splits}
    pairs = [(split, y) for split, of in zip(JUDGED, (names[:1], names), strict=True) for y in of]
    floors = [f"{split}:{y}" for split, y in pairs] if returning else []
    yield "keys of scale.floors", [*scale.floors], floors
    yield (
        "keys of scale.references",
        [*scale.references],
        [f"{x}:{y}" for x in floors for y in names],
    )
    for split, y in pairs if returning else ():
        floor, gain = scale.floors[f"{split}:{y}"], scale.references[f"{split}:{y}:{y}"]
        yield f"levels of scale.{split}", {len(floor), len(gain)}, {card.provenance.levels}
        for null, levels in (("", slice(None)), ("null_", slice(FEW_LEVELS))):
            low = float(floor[levels].mean(dtype=np.float64))
            high = low + float(gain[levels].mean(dtype=np.float64))
            yield f"scale.{null}floor.{split}.{y}", getattr(scale, f"{null}floor")[split][y], low
            yield (
                f"scale.{null}optimum.{split}.{y}",
                getattr(scale, f"{null}optimum")[split][y],
                high,
            )


def _list_choices(card: ScoreCard, choices: Evidence, trap: Trap | None) -> Iterator[_Fact]:
    """Yield facts on the plays and levels of choices."""
    levels, first = card.provenance.levels, min(card.provenance.levels, FEW_LEVELS)
    plays = sorted({*trap.judging.plays(trap)} - {BARE}) if trap else _name_plays(choices)
    paces = sorted(trap.judging.paced(trap) if trap else choices.pace)
    nulls_of_form = list_shown_nulls(card.form, ())
    nulls = {*nulls_of_form} if card.form else {*_name_nulls(card, trap), *nulls_of_form}
    yield "nulls of choices", sorted(choices.nulls), sorted(nulls)
    for name, of in {"choices": choices, **choices.nulls}.items():
        is_policy = of is choices
        yield f"levels of {name}", {*of.levels}, {levels if is_policy else first}
        yield f"objectives of {name}", [*of.objectives], card.objectives
        # Lists are reversed in a second play, so nulls that choose from lists have one.
        of_plays = [x for x in plays if is_policy or card.form or x != AGAIN]
        yield f"plays of {name}", _name_plays(of), of_plays
        yield f"paces of {name}", sorted(of.pace), paces
        if not card.form:
            yield f"lists and odds of {name}", [*of.listed, *of.odds], []
        yield f"gains of {name}", [*of.gains], []
        yield from _list_arrays(name, of, asks=not card.judged_by.ratio)
        returns = [x for x in Trials.ratio if getattr(of, x, None) is not None]
        yield f"returns of {name}", returns, [*card.judged_by.ratio]
        played = card.returns if is_policy else card.null_returns.get(name)
        if returns and played:
            yield from _list_ratio(name, of, played[Split.TEST], card.objectives[0])


def _list_arrays(name: str, of: Evidence, asks: bool) -> Iterator[_Fact]:
    """Yield facts on the levels and choices of each play; ``asks``: each level asks for one."""
    levels, first_levels = len(of.shift), min(len(of.shift), FEW_LEVELS)
    plays = {Split.SHIFT.value: of.shift, AGAIN: of.again, TWINS: of.twins}
    plays |= {ALONE + x: chosen for x, chosen in of.alone.items()}
    least = NONE if asks else UNASKED
    for play, chosen in plays.items():
        if chosen is None:
            continue
        place = f"{play} in {name}"
        yield f"levels of {place}", len(chosen), first_levels if play.startswith(ALONE) else levels
        outside = (chosen < least) | (chosen >= len(of.objectives))
        yield f"impossible choices of {place}", int(outside.sum()), 0
    for key, paces in of.pace.items():
        expected = first_levels if key.startswith((ALONE, BARE)) else levels
        yield f"levels of pace {key} in {name}", len(paces), expected


def _name_plays(choices: Evidence) -> list[str]:
    """Return the plays in choices besides the splits and ``bare``, sorted."""
    plays = [x for x in (AGAIN, TWINS) if getattr(choices, x) is not None]
    return sorted([*plays, *(ALONE + x for x in choices.alone)])


def _list_ratio(name: str, of: Evidence, played: SplitReturns, base: str) -> Iterator[_Fact]:
    """Yield facts on the returns in the choices of a trap of lives."""
    means = [float(np.mean(getattr(of, x), dtype=np.float64)) for x in Trials.ratio]
    expected = [float(played.returns[base].mean()), played.optimum[base]]
    yield f"mean returns in {name}", means, expected


def _list_results(card: ScoreCard, results: Mapping[str, Any]) -> Iterator[_Fact]:
    """Yield a fact for each result; a card may lack measures that are newer than the card."""
    for field in results.keys() - {"splits", "nulls"}:
        yield field, getattr(card, field), results[field]
    yield "nulls", sorted(card.nulls), sorted(results["nulls"])
    sections = {"splits": (card.splits, results["splits"])}
    sections |= {f"nulls.{x}": (card.nulls[x], of) for x, of in results["nulls"].items()}
    for name, (splits, expected) in sections.items():
        yield name, sorted(splits), sorted(map(str, expected))
        for split, measured in splits.items():
            yield (
                f"unknown measures of {name}.{split}",
                sorted({*measured} - {*expected[split]}),
                [],
            )
            for x, value in measured.items():
                yield f"{name}.{split}.{x}", value, expected[split][x]


def _agree(value: Any, expected: Any) -> bool:
    """Return whether two values are equal; numbers may differ in their last digits."""
    if isinstance(value, dict) and isinstance(expected, dict):
        keys = {*value, *expected}  # a null is an absent key
        return all(_agree(value.get(x), expected.get(x)) for x in keys)
    if isinstance(value, list) and isinstance(expected, list):
        return len(value) == len(expected) and all(map(_agree, value, expected))
    if isinstance(value, float) and isinstance(expected, float):
        return math.isclose(value, expected, abs_tol=CLOSE)
    return bool(value == expected)
