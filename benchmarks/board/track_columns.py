"""Columns of the tracks as text: for the terminal, Markdown and the pages."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.board.columns import figure, format_interval
from benchmarks.board.standings import Track
from benchmarks.tracks.record import TrackRecord


def track_rows(track: Track) -> tuple[list[str], list[list[str]]]:
    """Return the heads and rows of a track's standings, as texts."""
    letter = "q" if track.name == "ask" else "k"
    heads = ["place", "method", track.measure, "95%", *(f"{letter} = {b}" for b in track.budgets)]
    rows = [
        [
            str(each.place or ""),
            each.method if each.place else f"{each.method} ({each.kind})",
            figure(each.value),
            format_interval(each.interval, each.seeds),
            *(figure(each.curve[budget]) for budget in track.budgets),
            *([str(each.enough or "–")] if letter == "k" and track.budgets else []),
        ]
        for each in track.standings
    ]
    return [*heads, *(["k*"] if letter == "k" and track.budgets else [])], rows


def alpha_rows(mitigated: Sequence[TrackRecord]) -> tuple[list[str], list[list[str]]]:
    """Return the heads and rows of the track ``alpha``, as texts: a row for each share."""
    heads = ["trap", "algorithm", "seed", "alpha", "levels met", "steps", "N shift", "steering"]
    rows = [
        [
            record.trap,
            record.method.removeprefix("alpha-"),
            str(record.seed),
            f"{point.share:g}",
            f"{point.met:,.0f}",
            f"{point.steps:,}",
            figure(point.n),
            figure(point.steering),
        ]
        for record in mitigated
        for point in record.alpha or ()
    ]
    return heads, rows
