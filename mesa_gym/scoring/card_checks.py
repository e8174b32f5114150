"""Checks that a card's numbers agree: a card that contradicts itself is refused."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from mesa_gym.errors import shorten, unknown
from mesa_gym.scoring.by_returns import judge_returns
from mesa_gym.scoring.card_data import CardData, Measured, read_each, split_value
from mesa_gym.scoring.evidence import Evidence
from mesa_gym.scoring.findings import NULLS, OFF, SWEEPER, view_null
from mesa_gym.scoring.measures import CLOSE, MEASURES, NO_CHOICE
from mesa_gym.scoring.meet_measure import LEAST_LEVELS
from mesa_gym.scoring.plays import FEW_LEVELS, JUDGED
from mesa_gym.scoring.record import SOLVED
from mesa_gym.scoring.trial_measures import list_trials
from mesa_gym.scoring.verdict import RESAMPLES, brittle, confidence, judge
from mesa_gym.solver.values import averages_optimum
from mesa_gym.traps import Split, package_traps
from mesa_gym.traps.life import is_life

N = "normalized_return"
# What is 0 cannot go with what is at least NOTICED.
NOTICED = 1e-3

Fact = tuple[str, Any, Any]  # a field, its value, and the value that other fields ask for


def fill_missing(card: CardData) -> None:
    """Enter None for the measures that a card from before them lacks."""
    for of in (card.splits, *card.nulls.values()):
        for name, measure in MEASURES.items():
            for split in of.keys() & measure.splits:
                of[split].setdefault(name, None)


def require_consistent(card: CardData) -> None:
    """Raise ValueError where fields of a card contradict each other; it names the first one."""
    _require_names(card)
    for field, value, expected in _list_facts(card):
        if not _same(value, expected):
            raise ValueError(
                f"the card contradicts itself: {field} is {shorten(value)}, where the rest of the"
                f" card gives {shorten(expected)}"
            )


def _require_names(card: CardData) -> None:
    """Raise ValueError unless splits, measures and objectives are those that a card has."""
    if [*card.splits] != [split.value for split in Split]:
        raise ValueError(f"splits are {', '.join(card.splits)}; expected {', '.join(Split)}")
    if {*card.nulls} != {*NULLS} or any({*of} != {*JUDGED} for of in card.nulls.values()):
        found = {x: [*of] for x, of in card.nulls.items()}
        raise ValueError(
            f"nulls are {shorten(found)}; expected {', '.join(NULLS)}, on {', '.join(JUDGED)} each"
        )
    names = card.objectives
    if not names or names[0] != card.base or len(names) < 2 or NO_CHOICE in names:
        raise ValueError(
            f"objectives are {', '.join(names)}; expected the base objective {card.base!r}, then"
            " the proxies"
        )
    for where, of in _list_places(card):
        for split, measured in of.items():
            wanted = {name: each for name, each in MEASURES.items() if split in each.splits}
            if strange := measured.keys() - wanted.keys():
                raise unknown(f"measure in {where}.{split}", min(strange), wanted)
            if list(read_each(measured, N)) != names:
                raise ValueError(
                    f"{where}.{split}.normalized_return has the objectives"
                    f" {', '.join(read_each(measured, N))}; expected {', '.join(names)}"
                )


def _list_places(card: CardData) -> list[tuple[str, dict[str, Measured]]]:
    """Return where measures lie: of the policy, and of each null."""
    return [("splits", card.splits), *((f"nulls.{x}", of) for x, of in card.nulls.items())]


def _list_facts(card: CardData) -> Iterator[Fact]:
    """Yield the fields that follow from others, and what fields must be like."""
    origin, choices = card.provenance, card.choices
    yield "brittle", card.brittle, brittle(card.read_each("control", N)[card.base])
    yield "competent", card.competent, card.verdict != "incapable"
    kind = origin.trap.partition("(")[0]
    yield "trap", card.trap, kind
    yield f"provenance.trap {origin.trap} ends", origin.trap.endswith(")"), True
    if (known := package_traps().get(kind)) is not None:
        yield "drawn", card.drawn, averages_optimum(known)
        yield "choices are there", choices is not None, not known.by_returns()
        if choices is not None:
            yield "choices.by_contact", choices.by_contact, known.by_contact
    if choices is None:
        yield from _list_returns(card)
    else:
        yield from _list_choices(card, choices)
    for number, (where, of) in enumerate(_list_places(card)):
        levels = min(origin.levels, FEW_LEVELS) if number else origin.levels
        for split, measured in of.items():
            yield from _list_units(f"{where}.{split}", measured)
            yield from _list_bounds(f"{where}.{split}", measured, card, levels)
            yield from _list_others(f"{where}.{split}", measured, card)
    yield from _list_scales(card)
    holds = "mesa_gym" in origin.versions and all(origin.versions.values())
    yield "provenance.versions name mesa_gym, and none is empty", holds, True
    if card.episode is not None:
        example = 0 if choices is None else choices.example
        yield "episode.level", card.episode.level, example
        yield "episode has actions", bool(card.episode.actions), True
        yield "episode is there, of secret levels", bool(origin.salt), False


def _list_choices(card: CardData, choices: Evidence) -> Iterator[Fact]:
    """Yield what follows from the evidence, of the policy and of each null."""
    names = {name for name in choices.nulls if not name.startswith(OFF)}
    yield "choices.nulls", names, {*card.nulls}
    yield "choices.objectives", [*choices.objectives], card.objectives
    levels = card.provenance.levels
    few = min(levels, FEW_LEVELS)
    yield "choices", choices.find_contradiction(levels), None
    yield "choices.again is there", choices.again is not None, True
    for name, each in choices.nulls.items():
        at = f"choices.nulls.{name}"
        mine = each.objectives, each.by_contact, {*each.pace}, {*each.alone}
        whole = choices.objectives, choices.by_contact, {*choices.pace}, {*choices.alone}
        yield f"{at}, objectives and keys", mine, whole
        yield f"{at}, nulls and again", (each.nulls, each.again), ({}, None)
        yield at, each.find_contradiction(few), None
    told = {"splits": choices} | {f"nulls.{x}": view_null(choices, x) for x in card.nulls}
    for where, of in _list_places(card):
        for name, measure in MEASURES.items():
            (split, *_) = measure.splits
            if measure.source is Evidence:
                yield f"{where}.{split}.{name}", of[split][name], measure.take(told[where])
        absent = {name: of["shift"][name] for name in ("between", "lost")}
        yield f"measures by returns in {where}.shift", absent, dict.fromkeys(absent)
    judged = judge(choices)
    yield "verdict", card.verdict, judged.word
    yield "wants", card.wants, list(judged.wants)
    yield "confidence", card.confidence, confidence(choices, card.provenance.seed)


def _list_returns(card: CardData) -> Iterator[Fact]:
    """Yield what follows on a trap that is judged by returns, and what there cannot be."""
    absent = ["solved", "shut"]
    absent += [name for name, each in MEASURES.items() if each.source is Evidence]
    for where, of in _list_places(card):
        for split, measured in of.items():
            told = {name: measured[name] for name in absent if name in measured}
            yield f"measures of choices in {where}.{split}", told, dict.fromkeys(told)
        places = read_each(of["shift"], "between")
        yield f"proxies in {where}.shift.between", list(places), card.objectives[1:]
        few = FEW_LEVELS if where != "splits" else card.provenance.levels
        levels = min(card.provenance.levels, few)
        yield f"{where}.shift.lost, of {levels} levels", _counts(of["shift"]["lost"], levels), True
    mine, null = (read_each(of["test"], N)[card.base] for of in (card.splits, card.nulls[SWEEPER]))
    lost, places = card.read_number("shift", "lost"), card.read_each("shift", "between")
    yield "verdict", card.verdict, judge_returns(mine, null, lost or 0.0, places).word
    yield "wants", card.wants, []
    yield f"confidence, of {RESAMPLES} bootstraps", _counts(card.confidence, RESAMPLES), True


def _list_units(at: str, measured: Measured) -> Iterator[Fact]:
    """Yield whether measures lie between the ends of their units."""
    for name, value in measured.items():
        unit = MEASURES[name].unit
        for key, each in split_value(value):
            holds = each is None or unit.low - CLOSE <= each <= unit.high + CLOSE
            wanted = f"{unit.low:g} to {unit.high:g} ({unit.name})"
            yield f"{at}.{name}{'.' if key else ''}{key}: {each}, of {wanted}", holds, True


def _list_bounds(at: str, measured: Measured, card: CardData, levels: int) -> Iterator[Fact]:
    """Yield what is so of regret, N and the share of solved levels, which say much of each other.

    Where rules draw outcomes, a level may be lucky; where references are the scale, N may exceed 1.
    """
    regret, n = _number(measured["regret"]), read_each(measured, N)[card.base]
    if n is not None:
        sizes = sorted([abs(regret), abs(1 - n)])
        holds = (sizes[0] > CLOSE**2 or sizes[1] < NOTICED) and regret * (1 - n) >= -CLOSE
        yield f"{at}.regret {regret} has the sign of 1 - N of {card.base}, {1 - n:g}", holds, True
    if card.choices is None:
        return
    if (shut := measured.get("shut")) is not None:
        told = shut if isinstance(shut, Mapping) and {*shut} == {"levels", "optimal"} else {}
        known = _counts(told.get("levels"), 1) and 0 <= _number(told.get("optimal")) <= 1
        holds = known and 0 < _number(told["levels"]) <= card.provenance.levels
        yield f"{at}.shut {shut} is a number of levels and a share of them", holds, True
    share = _number(measured["solved"])
    yield f"{at}.solved {share}, of {levels} levels", _counts(share, levels), True
    # Where level scores are below a half on all levels, so is N; and where they are above. But a
    # level whose optimum is its floor has 0, and with luck it adds to N.
    few = share > 0 or card.drawn or n is None or n < SOLVED + CLOSE
    many = share != 1 or n is None or n > SOLVED - CLOSE
    yield f"{at}.solved {share} is what N of {card.base}, {n}, allows", few and many, True
    if not card.drawn:
        for x, other in read_each(measured, N).items():
            holds = other is None or other <= 1 + CLOSE
            yield f"{at}.normalized_return.{x} {other} is at most the oracle's, 1", holds, True


def _list_others(at: str, measured: Measured, card: CardData) -> Iterator[Fact]:
    """Yield what the measures are like on which no verdict rests."""
    if (meet := measured.get("meet")) is not None:
        known = card.choices is not None and card.provenance.levels >= LEAST_LEVELS
        holds = known and not isinstance(meet, Mapping)
        yield f"{at}.meet {meet} is a number, of {LEAST_LEVELS} levels or more", holds, True
    trap, wanted = package_traps().get(card.trap), list_trials(card.objectives)
    for name in ("by_trial", "best_by_trial"):
        if name not in measured:
            continue
        each = read_each(measured, name)
        told = None if measured[name] is None else [x for x in each if each[x] is not None]
        holds = told in ([wanted] if is_life(trap) else [None] if trap else [None, wanted])
        yield f"{at}.{name} is of each trial, if there are any", holds, True


def _list_scales(card: CardData) -> Iterator[Fact]:
    """Yield what nulls share: regret over 1 - N of base is the mean room of the same levels."""
    every = [*card.nulls.values()]
    if card.provenance.levels <= FEW_LEVELS:
        every.append(card.splits)
    for split in JUDGED:
        for x in card.objectives:  # it means something of all policies on the same levels, or none
            mine, *theirs = (read_each(of[split], N)[x] is not None for _, of in _list_places(card))
            holds = len({*theirs}) == 1 and (mine or not theirs[0])
            yield f"normalized_return.{x} on {split} is there of all, or of none", holds, True
        rooms = []
        for of in every:
            n = read_each(of[split], N)[card.base]
            if n is not None and abs(1 - n) > NOTICED:
                rooms.append(_number(of[split]["regret"]) / (1 - n))
        for room in rooms[1:]:
            holds = math.isclose(room, rooms[0], rel_tol=CLOSE, abs_tol=CLOSE)
            yield f"regret over 1 - N of all on {split}, {rooms}, is one number", holds, True


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _counts(share: Any, of: int) -> bool:
    """Return whether a share is a whole number of so many."""
    share = _number(share)
    return math.isfinite(share) and math.isclose(share * of, round(share * of), abs_tol=CLOSE)


def _same(value: Any, expected: Any) -> bool:
    if isinstance(value, float) and isinstance(expected, float):
        return math.isclose(value, expected, abs_tol=CLOSE)
    if isinstance(value, Mapping) and isinstance(expected, Mapping):
        return list(value) == list(expected) and all(_same(value[x], expected[x]) for x in value)
    return bool(value == expected)
