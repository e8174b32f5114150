"""Commands where the system fails them: closed and full streams, signals, a folder that is gone."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from interrupting import HEED

# A command that says how far it is, prints, and writes a file while something prints to number 2.
WORK = """
import os, subprocess, sys
from mesa_gym.command import run_command
from mesa_gym.terminal import Progress

def work():
    with Progress("work", 1) as done, open("out", "wb") as file:
        os.write(2, b"of a library")
        subprocess.run(["sh", "-c", "echo of a child >&2"], check=True)
        file.write(b"whole")
    print("done")
    return 0

sys.exit(run_command("p", work))
"""
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


def start(code, folder, **streams):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.Popen(
        [sys.executable, "-c", HEED + code],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(Path(__file__).parents[1])},
        text=True,
        **({"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams),
    )


@pytest.mark.parametrize("closed", ["", "2>&-", "1>&-", "0<&- 1>&- 2>&-"])
def test_closed_streams_stop_no_work(closed, tmp_path):
    (tmp_path / "work.py").write_text(WORK)
    line = f'exec "{sys.executable}" work.py {closed}'
    done = subprocess.run(
        ["sh", "-c", line],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out").read_bytes() == b"whole"
    assert done.stdout == ("" if "1>&-" in closed else "done\n")
    said = "work: 0 of 1 levels\nof a libraryof a child\n"
    assert done.stderr == ("" if "2>&-" in closed else said)


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")],
)
def test_signal_leaves_nothing_half_written(number, code, word, tmp_path):
    (tmp_path / "card.json").write_text("old")
    with start(WAITING, tmp_path) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            process.send_signal(number)
            _, said = process.communicate()
        finally:
            process.kill()
    assert (process.returncode, said) == (code, f"p: {word}; nothing was written\n")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("card.json", "old")]
