"""The four distributions of levels that every trap has."""

from __future__ import annotations

from enum import StrEnum

from mesa_gym.errors import unknown

# The number of level numbers for users and evaluators; training on the shift uses higher numbers.
LEVELS = 1 << 48


class Split(StrEnum):
    """A distribution of levels.

    ``train`` and ``test`` have one law and different levels. ``control`` changes looks or geometry
    while the objectives still agree. Under ``shift`` the objectives conflict.
    """

    TRAIN = "train"
    TEST = "test"
    CONTROL = "control"
    SHIFT = "shift"

    @property
    def shifted(self) -> bool:
        """True if the objectives conflict, which is under ``shift``."""
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
        """Return the split of this name.

        Raises:
            UnknownNameError: the name is not a split.
        """
        try:
            return cls(value)
        except ValueError:
            raise unknown("split", value, [s.value for s in cls]) from None
