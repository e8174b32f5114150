"""Action traces: what a policy did on given levels, replayed and verified instead of believed.

A trace runs no foreign code: it holds level numbers and actions, and all that a score card says
follows from replaying them. Its file is two lines of text and what is packed::

    mesa-gym trace 1                     the kind of file, and the schema
    9c0e...                              BLAKE2b-128, in hex, of the rest
    zlib(MessagePack)                    the fields of ``Trace``
"""

from __future__ import annotations

import zlib
from functools import cache, partial
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta, Struct
from numpy.typing import ArrayLike

from mesa_gym.engine import ACTIONS, STAY, Bools, Ints, State
from mesa_gym.envs.checks import integer
from mesa_gym.errors import shorten, unknown
from mesa_gym.files import write_bytes
from mesa_gym.json_data import Text, expand_alias, require
from mesa_gym.policies import as_policy
from mesa_gym.policies.loading import name_agent
from mesa_gym.scoring.plays import find_play, plays_of, split_of
from mesa_gym.scoring.record import ENDED, Actions
from mesa_gym.scoring.rollout import play_levels, replay
from mesa_gym.solver.certificate import EVALUATION_LEVELS
from mesa_gym.traps import LEVELS, Trap, all_traps, as_trap

MOST_LEVELS = 1_000_000
MOST_SEED = (1 << 64) - 1
MOST_PLAYS = 20
# Of a file, and of what it unpacks to: a thousand levels of six plays take half a million.
MOST_BYTES = 100_000_000
# Levels replayed at once when a trace is verified.
CHUNK = 4096
_MAGIC = b"mesa-gym trace 1\n"
# No other hash of the same salt, for another purpose, can be mistaken for this one.
_PURPOSE = b"mesa-gym: an evaluator's salt"

# Greater sides of a grid or parameters of a trap would fill the memory.
Small = Annotated[int, Meta(ge=1, le=255)]
Size = tuple[Small, Small]
Value = Annotated[int, Meta(ge=-255, le=255)] | float | Text | None
Parameters = Annotated[dict[str, Value], Meta(max_length=100)]
Digest = Annotated[str, Meta(pattern=r"\A([0-9a-f]{32})?\Z")]


class SplitTrace(Struct, frozen=True, eq=False, forbid_unknown_fields=True):
    """Actions on the levels of one play.

    Attributes:
        levels: int64 (n,), level numbers, ascending.
        actions: int8 (n, horizon), 0 to 4, and ``ENDED`` after an episode's last.
    """

    levels: Ints
    actions: Actions


class Trace(Struct, frozen=True, eq=False, forbid_unknown_fields=True):
    """Actions of a policy on levels of a trap; scoring needs all plays of ``plays_of(trap)``.

    Its fields are checked however it was made, its episodes by ``verify``.

    Attributes:
        trap: name with version.
        size: (height, width) in cells.
        parameters: the trap's.
        policy: its name, 1 to 200 characters.
        seed: of the sampling of actions, 0 to 2**64 - 1.
        salt: ``salt_digest`` of the salt that the levels were drawn with.
        plays: name of a play, such as "shift" -> what was done; at least one.

    Raises:
        ValueError: a field has another type, shape or range; the message names it.
    """

    trap: Text
    size: Size
    parameters: Parameters
    policy: Text
    seed: int
    salt: Digest
    plays: Annotated[dict[str, SplitTrace], Meta(min_length=1, max_length=MOST_PLAYS)]

    def __post_init__(self) -> None:
        for field in msgspec.structs.fields(self):
            require(field.name, getattr(self, field.name), field.type)
        # A constraint of msgspec cannot be as great.
        integer("seed", self.seed, 0, MOST_SEED)
        for name, done in self.plays.items():
            _require_play(name, done.levels, done.actions)

    def save(self, path: str | Path) -> None:
        """Write the trace, whole or not at all; ValueError if ``load`` would find it too large.

        The same trace gives the same bytes.
        """
        data = _encode(self)
        if len(data) > MOST_BYTES:
            raise ValueError(f"the trace has {len(data):,} bytes, more than {MOST_BYTES:,}")
        body = zlib.compress(data, level=9)
        write_bytes(Path(path), _write_head(body) + body)

    @classmethod
    def load(cls, path: str | Path) -> Trace:
        """Read what ``save`` wrote; nothing in the file is executed, no size in it believed.

        Raises:
            ValueError: the file is not a trace of this schema, is damaged, or holds what a trace
                cannot; the message names the file and says what to do.
        """
        with Path(path).open("rb") as file:
            head, body = file.readline(100) + file.readline(100), file.read(MOST_BYTES)
        if not head.startswith(_MAGIC):
            kind = _MAGIC.decode().strip()
            raise ValueError(f"{path} is not an action trace: it does not begin with {kind!r}")
        if head != _write_head(body):
            raise ValueError(f"{path} is damaged or was cut short; copy it or record it again")
        try:
            inflating = zlib.decompressobj()
            data = inflating.decompress(body, MOST_BYTES)
            if not inflating.eof or inflating.unused_data:
                raise ValueError(f"it does not unpack to {MOST_BYTES:,} bytes or less")
            trace = msgspec.msgpack.decode(data, type=cls, dec_hook=_unpack)
            if _encode(trace) != data:
                raise ValueError("an entry stands twice, or is packed as `save` never does")
        except (msgspec.MsgspecError, ValueError, RecursionError, zlib.error) as error:
            raise ValueError(f"{path} does not hold a trace: {error}; record it again") from None
        return trace

    def make_trap(self) -> Trap:
        """Return the trap that the trace was recorded on, as ``trap_of`` does."""
        return trap_of(self.trap, self.size, self.parameters)

    def levels(self, play: str) -> Ints:
        """Return the levels that a play was recorded on, int64 (n,), ascending; n may be 0."""
        return self.plays[play].levels if play in self.plays else np.empty(0, dtype=np.int64)

    def actions_on(self, play: str, levels: ArrayLike) -> Actions:
        """Return the actions on ``levels``, numbers (m,) of a play in any order: int8 (m, horizon).

        Raises:
            ValueError: a level is not in the trace; the message names it.
        """
        known, wanted = self.levels(play), np.asarray(levels, dtype=np.int64)
        absent = ~np.isin(wanted, known)
        if absent.any():
            where = f"level {wanted.flat[absent.argmax()]} of play '{play}'"
            remedy = "record it on that too, or score fewer levels"
            raise ValueError(f"the trace has no actions for {where}; {remedy}")
        return self.plays[play].actions[np.searchsorted(known, wanted)]

    def verify(self, trap: Trap, salt: str = "", unfinished: bool = False) -> None:
        """Replay the trace, and raise unless every episode is one that the trap can have had.

        Args:
            trap: what it must have been recorded on, by name, version, size and parameters.
            salt: what the levels must have been drawn with.
            unfinished: whether episodes may stop before their end, as those of a person can.

        Raises:
            ValueError: it is of another trap or salt, has another time limit, or an episode goes
                on after its end or stops before it; the message names play, level and step.
        """
        recorded = (self.trap, tuple(self.size), self.parameters)
        if recorded != (trap.name(), trap.size, trap.parameters):
            shown = "{}, size {}, {}".format(*recorded)
            raise ValueError(f"the trace was recorded on {shown}, not on {trap!r}; record another")
        if self.salt != salt_digest(salt):
            reason = "with another salt" if salt else "with a salt; give the same one"
            reason = reason if self.salt else "without a salt, and one was given; leave it out"
            raise ValueError(f"the trace was recorded {reason}")
        for name, done in self.plays.items():
            play, steps = find_play(trap, name), done.actions.shape[1]
            if steps != play.steps:
                where = f"play '{name}', where the time limit is {play.steps}"
                raise ValueError(f"the trace has {steps} steps for {where}; record it again")
            for first in range(0, len(done.levels), CHUNK):
                rows = slice(first, first + CHUNK)
                changed = play.change(trap.levels(play.split, done.levels[rows], salt))
                _verify(trap, name, *changed, done.actions[rows], unfinished)


def record(
    policy: Any,
    trap: Trap | str,
    levels: int = EVALUATION_LEVELS,
    seed: int = 0,
    salt: str = "",
    observation: str | None = None,
    name: str | None = None,
    algo: str | None = None,
) -> Trace:
    """Return the trace of a policy on all plays; errors are those of ``score``.

    Args:
        policy: whatever ``score`` takes.
        trap: a trap, or the name of one.
        levels: how many levels of each split are played.
        seed: of the sampling of actions.
        salt: an evaluator's secret, of which the trace holds the digest alone.
        observation: the kind that a callable wants, ``planes`` by default.
        name: name of the policy in the trace, on which samples depend.
        algo: the algorithm of a model's ``.zip`` file.
    """
    trap = as_trap(trap)
    numbers = np.arange(integer("levels", levels, 1, MOST_LEVELS))
    seed, called = integer("seed", seed, 0, MOST_SEED), name_of(policy) if name is None else name
    require("policy", called, Text)
    make = cache(partial(as_policy, policy, trap, observation=observation, algo=algo))
    plays = {}
    for play in plays_of(trap).values():
        some = numbers[: play.count_levels(len(numbers))]
        starts = trap.levels(play.split, some, salt)
        done = play_levels(play, make(trap.horizon(play.split)), starts, seed, called)
        plays[play.name] = SplitTrace(some, done.actions)
    return Trace(trap.name(), trap.size, trap.parameters, called, seed, salt_digest(salt), plays)


def name_of(policy: Any) -> str:
    """Return what to call a policy that was given no name, as ``name_agent`` does."""
    policy = policy.policy if isinstance(policy, Trace) else policy
    if isinstance(policy, str | Path):
        return name_agent(str(policy))
    return getattr(policy, "__name__", type(policy).__name__)


def salt_digest(salt: str) -> str:
    """Return 32 hex digits, keyed BLAKE2b-128, that tell salts apart; "" for no salt.

    A salt that is easily guessed is easily found from them: a secret one is long and random.
    """
    return blake2b(salt.encode(), digest_size=16, key=_PURPOSE).hexdigest() if salt else ""


def trap_of(name: str, size: Any, parameters: Any) -> Trap:
    """Return the trap that a file names, or raise ValueError; no module is imported for it."""
    traps = all_traps()
    if name not in traps:
        raise unknown("trap", name, traps)
    require("size", size, Size)
    require("parameters", parameters, Parameters)
    for parameter in parameters:
        if parameter not in traps[name].keywords():
            raise unknown(f"parameter of {name}", parameter, traps[name].keywords())
    return traps[name](size, **parameters)


def _require_play(name: str, levels: Ints, actions: Actions) -> None:
    """Raise ValueError unless the arrays of a play have their types, shapes and ranges."""
    split_of(name)  # refuses a play that does not exist
    require(f"play '{name}'", (levels, actions), tuple[np.ndarray, np.ndarray])
    fitting = levels.ndim == 1 and actions.ndim == 2 and 0 < len(levels) == len(actions)
    if not fitting or levels.dtype != np.int64 or actions.dtype != np.int8:
        raise ValueError(
            f"play '{name}': levels are {levels.dtype} {levels.shape}, and actions"
            f" {actions.dtype} {actions.shape}; expected int64 (n,) and int8 (n, horizon)"
        )
    if levels[0] < 0 or levels[-1] >= LEVELS or (levels[1:] <= levels[:-1]).any():
        shown = shorten(levels.tolist())
        raise ValueError(f"play '{name}': levels {shown} do not ascend from 0 to 2**48 - 1")
    bad = (actions < ENDED) | (actions >= len(ACTIONS))
    if bad.any():
        row, step = np.argwhere(bad)[0]
        what = f"play '{name}', level {levels[row]}, step {step}: action {actions[row, step]}"
        raise ValueError(f"{what}; expected 0 to {len(ACTIONS) - 1}, and {ENDED} after the end")


def _verify(
    trap: Trap, name: str, starts: State, exists: Bools, actions: Actions, unfinished: bool
) -> None:
    """Raise ValueError unless each row of actions ends where its episode ends, if there is one."""
    # Where the trace has no action the agent stays, so that all episodes come to their end.
    record = replay(trap, starts, np.where(actions == ENDED, STAY, actions))
    played = record.without(~exists).actions
    wrong = played != actions
    if unfinished:
        later = np.maximum.accumulate((actions != ENDED)[:, ::-1], axis=1)[:, ::-1]
        wrong[:, 1:] &= later[:, 1:]
    if wrong.any():
        row, step = np.argwhere(wrong)[0]
        reason = "an action is missing, for the episode goes on"
        if actions[row, step] != ENDED:
            last = (played[row] != ENDED).sum() - 1
            ended = (
                f"the episode ended with step {last}"
                if exists[row]
                else "the play has no such level"
            )
            reason = f"there is an action, but {ended}"
        level = starts.level.number[row]
        raise ValueError(f"play '{name}', level {level}, step {step}: {reason}; record it again")


def _encode(trace: Trace) -> bytes:
    """Return the one way in which a trace is packed."""
    return msgspec.msgpack.encode(trace, enc_hook=_pack, order="deterministic")


def _pack(array: Any) -> Any:
    """Return level numbers as the bytes of their differences, actions as rows and their bytes."""
    if array.ndim == 1:
        return np.diff(array, prepend=0).astype("<i8").tobytes()
    return len(array), array.tobytes()


def _unpack(kind: Any, value: Any) -> Any:
    """Return the array that ``_pack`` packed."""
    if kind == expand_alias(Ints):
        return np.cumsum(np.frombuffer(msgspec.convert(value, bytes), "<i8"), dtype=np.int64)
    rows, data = msgspec.convert(value, tuple[Annotated[int, Meta(ge=1, le=MOST_BYTES)], bytes])
    return np.frombuffer(data, np.int8).reshape(rows, -1)


def _write_head(body: bytes) -> bytes:
    """Return the two lines that stand before a body."""
    return b"%s%s\n" % (_MAGIC, blake2b(body, digest_size=16).hexdigest().encode())
