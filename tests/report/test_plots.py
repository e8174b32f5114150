"""Plots of reports: coordinates worked out by hand."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from mesa_gym.report.characters import characters
from mesa_gym.report.parts import Bars, Dot, Dots, Plane
from mesa_gym.report.svg import svg

NAN = float("nan")
TONES = {"base": "base", "one": "proxy-a", "neither": "rest"}


def drawn(plot) -> ElementTree.Element:
    """The plot, read by an XML parser."""
    return ElementTree.fromstring(svg(plot))


def shapes(plot, kind: str) -> list[ElementTree.Element]:
    """Elements that have a class."""
    return [e for e in drawn(plot).iter() if kind in e.get("class", "").split()]


def coordinates(element: ElementTree.Element, *names: str) -> list[float]:
    return [float(element.get(name)) for name in names]


def test_bars_lie_end_to_end() -> None:
    """360 units wide: a quarter is 90, a half 180."""
    plot = Bars("Steps", {"here": {"base": 0.25, "one": 0.5, "neither": 0.0}}, TONES)
    parts = shapes(plot, "part")
    assert [coordinates(part, "x", "width") for part in parts] == [[0, 90], [90, 180]]
    assert [part.get("class") for part in parts] == ["base part", "proxy-a part"]
    (track,) = shapes(plot, "track")
    assert coordinates(track, "x", "y", "width", "height") == [0, 20, 360, 14]
    assert drawn(plot).findtext("title") == "Steps"
    assert drawn(plot).findtext("desc") == "here: base 0.25, one 0.50, neither 0.00"


def test_bars_without_numbers_are_empty() -> None:
    plot = Bars("Steps", {"here": {"base": NAN, "one": NAN}}, TONES)
    assert shapes(plot, "part") == []
    assert "n/a / n/a" in [text.text for text in drawn(plot).iter("text")]


def test_dots_stand_where_their_numbers_are() -> None:
    """From 0 to 1 with 8% of room each: 294 units for 1.16, 0 at 30.28, 1 at 283.72."""
    plot = Dots("N", {"test": {"base": Dot(0.5), "one": Dot(1.0)}}, (0.0, 1.0, 0.9), 0, 1, TONES)
    (disc,) = (e for e in shapes(plot, "base") if e.tag == "circle")
    # Half way between 10 and 304; the group's line of 22 under 22 for the axis, half a row of 18.
    assert coordinates(disc, "cx", "cy") == [157, 53]
    stem = next(e for e in shapes(plot, "stem") if "base" in e.get("class"))
    assert coordinates(stem, "x1", "x2", "y1") == [30.28, 157, 53]
    (square,) = (e for e in shapes(plot, "proxy-a") if e.tag == "polygon")
    assert square.get("points") == "279.22,66.5 288.22,66.5 288.22,75.5 279.22,75.5"
    lines = [coordinates(e, "x1", "x2") for e in shapes(plot, "line")]
    # 0.9 at 30.28 + 0.9 x 253.45.
    assert lines == [[30.28, 30.28], [283.72, 283.72], [258.38, 258.38]]
    assert [e.get("class") for e in shapes(plot, "line")][2] == "line dashed"


def test_error_bars_are_95_percent_intervals() -> None:
    """From -1 to 1: 294 / 2.32 = 126.72 units for 1; 1.96 x 0.1 are 24.84."""
    plot = Dots("Ghosts", {"one": {"one": Dot(0.0, 0.1)}}, (0.0, 1.0, -1.0), -1, 1, TONES)
    bar, *caps = shapes(plot, "stem")
    assert coordinates(bar, "x1", "x2") == [132.16, 181.84]
    assert [coordinates(cap, "x1", "x2") for cap in caps] == [[132.16, 132.16], [181.84, 181.84]]


@pytest.mark.parametrize("dot", [Dot(NAN), Dot(NAN, NAN), Dot(NAN, 0.1)])
def test_a_number_that_is_none_has_no_mark(dot: Dot) -> None:
    plot = Dots("N", {"test": {"base": dot}}, (0.0, 1.0), 0, 1, TONES)
    assert shapes(plot, "stem") == shapes(plot, "base") == []
    assert plot.span == pytest.approx((-0.08, 1.08))


def test_the_axis_grows_with_the_numbers() -> None:
    plot = Dots("N", {"test": {"base": Dot(-3.0), "one": Dot(1.0)}}, (0.0, 1.0, 0.9), 0, 1, TONES)
    assert plot.span == pytest.approx((-3.32, 1.32))
    labels = [e.text for e in drawn(plot).iter("text") if e.get("text-anchor") == "middle"]
    assert labels == ["0", "1"]  # 0.9 stands too near to 1 to have its own


POINTS = {"oracle:base": (1.0, 0.0), "oracle:one": (0.5, 1.0), "policy": (0.0, 0.5)}
LOOKS = {"oracle:base": "base", "oracle:one": "proxy-a", "policy": "policy"}


def test_points_of_the_plane() -> None:
    """A square of 308 from (40, 26), for -0.08 to 1.08: 0 at 21.24 from its edge, 1 at 286.76."""
    plot = Plane("shift", "base", "one", POINTS, LOOKS)
    assert coordinates(shapes(plot, "base")[0], "cx", "cy") == [326.76, 312.76]
    (square,) = shapes(plot, "proxy-a")
    x, y = map(float, square.get("points").split()[0].split(","))
    assert (x + 4.5, y + 4.5) == pytest.approx((194, 47.24))
    assert coordinates(shapes(plot, "ring")[0], "cx", "cy") == [61.24, 180]
    (line,) = shapes(plot, "between")
    assert coordinates(line, "x1", "y1", "x2", "y2") == [326.76, 312.76, 194, 47.24]


def test_points_that_are_nowhere_are_left_out() -> None:
    plot = Plane("shift", "base", "one", {**POINTS, "oracle:one": (NAN, 1.0)}, LOOKS)
    assert shapes(plot, "proxy-a") == shapes(plot, "between") == []
    assert "oracle:one (n/a, 1.00)" in drawn(plot).findtext("desc")
    assert "P oracle:one (n/a, 1.00)" in characters(plot)


def test_everything_lies_inside_its_plot() -> None:
    plots = [
        Plane("shift", "b" * 99, "o" * 99, {**POINTS, "policy": (-3.0, 7.0)}, LOOKS),
        Dots("N", {"t" * 99: {"base": Dot(-9.0), "one": Dot(2.0, 1.0)}}, (0.0, 1.0), 0, 1, TONES),
        Bars("Steps", {"h" * 99: {"base": 0.5, "one": 0.5}}, TONES),
    ]
    for plot in plots:
        root = drawn(plot)
        _, _, width, height = map(float, root.get("viewBox").split())
        for e in root.iter():
            for name in ("x", "x1", "x2", "cx"):
                assert 0 <= float(e.get(name, 0)) <= width
            for name in ("y", "y1", "y2", "cy"):
                assert 0 <= float(e.get(name, 0)) <= height
            if e.tag == "text":
                assert 5 * len(e.text) <= width


# -- in characters ---------------------------------------------------------------------------------


def test_bars_in_characters() -> None:
    text = characters(Bars("Steps", {"here": {"base": 0.2, "one": 0.5, "neither": 0.3}}, TONES))
    bar, legend = text.splitlines()
    assert bar == f"here  |{'█' * 6}{'▓' * 15}{'░' * 9}|  0.20 / 0.50 / 0.30"
    assert legend.split() == ["█", "base", "▓", "one", "░", "neither"]


def test_dots_in_characters() -> None:
    """41 columns for -0.08 to 1.08: 0 in column 3, 0.5 in 20, 0.9 in 34, 1 in 37."""
    plot = Dots("N", {"test": {"base": Dot(0.5)}}, (0.0, 1.0, 0.9), 0, 1, TONES)
    row, legend = characters(plot).splitlines()
    axis = row.removesuffix("   0.50")[-41:]
    assert {i: c for i, c in enumerate(axis) if c != " "} == {3: "|", 20: "o", 34: ":", 37: "|"}
    assert legend == "lines at 0, 0.9, 1"


def test_the_plane_in_characters() -> None:
    """41 by 17 cells for -0.08 to 1.08 both ways, the first row on top."""
    grid = characters(Plane("shift", "base", "one", POINTS, LOOKS)).splitlines()
    found = {c: (x, y) for y, row in enumerate(grid[:17]) for x, c in enumerate(row) if c in "BPA"}
    assert found == {"B": (37, 15), "P": (20, 1), "A": (3, 8)}
    assert grid[17].startswith("across: N of base, up: N of one")
    assert grid[-1] == "A policy (0.00, 0.50)"
