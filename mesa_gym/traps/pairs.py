"""Pairs of predicates about things, one for each role, and the grammar of ``Composed``.

A *part* is one test of a thing, of one of four productions: an attribute, a place, being nearest to
or farthest from the lamp, being like the lamp. A *predicate* is a part or, the fifth production,
either of two. The sixth asks for two takes: first a thing that fits, then one that does not.
"""

from __future__ import annotations

from functools import cache
from itertools import combinations, product
from typing import NamedTuple

import numpy as np

from mesa_gym.engine import Bools, Ints
from mesa_gym.engine.chance import below, bits

VALUES = {"shape": ("square", "circle", "triangle"), "colour": ("red", "green", "blue")}
PRODUCTIONS = ("attribute", "place", "lamp", "like")
QUARTERS = ("upper left", "upper right", "lower left", "lower right")
EXTREMES = ("nearest to", "farthest from")


class Scenes(NamedTuple):
    """The k things that predicates test, and the lamp, in n levels and several tries of each.

    Attributes:
        values: "shape" and "colour" -> int64 (tries, k, n), of the things.
        lamp: "shape" and "colour" -> int64 (tries, 1, n), of the lamp.
        steps: int64 (tries, k, n), of a walk from each thing to the lamp.
        quarter: int64 (k, n), in which of ``QUARTERS`` each thing lies.
    """

    values: dict[str, Ints]
    lamp: dict[str, Ints]
    steps: Ints
    quarter: Ints


class Part(NamedTuple):
    """One test of a thing: a production, its subject, and one of several names.

    Attributes:
        production: one of ``PRODUCTIONS``.
        about: "shape" or "colour" of an attribute or likeness; empty for others.
        which: index of the attribute's value, the quarter or the end; 0 for a likeness.
    """

    production: str
    about: str = ""
    which: int = 0

    def __str__(self) -> str:
        if self.production == "attribute":
            return f"is {VALUES[self.about][self.which]}"
        if self.production == "place":
            return f"lies in the {QUARTERS[self.which]} quarter"
        if self.production == "lamp":
            return f"is {EXTREMES[self.which]} the lamp"
        return f"has the lamp's {self.about}"

    def fits(self, scenes: Scenes) -> Bools:
        """Return which things fit, bool (tries, k, n); a tie for nearest or farthest fits none."""
        if self.production == "attribute":
            return scenes.values[self.about] == self.which
        if self.production == "place":
            return np.broadcast_to(scenes.quarter == self.which, scenes.steps.shape)
        if self.production == "like":
            return scenes.values[self.about] == scenes.lamp[self.about]
        steps = -scenes.steps if self.which else scenes.steps
        first = steps == steps.min(axis=1, keepdims=True)
        alone: Bools = first & (first.sum(axis=1, keepdims=True) == 1)
        return alone


class Predicate(tuple[Part, ...]):
    """A test of a thing, which fits if one of its parts does."""

    def __str__(self) -> str:
        return " or ".join(map(str, self))

    def fits(self, scenes: Scenes) -> Bools:
        """Return which things fit any part, bool (tries, k, n)."""
        return np.logical_or.reduce([part.fits(scenes) for part in self])


class Pattern(NamedTuple):
    """A class of pairs that differ in names alone: which values, quarter and end, and which role.

    Attributes:
        takes: 1, or 2 where a thing that fits is to be taken before one that does not.
        sides: the productions of the one predicate and of the other.
    """

    takes: int
    sides: tuple[tuple[str, ...], tuple[str, ...]]

    def __str__(self) -> str:
        return "before " * (self.takes - 1) + " against ".join(map(" or ".join, self.sides))


class Pair(NamedTuple):
    """The predicates of a base objective and of its proxy."""

    pattern: Pattern
    base: Predicate
    proxy: Predicate

    def describe(self, role: Predicate) -> str:
        """Return a description of one objective's predicate."""
        if self.pattern.takes == 1:
            return f"1 for taking a thing that {role}."
        return f"1 for taking first a thing that {role}, then one of which that is not true."


@cache
def list_patterns() -> tuple[Pattern, ...]:
    """Return all patterns, patterns with one take first."""
    ones = [(x,) for x in PRODUCTIONS]
    twos = [*combinations(PRODUCTIONS, 2)]
    couples = [*combinations(ones, 2), *product(ones, twos), *combinations(twos, 2)]
    sides = [(one, other) for one, other in couples if not {*one} & {*other}]
    return tuple(Pattern(takes, pair) for takes in (1, 2) for pair in sides)


def draw_pair(number: int) -> Pair:
    """Return the pair with this number; numbers run through the patterns first."""
    patterns = list_patterns()
    pattern = patterns[number % len(patterns)]
    bounds = np.array([2, len(VALUES), 3, len(QUARTERS), len(EXTREMES)])
    words = bits(0, np.array([number]), "pair", 0, len(bounds))[:, 0]
    straight, of, value, quarter, end = below(words, bounds).tolist()
    about, other = [*VALUES][of], [*VALUES][1 - of]
    parts = {
        "attribute": Part("attribute", about, value),
        "place": Part("place", which=quarter),
        "lamp": Part("lamp", which=end),
        "like": Part("like", other),
    }
    one, two = (Predicate(parts[production] for production in side) for side in pattern.sides)
    return Pair(pattern, one, two) if straight else Pair(pattern, two, one)
