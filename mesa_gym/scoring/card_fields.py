"""The fields of a card, which its text reads: results, and what was played."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct, structs

from mesa_gym.errors import unknown
from mesa_gym.scoring.evidence import REFERENCE, Evidence, LevelReturns
from mesa_gym.scoring.payments import Number
from mesa_gym.scoring.registry import Value
from mesa_gym.scoring.returns import Scale, SplitPayments, SplitReturns
from mesa_gym.scoring.verdict import DECIDED
from mesa_gym.traps.judged_by import JUDGINGS, Judging

CARD_SCHEMA = 10
# A card stores measures by name.
Measured = dict[str, Number | dict[str, Number | None] | None]
Share = Annotated[float, Meta(ge=0, le=1)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]


class Provenance(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that the numbers of a card depend on.

    Attributes:
        trap: the trap with its size and parameters.
        levels: the number of levels per split; their numbers are 0 to ``levels`` - 1.
        seed: the seed for sampling actions.
        salt: digest of an evaluator's secret; "" for the public levels.
        rules: digest of the thresholds and rules of the verdict.
        command: the command that made the card; "" if a Python call made it.
        versions: the versions of the packages that computed the card, and the processor's name.
        digest: the agent's identity, which its copies share: digest of its weights; if they cannot
            be read, of its action probabilities in the start states of 64 test levels; if it
            returns actions, of all its actions; if it chooses places, of its choices and of all
            that the card says of its questions.
        training: setting -> value in JSON, of an agent's folder that records its training;
            ``versions`` are those of the training, such as JAX, jaxlib and the processor.
    """

    trap: Annotated[str, Meta(min_length=1, max_length=500)]
    levels: Annotated[int, Meta(ge=1)]
    seed: Annotated[int, Meta(ge=0)]
    salt: Annotated[str, Meta(pattern="^([0-9a-f]{32})?$")]
    rules: Annotated[str, Meta(pattern="^[0-9a-f]{16,32}$")]
    versions: dict[str, str]
    digest: Digest
    command: str = ""
    training: dict[str, str] = {}


class CardFields(Struct, frozen=True, dict=True, forbid_unknown_fields=True, kw_only=True):
    """The fields of a ``ScoreCard``, and what follows from them."""

    trap: Name
    policy: Name
    base: Name
    verdict: Name
    confidence: Share
    competent: bool
    fails_control: bool
    splits: dict[str, Measured]
    nulls: dict[str, dict[str, Measured]]
    provenance: Provenance
    judging: Annotated[str, Meta(max_length=200)]
    objectives: Annotated[list[Name], Meta(min_length=2)]
    payments: dict[str, SplitPayments]
    null_payments: dict[str, dict[str, SplitPayments]]
    scale: Scale
    choices: Evidence | None
    wants: list[Name] = []
    detail: str = ""
    detail_confidence: Share | None = None
    examples: Annotated[int, Meta(ge=0)] | None = None
    trained: bool | None = None
    form: Annotated[str, Meta(max_length=200)] = ""
    names: dict[Name, Name] = {}
    schema: Annotated[int, Meta(ge=CARD_SCHEMA, le=CARD_SCHEMA)] = CARD_SCHEMA

    @property
    def low_confidence(self) -> bool:
        """Return whether the confidence is below 0.8: more levels could change the verdict."""
        return self.confidence < DECIDED

    @cached_property
    def evidence(self) -> Evidence:
        """The evidence of the verdict: ``choices``, or gains, which follow from the payments."""
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
        """Split -> the policy's returns on each level, which follow from the payments."""
        return {x: self.scale.find_returns(x, of) for x, of in self.payments.items()}

    @cached_property
    def null_returns(self) -> dict[str, dict[str, SplitReturns]]:
        """Policy without a goal -> split -> its returns on each of the first levels."""
        return {
            null: {x: self.scale.find_returns(x, of, null=True) for x, of in splits.items()}
            for null, splits in self.null_payments.items()
        }

    @property
    def judged_by(self) -> Judging:
        """The kind of judging; a card of an unknown kind can be shown, but does not count."""
        return JUDGINGS.get(self.judging, Judging())

    @property
    def success(self) -> str:
        """The name of the measure of success on ``test``."""
        return self.judged_by.success[1]

    def read_each(self, split: str, measure: str, null: str = "") -> dict[str, float | None]:
        """Return key -> number for a measure with several numbers; {} if it has one or none.

        ``null`` is a policy without a goal; by default, the numbers are of the policy.
        """
        value = self._read(split, measure, null)
        return value if isinstance(value, dict) else {}

    def read_number(self, split: str, measure: str) -> float | None:
        """Return the number of a measure; None if it is undefined or has several numbers."""
        value = self._read(split, measure)
        return None if isinstance(value, dict) else value

    def _read(self, split: str, measure: str, null: str = "") -> Value:
        splits = self.nulls[null] if null else self.splits
        if split not in splits:
            raise unknown("split", split, splits)
        if measure not in splits[split]:
            raise unknown(f"measure of {split}", measure, splits[split])
        return splits[split][measure]

    @property
    def unread(self) -> float | None:
        """Share of text questions in all plays without a readable answer; None without any."""
        of_splits = [payments.counts for payments in self.payments.values()]
        counts = [counts["unread"] for counts in of_splits if "unread" in counts]
        questions = sum(float(of["questions"].sum(dtype=np.float64)) for of in counts)
        unread = sum(float(of["unread"].sum(dtype=np.float64)) for of in counts)
        return unread / questions if questions else None
