"""Python's switches: ``-m`` in a folder of a user's files, and ``-OO``."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


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
