"""Commands where the system fails them: closed and full streams, signals, a folder that is gone."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from interrupting import HEED

from mesa_gym.command import run_command

GONE = "the working directory was deleted; cd to one that exists\n"
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
PATIENT = "sys.stdin.read(); "  # until the reader has gone


def start(code, folder, **streams):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.Popen(
        [sys.executable, "-c", HEED + code],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(Path(__file__).parents[1])},
        text=True,
        **({"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams),
    )


@pytest.mark.parametrize(
    ("module", "line", "program"),
    [
        ("mesa_gym.cli", "cache", "mesa-gym"),
        ("agents.train", "--trap CheeseCorner --algo ppo --seed 0 --out a", "agents.train"),
        ("benchmarks.__main__", "library make", "library"),
        ("benchmarks.__main__", "board run", "board"),
        ("benchmarks.__main__", "board commit --out x", "board"),
        ("benchmarks.__main__", "methods run", "methods"),
    ],
)
def test_deleted_working_directory_exits_2(module, line, program, tmp_path, monkeypatch, capsys):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert pytest.importorskip(module).main(line.split()) == 2
    assert capsys.readouterr() == ("", f"{program}: {GONE}")


def test_error_without_text_is_one_line(capsys):
    class NoTextError(ValueError):
        def __str__(self):
            raise KeyError

    def work():
        raise NoTextError

    assert run_command("mesa-gym", work) == 2
    assert capsys.readouterr().err == "mesa-gym: (an error whose text cannot be had)\n"


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


full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")


@full
@pytest.mark.parametrize("last", ["print('x'); return 0", "print('x'); sys.exit(0)"])
def test_full_standard_output_is_one_line(last, tmp_path):
    code = f"import sys; from mesa_gym.command import run_command\ndef work():\n  {last}\n"
    with open("/dev/full", "w") as nowhere:
        process = start(f"{code}sys.exit(run_command('p', work))", tmp_path, stdout=nowhere)
        _, said = process.communicate()
    assert (process.returncode, said) == (1, "p: standard output: No space left on device\n")


@full
def test_full_standard_error_stops_no_work(tmp_path):
    with open("/dev/full", "w") as nowhere:
        process = start(
            WORK.replace('os.write(2, b"of a library")', "").replace(">&2", ""),
            tmp_path,
            stderr=nowhere,
        )
        assert process.communicate()[0] == "of a child\ndone\n"
    assert process.returncode == 0


@pytest.mark.parametrize(
    "work", ["lambda: cli.main(['--version'])", "lambda: run_command('p', lambda: print('x') or 0)"]
)
def test_closed_reader_is_told_nothing(work, tmp_path):
    code = (
        f"import sys; from mesa_gym import cli; from mesa_gym.command import run_command; {PATIENT}"
    )
    with start(f"{code}sys.exit(({work})())", tmp_path, stdin=subprocess.PIPE) as process:
        process.stdout.close()
        process.stdin.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1


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


@pytest.mark.parametrize("handler", [signal.SIG_DFL, signal.SIG_IGN, lambda *_: None])
def test_signal_handlers_are_restored(handler):
    before = signal.signal(signal.SIGTERM, handler)
    try:
        during = []
        assert run_command("p", lambda: during.append(signal.getsignal(signal.SIGTERM)) or 0) == 0
        assert signal.getsignal(signal.SIGTERM) is handler
        assert (during == [handler]) == (handler is not signal.SIG_DFL)
    finally:
        signal.signal(signal.SIGTERM, before)
