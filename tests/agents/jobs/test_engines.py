"""Engines do the same jobs: dask with workers by its own commands, submitit, any executor."""

import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from unittest.mock import Mock

import pytest

from agents.jobs import engines, runner
from agents.jobs.engines import (
    LOCK,
    RUN,
    SECONDS_ABSENT,
    SECONDS_UNKNOWN,
    JobLimits,
    RunWatch,
    do_there,
    pack,
)
from tests.agents.jobs import sample_jobs
from tests.agents.jobs.sample_jobs import gone, half_done, job, left, start, until
from tests.agents.jobs.test_jobs import FAILING
from tests.support.refusals import refusals

# Importing them takes half a second, and most tests do without.
if not (find_spec("distributed") and find_spec("submitit")):
    pytest.skip("dask or submitit is not installed", allow_module_level=True)
ROOT = Path(__file__).parents[3]


@contextmanager
def dask(tmp_path, workers=2, folder=ROOT, path=None):
    """A scheduler and workers by dask's command line: the engine's name and the processes."""
    file, env = tmp_path / "scheduler.json", os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    dask = [sys.executable, "-m", "dask"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", file]
    started = [subprocess.Popen([*dask, "scheduler", *options], env=env, **quiet)]
    until(file.exists)
    until(lambda: file.read_text().endswith("}"))
    worker = [*dask, "worker", "--scheduler-file", str(file), "--nthreads", "1", "--no-nanny"]
    env = env if path is None else env | {"PYTHONPATH": path}
    for _ in range(workers):
        started.append(subprocess.Popen([*worker, "--no-dashboard"], cwd=folder, env=env, **quiet))
    address = file.read_text().partition('"tcp://')[2].partition('"')[0]
    try:
        yield f"dask://{address}", started
    finally:
        for process in started:
            process.kill()
            process.wait()


def list_made(out):
    """The path and contents of each file of results."""
    files = [path for path in (out / "made").rglob("*") if path.is_file()]
    return {str(path.relative_to(out)): path.read_bytes() for path in files}


@pytest.fixture
def short_wait(monkeypatch):
    monkeypatch.setattr("agents.jobs.engines.SECONDS_TO_CONNECT", 1)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with dask(tmp_path_factory.mktemp("cluster")) as address:
        yield address


@pytest.mark.thorough
def test_engines_do_jobs_as_this_machine(tmp_path, monkeypatch, cluster):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    jobs = [job(name, FAILING[name][0]) for name in ("bad", "dead", "empty")]
    jobs += [job(f"good-{i}", sample_jobs.make) for i in range(2)]
    expected, here = runner.run(jobs, tmp_path / "here", 2), tmp_path / "here"
    # A fork of this process would take the locks of dask's threads along.
    pool = ProcessPoolExecutor(2, mp_context=get_context("spawn"))
    for name, on in {"d": cluster[0], "s": "local", "e": pool}.items():
        assert runner.run(jobs, tmp_path / name, on=on) == expected
        assert list_made(tmp_path / name) == list_made(here)
        assert left(tmp_path / name) - {".submitit"} == left(here)


def start_two_jobs(out, on):
    """Return a run of which two jobs are half done."""
    run = start(out, on=on)
    until(lambda: len(half_done(out)) == 2 or run.poll() is not None)
    assert run.poll() is None, run.communicate()[1]
    return run


@pytest.mark.thorough
def test_killed_worker_loses_no_job(tmp_path):
    out = tmp_path / "out"
    with dask(tmp_path) as (on, (_, *workers)):
        run = start_two_jobs(out, on)
        processes = half_done(out).values()
        workers[0].kill()
        until(lambda: any(map(gone, processes)))
        (out / "open").write_text("")
        _, stderr = run.communicate()
    assert run.returncode == 0, stderr
    assert "4 of 4 jobs done" in stderr


@pytest.mark.thorough
def test_killed_scheduler_is_named(tmp_path):
    out = tmp_path / "out"
    with dask(tmp_path) as (on, (scheduler, *_)):
        run = start_two_jobs(out, on)
        scheduler.kill()
        _, stderr = run.communicate()
    assert run.returncode == 1
    reason = "its engine cancelled it, as when the scheduler ended or could not be reached"
    assert stderr.count(f"not done: slow-0: {reason}\n") == 1
    assert "Traceback" not in stderr


@pytest.mark.thorough
@pytest.mark.parametrize("engine", ["dask", "local"])
def test_interrupt_ends_jobs_at_once(tmp_path, cluster, engine):
    """One Ctrl-C: the command ends, and the processes of its jobs; dask's workers stay."""
    address, (_, *workers) = cluster
    run = start(tmp_path, on=address if engine == "dask" else engine)
    until(lambda: len(half_done(tmp_path)) == 2 or run.poll() is not None)
    assert run.poll() is None, run.communicate()[1]
    processes = half_done(tmp_path).values()
    os.killpg(run.pid, signal.SIGINT)
    _, stderr = run.communicate()
    assert run.returncode == 130, stderr
    assert "what was done is kept" in stderr
    until(lambda: all(map(gone, processes)))
    assert all(worker.poll() is None for worker in workers)


@pytest.mark.thorough
def test_worker_without_package_is_told(tmp_path):
    hide = f"import sys\nsys.path = [path for path in sys.path if path != {str(ROOT)!r}]\n"
    (tmp_path / "sitecustomize.py").write_text(hide)
    with (
        dask(tmp_path, workers=1, folder=tmp_path, path=str(tmp_path)) as (on, _),
        pytest.raises(ValueError, match="the workers lack the package agents; start them in"),
    ):
        runner.run([job("it", sample_jobs.make)], tmp_path / "out", on=on)


def test_folder_that_is_not_seen_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("agents.jobs.engines.SECONDS_UNKNOWN", 0)
    (packed,) = pack([job("it", sample_jobs.make)], tmp_path, "token")
    name, reason = do_there(*packed)
    assert name == "it"
    assert "is not seen on" in reason
    assert "choose an --out" in reason


@pytest.mark.thorough
def test_job_ends_where_another_run_begins(tmp_path):
    """A client that was killed leaves jobs behind, which end when the next one begins."""
    (tmp_path / RUN).write_text("another")
    (packed,) = pack([job("slow", sample_jobs.make_slowly)], tmp_path, "token")
    assert do_there(*packed) == ("slow", f"another run has begun in {tmp_path}")


@pytest.mark.thorough
def test_job_outlives_a_short_fault(tmp_path, monkeypatch):
    """For three looks of the job the folder is elsewhere; then the job ends with its run."""
    out, looks = tmp_path / "out", []
    work = job("slow", sample_jobs.make_slowly)

    class Faults(RunWatch):
        def find_end(self):
            looks.append(half_done(out))
            if looks[-1] and not any(looks[:-1]):
                (out / RUN).rename(tmp_path / RUN)
            elif sum(map(bool, looks)) == 4:
                (tmp_path / RUN).rename(out / RUN)
                (out / "open").write_text("")
            return super().find_end()

    monkeypatch.setattr("agents.jobs.engines.RunWatch", Faults)
    assert runner.run([work], out, 1) == {}
    assert sum(map(bool, looks)) >= 4


def empty(out):
    for path in out.iterdir():
        path.unlink()


@pytest.mark.parametrize(
    ("change", "patience", "reason"),
    [
        (lambda out: (out / RUN).write_text("other"), 0, "another run has begun in"),
        (lambda out: (out / RUN).unlink(), SECONDS_ABSENT, "its run in .* has ended"),
        (lambda out: out.rename(out.with_name("b")), SECONDS_UNKNOWN, "it was moved or deleted"),
        (empty, SECONDS_UNKNOWN, "without the files"),
        (lambda out: [(out / RUN).unlink(), (out / RUN).mkdir()], SECONDS_UNKNOWN, "Is a direct"),
    ],
)
def test_watch_waits_for_certain_answer(tmp_path, change, patience, reason):
    out, now = tmp_path / "out", [0.0]
    out.mkdir()
    (out / LOCK).touch()
    (out / RUN).write_text("token")
    watch = RunWatch(out, "token", lambda: now[0])
    assert (watch.find_end(), watch.confirmed) == ("", True)
    now[0] = 1000.0
    assert watch.find_end() == ""
    change(out)
    if patience:
        now[0] += patience - 0.5
        assert watch.find_end() == ""
    now[0] += 0.5
    assert re.search(reason, watch.find_end())


def test_limits_reach_slurm(tmp_path, monkeypatch):
    limits = []
    monkeypatch.setattr("submitit.AutoExecutor.update_parameters", lambda _, **x: limits.append(x))
    monkeypatch.setattr("submitit.AutoExecutor.map_array", Mock(side_effect=ZeroDivisionError))
    with pytest.raises(ZeroDivisionError):
        runner.run([job("it", sample_jobs.make)], tmp_path, on="local", limits=JobLimits(9, 2))
    assert (limits[0]["timeout_min"], limits[0]["mem_gb"]) == (9, 2)


def run_on(engine):
    runner.run([job("it", sample_jobs.make)], Path(), on=engine)


@pytest.fixture
def bare_path(monkeypatch, tmp_path):
    """Hide the machine's programs, such as those of Slurm."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "bin"


test_missing_engine_is_told = refusals("agents", "engines", globals(), "short_wait", "bare_path")


def test_slurm_states_come_from_queue(bare_path, capfd):
    """A job that was in the queue and is there no more has ended; sacct is never called."""
    from agents.jobs.slurm import GONE, QueueWatcher

    program = bare_path / "squeue"
    program.write_text(f"#!/bin/sh\nwhile read line; do echo $line; done < {bare_path}/queue\n")
    program.chmod(0o755)
    watcher = QueueWatcher(["7_0", "7_1", "7_2"])
    looks = [
        ("", ["UNKNOWN"] * 3),
        ("7_0|RUNNING|node\n7_1|PENDING|\n8|FAILED|node\n", ["RUNNING", "PENDING", "UNKNOWN"]),
        ("7_0|COMPLETED|node\n7_2|RUNNING|node\n", ["COMPLETED", GONE, "RUNNING"]),
        ("", ["COMPLETED", GONE, GONE]),
    ]
    for queue, states in looks:
        (bare_path / "queue").write_text(queue)
        watcher.update()
        assert [watcher.get_state(f"7_{i}", "cache") for i in range(3)] == states
        ended = [watcher.is_done(f"7_{i}", "cache") for i in range(3)]
        assert ended == [state in ("COMPLETED", GONE) for state in states]
    assert capfd.readouterr() == ("", "")


def test_slurm_job_without_result_fails():
    error = type("UncompletedJobError", (RuntimeError,), {})("Job 3_0\nhas not produced any output")
    assert engines._explain(error).startswith("it left Slurm without a result")
