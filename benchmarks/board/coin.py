"""The coin's mean and standard error: how far from 0 chance alone carries a value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import NamedTuple

from benchmarks.tracks.record import TrackRecord
from benchmarks.tracks.tasks import TASKS


class CoinTosses(NamedTuple):
    """A coin's throws on the tasks of a family, in one table of the board.

    Attributes:
        family, table: of which.
        mean: of S over all throws.
        error: the standard error of that mean.
        throws: how many there were.
    """

    family: str
    table: str
    mean: float
    error: float
    throws: int


def measure_coin(records: Sequence[TrackRecord]) -> list[CoinTosses]:
    """Return what the coin gets, by family and table.

    A coin is thrown for each budget, draw and role, so that throws are independent.
    """
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for record in records:
        for name, points, _ in record.list_curves():
            key = TASKS[record.task].family, name
            found[key] += [(one + other) / 2 for point in points for one, other in point.m]
    return [
        CoinTosses(*key, fmean(tosses), stdev(tosses) / len(tosses) ** 0.5, len(tosses))
        for key, tosses in found.items()
    ]
