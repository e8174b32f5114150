"""Units done in this process: starting one that imports torch takes seconds."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path

from benchmarks.claims import tidy
from benchmarks.jobs import Job, Unit
from benchmarks.options import say
from benchmarks.results import Results
from benchmarks.worker import do


def run(
    units: Sequence[Unit], out: Path, workers: int | None = None, backend: str = "loky"
) -> dict[str, str]:
    """What ``benchmarks.runner.run`` does, one unit after another; errors are raised."""
    for unit in units:
        if not unit.done(Results(out)):
            do(Job(unit.name, pickle.dumps(unit), out, wait=False), say)
            say(f"done: {unit.name}")
    tidy(out)
    return {}
