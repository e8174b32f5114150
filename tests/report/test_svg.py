"""Plots: coordinates worked out by hand."""

from xml.etree import ElementTree

from mesa_gym.report.svg import Bar, bars

ROWS = [
    Bar("choice cheese", "base", [0.25, 0.5, None]),
    Bar("want <dish>", "proxy-a", [-0.5, 1.2, 0.0]),
]


def shapes(figure, kind):
    """Place and size of the elements of the plot that have a class, by an XML parser."""
    (plot,) = (e for e in ElementTree.fromstring(figure) if e.tag == "svg")
    found = [e for e in plot.iter() if e.get("class") == kind]
    names = ("x", "y", "width", "height")
    return [tuple(float(e.get(name, "")) for name in names) for e in found]


def test_a_bar_is_as_long_as_its_number_and_others_lie_below():
    """360 units wide: a quarter is 90; rows of 18 for letters, 10, twice 4, and 10 between."""
    plot = bars("Shares", ROWS)
    assert shapes(plot, "base") == [(0, 18, 90, 9)]
    assert shapes(plot, "rest")[:2] == [(0, 28, 180, 3), (0, 32, 0, 3)]
    tracks = [(0, y, 360, high) for y, high in [(18, 9), (28, 3), (32, 3)]]
    assert shapes(plot, "track")[:3] == tracks
    assert 'viewBox="0 0 360 92"' in plot


def test_what_is_outside_0_to_1_ends_there_and_is_written():
    plot = bars("Shares", ROWS)
    assert shapes(plot, "proxy-a") == [(0, 64, 0, 9)]
    assert [width for _, _, width, _ in shapes(plot, "rest")[2:]] == [360, 0]
    assert ">-0.50</text>" in plot


def test_every_number_is_in_words():
    words = "Shares. choice cheese: 0.25, 0.50, n/a; want &lt;dish&gt;: -0.50, 1.20, 0.00"
    assert f'role="img" aria-label="{words}"' in bars("Shares", ROWS)
