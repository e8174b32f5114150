"""Units done in this process: starting one that imports torch takes seconds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.leaderboard.processes import Unit, do
from benchmarks.leaderboard.results import Results
from benchmarks.options import say


def run(
    units: Sequence[Unit], out: Path, workers: int | None = None, backend: str = "local"
) -> dict[str, str]:
    """What ``runner.run`` does, one unit after another; errors are raised."""
    for unit in units:
        if not unit.done(Results(out)):
            assert do(unit, out, False, say)
            say(f"done: {unit.name}")
    return {}
