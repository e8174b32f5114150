"""The map of the house is that of the house."""

import re
from pathlib import Path

from docs.architecture import PICTURE, draw_house, read_order

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()


def test_picture_of_house_is_up_to_date():
    assert PICTURE.read_text() == draw_house()


def test_architecture_names_every_room_and_real_files():
    folders = {path.parent.name for path in (ROOT / "mesa_gym").glob("*/__init__.py")}
    named = set(re.findall(r"`(\w+)`", PAGE))
    assert folders - {"cli"} <= named
    assert folders <= {name.split(".")[1] for row in read_order() for name in row if "." in name}
    for file in re.findall(r"`(\w+/[\w/]+\.py)`", PAGE):
        assert (ROOT / file).exists() or (ROOT / "mesa_gym" / file).exists(), file
    files = {path.name for top in ("mesa_gym", "agents") for path in (ROOT / top).rglob("*.py")}
    assert set(re.findall(r"`(\w+\.py)`", PAGE)) <= files


def test_architecture_is_short():
    assert len(PAGE.split()) <= 500
