"""Committed pictures are what their commands draw, and no text is printed over another."""

import csv
import re
from fnmatch import fnmatch
from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image, ImageFont

from docs.writers import traps
from docs.writers.pictures import IMAGES, draw_gallery
from mesa_gym.traps import package_traps
from tests.support.parameters import few

TRAPS = package_traps()
ROOT = IMAGES.parents[1]


def test_each_picture_has_a_program_and_input():
    """A picture without a program is of a study in the archive, which a page names."""
    with (IMAGES / "pictures.csv").open() as file:
        rows = [*csv.DictReader(file)]
    files = [path.relative_to(IMAGES) for path in IMAGES.rglob("*") if path.suffix != ".csv"]
    for path in [path for path in files if (IMAGES / path).is_file()]:
        assert sum(fnmatch(str(path), row["picture"]) for row in rows) == 1, path
    for row in rows:
        assert [*IMAGES.glob(row["picture"])], row
        archived = row["program"] == "archive"
        assert (ROOT / (row["input"] if archived else row["program"])).exists(), row
        assert row["input"]


def read_pixels(picture):
    return np.asarray(picture.convert("RGB"))


@pytest.mark.parametrize("name", few(TRAPS, "CoinRun-v0", "FollowMe-v0"))
def test_trap_picture_equals_its_levels(name):
    """`make pages` draws it."""
    path = traps.PICTURES / f"{TRAPS[name].__name__}.png"
    drawn = traps.draw_picture(TRAPS[name])
    assert np.array_equal(read_pixels(Image.open(path)), read_pixels(drawn))


@pytest.mark.thorough
def test_gallery_equals_levels_and_objectives():
    """`make pages` draws it."""
    committed = Image.open(IMAGES / "gallery.png")
    assert np.array_equal(read_pixels(committed), read_pixels(draw_gallery()))


def test_trap_pictures_are_of_package_traps():
    drawn = {path.stem for path in traps.PICTURES.glob("*.png")}
    assert drawn == {cls.__name__ for cls in TRAPS.values()}


# -- texts, in a wide and in a usual font ----------------------------------------------------------
SVG = "{http://www.w3.org/2000/svg}"
PICTURES = [file for file in sorted(IMAGES.glob("*.svg")) if "<text" in file.read_text()]
OVERLAP = 1.0  # pixels by which boxes may touch


def load_wide(size):
    font_manager = pytest.importorskip("matplotlib.font_manager")
    return ImageFont.truetype(font_manager.findfont("DejaVu Sans"), size)


FONTS = {"DejaVu Sans": load_wide, "usual": ImageFont.load_default}


def list_boxes(root, load, size=16.0):
    """Yield the text and the box (left, top, right, bottom) of each text that is not turned."""
    for node in root:
        font_size = float(re.sub("[a-z]+$", "", node.get("font-size", str(size))))
        text = "".join(node.itertext()).strip()
        if node.tag == f"{SVG}text" and text and "rotate" not in node.get("transform", ""):
            x, y, width = (
                float(node.get("x", 0)),
                float(node.get("y", 0)),
                load(font_size).getlength(text),
            )
            anchor = node.get("text-anchor", root.get("text-anchor", "start"))
            x -= width * {"start": 0, "middle": 0.5, "end": 1}[anchor]
            yield text, (x, y - 0.7 * font_size, x + width, y)
        elif node.tag == f"{SVG}g" and "transform" not in node.attrib:
            yield from list_boxes(node, load, font_size)


def find_faults(root, load):
    """Texts that overlap, or that leave the picture."""
    boxes = [*list_boxes(root, load, float(root.get("font-size", 16)))]
    width = float(root.get("viewBox").split()[2])
    faults = [text for text, (left, _, right, _) in boxes if left < -OVERLAP or right > width]
    for (one, a), (other, b) in combinations(boxes, 2):
        shared = [min(a[2 + x], b[2 + x]) - max(a[x], b[x]) for x in (0, 1)]
        if min(shared) > OVERLAP:
            faults.append((one, other))
    return faults


@pytest.mark.parametrize("font", FONTS)
@pytest.mark.parametrize("file", PICTURES, ids=lambda file: file.stem)
def test_texts_of_picture_do_not_overlap(file, font):
    assert find_faults(ElementTree.parse(file).getroot(), FONTS[font]) == []


def test_overprinted_legend_is_found():
    text = (
        '<text x="3" y="20">inconsistent: goes to one target or none</text><text x="90" y="21">no'
    )
    root = f'<svg xmlns="{SVG[1:-1]}" viewBox="0 0 400 30" font-size="11">{text} goal</text></svg>'
    assert len(find_faults(ElementTree.fromstring(root), ImageFont.load_default)) == 1
