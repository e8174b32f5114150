"""Commands that a signal ends."""

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


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")],
)
def test_signal_leaves_nothing_half_written(number, code, word, tmp_path):
    (tmp_path / "card.json").write_text("old")
    with subprocess.Popen(
        [sys.executable, "-c", HEED + WAITING],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            process.send_signal(number)
            _, said = process.communicate()
        finally:
            process.kill()
    assert (process.returncode, said) == (code, f"p: {word}; nothing was written\n")
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
