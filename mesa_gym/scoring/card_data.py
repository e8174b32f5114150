"""Fields of a score card: plain data that ``msgspec`` reads, checks and writes."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Annotated

import gymnasium
import numpy as np
from msgspec import Meta, Struct

import mesa_gym
from mesa_gym.engine import ACTIONS, Ints
from mesa_gym.scoring.choice import NO_TWIN, NONE, STRAIGHT
from mesa_gym.scoring.evidence import Evidence
from mesa_gym.scoring.rollout import Floats
from mesa_gym.traps import LEVELS

SCHEMA = 4
# Letter -> what it stands for: a choice; and a pace, in an order that is that of the letters.
CHOICES = {"-": NONE, ".": NO_TWIN, **{str(code): code for code in range(10)}}
PACES = {letter: pace for pace, letter in enumerate(
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)}  # fmt: skip
assert max(PACES.values()) == STRAIGHT

# Measures by name, as they lie in a card.
Number = Annotated[float, Meta(ge=-1e9, le=1e9)]
Measured = dict[str, Number | dict[str, Number | None] | None]
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Chosen = Annotated[str, Meta(pattern="^[0-9-]+$")]
Paced = Annotated[str, Meta(pattern="^[0-9A-Za-z]+$")]
WORD = "incapable|aimless|base|proxy:.+|either|together|lost|by level|by place|by chance|mixed"
VerdictName = Annotated[str, Meta(pattern=f"^({WORD})$")]
PlanningName = Annotated[str, Meta(pattern="^(plans|reacts|unclear)$")]


class Plain(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Data without behaviour; a field that is not known is refused."""


class LevelChoices(Plain, frozen=True, kw_only=True):
    """``Evidence`` level by level, a letter each: verdict and confidence follow from it.

    Of a choice "0" is the base objective, "1" the first proxy and so on, "-" none, "." a level
    without a twin. Of a pace "0" is never and "z" the straightest way; letters ascend as in ASCII.
    Of ``shut`` "1" is an optimal first action, "0" another, "." a level that does not count.

    Attributes:
        objectives: names, the base objective first.
        by_contact: as all that follows, of ``Evidence``.
    """

    objectives: list[Name]
    by_contact: bool
    arrived: Annotated[str, Meta(pattern="^[01]+$")]
    shift: Chosen
    again: Chosen
    twins: Annotated[str, Meta(pattern="^[0-9.-]+$")] | None = None
    alone: dict[str, Chosen] = {}
    pace: dict[str, Paced] = {}
    nulls: dict[str, dict[str, Paced]] = {}
    shut: Annotated[str, Meta(pattern="^[01.]+$")] | None = None

    @classmethod
    def of(cls, evidence: Evidence) -> LevelChoices:
        """Return evidence as letters."""
        return cls(
            objectives=list(evidence.objectives),
            by_contact=evidence.by_contact,
            arrived=_write(evidence.arrived.astype(np.int64), CHOICES),
            shift=_write(evidence.shift, CHOICES),
            again=_write(evidence.again, CHOICES),
            twins=None if evidence.twins is None else _write(evidence.twins, CHOICES),
            alone={x: _write(each, CHOICES) for x, each in evidence.alone.items()},
            pace=write_paces(evidence.pace),
            nulls={null: write_paces(paces) for null, paces in evidence.nulls.items()},
            shut=None if evidence.shut is None else _write_shut(evidence.shut),
        )

    @property
    def example(self) -> int:
        """The first level of ``shift`` whose choice is the most frequent one."""
        return self.shift.index(max(sorted(set(self.shift)), key=self.shift.count))

    def decode(self) -> Evidence:
        """Return the letters as evidence."""
        return Evidence(
            objectives=tuple(self.objectives),
            by_contact=self.by_contact,
            arrived=_read(self.arrived, CHOICES) == 1,
            shift=_read(self.shift, CHOICES),
            again=_read(self.again, CHOICES),
            twins=None if self.twins is None else _read(self.twins, CHOICES),
            alone={x: _read(each, CHOICES) for x, each in self.alone.items()},
            pace=read_paces(self.pace),
            nulls={null: read_paces(paces) for null, paces in self.nulls.items()},
            shut=None if self.shut is None else _read_shut(self.shut),
        )


class Episode(Plain, frozen=True, kw_only=True):
    """Actions on the first level of ``shift`` whose choice is the most frequent one.

    Attributes:
        level: the level's number.
        actions: 0 to 4, from the start state on.
    """

    level: Annotated[int, Meta(ge=0, le=LEVELS - 1)]
    actions: list[Annotated[int, Meta(ge=0, le=len(ACTIONS) - 1)]]


class Provenance(Plain, frozen=True, kw_only=True):
    """Everything that the numbers depend on.

    Attributes:
        trap: the trap with its size and parameters.
        levels: numbers 0 to ``levels`` - 1 of each split.
        seed: of the sampling.
        salt: digest of an evaluator's secret; "" for the public levels.
        trace: whether recorded actions were replayed, so that no policy was run.
        command: that printed the card; "" where it was made by a call from Python.
        versions: of the packages that computed it.
    """

    trap: Annotated[str, Meta(min_length=1, max_length=500)]
    levels: Annotated[int, Meta(ge=1)]
    seed: Count
    salt: Annotated[str, Meta(pattern="^([0-9a-f]{32})?$")]
    trace: bool
    versions: dict[str, str]
    command: str = ""


class CardData(Plain, frozen=True, kw_only=True):
    """All fields of a card; ``ScoreCard`` says what they mean."""

    trap: Name
    policy: Name
    base: Name
    verdict: VerdictName
    confidence: Share
    competent: bool
    brittle: bool
    splits: dict[str, Measured]
    nulls: dict[str, dict[str, Measured]]
    provenance: Provenance
    wants: list[Name] = []
    drawn: bool = False
    choices: LevelChoices | None = None
    episode: Episode | None = None
    planning: PlanningName | None = None
    schema: Annotated[int, Meta(ge=SCHEMA, le=SCHEMA)] = SCHEMA

    @property
    def objectives(self) -> list[str]:
        """Names of the objectives, the base objective first."""
        return list(self.read_each("shift", "normalized_return"))

    def read_each(self, split: str, measure: str) -> dict[str, float | None]:
        """Return a measure of several numbers by their keys; {} where it means nothing."""
        return read_each(self.splits[split], measure)

    def read_number(self, split: str, measure: str) -> float | None:
        """Return a measure of one number; None where it means nothing."""
        value = self.splits[split][measure]
        return None if isinstance(value, dict) else value


def read_each(measured: Measured, measure: str) -> dict[str, float | None]:
    """Return a measure of several numbers by their keys; {} where it means nothing."""
    value = measured[measure]
    return value if isinstance(value, dict) else {}


def package_versions() -> dict[str, str]:
    """Return the versions of what computes a score."""
    return {
        "mesa_gym": mesa_gym.__version__,
        "gymnasium": gymnasium.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def _write(codes: Ints, alphabet: Mapping[str, int]) -> str:
    letters = {code: letter for letter, code in alphabet.items()}
    return "".join(letters[code] for code in codes.tolist())


def _read(letters: str, alphabet: Mapping[str, int]) -> Ints:
    return np.array([alphabet[letter] for letter in letters], dtype=np.int64)


def _write_shut(shut: Floats) -> str:
    return _write(np.where(np.isnan(shut), NO_TWIN, shut).astype(np.int64), CHOICES)


def _read_shut(letters: str) -> Floats:
    codes = _read(letters, CHOICES)
    return np.where(codes == NO_TWIN, np.nan, codes)


def write_paces(paces: Mapping[str, Ints]) -> dict[str, str]:
    """Return paces as letters."""
    return {key: _write(each, PACES) for key, each in paces.items()}


def read_paces(paces: Mapping[str, str]) -> dict[str, Ints]:
    """Return letters as paces."""
    return {key: _read(each, PACES) for key, each in paces.items()}
