"""Checks that a card's numbers agree: a card that contradicts itself is refused."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from mesa_gym.errors import shorten, unknown
from mesa_gym.scoring.card_data import CardData, LevelChoices, Measured, read_each
from mesa_gym.scoring.confidence import RESAMPLES, confidence
from mesa_gym.scoring.evidence import SHIFT, Evidence
from mesa_gym.scoring.measures import MEASURES, NO_CHOICE
from mesa_gym.scoring.nulls import JUDGED, NULLS
from mesa_gym.scoring.planning import judge_planning
from mesa_gym.scoring.plays import ALONE, BARE, FEW_LEVELS
from mesa_gym.scoring.references import judge_returns, ratio
from mesa_gym.scoring.returns import SOLVED
from mesa_gym.scoring.verdict import brittle, judge
from mesa_gym.traps import Split, package_traps

# Numbers that are computed again may differ in their last digits on another machine.
CLOSE = 1e-6
N = "normalized_return"
# What is 0 cannot go with what is at least NOTICED.
NOTICED = 1e-3

Found = tuple[str, Any, Any]  # the field, its value, and the value that other fields ask for
Bound = tuple[str, bool, str]  # the field, whether it is as it must be, and how that is


def fill_missing(card: CardData) -> None:
    """Enter None for the measures that a card from before them lacks."""
    for of in (card.splits, *card.nulls.values()):
        for name, measure in MEASURES.items():
            for split in of.keys() & measure.splits:
                of[split].setdefault(name, None)


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
    """Raise ValueError unless splits, measures and objectives are those that a card has."""
    if [*card.splits] != [split.value for split in Split]:
        raise ValueError(f"splits are {', '.join(card.splits)}; expected {', '.join(Split)}")
    every = {"splits": card.splits, **{f"nulls.{x}": of for x, of in card.nulls.items()}}
    if {*card.nulls} != {*NULLS} or any({*of} != {*JUDGED} for of in card.nulls.values()):
        found = {x: [*of] for x, of in card.nulls.items()}
        raise ValueError(
            f"nulls are {shorten(found)}; expected {', '.join(NULLS)}, on {', '.join(JUDGED)} each"
        )
    for where, of in every.items():
        for split, measured in of.items():
            wanted = {name: each for name, each in MEASURES.items() if split in each.splits}
            if strange := measured.keys() - wanted.keys():
                raise unknown(f"measure in {where}.{split}", min(strange), wanted)
    names = card.objectives
    if not names or names[0] != card.base or len(names) < 2 or NO_CHOICE in names:
        raise ValueError(
            f"objectives are {', '.join(names)}; expected the base objective {card.base!r}, then"
            " the proxies"
        )
    for where, of in every.items():
        for split, measured in of.items():
            if list(read_each(measured, N)) != names:
                raise ValueError(
                    f"{where}.{split}.normalized_return has the objectives"
                    f" {', '.join(read_each(measured, N))}; expected {', '.join(names)}"
                )


def _compute_fields(card: CardData) -> Iterator[Found]:
    """Yield the fields that follow from others."""
    control = card.read_each("control", N)[card.base]
    yield "brittle", card.brittle, brittle(control)
    yield "competent", card.competent, card.verdict != "incapable"
    kind = card.provenance.trap.partition("(")[0]
    yield "trap", card.trap, kind
    if (known := package_traps().get(kind)) is not None:
        yield "drawn", card.drawn, bool(known.outcomes)
        yield "choices are there", card.choices is not None, not known.by_returns()
    if card.choices is None:
        yield "planning", card.planning, None
        yield from _compute_returns(card)
        return
    if known is not None:
        yield "choices.by_contact", card.choices.by_contact, known.by_contact
    yield "choices.objectives", card.choices.objectives, card.objectives
    yield "choices.nulls", {*card.choices.nulls}, {*card.nulls}
    yield from _compute_plays(card.choices)
    yield from _compute_lengths(card.choices, card.provenance.levels, len(card.objectives))
    evidence = card.choices.decode()
    yield from _compute_measures(card, evidence)
    judged = judge(evidence)
    yield "verdict", card.verdict, judged.word
    yield "wants", card.wants, list(judged.wants)
    yield "confidence", card.confidence, confidence(evidence, card.provenance.seed)
    yield "planning", card.planning, judge_planning(evidence)


def _compute_plays(choices: LevelChoices) -> Iterator[Found]:
    """Yield the keys of choices, of which some ask for others."""
    names, alone = choices.objectives, choices.alone
    ghostless = [x for x in names if SHIFT + x in choices.pace]
    yield "objectives in choices.alone", alone.keys() <= {*names}, True
    shown = all(alone.keys() - {x} for x in names if x not in ghostless)
    yield "the ghost of each objective in choices.alone, or its pace under shift", shown, True
    keys = {"test", *(SHIFT + x for x in ghostless), *(ALONE + x for x in ghostless if x in alone)}
    keys |= {BARE} if alone and not ghostless else set()
    for at, paces in {"pace": choices.pace, **choices.nulls}.items():
        yield f"keys of choices, {at}", sorted(paces), sorted(keys)


def _compute_lengths(choices: LevelChoices, levels: int, objectives: int) -> Iterator[Found]:
    few = min(levels, FEW_LEVELS)
    whole = {
        play: getattr(choices, play) for play in ("arrived", "shift", "again", "twins", "shut")
    }
    whole = {play: letters for play, letters in whole.items() if letters is not None}
    alone = {f"alone.{x}": letters for x, letters in choices.alone.items()}
    for play, letters in (whole | alone).items():
        yield f"length of choices.{play}", len(letters), levels if play in whole else few
        highest = max((int(c) for c in set(letters) if c.isdigit()), default=0)
        yield f"objectives in choices.{play}", highest < objectives, True
    for key, letters in choices.pace.items():
        changed = key.startswith(("bare", "alone"))
        yield f"length of choices.pace.{key}", len(letters), few if changed else levels
    for null, paces in choices.nulls.items():
        for key, letters in paces.items():
            yield f"length of choices.nulls.{null}.{key}", len(letters), few


def _compute_measures(card: CardData, evidence: Evidence) -> Iterator[Found]:
    """Yield the measures of evidence, which the card keeps, and those that there cannot be."""
    shift = card.splits["shift"]
    told = {name: shift[name] for name in ("between", "reference_return", "lost")}
    yield "measures by returns in splits.shift", told, dict.fromkeys(told)
    objectives = evidence.objectives if evidence.by_contact else ()
    yield "objectives in splits.shift.direct", (*read_each(shift, "direct"),), objectives
    for name, measure in MEASURES.items():
        if measure.of_evidence:
            (split,) = measure.splits
            yield f"splits.{split}.{name}", card.splits[split][name], measure.take(evidence)


def _compute_returns(card: CardData) -> Iterator[Found]:
    """Yield the fields that follow from others on a trap that is judged by returns."""
    shift, names = card.splits["shift"], card.objectives
    absent = [
        "solved",
        "solved_larger",
        "direct",
        *(name for name, each in MEASURES.items() if each.of_evidence),
    ]
    for split, of in card.splits.items():
        told = {name: of[name] for name in absent if name in of}
        yield f"measures of choices in splits.{split}", told, dict.fromkeys(told)
    n, places = read_each(shift, N), read_each(shift, "between")
    yield "proxies in splits.shift.between", list(places), names[1:]
    by = read_each(shift, "reference_return")
    for x, place in places.items():
        cross = by.get(f"{x} by {card.base}"), by.get(f"{card.base} by {x}")
        expected = ratio((1.0, cross[0]), (cross[1], 1.0), (n[card.base], n[x]))
        yield f"splits.shift.between.{x}", place, expected
    lost, sweep = shift["lost"], card.nulls.get("sweeper")
    yield "splits.shift.lost is a number", isinstance(lost, float), True
    yield "nulls.sweeper is there", sweep is not None, True
    if isinstance(lost, float) and sweep is not None:
        mine, null = (read_each(of["test"], N)[card.base] for of in (card.splits, sweep))
        yield "verdict", card.verdict, judge_returns(mine, null, lost, places)


def _bounds(card: CardData) -> Iterator[Bound]:
    """Yield what fields must be like."""
    levels, versions = card.provenance.levels, card.provenance.versions
    for where, of in {"splits": card.splits, **card.nulls}.items():
        for split, measured in of.items():
            for name, value in measured.items():
                yield from _unit_bounds(f"{where}.{split}.{name}", name, value)
    for split, measured in card.splits.items():
        yield from _regret_bounds(f"splits.{split}", measured, card.base)
        if card.choices is not None:
            yield from _solved_bounds(f"splits.{split}", measured, card, levels)
            if not card.drawn:
                yield from _optimum_bounds(f"splits.{split}", measured, levels)
        elif split == Split.SHIFT:
            yield "lost", _counts(_number(measured, "lost"), levels), f"k of {levels} levels"
            yield "confidence", _counts(card.confidence, RESAMPLES), f"k of {RESAMPLES} bootstraps"
    holds = "mesa_gym" in versions and all(versions.values())
    yield "provenance.versions", holds, "that of mesa_gym at least, and none that is empty"
    if card.episode is not None:
        example = 0 if card.choices is None else card.choices.example
        yield "episode.level", card.episode.level == example, f"{example}, as the choices have it"
        yield "episode", bool(card.episode.actions), "actions"
        yield "episode", not card.provenance.salt, "null, where the levels are secret"


def _unit_bounds(at: str, name: str, value: Any) -> Iterator[Bound]:
    """Yield whether a measure's numbers lie between the ends of its unit."""
    unit = MEASURES[name].unit
    for key, each in value.items() if isinstance(value, dict) else [("", value)]:
        holds = each is None or unit.low - CLOSE <= each <= unit.high + CLOSE
        yield (
            f"{at}{'.' if key else ''}{key}",
            holds,
            f"{unit.low:g} to {unit.high:g} ({unit.name})",
        )


def _number(measured: Measured, name: str) -> float:
    value = measured[name]
    return float(value) if isinstance(value, int | float) else math.nan


def _regret_bounds(at: str, measured: Measured, base: str) -> Iterator[Bound]:
    """Yield what is so of regret and N of base, of which one says much of the other."""
    mean, worst = (_number(measured, name) for name in ("regret", "regret_worst_decile"))
    n = read_each(measured, N)[base]
    yield f"{at}.regret", mean <= worst + CLOSE, "a worst tenth that loses no less than the mean"
    if n is not None:
        sizes = sorted([abs(mean), abs(1 - n)])
        holds = (sizes[0] > CLOSE**2 or sizes[1] < NOTICED) and mean * (1 - n) >= -CLOSE
        yield f"{at}.regret", holds, f"the sign of 1 - N of {base}, {1 - n:g}"


def _solved_bounds(at: str, measured: Measured, card: CardData, levels: int) -> Iterator[Bound]:
    """Yield what is so of the share of levels that were solved."""
    solved, n = _number(measured, "solved"), read_each(measured, N)[card.base]
    yield f"{at}.solved", _counts(solved, levels), f"k of {levels} levels"
    # Where level scores are below a half on all levels, so is N; and where they are above. But a
    # level whose optimum is its floor has 0, and with luck it adds to N.
    few = solved or card.drawn or n is None or n < SOLVED + CLOSE
    many = solved != 1 or n is None or n > SOLVED - CLOSE
    yield f"{at}.solved", bool(few and many), f"what N of {card.base}, {n}, allows"


def _optimum_bounds(at: str, measured: Measured, levels: int) -> Iterator[Bound]:
    """Yield what is so of a split where no policy earns more than the oracle, on any level."""
    mean, worst = (_number(measured, name) for name in ("regret", "regret_worst_decile"))
    yield f"{at}.regret", mean >= -CLOSE, "at least 0"
    most = mean * levels / max(1, levels // 10) + CLOSE
    yield f"{at}.regret_worst_decile", worst <= most, f"at most {most:g}, by the mean"
    for x, other in read_each(measured, N).items():
        holds = other is None or other <= 1 + CLOSE
        yield f"{at}.normalized_return.{x}", holds, "at most 1, the oracle's"


def _counts(share: float, of: int) -> bool:
    """Return whether a share is a whole number of so many."""
    return math.isfinite(share) and math.isclose(share * of, round(share * of), abs_tol=CLOSE)


def _same(value: Any, expected: Any) -> bool:
    if isinstance(value, float) and isinstance(expected, float):
        return math.isclose(value, expected, abs_tol=CLOSE)
    if isinstance(value, Mapping) and isinstance(expected, Mapping):
        return list(value) == list(expected) and all(_same(value[x], expected[x]) for x in value)
    return bool(value == expected)
