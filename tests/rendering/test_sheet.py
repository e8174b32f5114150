"""The contact sheet: is every trap on it, where a reader looks for it?"""

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mesa_gym.rendering import render_rgb
from mesa_gym.rendering.sheet import WIDTH, contact_sheet
from mesa_gym.traps import Split, all_traps

pytest.importorskip("pygame")
TRAPS = list(all_traps().values())
Picture = NDArray[np.uint8]


def pixels(sheet):
    return np.asarray(Image.open(io.BytesIO(sheet), formats=["PNG"]).convert("RGB"))


def place(cls, split, sheet):
    """Row and column of the one place where a trap's level 0 stands on the sheet, and its width."""
    trap = cls()
    frame = render_rgb(trap, trap.levels(split, [0]), 32)[0]
    height, width, _ = frame.shape
    middle, whole, at, found = height // 2, sheet.tobytes(), -1, []
    while (at := whole.find(frame[middle].tobytes(), at + 1)) >= 0:
        y, x = divmod(at // 3, sheet.shape[1])
        y -= middle
        if at % 3 == 0 and np.array_equal(sheet[y : y + height, x : x + width], frame):
            found.append((y, x, width))
    assert len(found) == 1
    return found[0]


@pytest.mark.thorough
def test_every_trap_is_shown_in_order_train_beside_shift():
    sheet = pixels(contact_sheet(TRAPS))
    assert sheet.shape[1] <= WIDTH
    before = (0, 0)
    for cls in TRAPS:
        y, x, width = place(cls, Split.TRAIN, sheet)
        assert place(cls, Split.SHIFT, sheet) == (y, x + width + 16, width)
        assert (y, x) > before
        before = (y, x)
        written = sheet[y - 90 : y, x : x + 200]  # name, objectives, split
        ink = (written < 100).all(axis=-1).any(axis=1)
        assert np.count_nonzero(np.diff(ink.astype(int)) == 1) >= 3, f"{cls.name()}: three lines"


def test_grids_of_other_sizes_fit():
    class Wide(TRAPS[0]):  # type: ignore[misc, valid-type]
        default_size = (7, 45)

    sheet = pixels(contact_sheet([TRAPS[0], Wide]))
    assert sheet.shape[1] > WIDTH  # a card that is too wide by itself gets a row of its own
    assert place(Wide, Split.SHIFT, sheet)[0] > place(TRAPS[0], Split.TRAIN, sheet)[0]


@pytest.mark.thorough
def test_the_command_writes_the_sheet_whole_or_not_at_all(run, monkeypatch):
    file = Path("sheet.png")
    file.write_text("an older one")
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "pygame", None)
        code, error = run("list --sheet sheet.png")
    assert (code, "mesa-gym[viewer]" in error) == (2, True)
    assert file.read_text() == "an older one"
    assert run("list --sheet sheet.png") == (0, "")
    assert file.read_bytes() == contact_sheet(TRAPS)
    assert [path.name for path in Path().iterdir()] == ["sheet.png"]


@pytest.mark.parametrize("path", [".", "nowhere/sheet.png"])
def test_a_sheet_that_cannot_be_written_is_refused_before_the_work(path, run, monkeypatch):
    monkeypatch.setattr("mesa_gym.cli.listing.contact_sheet", None)
    code, error = run(f"list --sheet {path}")
    assert (code, f"cannot write {path}" in error) == (2, True)
