"""Payments of a policy on each level, in letters: every return follows from them."""

from __future__ import annotations

import re
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from mesa_gym.engine import Floats, Ints

# The bound of a card's numbers; it prevents overflows in further computations.
MOST = 1e9
NUMERALS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
Number = Annotated[float, Meta(ge=-MOST, le=MOST)]
# A number below ESCAPE is one of NUMERALS; a larger one is the numeral ESCAPE and then LONG_DIGITS
# numerals, the highest first.
RADIX = len(NUMERALS)
ESCAPE = RADIX - 1
LONG_DIGITS = 5
_VALUES = np.full(256, -1, np.int64)
_VALUES[np.frombuffer(NUMERALS.encode(), np.uint8)] = np.arange(RADIX)
_NUMBER = re.compile(f"{NUMERALS[ESCAPE]}.{{{LONG_DIGITS}}}|.", re.DOTALL)


class Payments(Struct, frozen=True, forbid_unknown_fields=True):
    """The payments of one objective on n levels of a split.

    Numbers are written in base 62, one digit for a number below 61 (``write_numbers``).

    Attributes:
        amounts: the different payments, the largest first.
        counts: the number of payments on each level.
        waits: for each payment, the number of steps without a payment before it, level by level.
        kinds: for each payment, the index of its amount; "" if there is only one amount.
    """

    amounts: list[Number]
    counts: Annotated[str, Meta(min_length=1)]
    waits: str
    kinds: str = ""

    @classmethod
    def keep(cls, payments: Floats) -> Payments:
        """Return the payments of a record, float64 (horizon, n), without the zeros."""
        level, step = np.nonzero(payments.T)
        amounts = np.unique(payments[step, level])[::-1]
        first = np.diff(level, prepend=-1) > 0
        waits = np.where(first, step, np.diff(step, prepend=0) - 1)
        kinds = (amounts[:, None] == payments[step, level]).argmax(axis=0) if step.size else step
        return cls(
            [float(amount) + 0 for amount in amounts],
            write_numbers(np.bincount(level, minlength=payments.shape[1])),
            write_numbers(waits),
            write_numbers(kinds) if len(amounts) > 1 else "",
        )

    def sum(self, discount: float) -> Floats:
        """Return the discounted return on each level, float64 (n,).

        Raises:
            ValueError: the fields do not fit together.
        """
        counts, waits = read_numbers(self.counts), read_numbers(self.waits)
        kinds = read_numbers(self.kinds) if len(self.amounts) > 1 else np.zeros_like(waits)
        used = np.bincount(kinds, minlength=len(self.amounts)) if kinds.size else np.zeros(0)
        if not counts.sum() == len(waits) == len(kinds) or len(used) != len(self.amounts):
            raise ValueError(
                f"{int(counts.sum())} payments have {len(waits)} waits, and {len(kinds)} kinds of"
                f" {len(self.amounts)} amounts; expected equal numbers"
            )
        if self.amounts != sorted({*self.amounts} - {0.0}, reverse=True) or not used.all():
            raise ValueError(f"amounts are {self.amounts}; expected each once, the largest first")
        return self._sum(discount, counts, waits, kinds)

    def _sum(self, discount: float, counts: Ints, waits: Ints, kinds: Ints) -> Floats:
        level, passed = np.repeat(np.arange(len(counts)), counts), np.cumsum(waits + 1)
        before = np.concatenate([[0], passed])[np.cumsum(counts) - counts]
        steps = passed - before[level] - 1
        amounts = np.array(self.amounts)[kinds] if len(kinds) else np.zeros(0)
        return np.bincount(level, discount**steps * amounts, len(counts)).astype(np.float64)


def write_numbers(numbers: NDArray[np.integer]) -> str:
    """Return numbers from 0 to 62 ** 5 - 1 as digits in base 62."""
    if numbers.size and numbers.max() >= RADIX**LONG_DIGITS:
        raise ValueError(f"{numbers.max()} is too large; expected at most {RADIX**LONG_DIGITS - 1}")
    return "".join(NUMERALS[x] if x < ESCAPE else _write_long(x) for x in numbers.tolist())


def _write_long(number: int) -> str:
    digits = (NUMERALS[number // RADIX**power % RADIX] for power in reversed(range(LONG_DIGITS)))
    return NUMERALS[ESCAPE] + "".join(digits)


def read_numbers(text: str) -> Ints:
    """Return the numbers of ``write_numbers``, int64 (n,).

    Raises:
        ValueError: the text has other letters than digits, or is cut off.
    """
    digits = _VALUES[np.frombuffer(text.encode(), np.uint8)]
    if (digits < 0).any():
        raise ValueError(f"expected digits in base 62 ({NUMERALS})")
    if not (digits == ESCAPE).any():
        return digits
    numbers = _NUMBER.findall(text)
    if NUMERALS[ESCAPE] in numbers:
        raise ValueError(
            f"the number at the end is cut off; expected {LONG_DIGITS} digits after an escape"
        )
    return np.array([_read_digits(x[1:]) if len(x) > 1 else NUMERALS.index(x) for x in numbers])


def _read_digits(digits: str) -> int:
    number = 0
    for digit in digits:
        number = RADIX * number + NUMERALS.index(digit)
    return number
