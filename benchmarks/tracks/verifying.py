"""Verification of records that were handed in: another evaluator's rerun, on levels of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
from msgspec import structs

from benchmarks.tracks.record import TrackRecord, Verified
from benchmarks.tracks.wall import name_method

# Standard errors that a claim may be off.
MOST_ERRORS = 3.0
# The least standard deviation that is taken to lie between two trainings of one method.
LEAST_SPREAD = 0.05


def find_claims(folder: Path, method: str) -> dict[str, dict[Path, TrackRecord]]:
    """Return the records of a method in a folder, by task and file.

    Raises:
        ValueError: there is none, or one is damaged or forged.
    """
    name = name_method(method)
    found: dict[str, dict[Path, TrackRecord]] = {}
    for path in sorted((folder / "tracks").glob(f"*/{name}-s*.json")):
        record = TrackRecord.load(path)
        if record.method == name:
            found.setdefault(record.task, {})[path] = record
    if not found:
        raise ValueError(f"{folder} has no record of {method}: expected tracks/TASK/{name}-s0.json")
    return found


def require_terms(claims: Mapping[Path, TrackRecord], levels: int) -> None:
    """Raise ValueError where claims of one task cannot be verified together, by these terms.

    On few levels nothing differs by more than chance, and of tracks that one claim alone has, the
    others would be marked as well.
    """
    first = next(iter(claims.values()))
    for path, claim in claims.items():
        for name, given, wanted in (
            ("levels", claim.levels, levels),
            ("tracks", [*claim.list_values()], [*first.list_values()]),
        ):
            if given != wanted:
                raise ValueError(
                    f"{path} has {name} {given}, expected {wanted} (--levels says what is"
                    " verified; all records of a task are of the same tracks)"
                )
        if not claim.list_values():
            raise ValueError(f"{path} is of no track, and claims nothing")


def compare_records(claimed: Sequence[TrackRecord], own: Sequence[TrackRecord]) -> list[str]:
    """Return a line for each value of one task on which two evaluators differ.

    The means over n seeds may be ``MOST_ERRORS`` standard errors apart. The variance of one value
    is that over the rerun's own seeds, at least ``LEAST_SPREAD`` squared, plus (1 - v^2) / levels,
    that of a share of base minus the proxy's whose mean is v. A claim has no say in it: one with
    seeds far apart would excuse itself.
    """
    lines = []
    for name in claimed[0].list_values():
        given, found = (np.array([r.list_values()[name] for r in rs]) for rs in (claimed, own))
        spread = max(LEAST_SPREAD, found.std(ddof=1) if len(found) > 1 else 0.0)
        variance = spread**2 + (1 - min(1.0, found.mean() ** 2)) / own[0].levels
        error = np.sqrt(2 * variance / len(given))
        if abs(given.mean() - found.mean()) > MOST_ERRORS * error:
            lines.append(
                f"{claimed[0].task}, {name}: claimed {given.mean():.2f}, found {found.mean():.2f},"
                f" more than {MOST_ERRORS * error:.2f} apart"
            )
    return lines


def mark_verified(claims: dict[Path, TrackRecord], by: str, salt: str) -> None:
    """Write into records who verified them, today, and the digest of that evaluator's salt."""
    verified = Verified(by, date.today().isoformat(), salt)
    for path, record in claims.items():
        structs.replace(record, verified=verified).save(path)
