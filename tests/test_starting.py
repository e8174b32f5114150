"""Python's own switches: ``-m`` in a folder of a user's files, and ``-OO``."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# The extra of `openenv` is not installed with the tests.
IMPORT_ALL = """
import importlib, pkgutil, mesa_gym
for found in pkgutil.walk_packages(mesa_gym.__path__, "mesa_gym."):
    if not found.name.endswith(("__main__", "mesa_gym.openenv")):
        importlib.import_module(found.name)
"""


def run_python(arguments, folder):
    found = os.environ | {"PYTHONPATH": str(ROOT)}
    given = [sys.executable, *arguments.split()]
    return subprocess.run(given, cwd=folder, env=found, capture_output=True, text=True)


@pytest.mark.parametrize("module", ["mesa_gym", "mesa_gym.testing", "benchmarks", "agents.train"])
def test_module_imports_nothing_of_the_working_folder(module, tmp_path):
    for name in ("secrets", "calendar", "numpy", "msgspec"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('it ran')")
    ran = run_python(f"-m {module} --help", tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("usage: ")


def test_policy_of_the_working_folder_is_found(tmp_path):
    (tmp_path / "mine.py").write_text("def act(obs):\n    return [4] * len(obs)\n")
    (tmp_path / "secrets.py").write_text("raise SystemExit('it ran')")
    ran = run_python("-m mesa_gym score CheeseCorner --policy mine:act --levels 2", tmp_path)
    assert (ran.returncode, ran.stdout.split()[0]) == (0, "mine:act"), ran.stderr


@pytest.mark.thorough
def test_modules_import_without_docstrings(tmp_path):
    (tmp_path / "all.py").write_text(IMPORT_ALL)
    ran = run_python("-OO all.py", tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("line", ["describe CheeseCorner", "score CheeseCorner --policy stay"])
def test_command_works_without_docstrings(line, tmp_path):
    levels = " --levels 2" if line.startswith("score") else ""
    ran = run_python(f"-OO -m mesa_gym {line}{levels}", tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "\nNone\n" not in ran.stdout
