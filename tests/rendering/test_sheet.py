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


def pixels(sheet: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(sheet)) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def place(frame: NDArray[np.uint8], sheet: NDArray[np.uint8]) -> tuple[int, int]:
    """Row and column of the one place where a picture stands on the sheet."""
    height, width, _ = frame.shape
    found = []
    for y in range(len(sheet) - height + 1):
        x, row, first = -1, sheet[y].tobytes(), frame[0].tobytes()
        while (x := row.find(first, x + 1)) >= 0:
            left = x // 3
            if x % 3 == 0 and (sheet[y : y + height, left : left + width] == frame).all():
                found.append((y, left))
    assert len(found) == 1
    return found[0]


def level(cls: type[Trap], split: Split) -> NDArray[np.uint8]:
    trap = cls()
    return render_rgb(trap, trap.levels(split, [0]), 32)[0]


def test_every_trap_is_shown_in_order_train_beside_shift() -> None:
    sheet = pixels(contact_sheet(TRAPS))
    assert sheet.shape[1] <= WIDTH
    before = (0, 0)
    for cls in TRAPS:
        train, shift = level(cls, Split.TRAIN), level(cls, Split.SHIFT)
        y, x = place(train, sheet)
        assert place(shift, sheet) == (y, x + train.shape[1] + 16)
        assert (y, x) > before
        before = (y, x)
        written = sheet[y - 90 : y, x : x + 200]  # name, objectives, split
        ink = (written < 100).all(axis=-1).any(axis=1)
        assert np.count_nonzero(np.diff(ink.astype(int)) == 1) >= 3, f"{cls.name()}: three lines"


def test_the_size_is_that_of_the_cards() -> None:
    height, width = (32 * cells for cells in TRAPS[0].default_size)
    card = 16 + 30 + 22 + 22 + height + 16, 16 + width + 16 + width + 16
    assert pixels(contact_sheet(TRAPS[:1])).shape == (16 + card[0] + 16, 16 + card[1] + 16, 3)


def test_names_are_written_out() -> None:
    """Another name changes the title, and nothing below it."""
    (cls,) = TRAPS[:1]
    sheets = [pixels(contact_sheet([type(n, (cls,), {"key": lambda *_: 1})])) for n in ("Ab", "Ba")]
    rows = (sheets[0] != sheets[1]).any(axis=(1, 2)).nonzero()[0]
    assert 32 <= rows.min() < rows.max() < 32 + 30


def test_grids_of_other_sizes_fit() -> None:
    class Wide(TRAPS[0]):  # type: ignore[misc, valid-type]
        default_size = (7, 45)

    sheet = pixels(contact_sheet([TRAPS[0], Wide]))
    assert sheet.shape[1] > WIDTH  # a card that is too wide by itself gets a row of its own
    assert place(level(Wide, Split.SHIFT), sheet)[0] > place(level(TRAPS[0], Split.TRAIN), sheet)[0]


def test_the_command_writes_the_sheet_and_lists(tmp_path, capsys) -> None:
    file = tmp_path / "sheet.png"
    file.write_text("an older one")
    assert main(["list", "--sheet", str(file)]) == 0
    assert file.read_bytes() == contact_sheet(TRAPS)
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.png"]
    assert TRAPS[0].id() in capsys.readouterr().out


def test_a_sheet_that_cannot_be_written_is_refused_before_the_work(
    tmp_path, capsys, monkeypatch
) -> None:
    def never(_: object) -> bytes:
        raise AssertionError

    monkeypatch.setattr("mesa_gym.cli.listing.contact_sheet", never)
    for path in (tmp_path, tmp_path / "nowhere" / "sheet.png"):
        assert main(["list", "--sheet", str(path)]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert f"cannot write {path}" in err


def test_an_older_sheet_survives_a_failure(tmp_path, monkeypatch, capsys) -> None:
    file = tmp_path / "sheet.png"
    file.write_text("an older one")
    monkeypatch.setitem(sys.modules, "pygame", None)
    assert main(["list", "--sheet", str(file)]) == 2
    assert "mesa-gym[viewer]" in capsys.readouterr().err
    assert file.read_text() == "an older one"
