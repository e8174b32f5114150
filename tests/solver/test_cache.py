"""Values on disk: several processes, killed ones, damage, foreign files, the bound."""

import importlib
import io
import multiprocessing
import os
import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import mesa_gym
from mesa_gym.files import find_final_name
from mesa_gym.solver import LevelValues, cache, kept, level_values
from mesa_gym.solver.cache import cache_file, read, write
from mesa_gym.solver.kept import kept_files, size_bound
from mesa_gym.traps import Split, base
from mesa_gym.traps.cheese_corner import CheeseCorner

SPAWN = multiprocessing.get_context("spawn")
TURNS = 300


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


def work(seed, barrier, answers):
    """Solve; then files come and go as the bound wants, and what is read must be right."""
    draw, found, wrong = random.Random(seed), 0, 0
    solved = bits(solve(60))
    os.environ["MESA_GYM_CACHE_SIZE"] = "250K"  # three of the four files
    barrier.wait()
    for _ in range(TURNS):
        which = draw.randrange(4)
        path = kept.cache_folder() / f"Thing-v0-test-{which:032x}.npz"
        if draw.random() < 0.5:
            turn = draw.randrange(1000) * 4 + which
            write(path, {"a": np.full(5000, turn), "b": np.full(5000, -turn)})
        elif (kept_arrays := read(path, dict)) is not None:
            found += 1
            a, b = kept_arrays["a"], kept_arrays["b"]
            wrong += not (np.array_equal(a, -b) and a[0] % 4 == which)
    answers.put((solved, found, wrong))


@pytest.mark.thorough
def test_values_of_concurrent_processes_are_whole(folder):
    answers, barrier = SPAWN.Queue(), SPAWN.Barrier(3)
    workers = [SPAWN.Process(target=work, args=(seed, barrier, answers)) for seed in range(3)]
    for worker in workers:
        worker.start()
    told = [answers.get() for _ in workers]
    for worker in workers:
        worker.join()
    assert all(solved == bits(solve(60)) for solved, _, _ in told)
    assert min(found for _, found, _ in told) > 10
    assert [wrong for _, _, wrong in told] == [0, 0, 0]
    assert {file.path for file in kept_files()} == set(folder.iterdir())
    assert not any(find_final_name(path.name) for path in folder.iterdir())


class DiesHalfway(io.FileIO):
    def write(self, data):
        super().write(data[: len(data) // 2])
        os._exit(9)


def solve_and_die():
    mesa_gym.files.os.fdopen = DiesHalfway
    solve()


def test_killed_writer_leaves_no_wrong_numbers(folder, monkeypatch):
    right = solve()
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:-500])
    worker = SPAWN.Process(target=solve_and_die)
    worker.start()
    worker.join()
    assert worker.exitcode == 9
    (left,) = (f for f in kept_files() if find_final_name(f.path.name))
    assert left.size == len(whole) // 2
    assert bits(solve()) == bits(right)
    # What it left counts as a file, and goes when it is the least recently used of too much.
    age(left.path, 500)
    monkeypatch.setenv("MESA_GYM_CACHE_SIZE", str(len(whole) + left.size))
    solve()
    assert left.path.exists()
    solve(4)
    assert not left.path.exists()


# -- damaged and foreign files ---------------------------------------------------------------------


def test_damaged_file_reads_right_or_nothing(folder):
    """Many bytes changed, and many lengths: what can still be read is right."""
    right, lost = solve(2), 0
    (path,) = folder.iterdir()
    data = path.read_bytes()
    damaged = [data[:length] for length in range(0, len(data), 97)]
    damaged += [data[:i] + bytes([data[i] ^ 0xFF]) + data[i + 1 :] for i in range(0, len(data), 13)]
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
def test_foreign_file_is_computed_again(change, folder, monkeypatch):
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


def test_write_beyond_bound_deletes_least_recently_used(folder, monkeypatch):
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
    monkeypatch.setattr(kept, "kept_files", lambda: stale)
    monkeypatch.setenv("MESA_GYM_CACHE_SIZE", "1")
    solve(4)
    assert len(list(folder.iterdir())) == 1


def test_write_touches_no_other_file(folder, monkeypatch, tmp_path_factory, run):
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
        age(folder / name, 10 * 3600)
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
def test_size_bound_of_bad_text_is_refused(text, size, monkeypatch):
    monkeypatch.setenv("MESA_GYM_CACHE_SIZE", text)
    if size is not None:
        assert size_bound() == size
        return
    monkeypatch.setattr("mesa_gym.solver.values.solutions", None)
    told = f"MESA_GYM_CACHE_SIZE is {text!r}; expected a number of bytes above 0, such as 500M"
    with pytest.raises(ValueError, match=re.escape(told)):
        solve()


def test_write_into_failing_folder_only_costs_time(folder, monkeypatch):
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


# -- sources ---------------------------------------------------------------------------------------

PARENT = """
from mesa_gym.traps import base
from mesa_gym.traps.cheese_corner import CheeseCorner

class Paying(CheeseCorner):
    @base
    def cheese(self, move):
        \"\"\"One for the cheese.\"\"\"
        return {1: move.into("cheese")}
"""
OWN = """
from parent import Paying

class PayingMore(Paying):
    pass
"""
NAME = """
import numpy as np
from mesa_gym.solver.cache import cache_file
from mesa_gym.traps import Split
from own import PayingMore

print(cache_file(PayingMore(), Split.TEST, np.arange(3), 20, "").name)
"""


@pytest.fixture
def sources(tmp_path):
    """A folder with the files of a user's trap, of its parent and of something else."""
    for name, text in {"own": OWN, "parent": PARENT, "unrelated": "X = 1\n"}.items():
        (tmp_path / f"{name}.py").write_text(text)
    return tmp_path


def edit(path):
    path.write_text(path.read_text() + "\n# another rule\n")


@pytest.mark.parametrize(
    ("edited", "missed"), [("own", True), ("parent", True), ("unrelated", False)]
)
def test_file_of_edited_user_class_is_missed(edited, missed, sources, monkeypatch):
    monkeypatch.syspath_prepend(sources)
    names = []
    for _ in range(2):
        monkeypatch.setattr(sys, "modules", dict(sys.modules))
        for module in ("own", "parent"):
            sys.modules.pop(module, None)
        trap = importlib.import_module("own").PayingMore()
        names.append(cache_file(trap, Split.TEST, np.arange(3), 20, "").name)
        edit(sources / f"{edited}.py")
    assert (names[0] != names[1]) == missed


@pytest.mark.thorough
def test_file_of_edited_package_is_missed(sources):
    """A copy of the package, whose files are edited one after another."""
    package = sources / "mesa_gym"
    left_out = shutil.ignore_patterns("__pycache__", "weights")
    shutil.copytree(Path(mesa_gym.__file__).parent, package, ignore=left_out)

    def name():
        done = subprocess.run(
            [sys.executable, "-c", NAME], cwd=sources, env=os.environ | {"PYTHONPATH": ""},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout

    names = [name()]
    for path in ("engine/move.py", "traps/coin_run.py", "solver/solution.py", "cli/cache.py"):
        edit(package / path)
        names.append(name())
    assert len({*names[:4]}) == 4
    assert names[3] == names[4]


def test_values_of_unknown_source_are_computed_again(folder):
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
