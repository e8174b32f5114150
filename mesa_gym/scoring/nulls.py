"""Nulls: what a policy without a goal gets on the same levels, to be read beside every figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct

import mesa_gym.policies
from mesa_gym.engine import ACTIONS, State
from mesa_gym.files import read_bytes
from mesa_gym.policies import Constant, Policy, Sweeper, uniform
from mesa_gym.policies.sweeper import list_avoidable
from mesa_gym.scoring.evidence import Evidence, encode, gather_evidence, list_paced, read_letters
from mesa_gym.scoring.findings import DRIFT, NULLS, OFF, SWEEPER, UNIFORM, view_null
from mesa_gym.scoring.measures import MEASURES, Played, Subject, Value, take_measures
from mesa_gym.scoring.plays import AGAIN, BARE, FEW_LEVELS, JUDGED, plays_of
from mesa_gym.scoring.record import ENDED, Record
from mesa_gym.scoring.rollout import play_levels
from mesa_gym.solver import LevelValues
from mesa_gym.solver.cache import cache_file, read, write
from mesa_gym.traps import Split, Trap

_PACKAGES = Path(__file__).parent, Path(mesa_gym.policies.__path__[0])


class Null(Struct, frozen=True):
    """A policy without a goal on the first levels of a trap.

    Attributes:
        measured: split -> measures, of ``test`` and ``shift``; {} of one that is not shown.
        evidence: as of any policy; None on a trap that is judged by returns.
    """

    measured: dict[str, dict[str, Value]]
    evidence: Evidence | None


@dataclass(frozen=True, eq=False)
class NullPlays:
    """The nulls that are the same for all policies scored on some levels.

    Attributes:
        trap: the rules.
        starts: split -> the levels, of ``test`` and ``shift``.
        values: split -> what the first of them are worth, at most ``FEW_LEVELS``.
        nulls: name -> what it gets.
    """

    trap: Trap
    starts: Mapping[Split, State]
    values: Mapping[Split, LevelValues]
    nulls: dict[str, Null]

    @classmethod
    def play(
        cls,
        trap: Trap,
        starts: Mapping[Split, State],
        values: Mapping[Split, LevelValues],
        salt: str = "",
    ) -> NullPlays:
        """Play the first of some levels, of which ``values`` are; what is found is kept on disk."""
        few = {split: _take_first(values[split]) for split in JUDGED}
        mine = cls(trap, starts, few, {})
        shift, levels = few[Split.SHIFT].numbers, len(values[Split.TEST].numbers)
        of = _fingerprint() + repr(levels).encode()
        path = cache_file(trap, Split.SHIFT, shift, trap.horizon(Split.SHIFT), salt, of)
        # What a user's own measure depends on cannot be seen, so with one nothing is kept.
        keeps = all(each.compute.__module__.startswith("mesa_gym.") for each in MEASURES.values())
        kept = read(path, lambda arrays: _decode(arrays["nulls"].tobytes())) if keeps else None
        if kept is None:
            policies: dict[str, Policy] = {SWEEPER: Sweeper(trap), UNIFORM: uniform()}
            # Where everything can be taken away, its ghosts tell more.
            if not trap.by_returns() and BARE not in list_paced(trap):
                policies |= {OFF + kind: Sweeper(trap, kind) for kind in list_avoidable(trap)}
            kept = mine._measure(policies, {})
            if keeps:
                write(path, {"nulls": np.frombuffer(encode(kept), np.uint8)})
        mine.nulls.update(kept)
        return mine

    def beside(self, training: Record) -> dict[str, Null]:
        """Return all nulls of a policy, whose play of ``train`` is given.

        Its drift sees nothing, and takes each action as often as the policy does in training.
        """
        done = training.actions[training.actions != ENDED]
        often = np.bincount(done, minlength=len(ACTIONS)) / len(done)
        return self.nulls | self._measure({DRIFT: Constant(often.tolist())}, self.nulls)

    def _measure(
        self, policies: Mapping[str, Policy], others: Mapping[str, Null]
    ) -> dict[str, Null]:
        """Return what policies get, by their names; leads are over them and the others."""
        played = {name: self._play(policy) for name, policy in policies.items()}
        if self.trap.by_returns():
            return {name: Null(self._take(played[name], policies[name]), None) for name in played}
        found = {
            n: gather_evidence(self.trap, records, self.values) for n, records in played.items()
        }
        known = {name: null.evidence for name, null in others.items() if null.evidence}
        whole = msgspec.structs.replace(next(iter(found.values())), nulls={**known, **found})
        return {
            name: Null(
                self._take(played[name], policies[name], view_null(whole, name))
                if name in NULLS
                else {},
                evidence,
            )
            for name, evidence in found.items()
        }

    def _play(self, policy: Policy) -> dict[str, Record]:
        return {
            name: play_levels(play, policy, self.starts[play.split].take(slice(FEW_LEVELS)))
            for name, play in plays_of(self.trap).items()
            if play.split in JUDGED and name != AGAIN
        }

    def _take(
        self, played: Mapping[str, Record], policy: Policy, *evidence: Evidence
    ) -> dict[str, dict[str, Value]]:
        """Return the measures of a null; a measure that plays by itself plays all levels."""
        test, shift = (self.starts[split] for split in JUDGED)
        subject = Subject(policy, self.trap, test, shift=shift)
        found = {}
        for split in JUDGED:
            starts = self.starts[split].take(slice(FEW_LEVELS))
            play = Played(self.trap, played[split], self.values[split], starts)
            found[split.value] = take_measures(split, play, subject, *evidence)
        return found


def _take_first(values: LevelValues) -> LevelValues:
    return values.take(np.arange(min(FEW_LEVELS, len(values.numbers))))


def _decode(data: bytes) -> dict[str, Null]:
    return msgspec.json.decode(data, type=dict[str, Null], dec_hook=read_letters)


def _fingerprint() -> bytes:
    """Return what the nulls' figures depend on besides the levels."""
    return b"nulls" + _hash_sources() + " ".join(MEASURES).encode()


@cache
def _hash_sources() -> bytes:
    digest = blake2b(digest_size=16)
    for folder in _PACKAGES:
        for path in sorted(folder.glob("*.py")):
            digest.update(read_bytes(path))
    return digest.digest()
