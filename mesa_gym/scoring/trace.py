"""Action traces: what a policy did on given levels, replayed and verified instead of believed.

A trace is a form of submission that runs no foreign code: it holds level numbers and actions, and
all that a score card says follows from replaying them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from mesa_gym.engine import Ints, State
from mesa_gym.errors import unknown
from mesa_gym.scoring import trace_file
from mesa_gym.scoring.rollout import ENDED, Actions
from mesa_gym.scoring.salt import salt_digest
from mesa_gym.scoring.trace_checks import (
    require_actions,
    require_digest,
    require_levels,
    require_seed,
    require_sizes,
    require_text,
)
from mesa_gym.traps import Split, Trap, all_traps

# Levels replayed at once when a trace is verified.
CHUNK = 4096


@dataclass(frozen=True, eq=False)
class SplitTrace:
    """What was done on the levels of one split.

    Attributes:
        levels: int64 (n,), level numbers, each once.
        actions: int8 (n, horizon), 0 to 4, and ``ENDED`` after an episode's last.
    """

    levels: Ints
    actions: Actions


@dataclass(frozen=True, eq=False)
class Trace:
    """What a policy did on splits of a trap; scoring needs all of them.

    Whatever it is made of, its entries have the right types, shapes and ranges. That its episodes
    are episodes of the trap, ``verify`` says.

    Attributes:
        trap: name with version.
        size: (height, width) in cells.
        parameters: the trap's.
        policy: how it is called.
        seed: of the sampling, as far as there was one.
        salt: ``salt_digest`` of the salt that the levels were drawn with.
        splits: split -> what was done; at least one.

    Raises:
        ValueError: an entry is not what it should be; the message names it.
    """

    trap: str
    size: tuple[int, int]
    parameters: dict[str, int]
    policy: str
    seed: int
    salt: str
    splits: dict[Split, SplitTrace]

    def __post_init__(self) -> None:
        require_text("trap", self.trap)
        require_text("policy", self.policy)
        require_sizes("size", dict(zip(("height", "width"), self.size, strict=True)))
        require_sizes("parameters", self.parameters)
        require_seed(self.seed)
        require_digest(self.salt)
        if not self.splits or not set(self.splits) <= set(Split):
            found = ", ".join(map(str, self.splits)) or "none"
            raise ValueError(f"splits are {found}; expected some of {', '.join(Split)}")
        for split, done in self.splits.items():
            require_levels(split, done.levels)
            require_actions(split, done.levels, done.actions)

    # -- on disk -----------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write it, whole or not at all; the same trace gives the same bytes."""
        header = {
            "trap": self.trap,
            "size": list(self.size),
            "parameters": self.parameters,
            "policy": self.policy,
            "seed": self.seed,
            "salt": self.salt,
        }
        ordered = [split for split in Split if split in self.splits]
        arrays = {
            split: (self.splits[split].levels, self.splits[split].actions) for split in ordered
        }
        trace_file.write(Path(path), header, arrays)

    @classmethod
    def load(cls, path: str | Path) -> Trace:
        """Read what ``save`` wrote; nothing in the file is executed.

        Raises:
            ValueError: the file is no trace, of another schema, damaged, cut short, or holds what
                no trace can; the message names the file and says what to do.
            OSError: it cannot be read.
        """
        header, arrays = trace_file.read(Path(path))
        try:
            size = header.pop("size")
            splits = {split: SplitTrace(*pair) for split, pair in arrays.items()}
            return cls(**header, size=tuple(size), splits=splits)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            raise ValueError(f"{path} holds no possible trace: {reason}; record it again") from None

    # -- what it says ------------------------------------------------------------------------------

    def make_trap(self) -> Trap:
        """The trap that it was recorded on.

        Raises:
            ValueError: there is none of this name, size and parameters.
        """
        # Not ``find_trap``, which imports the module that a name may begin with.
        traps = all_traps()
        if self.trap not in traps:
            raise unknown("trap", self.trap, traps)
        cls = traps[self.trap]
        for name in self.parameters:
            if name not in cls.salience:
                raise unknown(f"parameter of {self.trap}", name, cls.salience)
        return cls(self.size, **self.parameters)

    def levels(self, split: Split) -> Ints:
        """The levels of a split that it was recorded on, int64 (n,), ascending; n may be 0."""
        done = self.splits.get(split)
        return np.empty(0, dtype=np.int64) if done is None else np.sort(done.levels)

    def actions_on(self, split: Split, levels: ArrayLike) -> Actions:
        """The actions on some levels, in the order given: what ``rollout`` would have returned.

        Args:
            split: whose levels.
            levels: integers (m,), level numbers.

        Returns:
            int8 (m, horizon).

        Raises:
            ValueError: the split or a level is not in the trace; the message names it.
        """
        if split not in self.splits:
            raise ValueError(
                f"the trace has no actions for split {split.value!r}, only for"
                f" {', '.join(self.splits)}; scoring needs one of all splits: record it"
            )
        done, wanted = self.splits[split], np.asarray(levels, dtype=np.int64)
        order = np.argsort(done.levels, kind="stable")
        at = np.searchsorted(done.levels, wanted, sorter=order)
        rows = order[np.minimum(at, len(order) - 1)]
        absent = done.levels[rows] != wanted
        if absent.any():
            raise ValueError(
                f"the trace has no actions for level {wanted[absent.argmax()]} of split"
                f" {split.value!r}; record it on all levels that are scored"
            )
        return done.actions[rows]

    def verify(self, trap: Trap, salt: str = "", unfinished: bool = False) -> None:
        """Replay it, and raise unless every episode is one that the trap can have had.

        Args:
            trap: what it must have been recorded on, by name, version, size and parameters.
            salt: what the levels must have been drawn with.
            unfinished: whether episodes may stop before their end, as those of a person can.

        Raises:
            ValueError: it is of another trap or salt, has another time limit, or an episode goes
                on after its end or stops before it; the message names split, level and step.
        """
        here = (trap.name(), trap.size, trap.parameters)
        if (self.trap, tuple(self.size), self.parameters) != here:
            recorded = _described(self.trap, self.size, self.parameters)
            raise ValueError(
                f"the trace was recorded on {recorded} and says nothing of {_described(*here)};"
                " record one on that"
            )
        if self.salt != salt_digest(salt):
            raise ValueError(_salt_message(self.salt, salt))
        for split, done in self.splits.items():
            horizon = done.actions.shape[1]
            if horizon != trap.horizon(split):
                raise ValueError(
                    f"the trace has {horizon} steps for split {split.value!r}, where the time"
                    f" limit is {trap.horizon(split)}; record it again"
                )
            for first in range(0, len(done.levels), CHUNK):
                rows = slice(first, first + CHUNK)
                starts = trap.levels(split, done.levels[rows], salt)
                _verify_episodes(trap, split, starts, done.actions[rows], unfinished)


# -- replaying -------------------------------------------------------------------------------------


def _verify_episodes(
    trap: Trap, split: Split, starts: State, actions: Actions, unfinished: bool
) -> None:
    """Raise unless each row of actions ends where replaying it from its start state ends."""
    state, rows = starts, np.arange(starts.n)

    def refuse(row: int, step: int, reason: str) -> ValueError:
        return ValueError(
            f"split {split.value!r}, level {starts.level.number[row]}, step {step}: {reason}; the"
            " trace is not one of this trap's rules, or was changed: record it again"
        )

    for step in range(actions.shape[1]):
        taken = actions[rows, step].astype(np.int64)
        if (taken == ENDED).any():
            row = int(rows[(taken == ENDED).argmax()])
            raise refuse(row, step, "an action is missing, for the episode goes on")
        state, _, ended = trap.step(state, taken)
        over = rows[ended]
        late = actions[over, step + 1 :] != ENDED
        if late.any():
            which = int(late.any(axis=1).argmax())
            after = step + 1 + int(late[which].argmax())
            reason = f"there is an action, but the episode ended with step {step}"
            raise refuse(int(over[which]), after, reason)
        if unfinished:
            ended = ended | (actions[rows, step + 1 :] == ENDED).all(axis=1)
        if ended.any():
            state, rows = state.take(~ended), rows[~ended]
            if not rows.size:
                return


def _described(trap: str, size: tuple[int, int], parameters: Mapping[str, int]) -> str:
    shown = {"size": "x".join(map(str, size)), **parameters}
    return f"{trap}({', '.join(f'{k}={v}' for k, v in shown.items())})"


def _salt_message(recorded: str, salt: str) -> str:
    if not recorded:
        return "the trace was recorded without a salt, and one was given; leave it out"
    if not salt:
        return "the trace was recorded with a salt; give the same one"
    return "the trace was recorded with another salt than the one that was given"
