"""Plots: coordinates worked out by hand."""

from xml.etree import ElementTree

import pytest

from mesa_gym.report.svg import bars, dots

TONES = {"base": "base", "one": "proxy-a", "none": "rest"}


def shapes(figure: str, kind: str) -> list[ElementTree.Element]:
    """Elements of the plot that have a class, by an XML parser."""
    (plot,) = (e for e in ElementTree.fromstring(figure) if e.tag == "svg")
    return [e for e in plot.iter() if kind in e.get("class", "").split()]


def coordinates(found: list[ElementTree.Element], *names: str) -> list[list[float]]:
    return [[float(e.get(name, "")) for name in names] for e in found]


def test_bars_lie_end_to_end() -> None:
    """360 units wide: a quarter is 90, a half 180."""
    plot = bars("Choice", {"here": {"base": 0.25, "one": 0.5, "none": 0.0}}, TONES)
    parts = shapes(plot, "part")
    assert coordinates(parts, "x", "width") == [[0, 90], [90, 180]]
    assert [e.get("class") for e in parts] == ["base part", "proxy-a part"]
    assert coordinates(shapes(plot, "track"), "x", "width") == [[0, 360]]
    assert 'aria-label="Choice. here: base 0.25, one 0.50, none 0.00"' in plot


def test_estimates_outside_0_to_1_stay_inside_the_bar() -> None:
    """1.2 and 0.3 share 360 units as 288 and 72; a negative share has no width."""
    plot = bars("Choice", {"here": {"base": 1.2, "one": -0.5, "none": 0.3}}, TONES)
    assert coordinates(shapes(plot, "part"), "x", "width") == [[0, 288], [288, 72]]
    assert "1.20 / -0.50 / 0.30" in plot


def test_dots_stand_where_their_numbers_are() -> None:
    """From 0 to 1 with 8% of room each: 294 units for 1.16, 0 at 30.28, 1 at 283.72."""
    plot = dots("N", {"test": {"base": 0.5, "one": 1.0}}, TONES)
    (disc,) = (e for e in shapes(plot, "base") if e.tag == "circle")
    # Half way between 10 and 304; below the axis (22) and the group's name (22) half a row of 18.
    assert coordinates([disc], "cx", "cy") == [[157, 53]]
    assert coordinates(shapes(plot, "stem"), "x1", "x2", "y1") == [
        [30.28, 157, 53],
        [30.28, 283.72, 71],
    ]
    (square,) = (e for e in shapes(plot, "proxy-a") if e.tag == "polygon")
    assert square.get("points") == "279.22,66.5 288.22,66.5 288.22,75.5 279.22,75.5"
    assert coordinates(shapes(plot, "line"), "x1", "x2") == [[30.28, 30.28], [283.72, 283.72]]


def test_the_axis_grows_with_the_numbers() -> None:
    """From -3 to 1: 294 units for 4.64, so that 0 is at 10 + 294 x 3.32 / 4.64."""
    plot = dots("N", {"test": {"base": -3.0}}, TONES)
    assert coordinates(shapes(plot, "line"), "x1")[0] == [pytest.approx(220.36, abs=0.01)]


def test_a_number_that_does_not_exist_has_no_mark() -> None:
    plot = dots("N", {"test": {"base": None}}, TONES) + bars("C", {"here": {"base": None}}, TONES)
    assert plot.count(">n/a<") == 2
    assert 'class="stem' not in plot
    assert ' part"' not in plot
