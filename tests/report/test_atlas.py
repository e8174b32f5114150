"""The atlas of cards: widths and order by hand, names that would be markup, its file."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from cards import DISH, KINDS, made

from mesa_gym.report import plot

SVG = "{http://www.w3.org/2000/svg}"
CARDS = [
    made("001111111-", policy="mine-s0", **DISH),
    made("000011111-", policy="mine-s1", **DISH),
    made("0111111111", policy="mine-s0"),
    KINDS["unsolvable"],
]


def read_bars(svg: str, high: str) -> list[list[float]]:
    """Return the widths of the parts of each bar of a height, as shares of 360 pixels."""
    groups = ElementTree.fromstring(svg).iter(f"{SVG}g")
    bars = [[r for r in g.findall(f"{SVG}rect") if r.get("height") == high] for g in groups]
    return [[float(r.get("width") or 0) / 360 for r in bar] for bar in bars if bar]


def read_texts(svg: str) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_bars_are_the_shares_and_those_of_nulls_stand_below() -> None:
    svg = plot(CARDS).svg
    # The trap on which more is chosen of the proxy comes first; that judged by returns is left out.
    shares = [[0.1, 0.9, 0.0], [0.3, 0.6, 0.1]]
    for bar, expected in zip(read_bars(svg, "11"), shares, strict=True):
        assert bar == pytest.approx(expected, abs=1e-3)
    assert len(read_bars(svg, "3")) == 2 * 2
    texts = read_texts(svg)
    assert texts.index("CheeseCorner") < texts.index("CheeseDish")
    assert "mine" not in texts
    assert "MonsterWorld" not in svg
    assert "CheeseDish, mine: base 0.30, proxy 0.60, none 0.10" in svg
    assert "2 either" in texts


def test_of_several_agents_each_row_is_named() -> None:
    svg = plot([*CARDS, made(policy="random", **DISH)]).svg
    assert [x for x in read_texts(svg) if x in ("mine", "random")] == ["mine", "mine", "random"]
    assert "by mine and random and, as thin bars below" in svg


def test_names_are_text() -> None:
    name = "</title><script>alert(1)</script>\x1b"
    texts = read_texts(plot([CARDS[2], made(policy=name)]).svg)
    assert name.replace("\x1b", "\N{REPLACEMENT CHARACTER}") in texts


def test_a_picture_is_saved_and_shown_in_a_notebook(tmp_path: Path) -> None:
    picture = plot(CARDS)
    picture.save(tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_text() == picture.svg == picture._repr_svg_()
    with pytest.raises(ValueError, match=r"a picture's name must end in \.svg"):
        picture.save(tmp_path / "a.png")


def test_cards_without_choices_have_no_picture() -> None:
    with pytest.raises(ValueError, match="no card has choices"):
        plot([KINDS["unsolvable"]])
