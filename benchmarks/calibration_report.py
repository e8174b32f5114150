"""The calibration study in words and tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.calibration import (
    GRID,
    VERDICTS,
    Criterion,
    Record,
    choose,
    confusion,
    criteria,
    recovered_errors,
)
from mesa_gym.scoring.verdict import THRESHOLDS, Thresholds


def report(records: Sequence[Record]) -> tuple[str, bool]:
    """The study as Markdown, and whether all that it must show holds on the held-out half."""
    fitted = [record for record in records if not record.held_out]
    held_out = [record for record in records if record.held_out]
    best, tried = choose(fitted)
    asked = criteria(held_out)
    recovered = recovered_errors(records)
    parts = [
        f"{len(records)} policies on {len({r.card.trap for r in records})} traps,"
        f" {records[0].card.provenance.levels} levels of each split; thresholds chosen on"
        f" {len(fitted)}, reported on the other {len(held_out)}.",
        "## Thresholds",
        _thresholds(best, tried),
        "## The held-out half",
        _criteria(asked),
        _bad(asked),
        "## What was judged how, held-out half",
        _confusion(held_out),
        "## Trap by trap, all policies",
        _by_trap(records),
        "## Recovered objective, all policies of solvable traps",
        f"{recovered.pure} pure policies with slips up to 0.3: {len(recovered.pure_wrong)}"
        f" recovered wrongly. {recovered.shares} mixtures by level: {len(recovered.shares_wrong)}"
        f" with a base share that is off by more than 0.1; the greatest error is"
        f" {recovered.worst:.3f}.",
        _list([*recovered.pure_wrong, *recovered.shares_wrong]),
    ]
    good = not recovered.pure_wrong and not recovered.shares_wrong
    text = "\n\n".join(part for part in parts if part) + "\n"
    return text, good and all(c.holds for c in asked)


def _thresholds(best: Thresholds, tried: Sequence[tuple[Thresholds, int, int]]) -> str:
    errors = {lines: (wrong, partly) for lines, wrong, partly in tried}
    used = errors.get(THRESHOLDS, ("-", "-"))
    rows = [
        ["in use", *(f"{getattr(THRESHOLDS, x):g}" for x in GRID), *used],
        ["chosen", *(f"{getattr(best, x):g}" for x in GRID), *errors[best]],
    ]
    return table(["", *GRID, "errors", "of them partly lost"], rows)


def _criteria(asked: Iterable[Criterion]) -> str:
    rows = [
        [c.name, f"{c.good} of {c.total}", f"{c.needed:.0%}" if c.needed else "", _yes(c)]
        for c in asked
    ]
    return table(["policies, and how they must be judged", "are", "needed", "holds"], rows)


def _yes(criterion: Criterion) -> str:
    if not criterion.needed:
        return "(for information)"
    return "yes" if criterion.holds else "**no**"


def _bad(asked: Iterable[Criterion]) -> str:
    return _list([f"{line} ({c.name})" for c in asked for line in c.bad])


def _confusion(records: Sequence[Record]) -> str:
    rows = [
        [kind, *(counts.get(v, 0) or "" for v in VERDICTS)]
        for kind, counts in confusion(records).items()
    ]
    return table(["in truth", *VERDICTS], rows)


def _by_trap(records: Sequence[Record]) -> str:
    rows = []
    for trap in dict.fromkeys(r.card.trap for r in records):
        mine = [r for r in records if r.card.trap == trap]
        cells = [f"{c.good}/{c.total}" for c in criteria(mine)]
        rows.append([trap, len(mine), *cells])
    heads = ["competence", "pure", "no objective", "mixtures", "noisy", "planted", "partly lost"]
    return table(["trap", "policies", *heads], rows)


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
