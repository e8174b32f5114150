"""The identity of the code that computes values (``solver/identity.py``)."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mesa_gym
from mesa_gym.policies import Oracle
from mesa_gym.solver import identity
from mesa_gym.solver.identity import find_sources, identify_code, read_statements
from mesa_gym.solver.values import solve_values
from mesa_gym.traps import Split, base, find_trap
from mesa_gym.traps.cheese_corner import CheeseCorner
from tests.support.parameters import few

ROOT = Path(mesa_gym.__file__).parent
TRAPS = ("CoinRun", "FlashOrPay", "KeysChests", "MonsterWorld", "TreeFarm")


def list_entered(trap):
    """Return the package's files with a function that drawing or solving a level enters."""
    entered = set()

    def note(frame, event, argument):
        entered.add(frame.f_code.co_filename)

    sys.setprofile(note)
    try:
        for split in Split:
            starts = trap.levels(split, np.arange(2))
            solve_values(trap, starts, trap.horizon(split), pairs=trap.solvable)
    finally:
        sys.setprofile(None)
    return {path for path in map(Path, entered) if ROOT in path.parents}


def edit(monkeypatch, path, change):
    """Return a file's statements with changed text, without changing the file."""
    text = change(path.read_text()).encode()
    monkeypatch.setattr(identity, "read_bytes", lambda path: text)
    return read_statements.__wrapped__(path)[0]


@pytest.mark.parametrize("name", few(TRAPS, "CoinRun", thorough=TRAPS))
def test_edit_of_each_entered_file_changes_identity(name, monkeypatch):
    """Comments, docstrings and formatting change nothing."""
    trap = find_trap(name)()
    files = find_sources(identity._SOLVING, Path(sys.modules[type(trap).__module__].__file__))
    entered = list_entered(trap)
    assert len(entered) > 15
    assert not entered - files.keys()
    for path in entered:
        reformatted = edit(monkeypatch, path, lambda text: ast.unparse(ast.parse(text)) + "\n# X")
        assert edit(monkeypatch, path, lambda text: text + "\nX = 1\n") != files[path]
        assert reformatted == files[path], path


def test_docstrings_are_no_statements(monkeypatch):
    path = Path(identity.__file__)
    usual, text = read_statements(path)[0], path.read_text()
    other = text.replace('"""Return', '"""Give').replace('"""Identity', '"""The identity')
    assert edit(monkeypatch, path, lambda text: other) == usual
    assert edit(monkeypatch, path, lambda text: text.replace("not in files", "in files")) != usual


def test_edited_module_changes_identity_of_its_users(monkeypatch):
    def identify(change):
        path = ROOT / "traps" / "beliefs.py"
        edited = {path: change(path.read_text()).encode()}
        usual = Path.read_bytes
        monkeypatch.setattr(identity, "read_bytes", lambda path: edited.get(path) or usual(path))
        read_statements.cache_clear()
        return [identify_code(find_trap(name)) for name in ("CheeseCorner", "FlashOrPay")]

    usual, edited = identify(str), identify(lambda text: text + "\nDIGITS = 13\n")
    read_statements.cache_clear()
    assert usual[0] == edited[0]
    assert usual[1] != edited[1]


def make_class():
    class Made(CheeseCorner):
        @base
        def cheese(self, move):
            """1 for the cheese."""
            return move.into("cheese")

    return Made


def test_classes_of_unknown_source_have_no_identity(monkeypatch):
    """Classes of functions and notebooks, namesakes, and methods that were replaced."""
    scope = {"CheeseCorner": CheeseCorner, "__name__": "a notebook"}
    exec("class Typed(CheeseCorner):\n    pass\n", scope)
    namesake = type("CheeseCorner", (CheeseCorner,), {"__module__": CheeseCorner.__module__})
    for unknown in (make_class(), scope["Typed"], namesake):
        assert identify_code(unknown) is None
    assert identify_code(CheeseCorner) != identify_code(CheeseCorner, Oracle) is not None
    monkeypatch.setattr(CheeseCorner, "draw", lambda self, level, split: None)
    assert identify_code(CheeseCorner) is None


# -- edited copies ---------------------------------------------------------------------------------
OWN = """
from mesa_gym import register_trap
from mesa_gym.traps import base
from mesa_gym.traps.cheese_corner import CheeseCorner
import amounts

@register_trap
class Own(CheeseCorner):
    @base
    def cheese(self, move):
        \"\"\"A payment for the cheese.\"\"\"
        return {amounts.PAY: move.into("cheese")}
"""
# Prints whether values are of the package or solved before, and whether they are the solver's.
PROGRAM = """
import sys
import numpy as np
from mesa_gym.solver import level_values, store
from mesa_gym.solver.values import solve_values
from mesa_gym.traps import Split, find_trap

trap, split, done = find_trap(sys.argv[1])(), Split.SHIFT, []
starts = trap.levels(split, np.arange(3))
right = solve_values(trap, starts, trap.horizon(split)).arrays
usual = store.solve_values
store.solve_values = lambda *given: done.append(1) or usual(*given)
found = level_values(trap, split, np.arange(3)).arrays
assert all((right[name] == array).all() for name, array in found.items())
print("solved" if done else "read")
"""
EDITS = {  # trap -> file, statement, and the statement after the edit
    "a rule": ("KeysChests", "traps/keys_chests.py", "def rules(self, move: Move) -> None:"),
    "a reference": ("MonsterWorld", "traps/monster_world.py", "def reference("),
    "a prior": ("FlashOrPay", "traps/life.py", "def find_priors("),
    "the attainable return": ("CueOrPay", "traps/life.py", "def attainable("),
    "the solver": ("CoinRun", "solver/solution.py", "def floor("),
    "an imported module": ("own.py:Own", "../amounts.py", "PAY = 1"),
}


@pytest.mark.thorough
@pytest.mark.parametrize("part", EDITS)
def test_values_of_edited_code_are_solved_again(part, tmp_path):
    """A copy of the package, and a user's trap, are edited; a comment changes nothing."""
    name, file, statement = EDITS[part]
    unused = shutil.ignore_patterns("__pycache__", "weights", "cards")
    shutil.copytree(ROOT, tmp_path / "mesa_gym", ignore=unused)
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "amounts.py").write_text("PAY = 1\n")

    def run():
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, name], cwd=tmp_path, capture_output=True, text=True,
            check=True, env={"MESA_GYM_CACHE": str(tmp_path / "kept"), "PYTHONPATH": ""},
        )  # fmt: skip
        return done.stdout.strip()

    first = run()
    assert first == ("solved" if name.endswith("Own") else "read")
    path = tmp_path / "mesa_gym" / file
    text = path.read_text()
    path.write_text(f"# A comment.\n{text}")
    assert run() == "read"
    assert statement in text
    path.write_text(text.replace(statement, f"X = 1\n{' ' * 4 * ('self' in text)}{statement}", 1))
    assert (run(), run()) == ("solved", "read")
