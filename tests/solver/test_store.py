"""The store of values by level, its files, and the command that makes the package's files."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mesa_gym.policies import as_policy
from mesa_gym.scoring.playing import name_actions
from mesa_gym.solver import cache, level_values, store
from mesa_gym.solver.cache import STANDARD_FOLDER, list_shelf, name_file, pack_arrays
from mesa_gym.solver.store import EVALUATION_LEVELS, name_values
from mesa_gym.solver.value_columns import list_keys
from mesa_gym.solver.values import solve_values
from mesa_gym.terminal import say_once
from mesa_gym.testing import package_files
from mesa_gym.testing.package_files import ACTION_POLICIES, ACTION_TRAPS
from mesa_gym.traps import Split, find_trap, package_traps
from mesa_gym.traps.cheese_corner import CheeseCorner

TRAP = CheeseCorner()
LEVELS = 6


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path / "cache"))
    say_once.cache_clear()
    return tmp_path / "cache"


@pytest.fixture
def solved(monkeypatch):
    """The numbers of the levels that were solved, one list per call."""
    calls = []

    def solve(trap, starts, *options):
        calls.append(starts.level.number.tolist())
        return solve_values(trap, starts, *options)

    monkeypatch.setattr(store, "solve_values", solve)
    return calls


def solve(numbers=range(LEVELS), trap=TRAP, split=Split.SHIFT, salt="s", **options):
    """Return the bits of values of levels, computed now."""
    starts = trap.levels(split, np.array(numbers), salt)
    return get_bits(solve_values(trap, starts, trap.horizon(split), **options))


def read(numbers=range(LEVELS), trap=TRAP, split=Split.SHIFT, salt="s", **options):
    """Return the bits of values of levels, with a salt that the package does not have."""
    return get_bits(level_values(trap, split, numbers, salt=salt, **options))


def get_bits(values):
    return {name: (array.dtype.str, array.tobytes()) for name, array in values.arrays.items()}


# -- levels ----------------------------------------------------------------------------------------
def test_missing_levels_alone_are_solved(solved, folder):
    steps = []
    read(range(3))
    assert read([5, 1, 0, 5], progress=steps.append) == solve([5, 1, 0, 5])
    assert read([2, 4]) == solve([2, 4])
    assert read([5, 0]) == solve([5, 0])
    assert solved == [[0, 1, 2], [5], [4]]
    assert steps == [2, 1]
    assert len([*folder.iterdir()]) == 3


def test_visit_gets_solutions_of_all_levels(solved):
    optima = []
    read(range(3))
    for _ in range(2):  # solved for their values, then for the visit alone
        read(visit=lambda solution: optima.extend(solution.optimum("cheese")))
    assert np.array(optima).tobytes() == 2 * solve()["optimum|cheese"][1]
    assert solved == [[0, 1, 2], [*range(LEVELS)]]


def test_values_with_pairs_serve_requests_without(solved):
    read(pairs=True)
    assert read() == solve()
    assert read(pairs=True) == solve(pairs=True)
    assert len(solved) == 1


def discount(trap, by):
    """Return a trap whose objectives have another discount."""
    vars(trap)["objectives"] = {x: replace(y, discount=by) for x, y in trap.objectives.items()}
    return trap


OTHERS = {
    "discount": {"trap": discount(CheeseCorner(), 0.5)},
    "salt": {"salt": "t"},
    "time limit": {"horizon": 20},
    "split": {"split": Split.TEST},
    "pairs": {"pairs": True},
    "size": {"trap": CheeseCorner(11)},
    "keyword": {"trap": CheeseCorner(corner=2)},
    "subclass": {"trap": type("CheeseCorner", (CheeseCorner,), {})()},
}


@pytest.mark.parametrize("other", OTHERS)
def test_values_of_other_requests_are_not_read(other, solved):
    read()
    read(**OTHERS[other])
    assert len(solved) == 2


def test_many_files_of_a_shelf_are_joined(solved, folder, monkeypatch):
    monkeypatch.setattr(store, "MOST_FILES", 4)
    for number in range(LEVELS):
        read([number])
    assert len([*folder.iterdir()]) == 2
    assert read() == solve()
    assert len(solved) == LEVELS


WRITER = """
import sys
import numpy as np
from mesa_gym.solver import level_values, store
from mesa_gym.traps import Split, find_trap

store.MOST_FILES = 3
for number in range(int(sys.argv[1]), 24, 2):
    level_values(find_trap("CheeseCorner")(), Split.SHIFT, [number], salt="s")
"""


@pytest.mark.thorough
def test_processes_that_write_at_once_lose_nothing(solved):
    command = [sys.executable, "-c", WRITER]
    writers = [subprocess.Popen([*command, str(first)]) for first in range(2)]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert read(range(24)) == solve(range(24))
    assert solved == []


# -- wrong and foreign files -----------------------------------------------------------------------
def make_wrong(path, shelf, change):
    """Replace a file by changed arrays under a fitting name."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    arrays |= change(arrays)
    path.unlink()
    wrong = path.with_name(name_file(shelf, arrays))
    wrong.write_bytes(pack_arrays(arrays))
    return wrong


OPTIMUM = "optimum|cheese"
NO_COLUMNS = "the arrays are not columns of levels"
WRONG = {  # a change of the arrays -> the reason
    "shorter": (lambda a: {"states": a["states"][:2]}, NO_COLUMNS),
    "other column": (lambda a: {"other": a["states"]}, NO_COLUMNS),
    "text": (lambda a: {OPTIMUM: a[OPTIMUM].astype(str)}, NO_COLUMNS),
    "type": (lambda a: {OPTIMUM: a[OPTIMUM].astype(np.float32)}, NO_COLUMNS),
    "descending": (lambda a: {"numbers": a["numbers"][::-1]}, NO_COLUMNS),
    "empty": (lambda a: {name: array[:0] for name, array in a.items()}, NO_COLUMNS),
    "not finite": (lambda a: {OPTIMUM: a[OPTIMUM] * np.nan}, "not finite"),
    "impossible": (lambda a: {OPTIMUM: a[OPTIMUM] - 1}, "below what other play earns"),
}
DAMAGES = {
    "cut": lambda path, other: path.write_bytes(path.read_bytes()[:-100]),
    "text file": lambda path, other: path.write_text("version https://git-lfs.github.com/spec/v1"),
    "renamed": lambda path, other: path.write_bytes(other.read_bytes()),
}


@pytest.mark.parametrize("kind", [*WRONG, *DAMAGES])
def test_wrong_file_is_refused_in_one_line(kind, folder, solved, capsys):
    shelf = name_values(TRAP, Split.SHIFT, TRAP.horizon(Split.SHIFT), "s", list_keys(TRAP, False))
    right = read()
    (path,) = folder.iterdir()
    if kind in WRONG:
        change, reason = WRONG[kind]
        path = make_wrong(path, shelf, change)
    else:
        read(salt="t")
        (other,) = {*folder.iterdir()} - {path}
        reason = "it is damaged"
        DAMAGES[kind](path, other)
    solved.clear()
    assert read() == read() == right == solve()
    assert len(solved) == 1
    printed = capsys.readouterr().err
    start = f"mesa-gym: the values {path} are refused, and their levels are solved: "
    assert printed.startswith(start)
    assert reason in printed
    assert printed.count("\n") == 1


@pytest.mark.parametrize("shared", ["folder", "file", "owner"])
def test_cache_of_other_users_is_not_used(shared, folder, solved, monkeypatch, capsys):
    right = read()
    (path,) = folder.iterdir()
    if shared == "owner":
        monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
        monkeypatch.setattr(cache, "ADMINISTRATOR", -1)
    else:
        (folder if shared == "folder" else path).chmod(0o777)
    assert read() == right
    assert len(solved) == 2
    message = capsys.readouterr().err
    assert f"mesa-gym: the cache {path if shared == 'file' else folder} is not used" in message
    assert message.count("\n") == 1


def test_cache_below_a_shared_folder_is_refused(tmp_path, monkeypatch, capsys):
    """Who can write to the cache's own folder can replace the folders in it."""
    monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path / "cache"))
    inner = tmp_path / "cache" / "values"
    assert cache.write_kept(inner / "a", b"1")
    (tmp_path / "cache").chmod(0o777)
    assert not cache.write_kept(inner / "b", b"1")
    assert f"the cache {tmp_path / 'cache'} is not used" in capsys.readouterr().err
    assert [path.name for path in inner.iterdir()] == ["a"]


def fill_disk(monkeypatch, folder):
    def fail(path, data):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(cache, "write_bytes", fail)


def lose_home(monkeypatch, folder):
    def fail():
        raise RuntimeError("Could not determine home directory.")

    for name in ("MESA_GYM_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", fail)


def block_folder(monkeypatch, folder):
    folder.write_text("a file")


@pytest.mark.parametrize("limit", [fill_disk, lose_home, block_folder])
def test_cache_that_cannot_be_written_changes_nothing(limit, folder, solved, monkeypatch):
    limit(monkeypatch, folder)
    assert read() == read() == solve()
    assert len(solved) == 2


def test_failed_join_deletes_no_file(folder, monkeypatch):
    for number in range(3):
        read([number])
    files = {*folder.iterdir()}
    monkeypatch.setattr(store, "MOST_FILES", 3)
    fill_disk(monkeypatch, folder)
    read([3])
    assert {*folder.iterdir()} == files


def test_cache_folder_is_made_for_one_user(folder, monkeypatch):
    monkeypatch.setenv("MESA_GYM_CACHE", str(folder / "a" / "cache"))
    read()
    assert (folder / "a" / "cache").stat().st_mode & 0o777 == 0o700


# -- the package's files ---------------------------------------------------------------------------
def find_standard(name, split):
    """Return the package's files of the present code."""
    trap = find_trap(name)()
    keys = list_keys(trap, pairs=False)
    shelf = name_values(trap, split, trap.horizon(split), "", keys)
    return list_shelf(shelf, STANDARD_FOLDER)


def find_actions(name, split, policy):
    """Return the package's actions of an oracle by the present code."""
    trap = find_trap(name)()
    oracle = as_policy(policy, trap, trap.horizon(split))
    shelf = name_actions(oracle, split, np.arange(EVALUATION_LEVELS), "")
    return list_shelf(shelf, STANDARD_FOLDER)


def test_every_trap_has_values_of_this_code():
    """After an edit of the engine, the solver or a trap, ``make values`` writes them again."""
    files = {path for name in package_traps() for x in Split for path in find_standard(name, x)}
    assert len(files) == len(package_traps()) * len(Split)
    names = [
        (trap, x, policy) for trap in ACTION_TRAPS for x in Split for policy in ACTION_POLICIES
    ]
    actions = {path for name in names for path in find_actions(*name)}
    assert len(actions) == len(names)
    assert files | actions == {*STANDARD_FOLDER.iterdir()}
    assert sum(path.stat().st_size for path in files | actions) < 3e6


def compare(name, split, numbers):
    """Assert that the package's values of some levels equal the solver's bits."""
    assert read(numbers, find_trap(name)(), split, "") == solve(
        numbers, find_trap(name)(), split, ""
    )


@pytest.mark.parametrize("trap", ["CheeseCorner", "LavaLand"])
@pytest.mark.parametrize("split", [Split.TEST, Split.SHIFT])
def test_standard_values_equal_the_solver(trap, split, solved):
    compare(trap, split, np.array([0, 511, 999]))
    assert solved == []


@pytest.mark.slow
@pytest.mark.parametrize("trap", package_traps())
def test_drawn_standard_values_equal_the_solver(trap, solved):
    for split in Split:
        drawn = np.random.default_rng().choice(EVALUATION_LEVELS, 50, replace=False)
        compare(trap, split, np.sort(drawn))
    assert solved == []


def test_standard_values_serve_any_subset(solved, folder):
    assert read([1001, 3], salt="") == solve([1001, 3], salt="")
    assert solved == [[1001]]
    assert len([*folder.iterdir()]) == 1


def test_command_writes_equal_files_again(tmp_path, monkeypatch, solved, capsys):
    monkeypatch.setattr(package_files, "EVALUATION_LEVELS", LEVELS)
    arguments = ["values", "CheeseCorner", "--to", str(tmp_path / "new")]
    contents = []
    for _ in range(2):
        assert package_files.main(arguments) == 0
        contents.append({path: path.read_bytes() for path in (tmp_path / "new").iterdir()})
    assert contents[0] == contents[1]
    size = sum(map(len, contents[0].values()))
    assert capsys.readouterr().out == 2 * f"CheeseCorner-v0 has {size:,} bytes of values\n"
    monkeypatch.setattr(cache, "STANDARD_FOLDER", tmp_path / "new")
    assert read(salt="") == solve(salt="")
    monkeypatch.setattr(package_files, "EVALUATION_LEVELS", LEVELS - 1)
    assert package_files.main(arguments) == 0  # which deletes the trap's older files
    assert len([*(tmp_path / "new").iterdir()]) == len(Split)
    assert solved == []
