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
import tqdm
from fake_units import unit

from benchmarks.leaderboard import runner
from benchmarks.leaderboard.processes import claimed, tidy

ROOT = Path(__file__).parents[2]
SUPPORT = ROOT / "tests" / "support"
QUICK, SLOW = {f"quick-{n}" for n in range(fake_units.MANY)}, {"slow-0", "slow-1"}


def start(out: Path, workers: int = 2) -> subprocess.Popen[str]:
    """Run ``fake_units`` in a session of its own, as in a terminal."""
    return subprocess.Popen(
        [sys.executable, str(SUPPORT / "fake_units.py"), str(out), str(workers)],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{SUPPORT}"},
        start_new_session=True,
    )


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def worked_on(out: Path) -> list[str]:
    """The names of units that were worked on to their end, as often as they were."""
    return sorted(line.split()[0] for line in (out / "log").read_text().splitlines())


def half_done(out: Path) -> dict[str, int]:
    """Unit that is half done -> its process."""
    return {path.parent.name: int(path.read_text()) for path in out.glob(".work/*/half")}


def gone(process: int) -> bool:
    return not Path("/proc", str(process)).exists()


def left(out: Path) -> set[str]:
    """Return the files that a run leaves, apart from locks that no process holds."""
    for path in (out / ".work").iterdir():
        assert path.suffix == ".lock"
        assert path.read_bytes() == b""
    return {path.name for path in out.iterdir()} - {".work"}


def test_a_unit_that_fails_stops_no_other(tmp_path, capfd):
    units = [
        unit("bad", fake_units.make_half),
        unit("dead", fake_units.vanish),
        unit("quit", fake_units.quit),
        unit("killed", fake_units.run_out),
        unit("left", fake_units.leave),
        unit("empty", fake_units.promise),
        unit("good", fake_units.make),
    ]
    assert runner.run(units, tmp_path, 2) == {
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

    class Shown(tqdm.tqdm):
        def set_description_str(self, what):
            shown.append((self.n, what))
            if self.n == 50:  # quick is done, and slow by half
                (tmp_path / "open").write_text("")

    monkeypatch.setattr(tqdm, "tqdm", Shown)
    monkeypatch.setattr(runner, "TICK_SECONDS", 0.01)
    (tmp_path / ".work" / "slow").mkdir(parents=True)  # of a run that was killed
    (tmp_path / ".work" / "slow.lock").write_text("54.00")
    units = [unit("slow", fake_units.make_slowly, 60.0), unit("quick", fake_units.make, 20.0)]
    assert runner.run(units, tmp_path, 2) == {}
    assert (50, "slow") in shown
    assert {what for _, what in shown} <= {"", "quick", "slow", "quick, slow"}
    assert max(done for done, _ in shown[: shown.index((50, "slow"))]) <= 50


# -- runs that are stopped -------------------------------------------------------------------------


def test_a_killed_run_loses_what_was_in_flight_and_no_more(tmp_path):
    """SIGKILL of the command alone: its workers end by themselves."""
    run = start(tmp_path)
    until(lambda: half_done(tmp_path).keys() == SLOW)
    done = {path: path.stat().st_mtime_ns for path in (tmp_path / "made").iterdir()}
    assert {path.name for path in done} == QUICK
    processes = half_done(tmp_path).values()
    run.kill()
    run.communicate()
    until(lambda: all(map(gone, processes)))
    assert half_done(tmp_path).keys() == SLOW
    (tmp_path / "open").write_text("")
    again = start(tmp_path)
    _, told = again.communicate(timeout=60)
    assert again.returncode == 0, told
    assert "2 of 2 units done" in told
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert worked_on(tmp_path) == sorted(QUICK | SLOW)
    assert left(tmp_path) == {"log", "made", "open"}


@pytest.mark.slow
@pytest.mark.parametrize("at_a_time", [1, 2])
def test_an_interrupted_run_leaves_no_process_and_no_half_files(at_a_time, tmp_path):
    """Ctrl-C reaches all processes of the terminal; only the first answers."""
    run = start(tmp_path, at_a_time)
    until(lambda: len(half_done(tmp_path)) == at_a_time)
    processes, began = half_done(tmp_path).values(), time.monotonic()
    os.killpg(run.pid, signal.SIGINT)
    _, told = run.communicate(timeout=60)
    assert time.monotonic() - began < 5
    assert run.returncode == 130
    lines = [line for line in told.splitlines() if not line.startswith(("done: quick", "what a"))]
    assert lines == ["fake: interrupted; what was done is kept"]
    assert all(map(gone, processes))
    assert left(tmp_path) == {"log", "made"}


# -- two runs --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_two_runs_in_one_folder_do_each_unit_once(tmp_path):
    runs = [start(tmp_path), start(tmp_path)]
    until(lambda: half_done(tmp_path).keys() == SLOW)
    time.sleep(0.5)
    (tmp_path / "open").write_text("")
    told = [run.communicate(timeout=60)[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], told
    assert worked_on(tmp_path) == sorted(QUICK | SLOW)
    assert left(tmp_path) == {"log", "made", "open"}


@pytest.mark.slow
def test_what_another_run_does_is_waited_for(tmp_path):
    with claimed(tmp_path, "slow-0"):
        run = start(tmp_path)
        lines = iter(run.stderr.readline, "")
        (tmp_path / "open").write_text("")
        waiting = next(line for line in lines if line.startswith("another run"))
        assert waiting == "another run is doing 1 of the units: waiting for it\n"
        assert run.poll() is None
        (tmp_path / "made" / "slow-0").write_text("by another run")
    assert "4 of 4 units done" in "".join(lines)
    run.communicate(timeout=60)
    assert run.returncode == 0
    assert (tmp_path / "made" / "slow-0").read_text() == "by another run"


def test_a_lock_is_held_by_one_and_its_folder_goes(tmp_path):
    half = tmp_path / ".work" / "it" / "half"
    with claimed(tmp_path, "it") as first, claimed(tmp_path, "other") as other:
        assert (first, other) == (half.parent, half.parent.with_name("other"))
        half.write_text("")
        with claimed(tmp_path, "it") as second:
            assert second is None
        tidy(tmp_path)
        assert half.exists()
    assert left(tmp_path) == set()
    half.parent.mkdir()
    half.write_text("of a process that was killed")
    with claimed(tmp_path, "it") as first:
        assert list(first.iterdir()) == []
    half.parent.mkdir()
    tidy(tmp_path)
    assert left(tmp_path) == set()


# -- what lacks ------------------------------------------------------------------------------------


def test_what_cannot_be_imported_is_told(tmp_path, capfd, monkeypatch):
    """A process that dies before it has read what to do."""
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    failed = runner.run([unit("it", fake_units.make)], tmp_path, 2)
    assert "No module named" in failed["it"]


@pytest.mark.parametrize(
    ("package", "backend", "told"),
    [
        # The extra as a whole may be absent, as it is after `make`.
        ("dask", "dask", r"needs '(dask|distributed)'.*mesa-gym\[cluster\]"),
        ("distributed", "dask", r"needs '(dask|distributed)'.*mesa-gym\[cluster\]"),
        ("ray", "ray", r"needs 'ray'.*mesa-gym\[cluster\]"),
        ("tqdm", "local", r"needs 'tqdm'.*mesa-gym\[sb3\]"),
        ("nothing", "locl", "unknown backend 'locl'.*Did you mean 'local'"),
    ],
)
def test_a_missing_extra_or_backend_is_named(package, backend, told, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises((ImportError, ValueError), match=told):
        runner.run([unit("it", fake_units.make)], tmp_path, 2, backend)
