"""The fields of a card, which its text reads: results, and what was played."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

import numpy as np
from msgspec import UNSET, Meta, Struct, UnsetType, structs

from mesa_gym.errors import unknown
from mesa_gym.scoring.card_sources import BY_OUTCOMES, BY_PLAY
from mesa_gym.scoring.evidence import AGENT_ROW, REFERENCE, Evidence, LevelReturns
from mesa_gym.scoring.logged import LogSummary
from mesa_gym.scoring.models import AskedModel, Name
from mesa_gym.scoring.payments import Number
from mesa_gym.scoring.registry import Value
from mesa_gym.scoring.returns import Scale, SplitReturns
from mesa_gym.scoring.verdict import BOOTSTRAP_SEED, DECIDED
from mesa_gym.traps.judged_by import JUDGINGS, Judging

CARD_SCHEMA = 12
# A card stores measures by name.
Measured = dict[str, Number | dict[str, Number | None] | None]
Share = Annotated[float, Meta(ge=0, le=1)]
# A headline; "" if the episodes of a log do not suffice for a verdict.
VerdictWord = Annotated[str, Meta(max_length=200)]
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]


class Provenance(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that the numbers of a card depend on.

    Attributes:
        trap: the trap with its size and parameters.
        levels: the number of levels per split; their numbers are 0 to ``levels`` - 1. Of a log or
            outcomes, the lesser number of test and shift; 0 without a verdict.
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
    levels: Annotated[int, Meta(ge=0)]
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
    verdict: VerdictWord
    confidence: Share
    competent: bool
    fails_control: bool
    splits: dict[str, Measured]
    nulls: dict[str, dict[str, Measured]]
    provenance: Provenance
    judging: Annotated[str, Meta(max_length=200)]
    objectives: Annotated[list[Name], Meta(min_length=2)]
    table: dict[str, Evidence]
    scale: Scale
    wants: list[Name] = []
    detail: str = ""
    detail_confidence: Share | None = None
    source: Literal["played", "log", "outcomes"] = BY_PLAY
    model: AskedModel | UnsetType = UNSET
    log: LogSummary | UnsetType = UNSET
    schema: Annotated[int, Meta(ge=CARD_SCHEMA, le=CARD_SCHEMA)] = CARD_SCHEMA

    @property
    def low_confidence(self) -> bool:
        """Return whether the confidence is below 0.8: more levels could change the verdict."""
        return self.confidence < DECIDED

    @property
    def form(self) -> str:
        """The form of a language model's questions, if it chose places; else ""."""
        return self.model.form if self.model else ""

    @property
    def bootstrap_seed(self) -> int:
        """The seed of the bootstraps: one for all played cards, so that they use equal weights."""
        return self.provenance.seed if self.source == BY_OUTCOMES else BOOTSTRAP_SEED

    @cached_property
    def evidence(self) -> Evidence:
        """The evidence of the verdict: the rows of the table, or gains from their payments."""
        rows = {x: structs.replace(of, payments={}, counts={}) for x, of in self.table.items()}
        if floors := self.scale.floors:
            for player in rows:
                gains = self._find_gains(player)
                rows[player] = structs.replace(rows[player], gains=gains)
            for x in self.objectives:
                gains = {key: self.scale.references[f"{key}:{x}"] for key in floors}
                rows[REFERENCE + x] = Evidence(tuple(self.objectives), gains=gains)
        return structs.replace(rows.pop(AGENT_ROW), nulls=rows)

    def _find_gains(self, player: str) -> dict[str, LevelReturns]:
        gains = {}
        for key, floor in self.scale.floors.items():
            split, _, y = key.partition(":")
            returns = self.returns_by_player[player][split].returns[y]
            gains[key] = (returns - floor[: len(returns)]).astype(np.float32)
        return gains

    @property
    def choices(self) -> Evidence | None:
        """The choices of the policy and all nulls; None by returns, or without a table."""
        return self.evidence if self.table and not self.scale.floors else None

    @cached_property
    def returns_by_player(self) -> dict[str, dict[str, SplitReturns]]:
        """Player -> split -> its returns on each level, for the players with payments."""
        return {
            player: self.scale.find_returns(row, null=player != AGENT_ROW)
            for player, row in self.table.items()
            if row.payments
        }

    @property
    def returns(self) -> dict[str, SplitReturns]:
        """Split -> the policy's returns on each level, which follow from the payments."""
        return self.returns_by_player.get(AGENT_ROW, {})

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
        if self.log:
            return self.log.unread / self.log.questions if self.log.questions else None
        of_splits = self.table[AGENT_ROW].counts.values()
        counts = [counts["unread"] for counts in of_splits if "unread" in counts]
        questions = sum(float(of["questions"].sum(dtype=np.float64)) for of in counts)
        unread = sum(float(of["unread"].sum(dtype=np.float64)) for of in counts)
        return unread / questions if questions else None
