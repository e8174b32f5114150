"""Runs of units: what fails, dies, is killed, interrupted, or done by two runs at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import fake_units
import pytest
from fake_units import unit

from benchmarks import runner
from benchmarks.claims import claimed, tidy
from benchmarks.progress import Report

ROOT = Path(__file__).parents[2]
SUPPORT = ROOT / "tests" / "support"
ALL = {*(f"quick-{n}" for n in range(fake_units.MANY)), "slow-0", "slow-1"}


def start(out: Path, workers: int = 2) -> subprocess.Popen[str]:
    """Run ``fake_units`` in a process group of its own."""
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


def gone(group: int) -> bool:
    """Whether no process of a group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


# -- units that fail -------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_a_unit_that_fails_stops_no_other(workers, tmp_path, capfd):
    units = [
        unit("bad", fake_units.make_half),
        unit("dead", fake_units.vanish),
        unit("killed", fake_units.run_out),
        unit("left", fake_units.leave),
        unit("empty", fake_units.promise),
        unit("good", fake_units.make),
    ]
    failed = runner.run(units, tmp_path, workers)
    assert failed == {
        "bad": "KeyError: 'bad'",
        "dead": "its process ended with exit code 7",
        "killed": "its process was ended by SIGKILL, as when memory runs out",
        "left": "SystemExit: 0",
        "empty": "RuntimeError: it came to its end, and yet not all that it makes is there",
    }
    told = capfd.readouterr().err
    assert "failed: bad: KeyError: 'bad'\nTraceback (most recent call last):" in told
    assert "in make_half\n    raise KeyError(name)\n" in told
    assert "done: good" in told
    assert "not done: dead: its process ended with exit code 7" in told
    assert "1 of 6 units done in 0:" in told
    # Nothing of what failed is left, nor a scratch folder.
    left = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))
    assert left == ["log", "made", "made/good"]


def test_how_far_units_are_is_shown(tmp_path, monkeypatch):
    shown = []

    class Shown(Report):
        def show(self, share, running):
            shown.append((share, running))
            if share == pytest.approx(0.625):  # quick is done, and slow by half
                (tmp_path / "open").write_text("")

    @contextmanager
    def reporting() -> Iterator[Report]:
        yield Shown()

    monkeypatch.setattr(runner, "reporting", reporting)
    monkeypatch.setattr(runner, "TICK_SECONDS", 0.01)
    (tmp_path / ".work").mkdir()
    (tmp_path / ".work" / "slow.lock").write_bytes(b"0.90")  # of a run that was killed
    units = [unit("slow", fake_units.make_slowly, 60.0), unit("quick", fake_units.make, 20.0)]
    assert runner.run(units, tmp_path, 2) == {}
    assert (pytest.approx(0.625), ["slow"]) in shown
    assert [share for share, _ in shown] == sorted(share for share, _ in shown)


# -- runs that are stopped -------------------------------------------------------------------------


def test_a_killed_run_loses_what_was_in_flight_and_no_more(tmp_path):
    """SIGKILL of the command alone: its workers end by themselves."""
    run = start(tmp_path)
    until(lambda: half_done(tmp_path) == {"slow-0", "slow-1"})
    done = {path: path.stat().st_mtime_ns for path in (tmp_path / "made").iterdir()}
    assert {path.name for path in done} == {name for name in ALL if name.startswith("quick")}
    run.kill()
    run.communicate()
    until(lambda: gone(run.pid))
    assert half_done(tmp_path) == {"slow-0", "slow-1"}
    (tmp_path / "open").write_text("")
    again = start(tmp_path)
    _, told = again.communicate(timeout=60)
    assert again.returncode == 0, told
    assert "2 of 2 units done" in told
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert sorted(name for name, *_ in log(tmp_path)) == sorted(ALL)
    assert {path.name for path in tmp_path.iterdir()} == {"log", "made", "open"}


@pytest.mark.slow
def test_lost_workers_are_replaced(tmp_path):
    """One of joblib's is killed, for which it would give up."""
    run = start(tmp_path)
    until(lambda: half_done(tmp_path) == {"slow-0", "slow-1"})
    os.kill(int(log(tmp_path)[0][2]), signal.SIGKILL)
    (tmp_path / "open").write_text("")
    _, told = run.communicate(timeout=60)
    assert run.returncode == 0, told
    assert "the workers were lost, and start again (TerminatedWorkerError:" in told
    assert "4 of 4 units done" in told
    assert sorted(name for name, *_ in log(tmp_path)) == sorted(ALL)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupted_run_leaves_no_process_and_no_half_files(workers, tmp_path):
    """Ctrl-C reaches all processes of the terminal; only the first answers."""
    run = start(tmp_path, workers)
    until(lambda: half_done(tmp_path))
    os.killpg(run.pid, signal.SIGINT)
    _, told = run.communicate(timeout=60)
    assert run.returncode == 130
    lines = [line for line in told.splitlines() if not line.startswith(("done: quick", "what a"))]
    assert lines == ["fake: interrupted; what was done is kept"]
    until(lambda: gone(run.pid))
    tidy(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"log", "made"}


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
    assert {path.name for path in tmp_path.iterdir()} == {"log", "made", "open"}


@pytest.mark.slow
def test_what_another_run_does_is_waited_for(tmp_path, capfd):
    with claimed(tmp_path, "slow-0", wait=False):
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


def test_a_lock_is_held_by_one_and_leaves_no_trace(tmp_path):
    with claimed(tmp_path, "it", wait=False) as first:
        assert first is not None
        first.clear()
        (first.folder / "half").write_text("")
        with claimed(tmp_path, "it", wait=False) as second:
            assert second is None
        with claimed(tmp_path, "other", wait=False) as other:
            assert other is not None
        tidy(tmp_path)
        assert (first.folder / "half").exists()
    assert [path.name for path in (tmp_path / ".work").iterdir()] == []
    tidy(tmp_path)
    assert list(tmp_path.iterdir()) == []


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
    with pytest.raises(ValueError, match=r"unknown backend 'lokky'.*Did you mean 'loky'"):
        runner.run([unit("it", fake_units.make)], tmp_path, 2, "lokky")
