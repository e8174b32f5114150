"""The cache of level values."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mesa_gym
from mesa_gym.solver import level_values
from mesa_gym.solver.cache import write_arrays
from mesa_gym.traps import Split, base
from mesa_gym.traps.cheese_corner import CheeseCorner


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path))
    return tmp_path


def solve(levels=3, salt="", split=Split.SHIFT):
    return level_values(CheeseCorner(), split, np.arange(levels), salt=salt)


def bits(values):
    return {name: array.tobytes() for name, array in values.arrays.items()}


# -- damaged and foreign files ---------------------------------------------------------------------
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
def test_foreign_cache_file_is_computed_again(change, folder, monkeypatch):
    right = solve()
    (path,) = folder.iterdir()
    solve(salt="s")
    (other,) = set(folder.iterdir()) - {path}
    if change in CHANGES:
        write_arrays(path, CHANGES[change](right.arrays))
    elif change == "directory":
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes(other.read_bytes() if change == "renamed" else b"PK")
    assert bits(solve()) == bits(right)
    if change != "directory":  # which is not ours to delete
        monkeypatch.setattr("mesa_gym.solver.values.solutions", None)
        assert bits(solve()) == bits(right)


def test_cache_file_with_changed_number_is_foreign(folder):
    """In an archive whose checksums fit, as a fault before it was written would leave it."""
    right = solve()
    (path,) = folder.iterdir()
    with np.load(path) as kept:
        arrays = {name: kept[name] for name in kept.files}
    arrays["optimum|cheese"] = arrays["optimum|cheese"] + 1
    np.savez(path, **arrays)
    assert bits(solve()) == bits(right)


@pytest.mark.parametrize("shared", ["folder", "file", "owner"])
def test_cache_of_other_users_is_not_used(shared, folder, monkeypatch, capsys):
    """Values that others can have forged are computed again, and one line says why."""
    right = solve()
    (path,) = folder.iterdir()
    forged = {name: x * 2 if "|" in name else x for name, x in right.arrays.items()}
    write_arrays(path, forged)
    if shared == "owner":
        monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
        monkeypatch.setattr("mesa_gym.solver.cache.ADMINISTRATOR", -1)
    else:
        (folder if shared == "folder" else path).chmod(0o777)
    capsys.readouterr()
    assert bits(solve()) == bits(solve()) == bits(right)
    message = capsys.readouterr().err
    assert f"mesa-gym: the cache {path if shared == 'file' else folder} is not used" in message
    assert message.count("\n") == 1


FORGERIES = {  # with a fitting checksum
    "not finite": {"optimum|cheese": lambda x: x * np.nan},
    "below what other play earns": {"optimum|cheese": lambda x: x - 1},
}


@pytest.mark.parametrize("says", FORGERIES)
def test_impossible_values_are_refused_in_one_line(says, folder, capsys):
    right = solve()
    (path,) = folder.iterdir()
    arrays = right.arrays
    write_arrays(path, arrays | {x: forge(arrays[x]) for x, forge in FORGERIES[says].items()})
    capsys.readouterr()
    assert bits(solve()) == bits(right)
    message = capsys.readouterr().err
    assert says in message
    begin = f"mesa-gym: the cached values {path} are refused and computed again: "
    assert message.startswith(begin)
    assert message.count("\n") == 1


def test_cache_folder_is_made_for_one_user(folder, monkeypatch):
    monkeypatch.setenv("MESA_GYM_CACHE", str(folder / "a" / "cache"))
    solve()
    assert (folder / "a" / "cache").stat().st_mode & 0o777 == 0o700


def test_cache_without_a_home_keeps_nothing(monkeypatch):
    def fail():
        raise RuntimeError("Could not determine home directory.")

    right = bits(solve())
    for name in ("MESA_GYM_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", fail)
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

NAMED = ("own.py", "parent.py", "mesa_gym/engine/move.py", "mesa_gym/traps/coin_run.py")
EDITS = dict.fromkeys((*NAMED, "mesa_gym/solver/solution.py"), True)
EDITS |= dict.fromkeys(("unrelated.py", "mesa_gym/cli/certify.py"), False)


@pytest.mark.thorough
def test_edited_source_misses_the_cache_file(tmp_path):
    """A user's trap, its parent, and a copy of the package are edited one after another."""
    for name, text in {"own": OWN, "parent": PARENT, "unrelated": "X = 1\n"}.items():
        (tmp_path / f"{name}.py").write_text(text)
    left_out = shutil.ignore_patterns("__pycache__", "weights")
    shutil.copytree(Path(mesa_gym.__file__).parent, tmp_path / "mesa_gym", ignore=left_out)

    def name():
        done = subprocess.run(
            [sys.executable, "-c", NAME], cwd=tmp_path, env=os.environ | {"PYTHONPATH": ""},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout

    before = name()
    for edited, missed in EDITS.items():
        path = tmp_path / edited
        path.write_text(path.read_text() + "\n# another rule\n")
        before, after = name(), before
        assert (before != after) == missed, edited


def test_values_of_unknown_source_are_computed_again(folder):
    """Classes from functions and notebooks have no known source."""

    def make(pay):
        class Made(CheeseCorner):
            @base
            def cheese(self, move):
                """Return the given amount."""
                return {pay: move.into("cheese")}

        return Made

    found = [level_values(make(pay)(7), Split.TEST, np.arange(5)) for pay in (1, 5)]
    assert found[1].optimum["cheese"] == pytest.approx(5 * found[0].optimum["cheese"])
    scope = {"CheeseCorner": CheeseCorner, "__name__": "a notebook"}
    exec("class Typed(CheeseCorner):\n    pass\n", scope)
    for files in (3, 4):
        level_values(scope["Typed"](7), Split.TEST, np.arange(2))
        assert len(list(folder.glob("*.npz"))) == files
