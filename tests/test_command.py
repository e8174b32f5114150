"""Commands start without a trace in the path, need no file, and end well."""

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from unittest.mock import Mock

import pytest

from mesa_gym.command import Parser, run_command
from mesa_gym.errors import WorkError
from mesa_gym.terminal import Progress
from tests.support.parameters import thorough

ROOT = Path(__file__).parents[1]
# What is started in the background of a shell ignores Ctrl-C, and so does all that it starts.
HEED = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"

# A command that waits in the middle of its work, and would leave a file.
WAITING = """
import sys, time
from pathlib import Path
from mesa_gym import files
from mesa_gym.command import run_command

def slow(handle):
    print("ready", flush=True)
    while True:
        time.sleep(0.1)

def work():
    files.os.fsync = slow
    files.write_bytes(Path("card.json"), b"new")
    return 0

sys.exit(run_command("p", work))
"""


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")],
)
def test_signal_leaves_nothing_half_written(number, code, word, tmp_path):
    (tmp_path / "card.json").write_text("old")
    with subprocess.Popen(
        [sys.executable, "-c", HEED + WAITING],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            process.send_signal(number)
            _, stderr = process.communicate()
        finally:
            process.kill()
    assert (process.returncode, stderr) == (code, f"p: {word}; nothing was written\n")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("card.json", "old")]


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (WorkError("2 of 4 jobs failed"), 1, "p: 2 of 4 jobs failed\n"),
        (SystemExit(0), 1, "p: code that was imported or called ended Python (sys.exit(0)); put"),
    ],
)
def test_command_failure_is_a_sentence(error, code, message, capsys):
    assert run_command("p", Mock(side_effect=error)) == code
    assert capsys.readouterr().err.startswith(message)


def test_command_help_ends_well(capsys):
    for words, code in (["--help"], 0), (["--nothing"], 2):
        with pytest.raises(SystemExit) as stop:
            run_command("p", partial(Parser(prog="p").parse_args, words))
        assert stop.value.code == code


def test_command_does_without_output_streams(monkeypatch):
    """Python has None in place of streams that were closed (``>&- 2>&-``)."""
    for stream in ("stdout", "stderr"):
        monkeypatch.setattr(sys, stream, None)

    def work():
        with Progress("work", 1):
            print("done")
        return 0

    assert run_command("p", work) == 0
    sys.stdout.close(), sys.stderr.close()


@pytest.mark.thorough
def test_command_writes_dashes_and_paths_in_ascii():
    """As in a locale such as C, where Python's UTF-8 mode is off."""
    code = (
        "import sys; from mesa_gym.command import run_command\n"
        "run_command('p', lambda: print('\\u2013 \\xe9', sys.argv[1]) or 0)"
    )
    off = os.environ | {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}
    begin = [sys.executable, "-c", code, b"f\xc3\xbcr"]
    ended = subprocess.run(begin, env=off, capture_output=True)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout == b"- ? f\xc3\xbcr\n"


def run_python(arguments, folder):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.thorough
@pytest.mark.parametrize("package", ["mesa_gym", "mesa_gym.scoring", "mesa_gym.cli"])
def test_import_leaves_the_path_of_a_package(package, tmp_path):
    """A package that imports ours, run by ``-m``: its folder stays first, and its files win."""
    (folder := tmp_path / "mine").mkdir()
    code = f"import sys\nbefore = [*sys.path]\nimport {package}\nassert sys.path == before\n"
    (folder / "__init__.py").write_text(code)
    (folder / "__main__.py").write_text("import colorsys\nprint(colorsys.WHOSE)\n")
    (tmp_path / "colorsys.py").write_text("WHOSE = 'the user'\n")
    ran = run_python(["-m", "mine"], tmp_path)
    assert (ran.returncode, ran.stdout) == (0, "the user\n"), ran.stderr


HEAVY = {"torch", "jax", "stable_baselines3", "pygame", "matplotlib", "scipy", "safetensors"}
OURS = {f"mesa_gym.{room}" for room in ("viewer", "report", "scoring", "solver")}
STEP = "import gymnasium, mesa_gym; env = gymnasium.make('MesaGym/RedBlueDoors-v0'); env.reset()"


@pytest.mark.parametrize(
    ("code", "left_out"),
    [
        (f"{STEP}; env.step(0)", HEAVY | {"array_api_compat"}),
        thorough("import mesa_gym.trained as it; it.load('CheeseCorner')", HEAVY),
        thorough("from mesa_gym.cli import main; main(['list'])", HEAVY | OURS),
        thorough("from mesa_gym.cli import main; main(['--help'])", HEAVY | OURS),
    ],
)
def test_quick_starts_import_nothing_heavy(code, left_out, tmp_path):
    program = f"import atexit, sys; atexit.register(lambda: print('\\n', *sys.modules)); {code}"
    *_, modules = run_python(["-c", program], tmp_path).stdout.splitlines()
    assert "mesa_gym" in modules.split()
    assert left_out & {*modules.split()} == set()


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
