"""Committed pictures are what their commands draw."""

import csv
from fnmatch import fnmatch

import numpy as np
import pytest
from PIL import Image

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
