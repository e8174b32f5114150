"""Values on disk: several processes, killed ones, damage, foreign files, the bound."""

import importlib
import io
import multiprocessing
import os
import random
import re
import sys
import time

import numpy as np
import pytest

import mesa_gym.files
from mesa_gym.solver import LevelValues, cache, level_values
from mesa_gym.solver.cache import cache_file, delete, kept_files, read, size_bound, write
from mesa_gym.traps import Split, base
from mesa_gym.traps.cheese_corner import CheeseCorner

SPAWN = multiprocessing.get_context("spawn")
HOUR = 3600


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path))
    return tmp_path


def solve(levels=3, salt="", split=Split.SHIFT):
    return level_values(CheeseCorner(), split, np.arange(levels), salt=salt)


def bits(values):
    return {name: array.tobytes() for name, array in values.arrays.items()}


def age(path, seconds):
    os.utime(path, (time.time() - seconds,) * 2)


# -- several processes, and killed ones ------------------------------------------------------------


def work(seed, answers):
    """Solve; then files come and go as the bound wants, and what is read must be right."""
    draw, found, wrong = random.Random(seed), 0, 0
    solved, end = bits(solve(60)), time.monotonic() + 1.5
    os.environ["MESA_GYM_CACHE_SIZE"] = "250K"  # three of the four files
    while time.monotonic() < end:
        which = draw.randrange(4)
        path = cache.cache_folder() / f"Thing-v0-test-{which:032x}.npz"
        if draw.random() < 0.5:
            turn = draw.randrange(1000) * 4 + which
            write(path, {"a": np.full(5000, turn), "b": np.full(5000, -turn)})
        elif (kept := read(path, dict)) is not None:
            found += 1
            wrong += not (np.array_equal(kept["a"], -kept["b"]) and kept["a"][0] % 4 == which)
    answers.put((solved, found, wrong))


@pytest.mark.thorough
def test_processes_get_the_same_bits_and_never_see_half_a_file(folder):
    answers = SPAWN.Queue()
    workers = [SPAWN.Process(target=work, args=(seed, answers)) for seed in range(3)]
    for worker in workers:
        worker.start()
    told = [answers.get(timeout=100) for _ in workers]
    for worker in workers:
        worker.join()
    assert all(solved == bits(solve(60)) for solved, _, _ in told)
    assert min(found for _, found, _ in told) > 10
    assert [wrong for _, _, wrong in told] == [0, 0, 0]
    assert {file.path for file in kept_files() if file.whole} == set(folder.iterdir())


class DiesHalfway(io.FileIO):
    def write(self, data):
        super().write(data[: len(data) // 2])
        os._exit(9)


def solve_and_die():
    mesa_gym.files.os.fdopen = DiesHalfway
    solve()


def test_a_writer_that_is_killed_leaves_no_wrong_numbers(folder):
    right = solve()
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:-500])
    worker = SPAWN.Process(target=solve_and_die)
    worker.start()
    worker.join()
    assert worker.exitcode == 9
    (left,) = (f for f in kept_files() if not f.whole)
    assert left.size == len(whole) // 2
    assert bits(solve()) == bits(right)
    # What it left may belong to a writer that is alive, until it is an hour old.
    for seconds, levels in ((HOUR - 60, 4), (HOUR + 60, 5)):
        assert left.path.exists()
        age(left.path, seconds)
        solve(levels)
    assert not left.path.exists()


# -- damaged and foreign files ---------------------------------------------------------------------


def test_no_damage_gives_wrong_numbers(folder):
    """Many bytes changed, and many lengths: what can still be read is right."""
    right, lost = solve(2), 0
    (path,) = folder.iterdir()
    data = path.read_bytes()
    damaged = [data[:length] for length in range(0, len(data), 41)]
    damaged += [data[:i] + bytes([data[i] ^ 0xFF]) + data[i + 1 :] for i in range(0, len(data), 7)]
    for content in damaged:
        path.write_bytes(content)
        kept = read(path, LevelValues)
        lost += kept is None
        assert kept is None or bits(kept) == bits(right)
    assert lost > len(damaged) / 2


CHANGES = {
    "shorter": lambda a: {key: array[:2] for key, array in a.items()},
    "one is shorter": lambda a: a | {"states": a["states"][:2]},
    "other numbers": lambda a: a | {"numbers": a["numbers"] + 1},
    "lacking": lambda a: {key: array for key, array in a.items() if key != "floor|corner"},
    "other names": lambda a: {key.replace("corner", "dish"): array for key, array in a.items()},
    "too much": lambda a: a | {"other": a["numbers"]},
    "text": lambda a: a | {"optimum|cheese": a["optimum|cheese"].astype(str)},
}


@pytest.mark.parametrize("change", [*CHANGES, "not a zip", "renamed", "directory"])
def test_what_does_not_fit_is_computed_again(change, folder, monkeypatch):
    right = solve()
    (path,) = folder.iterdir()
    solve(salt="s")
    (other,) = set(folder.iterdir()) - {path}
    if change in CHANGES:
        write(path, CHANGES[change](right.arrays))
    elif change == "directory":
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes(other.read_bytes() if change == "renamed" else b"PK")
    assert bits(solve()) == bits(right)
    if change != "directory":  # which is not ours to delete
        monkeypatch.setattr("mesa_gym.solver.values.solutions", None)
        assert bits(solve()) == bits(right)


# -- the bound, and folders that do not work -------------------------------------------------------


def test_the_least_recently_used_are_deleted(folder, monkeypatch):
    files = []
    for levels in (1, 2):
        solve(levels)
        files += set(folder.iterdir()) - {*files}
        age(files[-1], 500 - levels)
    assert [file.path for file in kept_files()] == files
    sizes = sum(path.stat().st_size for path in files)
    solve(1)  # read: now the second is the older one
    monkeypatch.setenv("MESA_GYM_CACHE_SIZE", str(sizes + 100))
    solve(3)
    assert [path.exists() for path in files] == [True, False]
    # The file just written stays, however small the bound; another process may be faster.
    stale = kept_files()
    stale[0].path.unlink()
    monkeypatch.setattr(cache, "kept_files", lambda: stale)
    monkeypatch.setenv("MESA_GYM_CACHE_SIZE", "1")
    solve(4)
    assert len(list(folder.iterdir())) == 1
    assert delete(stale) == []


def test_nothing_else_is_ever_touched(folder, monkeypatch, tmp_path_factory, run):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "target"
    elsewhere.write_text("mine")
    digest = "0123456789abcdef" * 2
    for name in [
        "notes.txt", "mine.npz", f"CheeseCorner-v0-shift-{digest}.npz.bak", ".hidden",
        f"CheeseCorner-v0-shift-{digest[1:]}.npz", f"CheeseCorner-v0-shifty-{digest}.npz",
        f"CheeseCorner-shift-{digest}.npz", f"old CheeseCorner-v0-shift-{digest}.npz",
        ".mine.npz.abcdefgh", f".CheeseCorner-v0-shift-{digest}.npz.ABC",
    ]:  # fmt: skip
        (folder / name).write_text("mine")
        age(folder / name, 10 * HOUR)
    (folder / f"CoinRun-v0-test-{digest}.npz").mkdir()
    (folder / f"CoinRun-v0-shift-{digest}.npz").symlink_to(elsewhere)
    mine = set(folder.rglob("*"))
    monkeypatch.setenv("MESA_GYM_CACHE_SIZE", "1")
    for levels in (1, 2, 3):
        solve(levels)
    assert len(set(folder.rglob("*")) - mine) == 1
    assert run("cache clear") == (0, "")
    assert set(folder.rglob("*")) == mine
    assert elsewhere.read_text() == "mine"


@pytest.mark.parametrize(
    ("text", "size"),
    [("1", 1), ("500M", 5 * 10**8), ("1.5k", 1500), ("3 GB", 3 * 10**9), ("7b", 7), ("", 10**9)]
    + [(bad, None) for bad in ("0", "0.5", "-1", "lots", "1X", "1 2", "nan", "inf", "1e9", "M")],
)
def test_what_is_no_size_is_said_before_any_work(text, size, monkeypatch):
    monkeypatch.setenv("MESA_GYM_CACHE_SIZE", text)
    if size is not None:
        assert size_bound() == size
        return
    monkeypatch.setattr("mesa_gym.solver.values.solutions", None)
    told = f"MESA_GYM_CACHE_SIZE is {text!r}; expected a number of bytes above 0, such as 500M"
    with pytest.raises(ValueError, match=re.escape(told)):
        solve()


def test_a_cache_that_cannot_be_written_only_costs_time(folder, monkeypatch):
    def failing(*_):
        raise PermissionError

    right = bits(solve())
    with monkeypatch.context() as patch:  # one that can only be read is read
        patch.setattr(os, "utime", failing)
        patch.setattr("mesa_gym.solver.values.solutions", None)
        assert bits(solve()) == right
    (folder / "file").touch()
    monkeypatch.setenv("MESA_GYM_CACHE", str(folder / "file"))
    assert bits(solve()) == right
    monkeypatch.setattr(cache, "write_bytes", failing)
    assert bits(solve()) == right


RELATIVE = """
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps import base
from beside.pay import PAY
from . import more

class Paying(CheeseCorner):
    @base
    def cheese(self, move):
        \"\"\"PAY for the cheese.\"\"\"
        return {PAY + more.MORE: move.into("cheese")}
"""


@pytest.mark.parametrize("changed", ["pay", "more"])
def test_what_is_imported_from_beside_counts_too(changed, folder, tmp_path, monkeypatch):
    package = tmp_path / "beside"
    package.mkdir()
    for name, text in {
        "__init__": "",
        "pay": "PAY = 1",
        "more": "MORE = 0",
        "own": RELATIVE,
    }.items():
        (package / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    trap = importlib.import_module("beside.own").Paying()
    files = [cache_file(trap, Split.TEST, np.arange(3), 20, "") for _ in range(2)]
    (package / f"{changed}.py").write_text("PAY = MORE = 5")
    files.append(cache_file(trap, Split.TEST, np.arange(3), 20, ""))
    assert files[0] == files[1] != files[2]


def test_classes_whose_source_cannot_be_known_are_never_read_back(folder):
    """Those that a function makes, and what is typed into a notebook."""

    def make(pay):
        class Made(CheeseCorner):
            @base
            def cheese(self, move):
                """As much as is given."""
                return {pay: move.into("cheese")}

        return Made

    found = [level_values(make(pay)(7), Split.TEST, np.arange(5)) for pay in (1, 5)]
    assert found[1].optimum["cheese"] == pytest.approx(5 * found[0].optimum["cheese"])
    scope = {"CheeseCorner": CheeseCorner, "__name__": "a notebook"}
    exec("class Typed(CheeseCorner):\n    pass\n", scope)
    for files in (3, 4):
        level_values(scope["Typed"](7), Split.TEST, np.arange(2))
        assert len(list(folder.glob("*.npz"))) == files
