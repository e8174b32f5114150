"""The core without Linux's own modules, as a stand-in for Windows, where it was not run."""

import subprocess
import sys
from pathlib import Path

import pytest

# Windows lacks these names and modules, opens no folder, and has pipes of cp1252 where UTF-8 is not
# asked for. `os.name` changes for `mesa_gym.files` alone: pathlib would make paths of Windows.
WITHOUT_POSIX = """
import os, sys, types
import gymnasium, gymnasium.vector, msgspec, numpy, tempfile

for module in ("fcntl", "grp", "pwd", "resource", "termios"):
    sys.modules[module] = None
for name in ("O_DIRECTORY", "fork", "getuid", "sched_getaffinity", "fchmod"):
    delattr(os, name)
opened = os.open

def no_folder(path, *arguments, **keywords):
    if os.path.isdir(path):
        raise PermissionError(13, "Permission denied", str(path))
    return opened(path, *arguments, **keywords)

os.open = no_folder
import mesa_gym.files
mesa_gym.files.os = types.SimpleNamespace(**{**vars(os), "name": "nt"})
from mesa_gym.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("list", "CheeseCorner"),
        ("describe KeysChests", "chest"),
        ("score CheeseCorner --policy oracle:corner --levels 5 --json card.json", "corner"),
        ("certify CheeseCorner --levels 5 --json certificates.json", "CheeseCorner"),
        ("new-trap RipeBerries", "ripe_berries.py"),
    ],
)
def test_commands_run_without_posix(command, expected, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_POSIX, *command.split()],
        cwd=tmp_path,
        env={
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "PYTHONIOENCODING": "cp1252",
            "PYTHONUTF8": "0",
            "PYTHONWARNDEFAULTENCODING": "1",
            "PYTHONWARNINGS": "error::EncodingWarning",
            "LC_ALL": "C",
            "MESA_GYM_CACHE": str(tmp_path / "cache"),
        },
        capture_output=True,
    )
    output = done.stdout.decode("cp1252") + done.stderr.decode("cp1252")
    assert done.returncode == 0, output
    assert expected in output
