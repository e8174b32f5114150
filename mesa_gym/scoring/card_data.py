"""Fields of a score card: plain data that ``msgspec`` reads, checks and writes."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from hashlib import blake2b
from typing import Annotated, NamedTuple

import gymnasium
import numpy as np
from msgspec import Meta, Struct

import mesa_gym
from mesa_gym.errors import unknown
from mesa_gym.scoring.evidence import Evidence
from mesa_gym.scoring.measures import MEASURES, Measure, Value
from mesa_gym.scoring.verdict import DECIDED, FEW

SCHEMA = 7
# No other hash of the same salt, for another purpose, can be mistaken for this one.
_PURPOSE = b"mesa-gym: an evaluator's salt"
# Measures by name, as they lie in a card.
Number = Annotated[float, Meta(ge=-1e9, le=1e9)]
Measured = dict[str, Number | dict[str, Number | None] | None]
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]


class Plain(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Data without behaviour; a field that is not known is refused."""


class Provenance(Plain, frozen=True, kw_only=True):
    """Everything that the numbers depend on.

    Attributes:
        trap: the trap with its size and parameters.
        levels: numbers 0 to ``levels`` - 1 of each split.
        seed: of the sampling.
        salt: digest of an evaluator's secret; "" for the public levels.
        command: that printed the card; "" where it was made by a call from Python.
        versions: of the packages that computed it.
        digest: of the policy's weights; "" where they cannot be read.
    """

    trap: Annotated[str, Meta(min_length=1, max_length=500)]
    levels: Annotated[int, Meta(ge=1)]
    seed: Count
    salt: Annotated[str, Meta(pattern="^([0-9a-f]{32})?$")]
    versions: dict[str, str]
    command: str = ""
    digest: Annotated[str, Meta(pattern="^([0-9a-f]{32})?$")] = ""


class Row(NamedTuple):
    """One number of a card.

    Attributes:
        split: on which it was taken.
        measure: what it is.
        key: the objective or part that it is of; "" where there is one number.
        value: of the policy; None where it means nothing.
        nulls: name of a policy without a goal -> its figure; {} where it was not played.
    """

    split: str
    measure: Measure
    key: str
    value: float | None
    nulls: dict[str, float | None]


class CardData(Plain, frozen=True, kw_only=True):
    """All fields of a card; ``ScoreCard`` says what they mean."""

    trap: Name
    policy: Name
    base: Name
    verdict: Name
    confidence: Share
    competent: bool
    brittle: bool
    splits: dict[str, Measured]
    nulls: dict[str, dict[str, Measured]]
    provenance: Provenance
    wants: list[Name] = []
    choices: Evidence | None = None
    schema: Annotated[int, Meta(ge=SCHEMA, le=SCHEMA)] = SCHEMA

    @property
    def undecided(self) -> bool:
        """Return whether the levels are too few: below 100, and confidence below 0.8."""
        return self.provenance.levels < FEW and self.confidence < DECIDED

    @property
    def objectives(self) -> list[str]:
        """Names of the objectives, the base objective first."""
        return list(self.read_each("shift", "normalized_return"))

    def read_each(self, split: str, measure: str) -> dict[str, float | None]:
        """Return key -> number of a measure with several numbers; {} where the split lacks it."""
        value = self._read(split, measure)
        return value if isinstance(value, dict) else {}

    def read_number(self, split: str, measure: str) -> float | None:
        """Return the number of a measure with one number; None where the split lacks it."""
        value = self._read(split, measure)
        return None if isinstance(value, dict) else value

    def _read(self, split: str, measure: str) -> Value:
        if split not in self.splits:
            raise unknown("split", split, self.splits)
        if measure not in self.splits[split]:
            raise unknown(f"measure of {split}", measure, self.splits[split])
        return self.splits[split][measure]

    def rows(self) -> Iterator[Row]:
        """Yield each number of the card with the numbers of its nulls (policies without a goal)."""
        for split, measured in self.splits.items():
            for name, value in measured.items():
                others = {
                    null: on[split].get(name) for null, on in self.nulls.items() if split in on
                }
                for key, number in split_value(value):
                    nulls = {null: dict(split_value(v)).get(key) for null, v in others.items()}
                    yield Row(split, MEASURES[name], key, number, nulls)


def read_each(measured: Measured, measure: str) -> dict[str, float | None]:
    """Return key -> number of a measure with several numbers; {} where ``measured`` lacks it."""
    value = measured.get(measure)
    return value if isinstance(value, dict) else {}


def split_value(value: Value) -> list[tuple[str, float | None]]:
    """Return (key, number) pairs of a measure's value; a single number has the key ""."""
    return list(value.items()) if isinstance(value, dict) else [("", value)]


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that compute a score."""
    return {
        "mesa_gym": mesa_gym.__version__,
        "gymnasium": gymnasium.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def salt_digest(salt: str) -> str:
    """Return 32 hex digits, keyed BLAKE2b-128, that tell salts apart; "" for no salt.

    A salt that is easily guessed is easily found from them: a secret one is long and random.
    """
    return blake2b(salt.encode(), digest_size=16, key=_PURPOSE).hexdigest() if salt else ""
