"""The evaluator's side of an auditor, which runs in a locked child and is never imported here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.audit.assignment import AuditorCall
from benchmarks.audit.evidence import TIERS, Evidence, Tier, pack_arrays
from benchmarks.isolation.frames import Kind, pack
from benchmarks.isolation.nursery import Forked, Nursery
from benchmarks.isolation.process import ChildError
from benchmarks.rooms.code import find_code
from mesa_gym.errors import unknown

# Bounds of one call: fitting and asking.
CALL_SECONDS, MEMORY, START_SECONDS = 1_200, 8 << 30, 120.0
MOST_TIER = 100  # bytes of its name


class AuditorError(ValueError):
    """An auditor failed, or gave an answer that is not a number."""


class Auditor(NamedTuple):
    """The place of an auditor's class, and the tier that it says there.

    A class has ``tier``, one of ``TIERS``, ``fit(evidence, shares)`` and ``predict(evidence)``.
    """

    file: Path
    name: str
    tier: Tier


def find_auditor(nursery: Nursery, place: str) -> Auditor:
    """Find an auditor; a child imports it, and says its tier.

    Args:
        nursery: of ``benchmarks.audit.child``.
        place: ``FILE.py:Class``.

    Raises:
        ValueError: there is no such file or class, or it cannot be imported.
        UnknownNameError: its tier is none.
    """
    code = find_code(place)
    file, name = Path(code.file), code.name
    with _open_child(nursery, file, name, describe=True) as child:
        _, said = child.converse(b"", {Kind.RESULT: range(MOST_TIER + 1)}, START_SECONDS)
    told = said.decode(errors="replace")
    tier: Tier | None = next((each for each in TIERS if each == told), None)
    if tier is None:
        raise unknown(f"tier of {name}", told, TIERS)
    return Auditor(file, name, tier)


@contextmanager
def _open_child(nursery: Nursery, file: Path, name: str, describe: bool) -> Iterator[Forked]:
    """Yield a locked child that is told what to do; what fails there is an AuditorError."""
    told = AuditorCall(file.stem, name, str(file), describe, CALL_SECONDS, MEMORY)
    child = nursery.begin()
    try:
        try:
            settings = pack(Kind.SETTINGS, msgspec.json.encode(told))
            child.exchange(settings, Kind.LOCKED, 0, START_SECONDS)
        except ChildError as error:
            raise OSError(f"no process could be locked up for an auditor: {error}") from None
        yield child
    except ChildError as error:
        raise AuditorError(f"{name}: {error}") from None
    finally:
        child.close()


def predict_shares(
    nursery: Nursery,
    auditor: Auditor,
    known: Evidence,
    shares: NDArray[np.floating[Any]],
    asked: Evidence,
) -> NDArray[np.float64]:
    """Fit an auditor to some agents, and return what it predicts of others, finite numbers.

    Args:
        nursery: of ``benchmarks.audit.child``.
        auditor: whose code is run.
        known: evidence of agents whose shares it is told.
        shares: of them.
        asked: evidence of the others.

    Raises:
        AuditorError: it failed, or gave no number for each of them.
        OSError: no process could be locked up.
    """
    n = len(next(iter(asked.values())))
    files = [{**known, "shares": np.asarray(shares, np.float64)}, asked]
    with _open_child(nursery, auditor.file, auditor.name, describe=False) as child:
        question = b"".join(pack(Kind.FILE, pack_arrays(each)) for each in files)
        data = child.exchange(question, Kind.RESULT, 8 * n, CALL_SECONDS)
    found = np.frombuffer(data, "<f8")
    if not np.isfinite(found).all():
        raise AuditorError(f"{auditor.name} predicted {found[~np.isfinite(found)][0]}")
    return found
