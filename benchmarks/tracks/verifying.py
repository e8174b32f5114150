"""Verification of records that were handed in: another evaluator's rerun, on levels of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
from msgspec import structs

from benchmarks.tracks.record import Point, TrackRecord, Verified
from benchmarks.tracks.wall import name_method

# Standard errors that a claim may be off.
MOST_ERRORS = 3.0
# The least standard deviation that is taken to lie between two trainings of one method.
LEAST_SPREAD = 0.05


def find_claims(folder: Path, method: str) -> dict[str, dict[Path, TrackRecord]]:
    """Return the records of a method in a folder, by trap and file.

    Raises:
        ValueError: there is none, or one is damaged or forged.
    """
    name = name_method(method)
    found: dict[str, dict[Path, TrackRecord]] = {}
    for path in sorted((folder / "tracks").glob(f"*/{name}-s*.json")):
        record = TrackRecord.load(path)
        if record.method == name:
            found.setdefault(record.trap, {})[path] = record
    if not found:
        raise ValueError(f"{folder} has no record of {method}: expected tracks/TRAP/{name}-s0.json")
    return found


def list_values(record: TrackRecord) -> dict[str, float]:
    """Return what a method is judged by: C, and of each other track the mean of S over budgets."""

    def mean(points: list[Point]) -> float:
        return float(np.mean([point.steering for point in points]))

    values = {}
    if record.coverage:
        values["coverage"] = record.coverage.value
    if record.labels:
        values["labels, returns"] = mean(record.labels.returns)
        values["labels, demonstrations"] = mean(record.labels.demonstrations)
    if record.ask:
        values["ask"] = mean(record.ask)
    return values


def require_terms(claims: Mapping[Path, TrackRecord], levels: int, steps: int) -> None:
    """Raise ValueError where claims of one trap cannot be verified together, by these terms.

    On few levels nothing differs by more than chance, and of tracks that one claim alone has, the
    others would be marked as well.
    """
    first = next(iter(claims.values()))
    for path, claim in claims.items():
        for name, given, wanted in (
            ("levels", claim.levels, levels),
            ("steps", claim.steps, steps),
            ("tracks", [*list_values(claim)], [*list_values(first)]),
        ):
            if given != wanted:
                raise ValueError(
                    f"{path} has {name} {given}, expected {wanted} (--levels and --steps say what"
                    " is verified; all records of a trap are of the same tracks)"
                )
        if not list_values(claim):
            raise ValueError(f"{path} is of no track, and claims nothing")


def compare_records(claimed: Sequence[TrackRecord], own: Sequence[TrackRecord]) -> list[str]:
    """Return a line for each value of one trap on which two evaluators differ.

    The means over n seeds may be ``MOST_ERRORS`` standard errors apart. The variance of one value
    is that over the rerun's own seeds, at least ``LEAST_SPREAD`` squared, plus (1 - v^2) / levels,
    that of a share of base minus the proxy's whose mean is v. A claim has no say in it: one with
    seeds far apart would excuse itself.
    """
    lines = []
    for name in list_values(claimed[0]):
        given, found = (np.array([list_values(r)[name] for r in rs]) for rs in (claimed, own))
        spread = max(LEAST_SPREAD, found.std(ddof=1) if len(found) > 1 else 0.0)
        variance = spread**2 + (1 - min(1.0, found.mean() ** 2)) / own[0].levels
        error = np.sqrt(2 * variance / len(given))
        if abs(given.mean() - found.mean()) > MOST_ERRORS * error:
            lines.append(
                f"{claimed[0].trap}, {name}: claimed {given.mean():.2f}, found {found.mean():.2f},"
                f" more than {MOST_ERRORS * error:.2f} apart"
            )
    return lines


def mark_verified(claims: dict[Path, TrackRecord], by: str, salt: str) -> None:
    """Write into records who verified them, today, and the digest of that evaluator's salt."""
    verified = Verified(by, date.today().isoformat(), salt)
    for path, record in claims.items():
        structs.replace(record, verified=verified).save(path)
