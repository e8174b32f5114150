"""Compiled programs on disk: what is read again, and what is deleted."""

import shutil

import pytest

pytest.importorskip("jax")

from agents import compiling


def test_swapped_programs_are_not_read_again(tmp_path, monkeypatch):
    """JAX reads any file of the right name: swapped ones trained on another reward."""
    monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path))
    folder = compiling.open_programs()
    monkeypatch.setattr(compiling, "PROGRAM_FOLDER", folder)
    for name in ("kept", "swapped", "other", "cut", "unknown"):
        (folder / f"{name}-cache").write_text(f"code of {name}")
    compiling.keep_programs()
    for ending in ("cache", "digest"):
        shutil.copyfile(folder / f"other-{ending}", folder / f"swapped-{ending}")
    (folder / "cut-cache").write_text("code")
    (folder / "unknown-digest").unlink()
    assert compiling.open_programs() == folder
    assert {path.name for path in folder.glob("*-cache")} == {"kept-cache", "other-cache"}
    folder.chmod(0o770)
    assert compiling.open_programs() is None
