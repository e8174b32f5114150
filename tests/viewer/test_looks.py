"""The viewer can be read: nothing overlaps, nothing is cut off, colours can be told apart."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from desk import pygame

from mesa_gym.traps import Split, all_traps, find_trap
from mesa_gym.viewer import theme
from mesa_gym.viewer.beside import against_oracles, on_splits
from mesa_gym.viewer.help import draw as draw_help
from mesa_gym.viewer.help import sections
from mesa_gym.viewer.layout import Wanted, arrange
from mesa_gym.viewer.overlays import overlays_of
from mesa_gym.viewer.pane import Seat
from mesa_gym.viewer.pen import Box, Pen
from mesa_gym.viewer.players import ByPolicy
from mesa_gym.viewer.session import Session
from mesa_gym.viewer.watching import WatchScreen

SIZES = [(640, 420), (1280, 800), (900, 1200), (2560, 1600)]


def overlap(a: Box, b: Box) -> float:
    """The area that two boxes share."""
    wide = min(a.right, b.right) - max(a.left, b.left)
    high = min(a.bottom, b.bottom) - max(a.top, b.top)
    return max(0.0, wide) * max(0.0, high)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("panes", [1, 2, 3, 5])
@pytest.mark.parametrize("grid", [(9, 9), (13, 13), (7, 21)])
@pytest.mark.parametrize("drawer", [0.0, 112.0])
def test_boxes_lie_apart_and_inside(
    size: tuple[int, int], panes: int, grid: tuple[int, int], drawer: float
) -> None:
    wanted = Wanted(
        panes, *grid, panel=True, scrubber=70, legend=44, drawer=drawer, status=36, editing=True
    )
    layout = arrange(size, 1.0, wanted)
    strips = [layout.palette, layout.legend, layout.scrubber, layout.buttons, layout.status]
    boxes = [*layout.panes, layout.panel, *strips]
    window = Box(0, 0, *size)
    for box in boxes:
        assert overlap(box, window) == pytest.approx(box.width * box.height)
    for a, b in combinations(boxes, 2):
        assert overlap(a, b) == 0
    roomy = size[0] >= 900
    for pane, place, below in zip(layout.panes, layout.grids, layout.drawers, strict=True):
        if roomy:
            assert overlap(pane, place.box) == pytest.approx(place.box.width * place.box.height)
            assert below.bottom <= pane.bottom
        assert overlap(place.box, below) == 0


def texts_of(
    watched: Session,
    size: tuple[int, int],
    scale: float,
    monkeypatch: pytest.MonkeyPatch,
    **on: Any,
) -> list[tuple[str, Box]]:
    """Every line that is written on the window itself, and where."""
    written: list[tuple[str, Box]] = []
    surface = pygame.Surface(size)
    picture = Pen.picture

    def noting(pen: Pen, drawn: Any, x: float, y: float) -> None:
        text = next((k[0] for k, each in Pen._texts.items() if each is drawn), None)
        if text and pen.surface is surface:
            high, wide = drawn.get_height() / scale, drawn.get_width() / scale
            left, top = (at * pen.scale / scale for at in (x, y))
            # Letters take up the middle of their line.
            written.append((text, Box(left, top + high * 0.2, wide, high * 0.55)))
        picture(pen, drawn, x, y)

    screen = WatchScreen(watched, panel=on.pop("panel", True))
    screen.settle()
    if on.pop("help", False):
        screen.toggle_help()
        surface.fill(theme.CARD)
    with monkeypatch.context() as patched:
        patched.setattr(Pen, "picture", noting)
        if screen._help:
            draw_help(Pen(surface, scale), watched.trap)
        else:
            screen.draw(Pen(surface, scale))
    return written


CASES = [
    ("RedBlueDoors", "alone", 5),
    ("KeysChests", "oracles", 12),
    ("MonsterWorld", "splits", 3),
    ("ColourShape", "oracles", 4),
]


@pytest.mark.parametrize(("trap", "beside", "t"), CASES)
@pytest.mark.parametrize(("size", "scale"), [((640, 420), 1), ((1280, 800), 1), ((2560, 1600), 2)])
@pytest.mark.parametrize("helping", [False, True])
def test_no_text_overlaps_another_or_the_edge(
    trap: str,
    beside: str,
    t: int,
    size: tuple[int, int],
    scale: float,
    helping: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = find_trap(trap)()
    player = ByPolicy("random")
    seats = {
        "alone": [Seat(player, Split.SHIFT)],
        "splits": on_splits(player),
        "oracles": against_oracles(made, player, Split.SHIFT),
    }[beside]
    watched = Session(made, seats, 2)
    watched.seek(t)
    watched.shown = set(overlays_of(made)) - {"visits"}
    watched.message = "a message that is rather long, as those of errors are " * 6
    texts = texts_of(watched, size, scale, monkeypatch, help=helping)
    assert len(texts) > 20
    if helping and size[0] > 640:
        written = {text for text, _ in texts}
        assert {doc for rows in sections(made).values() for _, doc in rows} <= written
    window = Box(0, 0, size[0] / scale, size[1] / scale)
    for text, box in texts:
        assert overlap(box, window) == pytest.approx(box.width * box.height), text
    for (a, first), (b, second) in combinations(texts, 2):
        assert overlap(first, second) < 0.5, f"{a!r} and {b!r}"


def linear(colour: tuple[int, int, int]) -> np.ndarray:
    share = np.array(colour) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def contrast(a: tuple[int, int, int], b: tuple[int, int, int]) -> float:
    """WCAG 2.1's contrast ratio."""
    light = sorted(float(linear(c) @ (0.2126, 0.7152, 0.0722)) for c in (a, b))
    return (light[1] + 0.05) / (light[0] + 0.05)


def test_letters_stand_out() -> None:
    for tone in (theme.INK, theme.QUIET):
        assert contrast(tone, theme.CARD) >= 4.5
        assert contrast(tone, theme.PAPER) >= 4.5


# Machado, Oliveira and Fernandes 2009, "A physiologically-based model for simulation of color
# vision deficiency", table 1, severity 1.0; on linear RGB.
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE 1976 L*a*b* (D65) of linear sRGB."""
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    x = to_xyz @ np.clip(rgb, 0, 1) / (0.9505, 1.0, 1.089)
    f = np.where(x > 0.008856, np.cbrt(x), 7.787 * x + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("palette", theme.PALETTES)
def test_objectives_can_be_told_apart_by_everyone(palette: str) -> None:
    """Colours differ by 10 units at least (2.3 is just noticeable), shapes differ anyhow."""
    most = max(len(cls.objectives) for cls in all_traps().values())
    colours = theme.PALETTES[palette]
    assert most <= len(colours)
    assert len({tuple(shape) for shape in theme.SHAPES}) >= most
    for blind, matrix in BLINDNESS.items():
        for a, b in combinations(colours[:most], 2):
            distance = np.linalg.norm(lab(matrix @ linear(a)) - lab(matrix @ linear(b)))
            assert distance > 10, (blind, a, b)
        for colour in colours[:most]:
            assert contrast(colour, theme.CARD) >= 1.9, colour
