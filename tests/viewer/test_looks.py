"""The viewer can be read: no text over another, colours that can be told apart, golden pixels."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mesa_gym.traps import all_traps, find_trap
from mesa_gym.viewer.app import Input, fit_scale
from mesa_gym.viewer.layout import _opacity, arrange, tinted_grid
from mesa_gym.viewer.painter import (
    BODY,
    OBJECTIVE_SHAPES,
    PALETTE,
    PAPER,
    QUIET,
    SHEET,
    TEXT,
    WISH,
    Box,
    Painter,
)
from mesa_gym.viewer.playback import Session
from mesa_gym.viewer.players import PolicyPlayer
from mesa_gym.viewer.screen import WatchScreen
from mesa_gym.viewer.seats import seats_for
from tests.support.sight import SIGHTS, contrast, to_linear
from tests.support.viewing import pygame, session

GOLDEN = Path(__file__).parents[1] / "golden" / "viewer_heat.png"


@pytest.mark.parametrize(("worth", "blank"), [(0.0, True), (0.5, False)])
def test_opacity_of_zeros_is_blank(worth, blank):
    heat = np.array([np.nan, worth, worth])
    assert (_opacity(heat) == 0).tolist() == [True, blank, blank]


def texts_of(screen, size, scale, monkeypatch):
    """Every line that is written on the window itself, and where, in points of the window."""
    surface, write = pygame.Surface(size), Painter.text
    points, written = fit_scale(size, scale), []

    def noting(painter, text, x, y, *more, **named):
        wide = write(painter, text, x, y, *more, **named)
        height = more[0] if more else named.get("size", BODY)
        align = more[2] if len(more) > 2 else named.get("align", "left")
        if painter.surface is surface and wide > 0.5:
            left = x - {"left": 0, "middle": wide / 2, "right": wide}[align]
            share = painter.scale / points
            sides = (left, y + height * 0.2, wide, height * 0.55)
            written.append((text, Box(*(side * share for side in sides))))
        return wide

    with monkeypatch.context() as patched:
        screen.draw(Painter(surface, points))  # the panel finds its size
        patched.setattr(Painter, "text", noting)
        screen.draw(Painter(surface, points))
    return written, Box(0, 0, size[0] / points, size[1] / points)


@pytest.mark.parametrize(("size", "scale"), [((640, 420), 1), ((1280, 800), 1), ((2560, 1600), 2)])
@pytest.mark.parametrize(
    ("name", "key"), [("KeysChests", ""), ("ColourShape", "m"), ("CoinRun", "?")]
)
def test_no_text_overlaps_another_or_the_edge(size, scale, name, key, monkeypatch):
    trap = find_trap(name)()
    screen = WatchScreen(Session(trap, seats_for(PolicyPlayer("random"), trap, "shift", "oracles")))
    screen.session.settle()
    screen.handle(Input("key", key)) if key else None
    texts, window = texts_of(screen, size, scale, monkeypatch)
    assert len(texts) > 15
    for text, box in texts:
        assert window.left <= box.left, text
        assert box.right <= window.right + 0.5, text
        assert box.bottom <= window.bottom, text
    for (a, one), (b, other) in combinations(texts, 2):
        wide = min(one.right, other.right) - max(one.left, other.left)
        high = min(one.bottom, other.bottom) - max(one.top, other.top)
        assert wide < 0.5 or high < 0.5, f"{a!r} and {b!r}"


@pytest.mark.parametrize("asked", [60.0, 5000.0])
def test_drawer_lies_below_grid_in_its_pane(asked):
    painter = Painter(pygame.Surface((640, 420)), 1.0)
    layout = arrange(painter, 2, (9, 9), False, asked, {})
    for pane, grid, drawer in zip(layout.panes, layout.grids, layout.drawers, strict=True):
        assert grid.box.bottom <= drawer.top < drawer.bottom <= pane.bottom


def lab(rgb):
    """CIE 1976 L*a*b* (D65) of linear sRGB."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x = np.array(to_xyz) @ rgb / (0.9505, 1.0, 1.089)
    f = np.where(x > 0.008856, np.cbrt(x), 7.787 * x + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_palette_separates_letters_and_objectives():
    """Colours differ by 10 units at least (2.3 is just noticeable), shapes differ anyhow."""
    assert all(contrast(tone, paper) >= 4.5 for tone in (TEXT, QUIET) for paper in (SHEET, PAPER))
    most = max(len(cls.objectives) for cls in all_traps().values())
    colours = PALETTE[:most]
    assert most == len(colours)
    colours = (*colours, WISH)
    assert len({tuple(shape) for shape in OBJECTIVE_SHAPES}) >= most
    for sight in SIGHTS.keys() - {"greyscale"}:
        for a, b in combinations(colours, 2):
            seen = [lab(to_linear(colour, sight)) for colour in (a, b)]
            assert np.linalg.norm(seen[0] - seen[1]) > 10, (sight, a, b)


def test_heat_map_equals_its_golden_pixels():
    watched = session()
    shown = [watched.overlays["heat:door"]]
    drawn = tinted_grid(watched.pane, 0, 16, shown, Painter(pygame.Surface((1, 1))))
    assert np.array_equal(np.asarray(Image.open(GOLDEN).convert("RGB")), drawn)
