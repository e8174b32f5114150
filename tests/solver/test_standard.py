"""The package's values of standard levels (``solver/standard.py``), and the command for them."""

import io
import shutil
import zipfile

import numpy as np
import pytest

from mesa_gym.scoring import score
from mesa_gym.solver import level_values, standard, values
from mesa_gym.solver.cache import identify, say_once
from mesa_gym.solver.standard import EVALUATION_LEVELS, STANDARD_FOLDER, find_standard
from mesa_gym.solver.values import solve_values
from mesa_gym.testing import standard_values
from mesa_gym.testing.standard_values import make_standard
from mesa_gym.traps import Split, find_trap, package_traps
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.monster_world import MonsterWorld
from tests.support.small_traps import SmallDish

LEVELS = 6
TRAP = CheeseCorner()
FILE = "CheeseCorner-v0.npz"


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path / "cache"))
    say_once.cache_clear()
    return tmp_path / "cache"


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """The folder of files with few levels for each split."""
    monkeypatch.setattr(standard, "STANDARD_FOLDER", tmp_path / "standard")
    for module in (standard, standard_values):
        monkeypatch.setattr(module, "EVALUATION_LEVELS", LEVELS)
    (tmp_path / "standard").mkdir()
    (tmp_path / "standard" / FILE).write_bytes(make_file(tmp_path / "made"))
    return tmp_path / "standard"


_MADE = []


def make_file(folder):
    """Return the bytes of a file of few levels, which all tests share."""
    if not _MADE:
        _MADE.append(make_standard(TRAP, folder).read_bytes())
    return _MADE[0]


def solve(trap=TRAP, levels=LEVELS, split=Split.SHIFT):
    """Return the bits of the values of a split, computed now."""
    starts = trap.levels(split, np.arange(levels))
    return get_bits(solve_values(trap, starts, trap.horizon(split)))


def read(trap=TRAP, levels=LEVELS, split=Split.SHIFT, **arguments):
    return get_bits(level_values(trap, split, np.arange(levels), **arguments))


def get_bits(values):
    return {name: (array.dtype.str, array.tobytes()) for name, array in values.arrays.items()}


def forbid_solving(monkeypatch):
    """Let level values neither compute values nor read the cache."""
    monkeypatch.setattr(values, "solve_values", None)
    monkeypatch.setattr(values, "read_arrays", lambda path, parse: None)


# -- the package's files ---------------------------------------------------------------------------
def compare(trap, split, rows):
    """Assert that the package's values of some levels equal the solver's bits."""
    numbers, horizon = np.arange(EVALUATION_LEVELS), trap.horizon(split)
    assert find_standard(trap, split, numbers, horizon, "")
    shipped = level_values(trap, split, numbers).take(rows)
    solved = solve_values(trap, trap.levels(split, numbers[rows]), horizon)
    assert get_bits(shipped) == get_bits(solved), (trap, split, rows)


@pytest.mark.parametrize("trap", ["CheeseCorner", "LavaLand"])
@pytest.mark.parametrize("split", [Split.TEST, Split.SHIFT])
def test_standard_values_equal_the_solver(trap, split, monkeypatch):
    monkeypatch.setattr(values, "read_arrays", None)
    compare(find_trap(trap)(), split, np.array([0, 511, 999]))


@pytest.mark.slow
@pytest.mark.parametrize("trap", package_traps())
def test_drawn_standard_values_equal_the_solver(trap, monkeypatch):
    monkeypatch.setattr(values, "read_arrays", None)
    for split in Split:
        drawn = np.random.default_rng().choice(EVALUATION_LEVELS, 50, replace=False)
        compare(find_trap(trap)(), split, np.sort(drawn))


def test_every_trap_has_small_standard_values():
    sizes = {path.stem: path.stat().st_size for path in STANDARD_FOLDER.iterdir()}
    assert sizes.keys() == package_traps().keys()
    assert sum(sizes.values()) < 3e6


# -- reading ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("split", Split)
def test_standard_values_are_read_and_not_solved(split, folder, cache, monkeypatch):
    right, progress = solve(split=split), []
    forbid_solving(monkeypatch)
    assert read(split=split, progress=progress.append) == right
    assert read(split=split, starts=TRAP.levels(split, np.arange(LEVELS))) == right
    assert progress == [LEVELS]
    assert not cache.exists()


@pytest.mark.thorough
@pytest.mark.parametrize("stored", ["package", "cache"])
def test_values_by_returns_are_read(stored, folder, cache, monkeypatch):
    """Kinds that compare returns have columns for pairs of objectives, without the worst."""
    trap = find_trap("TreeFarm")()
    right = read(trap)
    assert "best|trees|soon" in right
    assert "worst|trees|soon" not in right
    if stored == "package":
        make_standard(trap, folder)
        monkeypatch.setattr(values, "read_arrays", lambda path, parse: None)
    monkeypatch.setattr(values, "solve_values", None)
    assert read(trap) == right


def test_visit_gets_solutions_beside_standard_values(folder, monkeypatch):
    right, optima = solve(), []
    forbid_solving(monkeypatch)
    assert read(visit=lambda x: optima.extend(x.optimum("cheese"))) == right
    assert np.array(optima).tobytes() == right["optimum|cheese"][1]


@pytest.mark.thorough
def test_reference_values_are_read_from_the_package(folder, monkeypatch):
    trap = MonsterWorld()
    right = solve(trap, split=Split.TEST)
    make_standard(trap, folder)
    forbid_solving(monkeypatch)
    assert read(trap, split=Split.TEST) == right


@pytest.mark.thorough
@pytest.mark.parametrize("policy", ["random", "oracle:corner"])
def test_standard_values_give_equal_cards(policy, folder, monkeypatch):
    card = score(policy, "CheeseCorner", levels=LEVELS)
    monkeypatch.setattr(standard, "STANDARD_FOLDER", folder / "nowhere")
    assert score(policy, "CheeseCorner", levels=LEVELS) == card


class Inheriting(CheeseCorner):
    """A user's trap that inherits from a trap of the package."""


NAMESAKE = type("CheeseCorner", (CheeseCorner,), {"__module__": CheeseCorner.__module__})
OTHERS = {
    "salt": {"salt": "s"},
    "fewer levels": {"levels": LEVELS - 1},
    "more levels": {"levels": LEVELS + 1},
    "time limit": {"horizon": 20},
    "pairs": {"pairs": True},
    "size": {"trap": CheeseCorner(11)},
    "keyword": {"trap": CheeseCorner(corner=2)},
    "small trap": {"trap": SmallDish()},
    "subclass": {"trap": Inheriting()},
    "namesake": {"trap": NAMESAKE()},
}


@pytest.mark.parametrize("other", OTHERS)
def test_other_levels_are_solved_as_before(other, folder, monkeypatch, capsys):
    for name in ("Inheriting-v0", "SmallDish-v0"):
        shutil.copy(folder / FILE, folder / f"{name}.npz")
    monkeypatch.setattr(values, "read_standard", None)  # reading would now fail
    read(**OTHERS[other])
    assert capsys.readouterr().err == ""


def test_other_order_of_levels_is_solved(folder, monkeypatch):
    monkeypatch.setattr(values, "read_standard", None)
    order = np.arange(LEVELS)[::-1]
    solved = level_values(TRAP, Split.SHIFT, order)
    assert get_bits(solved.take(order)) | {"numbers": 0} == solve() | {"numbers": 0}


# -- wrong and stale files -------------------------------------------------------------------------
def unpack(path):
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def pack(path, arrays):
    with zipfile.ZipFile(path, "w") as file:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.save(member, array)
            file.writestr(f"{name}.npy", member.getvalue())


def replace(path, change):
    arrays = unpack(path)
    pack(path, arrays | change(arrays))


def forge(path, change):
    """Change arrays of the shift, and make their digest fit."""
    arrays = unpack(path)
    own = {k.removeprefix("shift|"): x for k, x in arrays.items() if k.startswith("shift|")}
    owner = str(own.pop("of")).rpartition(" ")[0]
    own |= change(own)
    of = np.array(identify(owner, own))
    pack(path, arrays | {f"shift|{name}": x for name, x in {**own, "of": of}.items()})


OPTIMUM = "shift|optimum|cheese"
TEST = ("test|of", "test|states", "test|contact", "test|optimum|cheese", "test|floor|cheese")
CHANGED = "the values, the levels or the trap's rules were changed"
DAMAGED = "the file is damaged"
WRONG = {  # a change of the file -> the message
    "number": (lambda p: replace(p, lambda a: {OPTIMUM: a[OPTIMUM] + 1e-12}), CHANGED),
    "type": (lambda p: replace(p, lambda a: {OPTIMUM: a[OPTIMUM].astype(np.float32)}), CHANGED),
    "column": (lambda p: replace(p, lambda a: {"shift|best|cheese": a[OPTIMUM]}), CHANGED),
    "split": (
        lambda p: replace(p, lambda a: {k.replace("test|", "shift|"): a[k] for k in TEST}),
        CHANGED,
    ),
    "impossible": (
        lambda p: forge(p, lambda a: {"optimum|cheese": a["optimum|cheese"] - 1}),
        "below what other play earns",
    ),
    "not finite": (
        lambda p: forge(p, lambda a: {"floor|corner": a["floor|corner"] * np.nan}),
        "finite",
    ),
    "shorter": (lambda p: forge(p, lambda a: {k: a[k][1:] for k in a}), DAMAGED),
    "other columns": (lambda p: forge(p, lambda a: {"other": a["contact"]}), DAMAGED),
    "cut": (lambda p: p.write_bytes(p.read_bytes()[:-100]), DAMAGED),
    "text": (lambda p: p.write_text("version https://git-lfs.github.com/spec/v1"), DAMAGED),
    "without digest": (
        lambda p: pack(p, {k: x for k, x in unpack(p).items() if k != "shift|of"}),
        DAMAGED,
    ),
    "other trap": (
        lambda p: make_standard(find_trap("CheeseDish")(), p.parent).replace(p),
        CHANGED,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_file_is_refused_in_one_line(kind, folder, capsys):
    path, (change, message) = folder / FILE, WRONG[kind]
    change(path)
    assert read() == read() == solve()
    printed = capsys.readouterr().err
    start = f"mesa-gym: the package's values {path} are refused, and the levels are solved: "
    assert printed.startswith(start)
    assert message in printed
    assert printed.count("\n") == 1


def test_missing_file_is_solved_in_silence(folder, capsys):
    shutil.rmtree(folder)
    assert read() == read() == solve()
    assert capsys.readouterr().err == ""


STALE = {  # what changed in the trap
    "levels": ("draw", lambda usual: lambda self, level, split: usual(self, level, Split.TRAIN)),
    "rules": ("rules", lambda usual: lambda self, move: None),
    "time limit": ("horizon", lambda usual: lambda self, split: 20),
}


@pytest.mark.parametrize("part", STALE)
def test_values_of_changed_trap_are_refused(part, folder, monkeypatch, capsys):
    name, change = STALE[part]
    monkeypatch.setattr(CheeseCorner, name, change(getattr(CheeseCorner, name)))
    assert read() == solve()
    assert CHANGED in capsys.readouterr().err


def test_new_version_reads_no_old_values(folder, monkeypatch, capsys):
    monkeypatch.setattr(CheeseCorner, "version", 1)
    monkeypatch.setattr(values, "read_standard", None)
    read(CheeseCorner())


# -- the command -----------------------------------------------------------------------------------
def test_command_writes_equal_bytes_again(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(standard, "read_bytes", None)  # old files are not read
    assert standard_values.main(["CheeseCorner", "--folder", str(tmp_path / "new")]) == 0
    (path,) = (tmp_path / "new").iterdir()
    assert path.read_bytes() == (folder / path.name).read_bytes()
    assert capsys.readouterr().out == f"{path} has {path.stat().st_size:,} bytes\n"
