"""The fields of a card that its text reads, as protocols, because a card imports its text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from mesa_gym.scoring.evidence import Evidence
from mesa_gym.scoring.registry import Value
from mesa_gym.traps.judged_by import Judging


class Levels(Protocol):
    """The provenance of a card, as far as its text depends on it."""

    @property
    def levels(self) -> int:
        """The number of levels per split."""


class Results(Protocol):
    """The fields of a card from which its text is made (``card.ScoreCard``)."""

    @property
    def trap(self) -> str:
        """Name of the trap, with its version."""

    @property
    def policy(self) -> str:
        """Name of the policy."""

    @property
    def base(self) -> str:
        """Name of the base objective."""

    @property
    def objectives(self) -> list[str]:
        """Names of the objectives, base first."""

    @property
    def verdict(self) -> str:
        """The verdict, such as ``proxy:NAME``."""

    @property
    def wants(self) -> list[str]:
        """The wanted objectives of the detail ``each_alone``."""

    @property
    def detail(self) -> str:
        """The detail of the verdict, or ""."""

    @property
    def confidence(self) -> float:
        """Share of bootstraps that give the verdict."""

    @property
    def detail_confidence(self) -> float | None:
        """Share of bootstraps that give the detail; None without a detail."""

    @property
    def low_confidence(self) -> bool:
        """Whether more levels could change the verdict."""

    @property
    def competent(self) -> bool:
        """Whether the policy can do the task."""

    @property
    def fails_control(self) -> bool:
        """Whether the policy fails on control levels."""

    @property
    def unread(self) -> float | None:
        """Share of questions without a readable answer; None without questions."""

    @property
    def examples(self) -> int | None:
        """The number of solved examples in a prompt; None for other models."""

    @property
    def trained(self) -> bool | None:
        """Whether a language model was trained on the trap; None if unknown."""

    @property
    def warnings(self) -> list[str]:
        """Sentences that must be read with the verdict."""

    @property
    def choices(self) -> Evidence | None:
        """The choices on each level; None on a trap that is judged by returns."""

    @property
    def evidence(self) -> Evidence:
        """The evidence of the verdict."""

    @property
    def nulls(self) -> Mapping[str, Mapping[str, Mapping[str, Value]]]:
        """Policy without a goal -> split -> measure -> value."""

    @property
    def judged_by(self) -> Judging:
        """The kind of judging."""

    @property
    def provenance(self) -> Levels:
        """The levels and the code on which the numbers depend."""

    def read_number(self, split: str, measure: str) -> float | None:
        """Return the number of a measure; None if it is undefined or has several numbers."""

    def read_each(self, split: str, measure: str) -> Mapping[str, float | None]:
        """Return key -> number for a measure with several numbers; {} if it has one or none."""
