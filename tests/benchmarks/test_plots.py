"""The plots of the studies: a line for every seed."""

from __future__ import annotations

import sys

import pytest

from benchmarks.studies import plots

NAN = float("nan")
SERIES = [
    plots.Series("one", "#111111", {0: [0.0, 1.0, 0.5], 3: [0.5, NAN, 0.5]}, reference=0.25),
    plots.Series("a < b", "#222222", {0: [0.1, 0.2, 0.3], 3: [0.3, 0.4, 0.5]}),
]
PANELS = [plots.Panel("T", "x", [0, 0.001, 0.1], SERIES, logarithmic=True)] * 4


def test_every_seed_has_its_line(tmp_path) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "plot.svg"
    assert plots.draw(PANELS, path)
    drawn = path.read_text()
    for name in ("one", "a &lt; b"):
        for seed in (0, 3):
            assert drawn.count(f'id="{name}, seed {seed}"') == len(PANELS)


def test_without_matplotlib_nothing_is_drawn(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert not plots.draw(PANELS, tmp_path / "plot.svg")
    assert not [*tmp_path.iterdir()]
