"""A stranger's code is found and never imported, nor is anything beside or above it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.rooms.code import Code, find_code, require_apart
from benchmarks.rooms.locks import ROOT

# Runs where a module of the standard library is looked for, and says in which process.
SECRETS = "import os; open({!r}, 'a').write(str(os.getpid()))\nraise SystemExit('secrets ran')"
# Of each part that takes files of strangers, as its page gives it.
COMMANDS = {
    "audit": ["audit", "rerun", "mine.py:Mine", "--populations", "nowhere"],
    "track": ["track", "rerun", "mine.py:Mine", "--tasks", "CheeseDish", "--levels", "0"],
    "submit": ["submit", "run", "."],
}


@pytest.mark.thorough
@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_beside_a_strangers_file_is_imported(command, tmp_path):
    marker, folder = tmp_path / "ran", tmp_path / "stranger"
    folder.mkdir()
    (folder / "mine.py").write_text(SECRETS.format(str(marker)))
    (folder / "secrets.py").write_text(SECRETS.format(str(marker)))
    words = [sys.executable, "-m", "benchmarks", *COMMANDS[command]]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    assert subprocess.run(words, cwd=folder, env=environment).returncode == 2
    assert not marker.exists()


@pytest.mark.thorough
def test_nor_by_processes_that_the_evaluator_starts(tmp_path):
    """Units are done in processes of their own, which begin in the same working folder."""
    (tmp_path / "secrets.py").write_text(SECRETS.format(str(tmp_path / "ran")))
    script = "import runpy, subprocess, sys\nsys.argv = ['benchmarks', '--help']\n"
    script += "try: runpy.run_module('benchmarks', run_name='__main__')\nexcept SystemExit: pass\n"
    script += "subprocess.run([sys.executable, '-c', 'import secrets, benchmarks'], check=True)"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, check=True)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("entry", ["{}", ""])
@pytest.mark.parametrize("place", ["mine.py", "methods/mine.py", "methods", "."])
def test_code_below_a_folder_of_the_path_is_refused(place, entry, tmp_path, monkeypatch):
    """As of a stranger's checkout; the working folder is one where the path says so."""
    (tmp_path / "methods").mkdir()
    for file in ("mine.py", "__init__.py", "methods/mine.py", "methods/__init__.py"):
        (tmp_path / file).write_text("class Mine: pass")
    monkeypatch.setattr(sys, "path", [entry.format(tmp_path), *sys.path])
    monkeypatch.chdir(tmp_path)
    told = "is on Python's path, so that the evaluator .* put it into a folder of its own"
    with pytest.raises(ValueError, match=told):
        find_code(f"{tmp_path / place}:Mine")


def test_a_folder_of_this_checkout_is_ours():
    file = str(ROOT / "benchmarks" / "audit" / "baselines.py")
    assert find_code(f"{file}:MeanShare") == Code("baselines", "MeanShare", file, (file,))
    with pytest.raises(ValueError, match="put it into a folder of its own"):
        require_apart(ROOT / "mine.py")


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("nowhere.py:Mine", "nowhere.py does not exist"),
        ("Mine", "expected FILE.py:Class"),
        (f"{Path(__file__).parent}:Mine", "__init__.py does not exist"),
        (f"{__file__}:a b", "expected FILE.py:Class"),
        ("/etc/passwd:Mine", "with its __init__.py"),
    ],
)
def test_code_that_is_not_there(place, told):
    with pytest.raises(ValueError, match=told):
        find_code(place)
