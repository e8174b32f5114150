"""Nulls: what a policy without a goal gets on the same levels, to be read beside every figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from mesa_gym.engine import ACTIONS, Ints
from mesa_gym.policies import Constant, Policy, Sweeper, uniform
from mesa_gym.scoring.card_data import Measured
from mesa_gym.scoring.evidence import gather_evidence
from mesa_gym.scoring.measures import Played, take_measures
from mesa_gym.scoring.plays import FEW_LEVELS, play, plays_of, split_of
from mesa_gym.scoring.rollout import ENDED, Record
from mesa_gym.solver import LevelValues
from mesa_gym.traps import Split, Trap

SWEEPER, UNIFORM, DRIFT = "sweeper", "uniform", "drift"
# A null has no training, so that it is played where agents are judged.
JUDGED = (Split.TEST, Split.SHIFT)


@dataclass(frozen=True, eq=False)
class Null:
    """What a policy without a goal gets on the first levels of a trap.

    Attributes:
        measured: split -> measures, of ``test`` and ``shift``.
        pace: as of ``Evidence``; {} on a trap that is judged by returns.
    """

    measured: dict[str, Measured]
    pace: Mapping[str, Ints]


@dataclass(frozen=True, eq=False)
class Controls:
    """What is the same for all policies that are scored on some levels.

    Attributes:
        trap: the rules.
        values: split -> what the first levels are worth, of ``test`` and ``shift``.
        salt: of the levels.
        nulls: of the sweeper and the uniform policy.
    """

    trap: Trap
    values: Mapping[Split, LevelValues]
    salt: str
    nulls: Mapping[str, Null]

    @classmethod
    def play(cls, trap: Trap, values: Mapping[Split, LevelValues], salt: str = "") -> Controls:
        """Play the first levels, at most ``FEW_LEVELS``, of which ``values`` are."""
        few = {split: _take_first(values[split]) for split in JUDGED}
        controls = cls(trap, few, salt, {})
        for name, policy in ((SWEEPER, Sweeper(trap)), (UNIFORM, uniform())):
            controls = replace(controls, nulls={**controls.nulls, name: controls.measure(policy)})
        return controls

    def measure(self, policy: Policy) -> Null:
        """Return what a policy without a goal gets."""
        played = {}
        for name in plays_of(self.trap):
            if (split := split_of(name)) in JUDGED:
                starts = self.trap.levels(split, self.values[split].numbers, self.salt)
                played[name] = play(policy, self.trap, name, starts)
        evidence = None
        if not self.trap.by_returns():
            evidence = gather_evidence(self.trap, played, self.values, list_paces(self.nulls))
        measured = {
            split.value: take_measures(
                split, Played(self.trap, played[split], self.values[split]), evidence
            )
            for split in JUDGED
        }
        return Null(measured, {} if evidence is None else evidence.pace)

    def beside(self, training: Record) -> dict[str, Null]:
        """Return all nulls of a policy, whose play of ``train`` is given.

        Its drift sees nothing, and takes each action as often as the policy does in training.
        """
        done = training.actions[training.actions != ENDED]
        often = np.bincount(done, minlength=len(ACTIONS)) / len(done)
        return {**self.nulls, DRIFT: self.measure(Constant(often.tolist()))}


def list_paces(nulls: Mapping[str, Null]) -> dict[str, Mapping[str, Ints]]:
    """Return null -> its paces, as ``Evidence.nulls`` has them."""
    return {name: null.pace for name, null in nulls.items()}


def _take_first(values: LevelValues) -> LevelValues:
    return values.take(np.arange(min(FEW_LEVELS, len(values.numbers))))
