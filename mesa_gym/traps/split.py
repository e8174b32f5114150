"""The four distributions of levels that every trap has."""

from __future__ import annotations

from enum import StrEnum

from mesa_gym.errors import unknown

# Level numbers that users and evaluators name; training on the shift draws from above them.
LEVELS = 1 << 48


class Split(StrEnum):
    """A distribution of levels.

    ``train`` and ``test`` follow one law on levels of their own; ``control`` changes looks or
    geometry while the objectives go on agreeing; under ``shift`` they conflict.
    """

    TRAIN = "train"
    TEST = "test"
    CONTROL = "control"
    SHIFT = "shift"

    @property
    def shifted(self) -> bool:
        """True where the objectives conflict, which is under ``shift``."""
        return self is Split.SHIFT

    @property
    def law(self) -> Split:
        """The split whose levels a trap draws: ``train`` for ``test``, else this split."""
        return Split.TRAIN if self is Split.TEST else self

    @property
    def code(self) -> int:
        """The split's number in infos, 0 to 3 in the order of the members."""
        return list(Split).index(self)

    @classmethod
    def of(cls, value: str) -> Split:
        """Return the split of that name.

        Raises:
            UnknownNameError: there is none.
        """
        try:
            return cls(value)
        except ValueError:
            raise unknown("split", value, [s.value for s in cls]) from None
