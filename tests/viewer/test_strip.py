"""Strips: those of the report, as SVG and as PNG."""

from __future__ import annotations

import base64
import io
import itertools
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from recorded import watched
from watched import LEFT

from mesa_gym.report.strip import strip
from mesa_gym.scoring import record as record_policy
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.coin_run import CoinRun
from mesa_gym.viewer.players import ByHand, ByTrace
from mesa_gym.viewer.strip import contact_strip, moments_of, png, svg


@pytest.mark.parametrize(
    ("policy", "trap"), [("oracle:corner", CheeseCorner()), ("oracle:coin", CoinRun())]
)
def test_a_strip_is_that_of_the_report(policy: str, trap: Trap) -> None:
    screen = watched(policy, trap)
    screen.settle()
    pane = screen.session.pane
    expected = strip(trap, 0, pane.line.actions().tolist())
    found = moments_of(pane)
    assert [moment.caption for moment in found] == [moment.caption for moment in expected]
    for a, b in zip(found, expected, strict=True):
        assert np.array_equal(a.picture(), b.picture())


def test_time_is_up_only_when_it_is() -> None:
    screen = watched("stay")
    screen.settle()
    limit = screen.session.trap.horizon(Split.SHIFT)
    assert moments_of(screen.session.pane)[-1].caption == f"step {limit}: time is up"
    screen = watched(ByHand())
    assert [m.caption for m in moments_of(screen.session.pane)] == ["start"]
    screen.session.act(LEFT)
    assert moments_of(screen.session.pane)[-1].caption in ("step 1", "step 1: corner +1")


def named_trace(name: str, trap: Trap) -> ByTrace:
    trace = record_policy("oracle:base", trap, levels=1, name=name)
    return ByTrace(trace)


def test_an_svg_has_its_text_as_text_and_its_pictures_in_itself() -> None:
    screen = watched(named_trace("<b>&'\"", CoinRun()), CoinRun())
    screen.settle()
    pane = screen.session.pane
    root = ElementTree.fromstring(svg(contact_strip(pane)))
    space = "{http://www.w3.org/2000/svg}"
    texts = [element.text for element in root.iter(f"{space}text")]
    assert texts[0] == "CoinRun-v0, shift level 0: <b>&'\""
    moments = moments_of(pane)
    captions = "".join(moment.caption for moment in moments)
    assert "".join(texts[1:]).replace(" ", "") == captions.replace(" ", "")
    images = list(root.iter(f"{space}image"))
    for image, moment in zip(images, moments, strict=True):
        source = image.get("{http://www.w3.org/1999/xlink}href") or ""
        kind, _, data = source.partition(",")
        assert kind == "data:image/png;base64"
        with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
            assert np.array_equal(np.asarray(picture), moment.picture())
    # Nothing overlaps, and nothing sticks out.
    boxes = [[float(image.get(k) or 0) for k in ("x", "y", "width", "height")] for image in images]
    for (x, y, w, h), (x2, y2, w2, h2) in itertools.combinations(boxes, 2):
        assert x + w < x2 or x2 + w2 < x or y + h < y2 or y2 + h2 < y
    assert max(x + w for x, _, w, _ in boxes) < float(root.get("width") or 0)
    assert max(y + h for _, y, _, h in boxes) < float(root.get("height") or 0)


def test_a_png_strip_has_the_pictures_where_the_svg_has_them() -> None:
    screen = watched("oracle:corner", CheeseCorner())
    screen.settle()
    laid = contact_strip(screen.session.pane)
    with Image.open(io.BytesIO(png(laid))) as image:
        pixels = np.asarray(image.convert("RGB"))
    assert pixels.shape == (round(laid.height), round(laid.width), 3)
    assert len(laid.frames) == 6
    for each in laid.frames:
        height, width, _ = each.picture.shape
        top, left = round(each.y), round(each.x)
        assert np.array_equal(pixels[top : top + height, left : left + width], each.picture)
    for line in laid.lines:
        top, left = round(line.y), round(line.x)
        assert (pixels[top : top + round(line.size), left : left + 20] < 100).any()
    assert (pixels[-10:] > 250).all()
    assert (pixels[:, -10:] > 250).all()
