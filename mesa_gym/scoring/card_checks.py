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
from mesa_gym.scoring.card_sources import (
    BY_LOG,
    BY_OUTCOMES,
    BY_PLAY,
    CARD_SOURCES,
    ENVIRONMENT,
)
from mesa_gym.scoring.conclusions import add_results, conclude_all, put_in_order
from mesa_gym.scoring.evidence import AGENT_ROW, BLIND, CLOSE, Evidence
from mesa_gym.scoring.log_checks import list_log_facts
from mesa_gym.scoring.nulls import list_shown_nulls
from mesa_gym.scoring.playing import list_nulls
from mesa_gym.scoring.plays import FEW_LEVELS, JUDGED
from mesa_gym.scoring.returns import SCALE_MEANS
from mesa_gym.scoring.verdict import digest_rules
from mesa_gym.traps import Split, Trap, all_traps
from mesa_gym.traps.judged_by import AGAIN, ALONE, BARE, SHIFT, Contact, Trials
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
    trap, names, source = _find_trap(card), card.objectives, CARD_SOURCES[card.source]
    yield "provenance.trap", card.provenance.trap.partition("(")[0], card.trap
    if card.source == BY_OUTCOMES:
        yield "trap and judging", [card.trap, card.judging], [ENVIRONMENT, Contact.name]
    yield "judging", card.judging, trap.judging.name if trap else card.judging
    yield "objectives", names, [*trap.objectives] if trap else [*dict.fromkeys(names)]
    if card.source == BY_LOG or card.log:
        yield from list_log_facts(card)
        if not card.table:
            return
    levels = _count_levels(card)
    yield "provenance.levels", card.provenance.levels, min(levels[x] for x in JUDGED)
    null_names = _name_nulls(card, trap)
    nulls_with_payments = list_shown_nulls(card.form, null_names) if source.splits else []
    players = {AGENT_ROW, *nulls_with_payments, *([] if card.form else null_names)}
    yield "players", sorted(card.table), sorted(players)
    returning = not card.judged_by.chooses
    yield from _list_scale(card, returning, levels)
    for player, row in card.table.items():
        splits = source.splits if player == AGENT_ROW else ()
        splits = JUDGED if player in nulls_with_payments else splits
        yield f"splits of payments of {player}", [*row.payments], [*map(str, splits)]
        yield f"splits of counts of {player}", {*row.counts} - {*row.payments}, set()
        for split, payments in row.payments.items():
            of = card.returns_by_player[player][split]
            n = levels[split] if player == AGENT_ROW else min(levels[split], FEW_LEVELS)
            yield f"levels of payments of {player}.{split}", of.list_lengths(), {n}
            yield f"objectives of payments of {player}.{split}", [*payments], names
        yield f"objectives of {player}", [*row.objectives], names
        yield f"rows and gains in {player}", [*row.nulls, *row.gains], []
        if returning:
            payment_row = Evidence(row.objectives, payments=row.payments, counts=row.counts)
            yield f"{player} has payments alone", row == payment_row, True
        else:
            yield from _list_choices(card, player, row, trap, levels)
    if card.form:
        yield from import_hook(QUESTIONS).list_choice_facts(card, trap)
    else:
        yield "names and training without a form", [card.names, card.trained], [{}, None]
    if card.unread is None:
        yield "examples without questions", card.examples, None


def _name_nulls(card: ScoreCard, trap: Trap | None) -> list[str]:
    """Return the names of the nulls that play a card's trap."""
    if trap is None:
        return [x for x in card.table if x != AGENT_ROW]
    return [*(null.name for null in list_nulls(trap)), BLIND]


def _count_levels(card: ScoreCard) -> dict[str, int]:
    """Return the number of levels of each split that was played."""
    if card.source == BY_PLAY:
        return dict.fromkeys(Split, card.provenance.levels)
    if not card.returns:
        return dict(zip(JUDGED, card.table[AGENT_ROW].levels, strict=True))
    return {split: max(of.list_lengths()) for split, of in card.returns.items()}


def _list_scale(card: ScoreCard, returning: bool, levels: Mapping[str, int]) -> Iterator[_Fact]:
    """Yield facts on the splits and objectives of the scale, and on its means."""
    scale, names = card.scale, card.objectives
    trap = _find_trap(card)
    discount = {x: trap.discount(x) for x in names} if trap else scale.discount
    yield "scale.discount", scale.discount, discount
    for field in SCALE_MEANS:
        splits = CARD_SOURCES[card.source].splits
        splits = [x for x in splits if x in JUDGED] if field.startswith("null") else splits
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
        yield f"levels of scale.{split}", {len(floor), len(gain)}, {levels[split]}
        for null, rows in (("", slice(None)), ("null_", slice(FEW_LEVELS))):
            low = float(floor[rows].mean(dtype=np.float64))
            high = low + float(gain[rows].mean(dtype=np.float64))
            yield f"scale.{null}floor.{split}.{y}", getattr(scale, f"{null}floor")[split][y], low
            yield (
                f"scale.{null}optimum.{split}.{y}",
                getattr(scale, f"{null}optimum")[split][y],
                high,
            )


def _list_choices(
    card: ScoreCard, player: str, row: Evidence, trap: Trap | None, levels: Mapping[str, int]
) -> Iterator[_Fact]:
    """Yield facts on the plays and levels of a player's choices."""
    policy, names, ratio = card.table[AGENT_ROW], card.objectives, card.judged_by.ratio
    optional = {*CARD_SOURCES[card.source].optional}
    free = card.source == BY_OUTCOMES  # they may have any number of the first levels
    plays, expected_plays, paces = row.plays, {*policy.plays}, [*policy.pace]
    if card.source == BY_OUTCOMES:
        expected_plays |= {Split.SHIFT.value, AGAIN, *(ALONE + x for x in names)}
        paces = [Split.TEST.value, *([BARE] if BARE in policy.pace else [])]
    elif trap:
        expected_plays = {Split.SHIFT.value, *trap.judging.plays(trap)} - {BARE}
        paces = trap.judging.paced(trap)
    absent = optional - policy.plays.keys()
    if row is not policy and not card.form:  # nulls that choose from lists see each list reversed
        absent = optional | {AGAIN}
    yield f"plays of {player}", sorted(plays), sorted(expected_plays - absent)
    yield f"paces of {player}", sorted(row.pace), sorted(paces)
    (test, shift), of_policy = row.levels, [levels[x] for x in JUDGED]
    if row is policy or not free:
        expected = of_policy if row is policy else [min(n, FEW_LEVELS) for n in of_policy]
        yield f"levels of {player}", [test, shift], expected
    for play, chosen in plays.items():
        n = len(chosen)
        of_first = n if free else _count_few(card, shift)
        yield f"levels of {play} in {player}", n, of_first if play.startswith(ALONE) else shift
        outside = (chosen < (UNASKED if ratio else NONE)) | (chosen >= len(names))
        yield f"impossible choices of {play} in {player}", int(outside.sum()), 0
    for key, of_key in row.pace.items():
        n = shift if key.startswith((SHIFT, ALONE)) else test
        if key.startswith((ALONE, BARE)):
            n = len(of_key) if free else _count_few(card, n)
        yield f"levels of pace {key} in {player}", len(of_key), n
    if not card.form:
        yield f"lists and odds of {player}", [*row.listed, *row.odds], []
    returns = {x: of for x in Trials.ratio if (of := getattr(row, x)) is not None}
    yield f"returns of {player}", [*returns], [*ratio]
    if returns and row.payments:
        played = card.returns_by_player[player][Split.TEST]
        means = [float(of.mean(dtype=np.float64)) for of in returns.values()]
        best = [float(played.returns[names[0]].mean()), played.optimum[names[0]]]
        yield f"mean returns in {player}", means, best


def _count_few(card: ScoreCard, n: int) -> int:
    """Return the number of levels without some targets, of a split with ``n`` levels."""
    return min(n, FEW_LEVELS) if card.source == BY_PLAY else n


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
