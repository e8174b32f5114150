"""Numbers for the states of a level, which are indices into a table of visited states."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from math import log2, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Bools, Ints, State
from mesa_gym.traps import Trap

# The most bits of a state's number on its level.
MOST_BITS = 24


class StateNumbers:
    """Numbers for the states of some levels, in mixed radix.

    The digits are, from the most significant one: for each kind that rules change, which things
    are there; the held things; the variables; the agent's cell. Slots that no level uses are left
    out. States of different levels may have equal numbers.

    Attributes:
        trap: the trap of the states.
        slots: kind -> the slots whose things may appear or disappear; ``fixed`` has the others.
        digits: (field of ``State``, name, number of values), without the agent's cell.
        count: the number of different numbers.
    """

    def __init__(self, trap: Trap, starts: State) -> None:
        """Determine the digits.

        Args:
            trap: the trap of the states.
            starts: a state of each level, at least one.

        Raises:
            ValueError: the trap's states cannot be numbered, or there are too many.
        """
        self.trap = trap
        # One step in which rules skip no work: arrays that no rule changes stay identical objects.
        eager: Any = copy(trap)
        eager.never = lambda mask: False
        before = starts.take(slice(1))
        after = eager.step(before, np.array([0])).state
        self.slots, self.fixed, self._bits = {}, {}, {}
        for kind in trap.things:
            used = (starts.there[kind] | (starts.at[kind] > 0)).any(axis=1)
            used &= after.there[kind] is not before.there[kind]
            self.slots[kind], self.fixed[kind] = used.nonzero()[0], (~used).nonzero()[0]
            bits = np.where(used, 1 << used.cumsum() >> 1, 0)[:, None, None]
            self._bits[kind] = bits.astype(_choose_type(len(self.slots[kind])))
        self.digits = [
            *(("there", kind, 1 << len(slots)) for kind, slots in self.slots.items() if len(slots)),
            *(("held", kind, most + 1) for kind, most in trap.held.items()),
            *(("vars", name, values) for name, values in trap.vars.items()),
        ]
        self.count = trap.cells * prod(values for _, _, values in self.digits)
        moving = [kind for kind in trap.things if after.at[kind] is not before.at[kind]]
        if moving or trap.chance:
            why = f"its rules move {', '.join(moving)}" if moving else "its rules use `chance`"
        elif self.count > 1 << MOST_BITS:
            digits = "; ".join(f"{field} {name}, {values:,}" for field, name, values in self.digits)
            why = (
                f"a level has 2**{log2(self.count):.1f} possible states, and the solver takes at"
                f" most 2**{MOST_BITS}; the factors are: {digits}; cells, {trap.cells}"
            )
        else:
            return
        raise ValueError(f"{trap!r} cannot be solved: {why}; declare `solvable = False`")

    def rank(self, state: State) -> Ints:
        """Return the numbers of states, int64 (n,); -1 where a digit exceeds its declared range."""
        number: Any = 0
        wrong: Any = False
        for field, name, values in self.digits:
            digit = getattr(state, field)[name]
            if field == "there":
                digit = as_bits([digit[slot] for slot in self.slots[name]])
            elif digit.dtype != np.bool_:
                wrong = wrong | (digit < 0) | (digit >= values)
            # Mixed radix: each digit has its own base.
            number = np.add(number * values, digit, dtype=np.int64)
        number = number * self.trap.cells + state.agent
        return np.where(wrong, -1, number) if np.any(wrong) else number

    def unrank(self, starts: State, row: Ints, number: Ints) -> State:
        """Return the states with these numbers, as a batch (1, m).

        Args:
            starts: a start state of each level.
            row: int64 (m,), the row of each state's level in ``starts``.
            number: int64 (m,).
        """
        # Arrays that the digits determine are not read.
        there = {k: slots[:0] if len(self.slots[k]) else slots for k, slots in starts.there.items()}
        fixed = starts._replace(there=there, held={}, vars={})
        state = fixed.map(lambda a: a.take(row[None, :], axis=-1))
        number, agent = divide(number[None, :], self.trap.cells)
        for field, name, values in reversed(self.digits):
            number, digit = divide(number, values)
            if field == "there":
                bits = self._bits[name]
                digit = digit.astype(bits.dtype) & bits != 0
            getattr(state, field)[name] = digit == 1 if (field, values) == ("vars", 2) else digit
        return state._replace(agent=agent)

    def have_same_level(self, one: State, other: State) -> Bools:
        """Return whether states (n,) have equal levels, all fixed data included, bool (n,)."""
        same: Bools = np.ones(one.n, dtype=np.bool_)
        for kind, fixed in self.fixed.items():
            same &= (one.at[kind] == other.at[kind]).all(axis=0)
            same &= (one.there[kind][fixed] == other.there[kind][fixed]).all(axis=0)
        for trait, kinds in other.level.traits.items():
            for kind, has in kinds.items():
                same &= (one.level.traits[trait][kind] == has).all(axis=0)
        for name in self.trap.entries.keys() - self.trap.seeds:  # seeds are not part of a state
            tables = (self.trap.table(state.level, name) for state in (one, other))
            same &= np.equal(*tables).all(axis=1)
        return same

    def require_told_apart(self, before: State, after: State, number: Ints) -> None:
        """Check that numbers capture all changes from ``before`` to ``after``.

        Raises:
            ValueError: a change is not in the numbers.
        """
        for kind, fixed in self.fixed.items():
            was, there = before.there[kind], after.there[kind]
            same = there is was or not (was[fixed] != there[fixed]).any()
            if not same or after.at[kind] is not before.at[kind]:
                raise ValueError(
                    f"rules of {self.trap!r} change {kind!r} at some steps only: skip work with"
                    " `never` and `rows`, not `if`; later things need a cell from the start"
                )
        for field, name, values in self.digits if (number < 0).any() else ():
            digit = getattr(after, field)[name]
            wrong = (number < 0) & ((digit < 0) | (digit >= values))
            if field != "there" and wrong.any():
                raise ValueError(
                    f"{field} {name!r} of {self.trap!r} exceeds what it declares, 0 to {values - 1}"
                )


def as_bits(flags: Sequence[Bools] | Bools) -> NDArray[Any]:
    """Return flags (k, ...) packed into integers (...), bit i for flag i: uint8, int32 if k > 8."""
    bits: Any = flags[-1].astype(_choose_type(len(flags)))
    for flag in flags[-2::-1]:
        bits += bits
        bits += flag
    return bits


def _choose_type(bits: int) -> type[np.integer[Any]]:
    """Return the integer type for ``bits`` flags: uint8, or int32 above 8."""
    return np.uint8 if bits <= 8 else np.int32


def divide(number: Ints, by: int) -> tuple[Ints, Ints]:
    """Return quotient and remainder, faster than ``np.divmod``."""
    quotient = number // by
    return quotient, number - quotient * by
