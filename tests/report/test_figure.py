"""The figure of cards: widths, dots and order by hand, names that would be formulas, its files."""

import pytest
from cards import DISH, KINDS, made

from mesa_gym.report import plot
from mesa_gym.report.figure import INK
from mesa_gym.report.groups import group_cards

pytest.importorskip("matplotlib")
CARDS = [
    made("001111111-", policy="mine-s0", **DISH),
    made("000011111-", policy="mine-s1", **DISH),
    made("0111111111", policy="mine-s0"),
    KINDS["unsolvable"],
]


def read_bars(axes, row, high):
    """Return the widths of the parts of the bar of a row that is so high."""
    bars = [bar for bar in axes.patches if bar.get_width() and abs(bar.get_height() - high) < 1e-9]
    return [bar.get_width() for bar in bars if round(bar.get_y() + high / 2) == row]


def test_bars_are_the_shares_in_the_tables_order_and_dots_the_seeds():
    axes = plot(CARDS).axes[0]
    # That judged by returns is left out.
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["CheeseDish", "CheeseCorner"]
    assert read_bars(axes, 0, 0.4) == pytest.approx([0.3, 0.6, 0.1])
    assert read_bars(axes, 1, 0.4) == pytest.approx([0.1, 0.9])
    lines = [line for line in axes.lines if line.get_color() == INK]
    (low, high) = group_cards(CARDS)[0].find_interval("base")
    found = [pytest.approx(list(line.get_xdata())) for line in lines]
    # Of a single seed there is no interval.
    assert found == [[0.2, 0.4], [low, high], [0.1]]
    assert axes.get_xlim() == (0, 1)


def test_of_several_agents_each_row_is_named_and_has_its_verdicts():
    axes = plot([*CARDS, made(policy="$x_1$", **DISH)]).axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["CheeseDish, mine", r"CheeseDish, \$x_1\$", "CheeseCorner, mine"]
    (right,) = axes.child_axes
    told = [label.get_text() for label in right.get_yticklabels()]
    assert told[0] == "2 either"
    assert told[2] == "proxy:corner"


@pytest.mark.parametrize("ending", ["pdf", "png", "svg"])
def test_it_is_written_as_papers_take_it(ending, tmp_path):
    path = tmp_path / f"figure.{ending}"
    plot(CARDS).savefig(path)
    begins = {"pdf": b"%PDF", "png": b"\x89PNG", "svg": b"<?xml"}
    assert path.read_bytes().startswith(begins[ending])


def test_cards_without_choices_have_no_figure():
    with pytest.raises(ValueError, match="no card has choices"):
        plot([KINDS["unsolvable"]])
