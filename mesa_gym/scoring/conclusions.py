"""The fields of a card that follow from what was played: its verdict and every figure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from msgspec import structs

from mesa_gym.scoring.card_fields import CardFields
from mesa_gym.scoring.evidence import AGENT_ROW, Evidence, LevelEvidence
from mesa_gym.scoring.findings import find_equally
from mesa_gym.scoring.listed_places import LIST_NULLS
from mesa_gym.scoring.measures import take_measures
from mesa_gym.scoring.nulls import NULLS
from mesa_gym.scoring.plays import JUDGED
from mesa_gym.scoring.registry import Value
from mesa_gym.scoring.returns import SplitReturns
from mesa_gym.scoring.verdict import BOOTSTRAP_SEED, fails_control, judge_with_confidence
from mesa_gym.traps import Split, Trap
from mesa_gym.words import FAILS_TASK

Card = TypeVar("Card", bound=CardFields)
# Split -> measure -> value.
SplitMeasures = dict[str, dict[str, Value]]
# The fields of a card from which its results follow.
PLAYED_FIELDS = ("table", "scale")


# The results of a card that ``conclude_all`` has not computed yet.
NO_RESULTS: dict[str, Any] = {
    "base": "",
    "verdict": "",
    "confidence": 0.0,
    "competent": False,
    "fails_control": False,
    "splits": {},
    "nulls": {},
}


def conclude(evidence: Evidence, seed: int = BOOTSTRAP_SEED) -> dict[str, Any]:
    """Return the fields of a card that follow from its evidence: name -> value."""
    verdict, confidence, detail_confidence = judge_with_confidence(evidence, seed)
    return {
        "verdict": verdict.word,
        "wants": [*verdict.wants],
        "detail": verdict.detail,
        "confidence": confidence,
        "detail_confidence": detail_confidence,
        "competent": verdict.word != FAILS_TASK,
    }


def conclude_all(card: CardFields, trap: Trap | None) -> dict[str, Any]:
    """Return all fields of a card that follow from what was played: name -> value.

    Args:
        card: the card, of which only the fields on what was played are read.
        trap: the trap; None if it is not installed.

    Raises:
        KeyError, IndexError, TypeError, ValueError: the plays contradict each other, or the
            reference policies do not form a scale (``gains.require_scale``).
    """
    base = card.objectives[0]
    if not card.table:  # a log without a verdict
        return NO_RESULTS | {"base": base, "wants": [], "detail": "", "detail_confidence": None}
    splits = measure_splits(card.returns, card.evidence, trap)
    returns: Any = splits.get(Split.CONTROL, {}).get("normalized_return", {})
    return {
        "base": base,
        **conclude(card.evidence, card.bootstrap_seed),
        "fails_control": fails_control(returns.get(base)),
        "splits": splits,
        "nulls": {
            null: measure_splits(of, card.evidence.view_null(null), trap)
            for null, of in (card.returns_by_player or {x: {} for x in card.table}).items()
            if null != AGENT_ROW
        },
    }


def add_results(card: Card, results: Mapping[str, Any]) -> Card:
    """Return a card with other results; what follows from its plays is not computed again."""
    added = structs.replace(card, **results)
    vars(added).update(vars(card))
    return added


def measure_splits(
    returns: Mapping[str, SplitReturns], evidence: Evidence, trap: Trap | None
) -> SplitMeasures:
    """Return all measures of returns and evidence, on each split; outcomes have no returns.

    Sums of floating-point numbers differ in their last digits between processors, so the measures
    have six significant digits: cards of one play are then equal on all of them.
    """
    sources = [find_equally(evidence), *([] if evidence.gains else [evidence])]
    measured = {x: take_measures(x, trap, returns.get(x), *sources) for x in returns or JUDGED}
    return {
        split: {
            measure: {key: round_number(x) for key, x in value.items()}
            if isinstance(value, dict)
            else round_number(value)
            for measure, value in of.items()
        }
        for split, of in measured.items()
    }


def round_number(value: float | None) -> float | None:
    """Return a number with six significant digits; what is left of a sum that cancels is zero."""
    return None if value is None else float(f"{round(value, 12):.6g}") + 0.0  # -0.0 is written 0.0


def put_in_order(card: Card) -> Card:
    """Return a card with sorted keys in its plays, because the order of its keys has no meaning.

    Splits and objectives have their own order; other keys follow in alphabetical order.
    """
    lists = card.table and card.table[AGENT_ROW].listed
    nulls = LIST_NULLS if lists else NULLS
    names = [AGENT_ROW, *map(str, Split), *nulls, *card.objectives]
    order = {x: i for i, x in enumerate(names)}

    def rank(key: str) -> list[tuple[int, str]]:
        parts = [key] if key in order else re.split("[ :]", key)
        return [(order.get(part, len(order)), part) for part in parts]

    def sort(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: sort(value[key]) for key in sorted(value, key=rank)}
        if isinstance(value, LevelEvidence):
            fields = structs.asdict(value)
            return structs.replace(value, **{x: sort(of) for x, of in fields.items()})
        return value

    return structs.replace(card, **{x: sort(getattr(card, x)) for x in PLAYED_FIELDS})
