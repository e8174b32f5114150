"""Verification of records that were handed in: another evaluator's rerun, on levels of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
from msgspec import structs

from benchmarks.tracks.evaluation import LEVELS
from benchmarks.tracks.record import Origin, TrackRecord, Verified, record_path
from benchmarks.tracks.rules import require_rules
from benchmarks.tracks.running import SAID
from benchmarks.tracks.wall import name_method

# Standard errors that a claim may be off.
MOST_ERRORS = 3.0
# The least standard deviation that is taken to lie between two trainings of one method.
LEAST_SPREAD = 0.05


def require_own_records(folder: Path, method: str, origin: Origin | None) -> None:
    """Refuse to write over records of another's method, whose file and class have the same names.

    Args:
        folder: into which records are written.
        method: its name, or where it is.
        origin: of the method.

    Raises:
        ValueError: there is such a record.
    """
    name = name_method(method)
    for path in sorted((folder / "tracks").glob(f"*/{name}-s*.json")):
        record = TrackRecord.load(path)
        author = _name_author(record.origin)
        if record.method == name and author != _name_author(origin):
            raise ValueError(
                f"{path} is of another's method, {author}; give yours another name, or write to"
                " another folder"
            )


def _name_author(origin: Origin | None) -> str:
    return f"{', '.join(origin.authors)}, {origin.code}" if origin else "the project's"


def find_claims(
    folder: Path, method: str, levels: int = LEVELS
) -> dict[str, dict[Path, TrackRecord]]:
    """Return the records of a method in a folder, by task and file.

    Args:
        folder: of records.
        method: its name, or where it is.
        levels: that they must have been scored on: on few, nothing differs by more than chance.

    Raises:
        ValueError: there is none, or one is damaged, or breaks a rule of the board.
    """
    name = name_method(method)
    found: dict[str, dict[Path, TrackRecord]] = {}
    for path in sorted((folder / "tracks").glob(f"*/{name}-s*.json")):
        record = TrackRecord.load(path)
        if record.method != name:
            continue
        try:
            require_rules(record, levels)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
        if path != (place := folder / record_path(record.task, record.method, record.seed)):
            raise ValueError(f"{path}: it is of {place}")
        found.setdefault(record.task, {})[path] = record
    if not found:
        raise ValueError(f"{folder} has no record of {method}: expected tracks/TASK/{name}-s0.json")
    return found


def compare_facts(claim: TrackRecord, own: TrackRecord) -> list[str]:
    """Return a line for each fact in which a claim differs from a rerun of the same code."""
    facts = {name: (getattr(claim, name), getattr(own, name)) for name in SAID}
    facts["tracks"] = (sorted(claim.list_values()), sorted(own.list_values()))
    return [
        f"{claim.task}, seed {claim.seed}: {name} is {said!r}, and {found!r} of the code"
        for name, (said, found) in facts.items()
        if said != found
    ]


def compare_records(claimed: Sequence[TrackRecord], own: Sequence[TrackRecord]) -> list[str]:
    """Return a line for each value of one task on which two evaluators differ.

    The means over n seeds may be ``MOST_ERRORS`` standard errors apart. The variance of one value
    is that over the rerun's own seeds, at least ``LEAST_SPREAD`` squared, plus (1 - v^2) / levels,
    that of a share of base minus the proxy's whose mean is v. A claim has no say in it: one with
    seeds far apart would excuse itself.
    """
    lines = []
    for name in dict.fromkeys(name for record in claimed for name in record.list_values()):
        given, found = (
            np.array([values[name] for r in rs if name in (values := r.list_values())])
            for rs in (claimed, own)
        )
        spread = max(LEAST_SPREAD, found.std(ddof=1) if len(found) > 1 else 0.0)
        variance = spread**2 + (1 - min(1.0, found.mean() ** 2)) / own[0].levels
        error = np.sqrt(2 * variance / len(given))
        if abs(given.mean() - found.mean()) > MOST_ERRORS * error:
            lines.append(
                f"{claimed[0].task}, {name}: claimed {given.mean():.2f}, found {found.mean():.2f},"
                f" more than {MOST_ERRORS * error:.2f} apart"
            )
    return lines


def mark_verified(claim: TrackRecord, own: TrackRecord, by: str) -> TrackRecord:
    """Return the record that takes a claim's place: what the rerun found, and who made it.

    What is shown is never the claim's: as far as values may differ and agree, a claim could be
    raised on every task.
    """
    verified = Verified(by, date.today().isoformat(), own.salt)
    return structs.replace(own, origin=claim.origin, verified=verified)
