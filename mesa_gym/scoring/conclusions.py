"""The fields of a card that follow from what was played: its verdict and every figure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from msgspec import Struct, structs

from mesa_gym.importing import QUESTIONS, import_hook
from mesa_gym.scoring.evidence import (
    REFERENCE,
    Evidence,
    LevelEvidence,
    LevelReturns,
)
from mesa_gym.scoring.findings import find_equally
from mesa_gym.scoring.measures import take_measures
from mesa_gym.scoring.nulls import NULLS
from mesa_gym.scoring.registry import Value
from mesa_gym.scoring.returns import Scale, SplitPayments, SplitReturns
from mesa_gym.scoring.verdict import BOOTSTRAP_SEED, fails_control, judge_with_confidence
from mesa_gym.traps import Split, Trap
from mesa_gym.words import FAILS_TASK

# Split -> measure -> value.
SplitMeasures = dict[str, dict[str, Value]]


class Played(Struct, frozen=True, dict=True, eq=False):
    """The stored plays of a policy and its nulls; the fields are as on the card."""

    objectives: Sequence[str]
    choices: Evidence | None
    payments: Mapping[str, SplitPayments]
    null_payments: Mapping[str, Mapping[str, SplitPayments]]
    scale: Scale

    @cached_property
    def evidence(self) -> Evidence:
        """The evidence of the verdict: the choices, or the gains that follow from payments."""
        if self.choices is not None:
            return self.choices
        floors, references = self.scale.floors, self.scale.references

        def subtract_floors(of_splits: Mapping[str, SplitReturns]) -> dict[str, LevelReturns]:
            gains = {}
            for key, floor in floors.items():
                split, _, y = key.partition(":")
                returns = of_splits[split].returns[y]
                gains[key] = (returns - floor[: len(returns)]).astype(np.float32)
            return gains

        def hold(gains: dict[str, LevelReturns]) -> Evidence:
            empty = np.zeros(0, np.bool_), np.zeros(0, np.int8)
            return Evidence(tuple(self.objectives), *empty, gains=gains)

        nulls = {x: hold(subtract_floors(of)) for x, of in self.null_returns.items()}
        for x in self.objectives:
            nulls[REFERENCE + x] = hold({key: references[f"{key}:{x}"] for key in floors})
        return structs.replace(hold(subtract_floors(self.returns)), nulls=nulls)

    @cached_property
    def returns(self) -> dict[str, SplitReturns]:
        """Split -> the policy's returns on each level."""
        return {x: self.scale.find_returns(x, of) for x, of in self.payments.items()}

    @cached_property
    def null_returns(self) -> dict[str, dict[str, SplitReturns]]:
        """Policy without a goal -> split -> its returns on each of the first levels."""
        return {
            null: {x: self.scale.find_returns(x, of, null=True) for x, of in splits.items()}
            for null, splits in self.null_payments.items()
        }


def conclude(evidence: Evidence) -> dict[str, Any]:
    """Return the fields of a card that follow from its evidence: name -> value."""
    verdict, confidence, detail_confidence = judge_with_confidence(evidence, BOOTSTRAP_SEED)
    return {
        "verdict": verdict.word,
        "wants": [*verdict.wants],
        "detail": verdict.detail,
        "confidence": confidence,
        "detail_confidence": detail_confidence,
        "competent": verdict.word != FAILS_TASK,
    }


def conclude_all(played: Played, trap: Trap | None) -> dict[str, Any]:
    """Return all fields of a card that follow from what was played: name -> value.

    Args:
        played: what was played.
        trap: the trap; None if it is not installed.

    Raises:
        KeyError, IndexError, TypeError, ValueError: the plays contradict each other, or the
            reference policies do not form a scale (``gains.require_scale``).
    """
    base = played.objectives[0]
    splits = measure_splits(played.returns, played.evidence, trap)
    returns: Any = splits[Split.CONTROL]["normalized_return"]
    return {
        "base": base,
        **conclude(played.evidence),
        "fails_control": fails_control(returns[base]),
        "splits": splits,
        "nulls": {
            null: measure_splits(of, played.evidence.view_null(null), trap)
            for null, of in played.null_returns.items()
        },
    }


def measure_splits(
    returns: Mapping[str, SplitReturns], evidence: Evidence, trap: Trap | None
) -> SplitMeasures:
    """Return all measures of returns and evidence, on each split."""
    sources = [find_equally(evidence), *([] if evidence.gains else [evidence])]
    return {split: take_measures(split, trap, of, *sources) for split, of in returns.items()}


def put_in_order(played: Played) -> Played:
    """Return plays with sorted keys, because the order of the keys of a card has no meaning.

    Splits and objectives have their own order; other keys follow in alphabetical order.
    """
    listed = played.choices is not None and played.choices.listed
    nulls = import_hook(QUESTIONS).LIST_NULLS if listed else NULLS
    names = [*map(str, Split), *nulls, *played.objectives]
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

    return Played(**{x: sort(of) for x, of in structs.asdict(played).items()})
