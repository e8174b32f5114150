"""How much is kept on disk, folders that do not work, and ``mesa-gym cache``."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest
from kept import HOUR, age, bits, file_of, solve

from mesa_gym.cli import main
from mesa_gym.solver import cache, level_values
from mesa_gym.solver.cache import cache_file, delete, kept_files, read, size_bound, write
from mesa_gym.traps import Split, find_trap
from mesa_gym.traps.cheese_corner import CheeseCorner


@pytest.fixture
def folder(monkeypatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path))
    return tmp_path


# -- the bound -------------------------------------------------------------------------------------


def test_the_least_recently_used_are_deleted(folder: Path, monkeypatch) -> None:
    solve(1)
    (first,) = folder.iterdir()
    age(first, 500)
    solve(2)
    (second,) = set(folder.iterdir()) - {first}
    age(second, 400)
    assert [file.path for file in kept_files()] == [first, second]
    sizes = sum(path.stat().st_size for path in (first, second))
    solve(1)  # read: now the second is the older one
    monkeypatch.setenv("MESA_GYM_CACHE_SIZE", str(sizes + 100))
    solve(3)
    (third,) = set(folder.iterdir()) - {first, second}
    assert set(folder.iterdir()) == {first, third}
    # The file just written stays, however small the bound.
    monkeypatch.setenv("MESA_GYM_CACHE_SIZE", "1")
    solve(4)
    (fourth,) = folder.iterdir()
    assert fourth not in (first, second, third)


def test_nothing_else_is_ever_touched(folder: Path, monkeypatch, tmp_path_factory, capsys) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "target"
    elsewhere.write_text("mine")
    digest = "0123456789abcdef" * 2
    names = [
        "notes.txt", "mine.npz", f"CheeseCorner-v0-shift-{digest}.npz.bak",
        f"CheeseCorner-v0-shift-{digest[1:]}.npz", f"CheeseCorner-v0-shifty-{digest}.npz",
        f"CheeseCorner-shift-{digest}.npz", f"old CheeseCorner-v0-shift-{digest}.npz",
        ".mine.npz.abcdefgh", f".CheeseCorner-v0-shift-{digest}.npz.ABC", ".hidden",
    ]  # fmt: skip
    for name in names:
        (folder / name).write_text("mine")
        age(folder / name, 10 * HOUR)
    below = folder / "CheeseDish-v0-shift"
    below.mkdir()
    (below / f"CheeseCorner-v0-shift-{digest}.npz").write_text("mine")
    (folder / f"CoinRun-v0-test-{digest}.npz").mkdir()
    (folder / f"CoinRun-v0-shift-{digest}.npz").symlink_to(elsewhere)
    mine = set(folder.rglob("*"))
    monkeypatch.setenv("MESA_GYM_CACHE_SIZE", "1")
    for levels in (1, 2, 3):
        solve(levels)
    (kept,) = set(folder.rglob("*")) - mine
    assert main(["cache", "clear"]) == 0
    assert capsys.readouterr().out.startswith("deleted 1 file, ")
    assert set(folder.rglob("*")) == mine
    assert elsewhere.read_text() == "mine"


def test_a_file_that_another_process_deleted_first(folder: Path, monkeypatch) -> None:
    solve(1)
    solve(2)
    files = kept_files()
    files[0].path.unlink()
    monkeypatch.setattr(cache, "kept_files", lambda: files)
    monkeypatch.setenv("MESA_GYM_CACHE_SIZE", "1")
    solve(3)
    assert len(list(folder.iterdir())) == 1
    assert delete(files) == []


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1), ("1500", 1500), ("500M", 500_000_000), ("2G", 2 * 10**9), ("1.5k", 1500),
        ("3 GB", 3 * 10**9), ("1T", 10**12), ("7b", 7), ("", 10**9),
    ],
)  # fmt: skip
def test_sizes(text: str, size: int, monkeypatch) -> None:
    monkeypatch.setenv("MESA_GYM_CACHE_SIZE", text)
    assert size_bound() == size
    monkeypatch.delenv("MESA_GYM_CACHE_SIZE")
    assert size_bound() == 10**9


@pytest.mark.parametrize("text", ["0", "0.5", "-1", "lots", "1X", "1 2", "nan", "inf", "1e9", "M"])
def test_what_is_no_size_is_said_before_any_work(text: str, folder, monkeypatch, capsys) -> None:
    monkeypatch.setenv("MESA_GYM_CACHE_SIZE", text)
    monkeypatch.setattr("mesa_gym.solver.values.solutions", None)
    told = f"MESA_GYM_CACHE_SIZE is {text!r}; expected a number of bytes above 0, such as 500M"
    with pytest.raises(ValueError, match=re.escape(told)):
        solve()
    assert main(["cache"]) == 2
    assert told in capsys.readouterr().err


# -- folders that do not work ----------------------------------------------------------------------


def test_a_cache_that_cannot_be_written_only_costs_time(folder: Path, monkeypatch) -> None:
    right = bits(solve())
    (folder / "file").touch()
    monkeypatch.setenv("MESA_GYM_CACHE", str(folder / "file"))
    assert bits(solve()) == right

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setenv("MESA_GYM_CACHE", str(folder / "full"))
    monkeypatch.setattr(cache, "write_bytes", full)
    assert bits(solve()) == right
    assert not (folder / "full").exists()


def test_a_cache_that_may_only_be_read_is_read(folder: Path, monkeypatch) -> None:
    values = {"kept": np.arange(3)}
    write(file_of("it"), values)

    def forbidden(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "utime", forbidden)
    assert read(file_of("it"), dict)["kept"].tolist() == [0, 1, 2]


# -- the command -----------------------------------------------------------------------------------


def command(capsys, *arguments: str) -> list[str]:
    assert main(["cache", *arguments]) == 0
    return capsys.readouterr().out.splitlines()


def test_show(folder: Path, capsys) -> None:
    (head,) = command(capsys)
    assert head == f"{folder}: 0 files, 0 B, of at most 1 GB (MESA_GYM_CACHE_SIZE)"
    for split in Split:
        solve(split=split)
    level_values(find_trap("CoinRun")(), Split.TEST, np.arange(3))
    killed = folder / f".CoinRun-v0-test-{'0' * 32}.npz.abc_1234"
    killed.write_bytes(b"x" * 2100)
    size = sum(path.stat().st_size for path in folder.iterdir())
    head, _, *rows = command(capsys, "show")
    assert head.startswith(f"{folder}: 6 files, {size / 1000:.3g} kB, of at most 1 GB")
    assert [row.split()[:-2] for row in rows[2:]] == [
        ["CheeseCorner-v0", "4"],
        ["CoinRun-v0", "1"],
        ["CoinRun-v0,", "unfinished", "1"],
    ]
    assert rows[-1].endswith(" 2.1 kB")
    assert len(list(folder.iterdir())) == 6


def test_clear(folder: Path, capsys) -> None:
    for levels in (1, 2):
        solve(levels)
    level_values(find_trap("CoinRun")(), Split.TEST, np.arange(3))
    old = folder / f"CoinRun-v7-test-{'0' * 32}.npz"
    gone = folder / f"NoLongerThere-v0-test-{'0' * 32}.npz"
    for path in (old, gone):
        path.write_bytes(b"x")
    assert "CoinRun-v7" in " ".join(command(capsys, "show", "CoinRun"))
    assert command(capsys, "clear", "CoinRun-v0")[0].startswith("deleted 1 file, ")
    assert old.exists()
    assert command(capsys, "clear", "CoinRun") == [f"deleted 1 file, 1 B in {folder}"]
    assert command(capsys, "clear", "MesaGym/CheeseCorner-v0")[0].startswith("deleted 2 files, ")
    assert command(capsys, "clear", "KeysChests") == [f"deleted 0 files, 0 B in {folder}"]
    assert [path.name for path in folder.iterdir()] == [gone.name]
    assert command(capsys, "clear", "NoLongerThere") == [f"deleted 1 file, 1 B in {folder}"]
    assert list(folder.iterdir()) == []
    folder.rmdir()
    assert command(capsys, "clear") == [f"deleted 0 files, 0 B in {folder}"]


def test_what_was_cleared_is_computed_anew(folder: Path, capsys) -> None:
    right = bits(solve())
    command(capsys, "clear")
    assert list(folder.iterdir()) == []
    assert bits(solve()) == right
    path = cache_file(
        CheeseCorner(), Split.SHIFT, np.arange(3), CheeseCorner().horizon(Split.SHIFT), ""
    )
    assert list(folder.iterdir()) == [path]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["claer"], "unknown action of mesa-gym cache 'claer'; there is show, clear. Did you mean"),
        (["clear", "CheseCorner"], "Did you mean 'CheeseCorner'?"),
        (["clear", "CoinRun", "CheeseDish"], "unrecognized arguments: CheeseDish"),
    ],
)
def test_bad_usage_deletes_nothing(arguments, told, folder: Path, capsys) -> None:
    solve()
    try:
        code = main(["cache", *arguments])
    except SystemExit as stop:
        code = stop.code
    assert code == 2
    assert told in capsys.readouterr().err
    assert len(list(folder.iterdir())) == 1
