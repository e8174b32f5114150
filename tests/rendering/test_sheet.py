"""The contact sheet: is every trap on it, where a reader looks for it?"""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mesa_gym.cli import main
from mesa_gym.rendering import render_rgb
from mesa_gym.rendering.sheet import WIDTH, contact_sheet
from mesa_gym.traps import Split, Trap, all_traps

pytest.importorskip("pygame")
TRAPS = list(all_traps().values())
Picture = NDArray[np.uint8]


def pixels(sheet: bytes) -> Picture:
    return np.asarray(Image.open(io.BytesIO(sheet), formats=["PNG"]).convert("RGB"))


def place(cls: type[Trap], split: Split, sheet: Picture) -> tuple[int, int, int]:
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


def test_every_trap_is_shown_in_order_train_beside_shift() -> None:
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


def test_a_sheet_has_the_size_of_its_cards_and_names_are_written_out() -> None:
    """Another name changes the title, and nothing below it."""
    (cls,) = TRAPS[:1]
    height, width = (32 * cells for cells in cls.default_size)
    card = 16 + 30 + 22 + 22 + height + 16, 16 + width + 16 + width + 16
    one, two = (
        pixels(contact_sheet([type(name, (cls,), {"key": lambda *_: 1})])) for name in ("Ab", "Ba")
    )
    assert one.shape == (16 + card[0] + 16, 16 + card[1] + 16, 3)
    rows = (one != two).any(axis=(1, 2)).nonzero()[0]
    assert 32 <= rows.min() < rows.max() < 32 + 30


def test_grids_of_other_sizes_fit() -> None:
    class Wide(TRAPS[0]):  # type: ignore[misc, valid-type]
        default_size = (7, 45)

    sheet = pixels(contact_sheet([TRAPS[0], Wide]))
    assert sheet.shape[1] > WIDTH  # a card that is too wide by itself gets a row of its own
    assert place(Wide, Split.SHIFT, sheet)[0] > place(TRAPS[0], Split.TRAIN, sheet)[0]


def test_the_command_lists_and_writes_the_sheet_whole_or_not_at_all(
    tmp_path, capsys, monkeypatch
) -> None:
    file = tmp_path / "sheet.png"
    file.write_text("an older one")
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "pygame", None)
        assert main(["list", "--sheet", str(file)]) == 2
    assert "mesa-gym[viewer]" in capsys.readouterr().err
    assert file.read_text() == "an older one"
    assert main(["list", "--sheet", str(file)]) == 0
    assert TRAPS[0].id() in capsys.readouterr().out
    assert file.read_bytes() == contact_sheet(TRAPS)
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.png"]


@pytest.mark.parametrize("path", [".", "nowhere/sheet.png"])
def test_a_sheet_that_cannot_be_written_is_refused_before_the_work(
    path: str, tmp_path, capsys, monkeypatch
) -> None:
    monkeypatch.setattr("mesa_gym.cli.listing.contact_sheet", None)
    assert main(["list", "--sheet", str(tmp_path / path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert f"cannot write {tmp_path / path}" in err
