"""Nulls: measures of policies without a goal on the same levels, shown beside the agent's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec
import numpy as np

from mesa_gym.engine import ACTIONS, State
from mesa_gym.policies import Constant, Policy, Sweeper, uniform
from mesa_gym.policies.sweeper import list_avoidable
from mesa_gym.scoring.choices import gather_evidence, list_paced
from mesa_gym.scoring.evidence import Evidence
from mesa_gym.scoring.findings import DRIFT, NULLS, OFF, RANDOM, SWEEPER, view_null
from mesa_gym.scoring.measures import Played, Value, take_measures
from mesa_gym.scoring.plays import AGAIN, BARE, FEW_LEVELS, JUDGED, plays_of
from mesa_gym.scoring.record import ENDED, Record
from mesa_gym.scoring.rollout import rollout
from mesa_gym.solver import LevelValues
from mesa_gym.traps import Split, Trap


class Null(NamedTuple):
    """A policy without a goal on the first levels of a trap.

    Attributes:
        measured: split -> measures, of ``test`` and ``shift``; {} of one that is not shown.
        evidence: as of any policy; None on a trap that is judged by returns.
    """

    measured: dict[str, dict[str, Value]]
    evidence: Evidence | None


class NullPlays:
    """The nulls that are the same for all policies scored on some levels.

    Args:
        trap: the rules.
        starts: split -> the levels, at least of ``test`` and ``shift``.
        values: split -> what they are worth.

    Attributes:
        nulls: name -> its measures.
    """

    def __init__(
        self, trap: Trap, starts: Mapping[Split, State], values: Mapping[Split, LevelValues]
    ) -> None:
        self.trap = trap
        self.few = {split: starts[split].take(slice(FEW_LEVELS)) for split in JUDGED}
        self.values = {split: values[split].take(slice(FEW_LEVELS)) for split in JUDGED}
        policies: dict[str, Policy] = {SWEEPER: Sweeper(trap), RANDOM: uniform()}
        # Where everything can be taken away, its ghosts tell more.
        if not trap.by_returns() and BARE not in list_paced(trap):
            policies |= {OFF + kind: Sweeper(trap, kind) for kind in list_avoidable(trap)}
        played = {name: self._play(policy) for name, policy in policies.items()}
        self.nulls = self._measure(played, {})

    def beside(self, training: Record) -> dict[str, Null]:
        """Return all nulls of a policy, its drift included; ``training`` is its play of ``train``.

        Its drift sees nothing, and takes each action as often as the policy does in training.
        """
        done = training.actions[training.actions != ENDED]
        often = np.bincount(done, minlength=len(ACTIONS)) / len(done)
        return self.nulls | self._measure({DRIFT: self._play(Constant(often.tolist()))}, self.nulls)

    def _measure(
        self,
        played: Mapping[str, Mapping[str, Record]],
        others: Mapping[str, Null],
    ) -> dict[str, Null]:
        """Return name -> the null with its measures; ``others`` are nulls measured before."""
        if self.trap.by_returns():
            return {name: Null(self._take(played[name]), None) for name in played}
        found = {
            n: gather_evidence(self.trap, records, self.values) for n, records in played.items()
        }
        known = {name: null.evidence for name, null in others.items() if null.evidence}
        whole = msgspec.structs.replace(next(iter(found.values())), nulls={**known, **found})
        return {
            name: Null(
                self._take(played[name], view_null(whole, name)) if name in NULLS else {},
                evidence,
            )
            for name, evidence in found.items()
        }

    def _play(self, policy: Policy) -> dict[str, Record]:
        found = {}
        for name, play in plays_of(self.trap).items():
            if play.split in JUDGED and name != AGAIN:
                few = self.few[play.split]
                whole = few if play.takes_away else None
                changed = play.change(few)
                found[name] = rollout(
                    policy, self.trap, changed, play.steps, play=name, whole=whole
                )
        return found

    def _take(
        self, played: Mapping[str, Record], *evidence: Evidence
    ) -> dict[str, dict[str, Value]]:
        """Return split -> measures of one null."""
        found = {}
        for split in JUDGED:
            play = Played(self.trap, played[split], self.values[split], self.few[split])
            found[split.value] = take_measures(split, play, *evidence)
        return found
