"""Comparison of a method's records with an evaluator's own rerun of its code."""

from __future__ import annotations

from statistics import fmean, stdev

from benchmarks.tracks.record import MOST_ERRORS, SAID
from benchmarks.tracks.record_files import MethodRecords

# The least standard deviation that is taken to lie between two trainings of one method.
LEAST_SPREAD = 0.05
VALUES = {"S": "area", "C": "coverage"}


def compare_methods(claim: MethodRecords, own: MethodRecords) -> list[str]:
    """Return a line for each fact, and for each value of a task, on which two evaluators differ.

    The means over n seeds may be ``MOST_ERRORS`` standard errors apart. The variance of one value
    is that over the rerun's own seeds, at least ``LEAST_SPREAD`` squared, plus (1 - v^2) / levels,
    that of a share of base minus the proxy's whose mean is v. A claim has no say in it: one with
    seeds far apart would excuse itself.
    """
    lines = [
        f"{fact} is {said!r}, and {found!r} of the code"
        for fact in SAID
        if (said := getattr(claim.facts, fact)) != (found := getattr(own.facts, fact))
    ]
    for task in dict.fromkeys(record.task for record in own.records):
        for name, attribute in VALUES.items():
            given, found = (
                [getattr(record, attribute) for record in method.records if record.task == task]
                for method in (claim, own)
            )
            spread = max(LEAST_SPREAD, stdev(found) if len(found) > 1 else 0.0)
            levels = own.records[0].levels
            variance = spread**2 + (1 - min(1.0, fmean(found) ** 2)) / levels
            most = MOST_ERRORS * (2 * variance / len(given)) ** 0.5
            if abs(fmean(given) - fmean(found)) > most:
                lines.append(
                    f"{task}, {name}: claimed {fmean(given):.2f}, found {fmean(found):.2f}, more"
                    f" than {most:.2f} apart"
                )
    return lines
