"""Measurement of speeds: in turns, several times each, and the median counts.

A shared machine is not equally fast from one second to the next, so that rates to be compared are
measured beside each other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Work(NamedTuple):
    """Something that can be done over and over.

    Attributes:
        take: takes so many steps, and returns how many things that makes.
        least: the number that the steps of a measurement are a multiple of, so that each holds
            its share of what happens now and then.
    """

    take: Callable[[int], int]
    least: int = 1


def measure_rates(
    works: Mapping[T, Work],
    repeats: int,
    seconds: float,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[T, float]:
    """Return how many things a second each work makes.

    Args:
        works: name -> what to do.
        repeats: measurements of each.
        seconds: about how long one takes.
        clock: returns seconds; ``time.process_time`` counts those of this process alone.
    """
    counts = {name: _count(work, seconds, clock) for name, work in works.items()}
    found: dict[T, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            began = clock()
            made = work.take(counts[name])
            found[name].append(made / (clock() - began))
    return {name: median(measured) for name, measured in found.items()}


def _count(work: Work, seconds: float, clock: Callable[[], float]) -> int:
    """Return the steps of a measurement, after some to warm up."""
    work.take(work.least)
    began = clock()
    work.take(work.least)
    return work.least * max(1, round(seconds / (clock() - began)))


def check_target(name: str, value: float, unit: str, most: float) -> list[str]:
    """Return the cells of a number with its target, an upper bound: the last is yes or NO."""
    met = "yes" if value <= most else "NO"
    return [name, f"{value:.3g} {unit}", f"{most:.3g} {unit}", met]
