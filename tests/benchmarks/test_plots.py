"""The plots of benchmarks, by hand: a mark for every seed."""

import re

import pytest

from benchmarks import plots


def marks(svg):
    """(cx, cy, title) of each dot."""
    found = re.findall(r'<circle cx="([\d.-]+)" cy="([\d.-]+)"[^>]*><title>([^<]*)</title>', svg)
    return [(float(x), float(y), title) for x, y, title in found]


def test_positions_by_hand():
    assert plots.positions([0, 5, 10], logarithmic=False) == pytest.approx([0.05, 0.5, 0.95])
    # 0.001, 0.01, 0.1 span two decades, so that 0 stands one before 0.001: thirds of what is left.
    assert plots.positions([0, 0.001, 0.01, 0.1], logarithmic=True) == pytest.approx(
        [0.05, 0.35, 0.65, 0.95]
    )
    assert plots.positions([100, 1000, 100_000], logarithmic=True) == pytest.approx(
        [0.05, 0.35, 0.95]
    )
    assert plots.positions([0], logarithmic=True) == [0.05]


def test_every_seed_has_its_mark():
    nan = float("nan")
    series = [
        plots.Series("one", "#111111", {0: [0.0, 1.0], 3: [0.5, nan]}, reference=0.25),
        plots.Series("two", "#222222", {0: [0.1, 0.2], 3: [0.3, 0.4]}),
    ]
    svg = plots.curves([plots.Panel("T", "x", [0, 10], series)])
    # Axes 300 by 210 from 0 to 1; x at 15 and 285, series 2.5 to the left and to the right.
    assert marks(svg) == [
        (12.5, 210.0, "one, seed 0: 0.000"),
        (282.5, 0.0, "one, seed 0: 1.000"),
        (12.5, 105.0, "one, seed 3: 0.500"),
        (17.5, 189.0, "two, seed 0: 0.100"),
        (287.5, 168.0, "two, seed 0: 0.200"),
        (17.5, 147.0, "two, seed 3: 0.300"),
        (287.5, 126.0, "two, seed 3: 0.400"),
    ]
    assert '<path d="M17.5 168.0 L287.5 147.0"' in svg  # the mean of two
    assert '<line x1="0.0" y1="157.5" x2="300.0" y2="157.5" stroke="#111111"' in svg
    lines = plots.curves([plots.Panel("T", "x", [0, 10], series, dots=False)])
    assert marks(lines) == []
    assert '<path d="M15.0 210.0 L285.0 0.0"' in lines
    assert '<path d="M15.0 105.0"' in lines  # broken where there is no value
    assert lines.count("<title>two, seed 3</title>") == 1


def test_strips_by_hand():
    rows = [
        plots.Strip("a < b", [0.0, 1.0, 0.5], names=["s0", "s1", "s2"]),
        plots.Strip("c", [0.2]),
    ]
    svg = plots.strips(rows, "share")
    # The axis runs over 460 pixels from 210 on; rows are 30 high.
    assert marks(svg) == [
        (210.0, 25.0, "s0: 0.000"),
        (670.0, 25.0, "s1: 1.000"),
        (440.0, 25.0, "s2: 0.500"),
        (302.0, 55.0, "c: 0.200"),
    ]
    assert "a &lt; b" in svg
    assert '<line x1="440.0" y1="15.0" x2="440.0" y2="35.0"' in svg  # the mean
