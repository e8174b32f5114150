"""Nulls: what a policy without a goal gets on the same levels, to be read beside every figure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import blake2b
from pathlib import Path
from secrets import token_bytes

import numpy as np
from msgspec import Struct
from msgspec.json import decode, encode

import mesa_gym.policies
from mesa_gym.engine import ACTIONS, Ints, State
from mesa_gym.policies import Constant, Policy, Sweeper, uniform
from mesa_gym.scoring.card_data import Measured, read_paces, write_paces
from mesa_gym.scoring.evidence import (
    DRIFT,
    SWEEPER,
    UNIFORM,
    gather_evidence,
    gather_paces,
    list_paced,
)
from mesa_gym.scoring.larger import LargerTraps, play_larger
from mesa_gym.scoring.measures import MEASURES, Played, take_measures
from mesa_gym.scoring.plays import FEW_LEVELS, SHUT, play, plays_of, split_of
from mesa_gym.scoring.rollout import ENDED, Floats, Record
from mesa_gym.scoring.sampling import Asking
from mesa_gym.solver import LevelValues
from mesa_gym.solver.cache import cache_file, read, write
from mesa_gym.solver.shut import ShutLevels, shut_levels
from mesa_gym.traps import Split, Trap

NULLS = SWEEPER, UNIFORM, DRIFT
# A null has no training, so that it is played where agents are judged.
JUDGED = (Split.TEST, Split.SHIFT)
_PACKAGES = Path(__file__).parent, Path(mesa_gym.policies.__path__[0])


class Null(Struct, frozen=True):
    """The figures of a policy without a goal on the first levels of a trap.

    Attributes:
        measured: split -> measures, of ``test`` and ``shift``.
        pace: as of ``Evidence``, as letters; {} on a trap that is judged by returns.
    """

    measured: dict[str, Measured]
    pace: dict[str, str]


@dataclass(frozen=True, eq=False)
class NullPlays:
    """The nulls that are the same for all policies scored on some levels.

    Attributes:
        trap: the rules.
        starts: split -> the first levels, of ``test`` and ``shift``.
        values: split -> what they are worth.
        nulls: of the sweeper and the uniform policy.
        shut: all shut levels, not the first alone, as few count; None where there are none.
        larger: the trap at larger sizes, beside a policy that acts on any.
    """

    trap: Trap
    starts: Mapping[Split, State]
    values: Mapping[Split, LevelValues]
    nulls: Mapping[str, Null]
    shut: ShutLevels | None = None
    larger: LargerTraps = field(default_factory=dict)

    @classmethod
    def play(
        cls,
        trap: Trap,
        levels: Mapping[Split, State],
        values: Mapping[Split, LevelValues],
        salt: str = "",
        larger: LargerTraps | None = None,
    ) -> NullPlays:
        """Play the first of some levels, at most ``FEW_LEVELS``, of which ``values`` are.

        What the sweeper and the uniform policy get is kept on disk, as the values of levels are.
        """
        few = {split: _take_first(values[split]) for split in JUDGED}
        starts = {split: levels[split].take(slice(FEW_LEVELS)) for split in JUDGED}
        shut, shift, larger = None, few[Split.SHIFT].numbers, larger or {}
        if SHUT in plays_of(trap):
            shut = shut_levels(trap, levels[Split.TEST], trap.horizon(Split.TEST))
        controls = cls(trap, starts, few, {}, shut, larger)
        of = _fingerprint() + repr((len(values[Split.TEST].numbers), [*larger])).encode()
        path = cache_file(trap, Split.SHIFT, shift, trap.horizon(Split.SHIFT), salt, of)
        kept = read(path, lambda arrays: decode(arrays["nulls"].tobytes(), type=dict[str, Null]))
        if kept is not None:
            return replace(controls, nulls=kept)
        for name, policy in ((SWEEPER, Sweeper(trap)), (UNIFORM, uniform())):
            found = controls.measure(name, policy)
            controls = replace(controls, nulls={**controls.nulls, name: found})
        write(path, {"nulls": np.frombuffer(encode(controls.nulls), np.uint8)})
        return controls

    def measure(self, name: str, policy: Policy) -> Null:
        """Return what a null gets, by its name; leads over it are those of a second play.

        On shut levels it is an expectation, without any sampling.
        """
        played, evidence = self._play(policy, plays_of(self.trap)), None
        if not self.trap.by_returns():
            paced = {play for play, _ in list_paced(self.trap).values()}
            again = gather_paces(self.trap, self._play(policy, paced, "again"), self.values)
            nulls = {**list_paces(self.nulls), name: again}
            shut = self._expect_shut(policy)
            evidence = gather_evidence(self.trap, played, self.values, nulls, shut)
        larger = play_larger(policy, self.larger)
        measured = {
            split.value: take_measures(
                split, Played(self.trap, played[split], self.values[split], larger), evidence
            )
            for split in JUDGED
        }
        return Null(measured, {} if evidence is None else write_paces(evidence.pace))

    def _play(self, policy: Policy, names: Iterable[str], agent: str = "") -> dict[str, Record]:
        return {
            name: play(policy, self.trap, name, self.starts[split_of(name)], agent=agent)
            for name in names
            if split_of(name) in JUDGED and name != SHUT
        }

    def _expect_shut(self, policy: Policy) -> Floats | None:
        """Return how likely the first action is optimal, as ``Evidence.shut`` has it."""
        if self.shut is None:
            return None
        asking = Asking(policy, self.trap, self.shut.starts.level.key, play=SHUT)
        asking.begin()
        return self.shut.judge(asking.probabilities(self.shut.starts, 0))

    def beside(self, training: Record) -> dict[str, Null]:
        """Return all nulls of a policy, whose play of ``train`` is given.

        Its drift sees nothing, and takes each action as often as the policy does in training.
        """
        done = training.actions[training.actions != ENDED]
        often = np.bincount(done, minlength=len(ACTIONS)) / len(done)
        return {**self.nulls, DRIFT: self.measure(DRIFT, Constant(often.tolist()))}


def list_paces(nulls: Mapping[str, Null]) -> dict[str, Mapping[str, Ints]]:
    """Return null -> its paces, as ``Evidence.nulls`` has them."""
    return {name: read_paces(null.pace) for name, null in nulls.items()}


def _take_first(values: LevelValues) -> LevelValues:
    return values.take(np.arange(min(FEW_LEVELS, len(values.numbers))))


def _fingerprint() -> bytes:
    """Return what the nulls' figures depend on besides the levels.

    What a user's own measure depends on cannot be seen, so that with one nothing is read back.
    """
    ours = all(each.compute.__module__.startswith("mesa_gym.") for each in MEASURES.values())
    known = _hash_sources() + " ".join(MEASURES).encode()
    return b"nulls" + known + (b"" if ours else token_bytes(16))


@cache
def _hash_sources() -> bytes:
    digest = blake2b(digest_size=16)
    for folder in _PACKAGES:
        for path in sorted(folder.glob("*.py")):
            digest.update(path.read_bytes())
    return digest.digest()
