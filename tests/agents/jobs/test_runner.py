"""Runs of jobs: what fails, dies, is killed, interrupted, or asked for by two runs at once."""

import re

import pytest

from agents.jobs import runner
from agents.jobs.job import DONE_FILE, TRACEBACKS, WORK, Job
from tests.agents.jobs import sample_jobs
from tests.agents.jobs.sample_jobs import QUICK, SLOW, gone, half_done, job, left, start, until

FAILING = {
    "bad": ("raise KeyError(name)", "KeyError: 'bad'"),
    "dead": ("os._exit(7)", "its process ended with exit code 7"),
    "quit": ("os._exit(0)", "its process ended with exit code 0"),  # as if all were well
    "killed": (
        "os.kill(os.getpid(), signal.SIGKILL)",
        "its process was ended by SIGKILL, as when memory runs out",
    ),
    "left": ("sys.exit(0)", "SystemExit: 0"),
    "empty": ("", "RuntimeError: the job ended without writing made/empty"),
}


@pytest.mark.thorough
def test_failing_job_stops_no_other(tmp_path, capfd):
    failing = [job(name, code) for name, (code, _) in FAILING.items()]
    expected = {name: told for name, (_, told) in FAILING.items()}
    assert runner.run([*failing, job("good", sample_jobs.make)], tmp_path, 2) == expected
    told = capfd.readouterr().err
    assert "Traceback" not in told
    assert "7 other results in 7 jobs, 2 workers\n" in told
    traceback = tmp_path / TRACEBACKS / "bad.txt"
    assert f"not done: bad: KeyError: 'bad' (traceback: {traceback})" in told
    assert "in fail\n" in traceback.read_text()
    assert "failed: bad: KeyError: 'bad' (" in told
    assert "not done: dead: its process ended with exit code 7" in told
    assert re.search(r"1 of 7 jobs done in \d+:\d\d, in ", told)
    # Nothing of what failed is left, nor a scratch folder.
    assert left(tmp_path) == {"log", "made", TRACEBACKS}
    assert {path.name for path in (tmp_path / "made").iterdir()} == {"good"}


@pytest.mark.thorough
def test_killed_run_loses_only_jobs_in_flight(tmp_path):
    """SIGKILL hits the command alone; its workers end by themselves."""
    run = start(tmp_path)
    until(lambda: half_done(tmp_path).keys() == SLOW)
    done = {path: path.stat().st_mtime_ns for path in (tmp_path / "made").glob(f"*/{DONE_FILE}")}
    assert {path.parent.name for path in done} == QUICK
    processes = half_done(tmp_path).values()
    run.kill()
    run.communicate()
    until(lambda: all(map(gone, processes)))
    assert half_done(tmp_path).keys() == SLOW
    (tmp_path / "open").write_text("")
    again = start(tmp_path)
    _, told = again.communicate()
    assert again.returncode == 0, told
    assert "2 of 2 jobs done" in told
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert sorted((tmp_path / "log").read_text().split()) == sorted(QUICK | SLOW)
    assert left(tmp_path) == {"log", "made", "open"}


def test_file_is_no_folder_for_results(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError, match="file is a file; name a folder"):
        runner.run([job("it", sample_jobs.make)], tmp_path / "file")


def test_folder_of_others_is_not_deleted(tmp_path):
    (tmp_path / WORK).mkdir()
    with pytest.raises(FileExistsError, match="is not of a run of jobs; choose another folder"):
        runner.run([job("it", sample_jobs.make)], tmp_path)
    assert [*tmp_path.iterdir()] == [tmp_path / WORK]


def test_plan_counts_what_is_missing():
    agents = Job("a", {"a": {}, "b": {}, "c": {}}, print, 90.0)
    plan = [(agents, ["a", "c"]), (job("it", print), ["made/it"])]
    assert runner.describe_plan(plan[:1], "2 workers") == (
        "2 agents in 1 job, about 60 CPU seconds, 2 workers"
    )
    assert runner.describe_plan(plan, "on slurm") == (
        "2 agents and 1 other result in 2 jobs, about 60 CPU seconds, on slurm"
    )
    assert runner.describe_plan([], "2 workers") == "all results are there"


@pytest.mark.parametrize(
    ("cores", "jobs", "workers"), [(2, 1, 2), (2, 2, 2), (2, 3, 3), (2, 4, 2), (8, 9, 9), (1, 9, 1)]
)
def test_few_spare_jobs_run_at_once(monkeypatch, cores, jobs, workers):
    monkeypatch.setattr(runner.os, "cpu_count", lambda: cores)
    assert runner.count_workers(jobs) == workers
