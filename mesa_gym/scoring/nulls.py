"""Nulls: measures of policies without a goal on the same levels, shown beside the agent's."""

from __future__ import annotations

from collections.abc import Mapping
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
from mesa_gym.scoring.choices import gather_evidence, list_paced
from mesa_gym.scoring.evidence import Evidence, encode, read_letters
from mesa_gym.scoring.findings import DRIFT, NULLS, OFF, RANDOM, SWEEPER, view_null
from mesa_gym.scoring.measures import MEASURES, Played, Value, take_measures
from mesa_gym.scoring.plays import AGAIN, BARE, FEW_LEVELS, JUDGED, plays_of
from mesa_gym.scoring.record import ENDED, Record
from mesa_gym.scoring.rollout import rollout
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


class NullPlays:
    """The nulls that are the same for all policies scored on some levels.

    Args:
        trap: the rules.
        starts: split -> the levels, at least of ``test`` and ``shift``.
        values: split -> what they are worth.
        salt: an evaluator's secret.

    Attributes:
        nulls: name -> its measures; they are cached on disk.
    """

    def __init__(
        self,
        trap: Trap,
        starts: Mapping[Split, State],
        values: Mapping[Split, LevelValues],
        salt: str = "",
    ) -> None:
        self.trap = trap
        self.few = {split: starts[split].take(slice(FEW_LEVELS)) for split in JUDGED}
        self.values = {split: values[split].take(slice(FEW_LEVELS)) for split in JUDGED}
        numbers, horizon = self.few[Split.SHIFT].level.number, trap.horizon(Split.SHIFT)
        known = b"nulls" + _hash_sources() + " ".join(MEASURES).encode()
        path = cache_file(trap, Split.SHIFT, numbers, horizon, salt, known)
        # What a user's own measure depends on cannot be seen, so with one nothing is kept.
        keeps = all(each.compute.__module__.startswith("mesa_gym.") for each in MEASURES.values())
        kept = read(path, lambda arrays: _decode(arrays["nulls"].tobytes())) if keeps else None
        self.nulls: dict[str, Null] = kept or self._play_all()
        if keeps and kept is None:
            write(path, {"nulls": np.frombuffer(encode(self.nulls), np.uint8)})

    def _play_all(self) -> dict[str, Null]:
        policies: dict[str, Policy] = {SWEEPER: Sweeper(self.trap), RANDOM: uniform()}
        # Where everything can be taken away, its ghosts tell more.
        if not self.trap.by_returns() and BARE not in list_paced(self.trap):
            avoidable = list_avoidable(self.trap)
            policies |= {OFF + kind: Sweeper(self.trap, kind) for kind in avoidable}
        return self._measure({name: self._play(policy) for name, policy in policies.items()}, {})

    def beside(self, training: Record) -> dict[str, Null]:
        """Return all nulls of a policy, whose play of ``train`` is given.

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
        """Return the measures of the nulls, by name."""
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
        """Return the measures of a null."""
        found = {}
        for split in JUDGED:
            play = Played(self.trap, played[split], self.values[split], self.few[split])
            found[split.value] = take_measures(split, play, *evidence)
        return found


def _decode(data: bytes) -> dict[str, Null]:
    return msgspec.json.decode(data, type=dict[str, Null], dec_hook=read_letters)


@cache
def _hash_sources() -> bytes:
    """Return a digest of the sources that compute the nulls' figures."""
    digest = blake2b(digest_size=16)
    for folder in _PACKAGES:
        for path in sorted(folder.glob("*.py")):
            digest.update(read_bytes(path))
    return digest.digest()
