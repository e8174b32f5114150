"""Keywords that a trap accepts besides its size: the range and default of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mesa_gym.errors import shorten, unknown


@dataclass(frozen=True)
class Whole:
    """A whole number from ``least`` to ``most``."""

    default: int
    least: int
    most: int

    def check(self, name: str, value: Any) -> int:
        """Return the value of the keyword ``name``; ValueError if the value is out of range."""
        is_integer = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not is_integer or not self.least <= value <= self.most:
            bounds = f"from {self.least} to {self.most}"
            raise ValueError(f"{name} must be a whole number {bounds}, got {shorten(value)}")
        return int(value)


@dataclass(frozen=True)
class Share:
    """A number from 0 to 1; if ``default`` is None, also None, with a meaning of the trap's own."""

    default: float | None

    def check(self, name: str, value: Any) -> float | None:
        """Return the value of the keyword ``name``; ValueError if the value is out of range."""
        if value is None and self.default is None:
            return None
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if not number or not 0 <= value <= 1:
            raise ValueError(f"{name} must be a number from 0 to 1, got {shorten(value)}")
        return float(value)


@dataclass(frozen=True)
class Choice:
    """One of several words, by default the first."""

    words: tuple[str, ...]

    @property
    def default(self) -> str:
        """The default: the first of ``words``."""
        return self.words[0]

    def check(self, name: str, value: object) -> str:
        """Return the value of the keyword ``name``; UnknownNameError if it is not in ``words``."""
        if value not in self.words:
            raise unknown(name, str(value), self.words)
        return str(value)


Option = Whole | Share | Choice
