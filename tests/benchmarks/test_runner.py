"""Runs of units: what fails, dies, is killed, interrupted, or done by two runs at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import fake_units
import pytest
from fake_units import unit

from benchmarks.leaderboard import runner
from benchmarks.leaderboard.locks import claimed, tidy
from benchmarks.leaderboard.runner import Bar

ROOT = Path(__file__).parents[2]
SUPPORT = ROOT / "tests" / "support"
ALL = {*(f"quick-{n}" for n in range(fake_units.MANY)), "slow-0", "slow-1"}


def start(out: Path, workers: int = 2) -> subprocess.Popen[str]:
    """Run ``fake_units`` in a session of its own, as in a terminal."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{SUPPORT}"}
    return subprocess.Popen(
        [sys.executable, str(SUPPORT / "fake_units.py"), str(out), str(workers)],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def log(out: Path) -> list[list[str]]:
    """Name, process and parent of each unit that was worked on to its end."""
    return [line.split() for line in (out / "log").read_text().splitlines()]


def half_done(out: Path) -> set[str]:
    return {path.parent.name for path in out.glob(".work/*/half")}


def workers(out: Path) -> list[int]:
    """Processes of units that are half done."""
    return [int(path.read_text()) for path in out.glob(".work/*/half")]


def gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def left(out: Path) -> set[str]:
    """Return the files that a run leaves, apart from locks that no process holds."""
    for path in (out / ".work").iterdir():
        assert path.suffix == ".lock"
        assert path.read_bytes() == b""
    return {path.name for path in out.iterdir()} - {".work"}


# -- units that fail -------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_a_unit_that_fails_stops_no_other(workers, tmp_path, capfd):
    units = [
        unit("bad", fake_units.make_half),
        unit("dead", fake_units.vanish),
        unit("quit", fake_units.quit),
        unit("killed", fake_units.run_out),
        unit("left", fake_units.leave),
        unit("empty", fake_units.promise),
        unit("good", fake_units.make),
    ]
    failed = runner.run(units, tmp_path, workers)
    assert failed == {
        "bad": "KeyError: 'bad'",
        "dead": "its process ended with exit code 7",
        "quit": "its process ended with exit code 0",
        "killed": "its process was ended by SIGKILL, as when memory runs out",
        "left": "SystemExit: 0",
        "empty": "RuntimeError: it came to its end, and yet not all that it makes is there",
    }
    told = capfd.readouterr().err
    assert "failed: bad: KeyError: 'bad'\nTraceback (most recent call last):" in told
    assert "in make_half\n    raise KeyError(name)\n" in told
    assert "done: good" in told
    assert "not done: dead: its process ended with exit code 7" in told
    assert "1 of 7 units done in 0:" in told
    # Nothing of what failed is left, nor a scratch folder.
    assert left(tmp_path) == {"log", "made"}
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["good"]


def test_how_far_units_are_is_shown(tmp_path, monkeypatch):
    shown = []

    class Shown(Bar):
        def show(self, done, what):
            shown.append((done, what))
            if done == pytest.approx(50):  # quick is done, and slow by half
                (tmp_path / "open").write_text("")

    monkeypatch.setattr(runner, "Bar", Shown)
    monkeypatch.setattr(runner, "TICK_SECONDS", 0.01)
    (tmp_path / ".work" / "slow").mkdir(parents=True)  # of a run that was killed
    (tmp_path / ".work" / "slow.lock").write_text("0.90")
    units = [unit("slow", fake_units.make_slowly, 60.0), unit("quick", fake_units.make, 20.0)]
    assert runner.run(units, tmp_path, 2) == {}
    assert (pytest.approx(50), "slow") in shown
    assert {what for _, what in shown} <= {"", "quick", "slow", "quick, slow"}
    assert max(done for done, _ in shown[: shown.index((50, "slow"))]) <= 50


# -- runs that are stopped -------------------------------------------------------------------------


def test_a_killed_run_loses_what_was_in_flight_and_no_more(tmp_path):
    """SIGKILL of the command alone: its workers end by themselves."""
    run = start(tmp_path)
    until(lambda: half_done(tmp_path) == {"slow-0", "slow-1"})
    done = {path: path.stat().st_mtime_ns for path in (tmp_path / "made").iterdir()}
    assert {path.name for path in done} == {name for name in ALL if name.startswith("quick")}
    processes = workers(tmp_path)
    run.kill()
    run.communicate()
    until(lambda: all(map(gone, processes)))
    assert half_done(tmp_path) == {"slow-0", "slow-1"}
    (tmp_path / "open").write_text("")
    again = start(tmp_path)
    _, told = again.communicate(timeout=60)
    assert again.returncode == 0, told
    assert "2 of 2 units done" in told
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert sorted(name for name, *_ in log(tmp_path)) == sorted(ALL)
    assert left(tmp_path) == {"log", "made", "open"}


@pytest.mark.slow
@pytest.mark.parametrize("at_a_time", [1, 2])
def test_an_interrupted_run_leaves_no_process_and_no_half_files(at_a_time, tmp_path):
    """Ctrl-C reaches all processes of the terminal; only the first answers."""
    run = start(tmp_path, at_a_time)
    until(lambda: len(half_done(tmp_path)) == at_a_time)
    processes, began = workers(tmp_path), time.monotonic()
    os.killpg(run.pid, signal.SIGINT)
    _, told = run.communicate(timeout=60)
    assert time.monotonic() - began < 5
    assert run.returncode == 130
    lines = [line for line in told.splitlines() if not line.startswith(("done: quick", "what a"))]
    assert lines == ["fake: interrupted; what was done is kept"]
    assert all(map(gone, processes))
    assert left(tmp_path) == {"log", "made"}


def test_what_cannot_be_imported_is_told(tmp_path, capfd, monkeypatch):
    """A process that dies before it has read what to do."""
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    failed = runner.run([unit("it", fake_units.make)], tmp_path, 2)
    assert "No module named" in failed["it"]


# -- two runs --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_two_runs_in_one_folder_do_each_unit_once(tmp_path):
    runs = [start(tmp_path), start(tmp_path)]
    until(lambda: half_done(tmp_path) == {"slow-0", "slow-1"})
    time.sleep(0.5)
    (tmp_path / "open").write_text("")
    told = [run.communicate(timeout=60)[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], told
    assert sorted(name for name, *_ in log(tmp_path)) == sorted(ALL)
    assert {path.name for path in (tmp_path / "made").iterdir()} == ALL
    assert left(tmp_path) == {"log", "made", "open"}


@pytest.mark.slow
def test_what_another_run_does_is_waited_for(tmp_path, capfd):
    with claimed(tmp_path, "slow-0"):
        run = start(tmp_path)
        assert run.stderr is not None
        lines = iter(run.stderr.readline, "")
        (tmp_path / "open").write_text("")
        waiting = next(line for line in lines if line.startswith("another run"))
        assert waiting == "another run is doing 1 of the units: waiting for it\n"
        assert run.poll() is None
        (tmp_path / "made").mkdir(exist_ok=True)
        (tmp_path / "made" / "slow-0").write_text("by another run")
    assert "4 of 4 units done" in "".join(lines)
    run.communicate(timeout=60)
    assert run.returncode == 0
    assert (tmp_path / "made" / "slow-0").read_text() == "by another run"


def test_a_lock_is_held_by_one_and_its_folder_goes(tmp_path):
    with claimed(tmp_path, "it") as first:
        assert first is not None
        (first / "half").write_text("")
        with claimed(tmp_path, "it") as second:
            assert second is None
        with claimed(tmp_path, "other") as other:
            assert other is not None
        tidy(tmp_path)
        assert (first / "half").exists()
    assert left(tmp_path) == set()
    (tmp_path / ".work" / "it").mkdir()
    (tmp_path / ".work" / "it" / "half").write_text("of a process that was killed")
    with claimed(tmp_path, "it") as first:
        assert first is not None
        assert list(first.iterdir()) == []
    (tmp_path / ".work" / "it").mkdir()
    tidy(tmp_path)
    assert left(tmp_path) == set()


# -- backends --------------------------------------------------------------------------------------


@pytest.mark.parametrize("package", ["dask", "distributed", "ray"])
def test_a_missing_extra_is_named(package, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    backend = "ray" if package == "ray" else "dask"
    # The extra as a whole may be absent, as it is after `make`.
    lacking = "ray" if package == "ray" else "dask|distributed"
    with pytest.raises(ImportError, match=rf"needs '({lacking})'.*mesa-gym\[cluster\]"):
        runner.run([unit("it", fake_units.make)], tmp_path, 2, backend)


def test_an_unknown_backend_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"unknown backend 'locl'.*Did you mean 'local'"):
        runner.run([unit("it", fake_units.make)], tmp_path, 2, "locl")
