"""A start of our programs, or of a user's, changes nothing in the path and needs no file."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run_python(arguments, folder):
    found = os.environ | {"PYTHONPATH": str(ROOT)}
    given = [sys.executable, *arguments]
    return subprocess.run(given, cwd=folder, env=found, capture_output=True, text=True)


@pytest.mark.thorough
@pytest.mark.parametrize("package", ["mesa_gym", "mesa_gym.scoring", "mesa_gym.cli"])
def test_import_leaves_the_path_of_a_package(package, tmp_path):
    """A package that imports ours, run by ``-m``: its folder stays first, and its files win."""
    (mine := tmp_path / "mine").mkdir()
    (mine / "__init__.py").write_text(
        f"import sys\nbefore = [*sys.path]\nimport {package}\nassert sys.path == before\n"
    )
    (mine / "__main__.py").write_text("import colorsys\nprint(colorsys.WHOSE)\n")
    (tmp_path / "colorsys.py").write_text("WHOSE = 'the user'\n")
    ran = run_python(["-m", "mine"], tmp_path)
    assert (ran.returncode, ran.stdout) == (0, "the user\n"), ran.stderr


def test_import_and_first_step_load_nothing_heavy(tmp_path):
    heavy = "torch", "stable_baselines3", "pygame", "matplotlib", "scipy", "array_api_compat"
    code = (
        "import sys, gymnasium, mesa_gym; env = gymnasium.make('MesaGym/RedBlueDoors-v0');"
        f"env.reset(); env.step(0); print({{*sys.modules}} & {{*{heavy}}})"
    )
    assert run_python(["-c", code], tmp_path).stdout == "set()\n"


@pytest.mark.thorough
def test_command_imports_nothing_of_the_working_folder(tmp_path):
    """As a console script starts: its own folder is on the path, the working folder is not."""
    for name in ("scripts", "work"):
        (tmp_path / name).mkdir()
    (script := tmp_path / "scripts" / "mesa-gym").write_text(
        "import sys\nfrom mesa_gym.cli import main\nsys.exit(main())\n"
    )
    for name in ("secrets", "calendar", "numpy", "msgspec"):
        (tmp_path / "work" / f"{name}.py").write_text("raise SystemExit('it ran')")
    ran = run_python([script, "--help"], tmp_path / "work")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("usage: ")


@pytest.mark.thorough
def test_policy_of_the_working_folder_is_found(tmp_path):
    (tmp_path / "mine.py").write_text("def act(obs):\n    return [4] * len(obs)\n")
    words = ["-m", "mesa_gym", "score", "CheeseCorner", "--policy", "mine:act", "--levels", "2"]
    ran = run_python(words, tmp_path)
    assert (ran.returncode, ran.stdout.split()[0]) == (0, "mine:act"), ran.stderr
