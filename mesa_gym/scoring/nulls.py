"""Nulls: what policies without a goal get on the same levels, and verdicts beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from mesa_gym.engine import ACTIONS, State
from mesa_gym.policies import Constant, Policy, Sweeper, uniform
from mesa_gym.policies.sweeper import list_avoidable
from mesa_gym.scoring.choices import gather_evidence, list_paced
from mesa_gym.scoring.evidence import Evidence
from mesa_gym.scoring.findings import DRIFT, NULLS, OFF, RANDOM, SWEEPER, view_null
from mesa_gym.scoring.measures import take_measures
from mesa_gym.scoring.playing import play_changed
from mesa_gym.scoring.plays import AGAIN, BARE, FEW_LEVELS, JUDGED, plays_of
from mesa_gym.scoring.record import ENDED, Record, SplitRecord
from mesa_gym.scoring.registry import Value
from mesa_gym.scoring.verdict import Verdict, confidence, judge, judge_plays
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


class Nulls:
    """The nulls that are the same for all policies scored on some levels.

    Args:
        trap: the rules.
        starts: split -> the levels, at least of ``test`` and ``shift``.
        values: split -> what they are worth.

    Attributes:
        trap: the same.
        known: name -> its measures.
    """

    def __init__(
        self, trap: Trap, starts: Mapping[Split, State], values: Mapping[Split, LevelValues]
    ) -> None:
        self.trap = trap
        few = slice(FEW_LEVELS)
        self._starts = {split: starts[split].take(few) for split in JUDGED}
        self._values = {split: values[split].take(few) for split in JUDGED}
        policies: dict[str, Policy] = {SWEEPER: Sweeper(trap), RANDOM: uniform()}
        # Where everything can be taken away, its ghosts tell more.
        if not trap.by_returns() and BARE not in list_paced(trap):
            policies |= {OFF + kind: Sweeper(trap, kind) for kind in list_avoidable(trap)}
        self.known: dict[str, Null] = {}
        self.known = self._measure(policies)

    def beside(self, training: Record) -> dict[str, Null]:
        """Return all nulls of a policy, its drift included; ``training`` is its play of ``train``.

        Its drift sees nothing, and takes each action as often as the policy does in training.
        """
        done = training.actions[training.actions != ENDED]
        often = np.bincount(done, minlength=len(ACTIONS)) / len(done)
        return self.known | self._measure({DRIFT: Constant(often.tolist())})

    def _measure(self, policies: Mapping[str, Policy]) -> dict[str, Null]:
        """Return name -> the null with its measures."""
        plays = [x for x in plays_of(self.trap).values() if x.split in JUDGED and x.name != AGAIN]
        played = {
            name: {x.name: play_changed(x, policy, self._starts[x.split]) for x in plays}
            for name, policy in policies.items()
        }
        evidence: dict[str, Evidence] = {}
        if not self.trap.by_returns():
            evidence = {x: gather_evidence(self.trap, y, self._values) for x, y in played.items()}
        known = {x: each.evidence for x, each in self.known.items() if each.evidence} | evidence
        found = {}
        for name, records in played.items():
            measured: dict[str, dict[str, Value]] = {}
            for split in JUDGED if name in NULLS else ():
                on = self.trap, records[split], self._values[split], self._starts[split]
                seen = view_null(known, name) if known else None
                measured[split.value] = take_measures(split, SplitRecord(*on), seen)
            found[name] = Null(measured, evidence.get(name))
        return found


def judge_records(
    records: Mapping[str, Record],
    of_split: Mapping[Split, SplitRecord],
    nulls: Mapping[str, Null],
    seed: int,
) -> tuple[Verdict, float, Evidence | None]:
    """Return the verdict on a policy, its confidence, and the evidence of its choices.

    Args:
        records: play (``plays_of``) -> what was done; ``again`` may be missing.
        of_split: at least of ``test`` and ``shift``, with their values.
        nulls: name -> what policies without a goal get on the first of these levels.
        seed: of the resampling.

    Returns:
        no evidence (None) on a trap that is judged by returns.

    Raises:
        ValueError: reference policies are not a scale.
    """
    test, shift = (of_split[x] for x in JUDGED)
    trap = test.trap
    if trap.by_returns():
        sweep = nulls[SWEEPER].measured[Split.TEST]["normalized_return"]
        assert isinstance(sweep, dict)
        return *judge_plays(test, shift, sweep[trap.base], seed), None
    known = {null: each.evidence for null, each in nulls.items() if each.evidence}
    values = {split: each.values for split, each in of_split.items()}
    evidence = gather_evidence(trap, records, values, known)
    return judge(evidence), confidence(evidence, seed), evidence
