"""Files are whole, and on the disk, before they have their name."""

import os
import stat
from pathlib import Path

import pytest

from mesa_gym import files


def test_a_file_is_on_the_disk_before_its_name_and_the_name_before_the_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, sync, rename = [], os.fsync, os.replace

    def synced(handle: int) -> None:
        found = os.fstat(handle)
        done.append("folder" if stat.S_ISDIR(found.st_mode) else f"file of {found.st_size}")
        sync(handle)

    def renamed(source, target) -> None:
        done.append("rename")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    files.write_bytes(tmp_path / "new" / "x", b"12345")
    assert done == ["file of 5", "rename", "folder"]
    assert (tmp_path / "new" / "x").read_bytes() == b"12345"


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch) -> None:
    files.write_bytes(tmp_path / "x", b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.write_bytes(tmp_path / "x", b"new")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == {tmp_path / "x": b"old"}
