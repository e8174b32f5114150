"""Annotations of type hints: what the numbers and names in a score card can be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True)
class Limits:
    """Annotates a number: what it can be.

    Attributes:
        least, most: its range, both included.
        nan: it may be NaN, which JSON writes as null.
    """

    least: float = -math.inf
    most: float = math.inf
    nan: bool = False


@dataclass(frozen=True)
class Matching:
    """Annotates text: a regular expression for all of it, and what to call such a text."""

    pattern: str
    words: str


@dataclass(frozen=True)
class Keys:
    """Annotates a dictionary: it has these keys and no others."""

    names: tuple[str, ...]


Share = Annotated[float, Limits(0, 1)]
ShareOrNaN = Annotated[float, Limits(0, 1, nan=True)]
NumberOrNaN = Annotated[float, Limits(nan=True)]
Count = Annotated[int, Limits(0)]
