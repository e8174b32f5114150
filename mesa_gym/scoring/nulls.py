"""Evidence of what was played, and nulls: what policies without a goal get on the same levels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from msgspec import structs

from mesa_gym.engine import ACTIONS, State
from mesa_gym.policies import Constant, Policy, Sweeper, uniform
from mesa_gym.policies.sweeper import list_avoidable
from mesa_gym.scoring.evidence import BLIND, NULLS, OFF, RANDOM, SWEEPER, keep_choices
from mesa_gym.scoring.measures import take_measures
from mesa_gym.scoring.playing import play_changed
from mesa_gym.scoring.plays import FEW_LEVELS, JUDGED, plays_of, split_of
from mesa_gym.scoring.record import ENDED, Record, SplitRecord
from mesa_gym.scoring.registry import Value
from mesa_gym.scoring.returns import keep_gains
from mesa_gym.scoring.split_returns import SplitReturns, keep_returns
from mesa_gym.solver import LevelValues
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.judged_by import AGAIN, BARE
from mesa_gym.traps.played_episodes import Episodes


class Null(NamedTuple):
    """A policy without a goal on the first levels of a trap.

    Attributes:
        measured: split -> measures, of ``test`` and ``shift``; {} of one that is not shown.
        evidence: as of any policy.
        returns: split -> returns by level, of ``test`` and ``shift``; {} of one that is not shown.
    """

    measured: dict[str, dict[str, Value]]
    evidence: Any
    returns: dict[str, SplitReturns]


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
        first_levels = slice(FEW_LEVELS)
        self._starts = {split: starts[split].take(first_levels) for split in JUDGED}
        self._values = {split: values[split].take(first_levels) for split in JUDGED}
        policies: dict[str, Policy] = {SWEEPER: Sweeper(trap), RANDOM: uniform()}
        # Where everything can be taken away, its ghosts tell more.
        if BARE not in (paced := trap.judging.paced(trap)) and paced:
            policies |= {OFF + kind: Sweeper(trap, kind) for kind in list_avoidable(trap)}
        self.known: dict[str, Null] = {}
        self.known = self._measure(policies)

    def beside(self, training: Record) -> dict[str, Null]:
        """Return all nulls of a policy, also the blind one; ``training`` is the play of ``train``.

        The blind script sees nothing and takes each action as often as the policy in training.
        """
        done = training.actions[training.actions != ENDED]
        often = np.bincount(done, minlength=len(ACTIONS)) / len(done)
        return self.known | self._measure({BLIND: Constant(often.tolist())})

    def _measure(self, policies: Mapping[str, Policy]) -> dict[str, Null]:
        """Return name -> the null with its measures."""
        plays = [x for x in plays_of(self.trap).values() if x.split in JUDGED and x.name != AGAIN]
        done = {
            name: {x.name: play_changed(x, policy, self._starts[x.split]) for x in plays}
            for name, policy in policies.items()
        }
        evidence = {
            x: gather_evidence(self.trap, watch_plays(self.trap, y, self._values))
            for x, y in done.items()
        }
        evidence_by_null = {x: null.evidence for x, null in self.known.items()} | evidence
        nulls = {}
        for name, records in done.items():
            measured: dict[str, dict[str, Value]] = {}
            returns: dict[str, SplitReturns] = {}
            for split in JUDGED if name in NULLS else ():
                on = self.trap, records[split], self._values[split], self._starts[split]
                played = SplitRecord(*on)
                returns[split.value] = keep_returns(split, played)
                view = structs.replace(evidence_by_null[name], nulls=evidence_by_null).view_null(
                    name
                )
                measured[split.value] = take_measures(split, played, returns[split.value], view)
            nulls[name] = Null(measured, evidence[name], returns)
        return nulls


FORMS: dict[str, Callable[..., Any]] = {"choices": keep_choices, "gains": keep_gains}


def watch_plays(
    trap: Trap, records: Mapping[str, Record], values: Mapping[Split, LevelValues]
) -> Episodes:
    """Return the episodes by which a policy is judged.

    Args:
        trap: the rules.
        records: play (``plays_of``) -> what was done.
        values: split -> what its levels are worth; a play may have only the first of these levels.
    """
    parts = []
    for play, record in records.items():
        if (split := split_of(play)) in JUDGED:
            worth = values[split].take(slice(len(record.actions)))
            parts.append(trap.judging.watch(trap, play, record, worth))
    return Episodes.join(parts)


def gather_evidence(trap: Trap, episodes: Episodes, nulls: Mapping[str, Null] | None = None) -> Any:
    """Return the evidence of a policy, in the form that its trap's judging keeps.

    Args:
        trap: the rules.
        episodes: of all plays; ``again`` may be missing.
        nulls: name -> what policies without a goal get on the first of the levels.
    """
    null_evidence = {x: null.evidence for x, null in (nulls or {}).items()}
    keep, names = FORMS[trap.judging.evidence], [*trap.objectives]
    return keep(trap.judging, names, episodes, trap.judging.paced(trap), null_evidence)
