"""Units of work done in this process: starting one that imports torch takes seconds."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from benchmarks.pool import Unit
from benchmarks.progress import Report


def run(units: Sequence[Unit], workers: int, out: Path, report: Report) -> dict[str, str]:
    """What ``benchmarks.pool.run`` does, one unit after another; errors are raised."""
    waiting, folder = list(units), out / ".at-once"
    while waiting:
        names = {unit.name for unit in waiting}
        unit = next(unit for unit in waiting if not unit.after & names)
        waiting.remove(unit)
        unit.work(folder, lambda share: None)
        for made in unit.makes:
            (out / made).parent.mkdir(parents=True, exist_ok=True)
            (folder / made).rename(out / made)
        report.note(f"done: {unit.name}")
        shutil.rmtree(folder)
    return {}
