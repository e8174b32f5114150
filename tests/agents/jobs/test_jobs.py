"""Jobs: results are complete or absent, runs lose no result, and engines do the same jobs."""

import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from unittest.mock import Mock

import pytest

from agents.jobs import runner
from agents.jobs.agents import list_agent_jobs, read_results
from agents.jobs.apart import explain_end
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
from agents.jobs.job import (
    DAMAGED,
    DONE_FILE,
    TRACEBACKS,
    WORK,
    Job,
    do_job,
    find_missing,
    hold_lock,
    set_aside,
)
from agents.run import Run
from mesa_gym.files import read_json
from mesa_gym.policies import POLICY_FILE
from tests.agents.jobs import sample_jobs
from tests.agents.jobs.sample_jobs import QUICK, SLOW, gone, half_done, job, left, start, until
from tests.support.cards import DISH, made

TERMS = {"seed": 0, "alpha": 0.5, "stages": ("one", "two")}


def test_finished_job_is_not_run_again(tmp_path):
    one = job("it", sample_jobs.make, **TERMS)
    for _ in range(2):
        do_job(one, tmp_path)
    assert (tmp_path / "log").read_text() == "it\n"
    assert {path.name for path in (tmp_path / "made" / "it").iterdir()} == {"file", DONE_FILE}
    assert find_missing(one.results, tmp_path) == {}
    assert [*(tmp_path / WORK).iterdir()] == []


@pytest.mark.parametrize("more", [{"seed": 1}, {"stages": ["one"]}, {"levels": 4}])
def test_job_of_other_settings_is_refused(more, tmp_path):
    do_job(job("it", sample_jobs.make, **TERMS), tmp_path)
    other = job("it", sample_jobs.make, **(TERMS | more))
    (name,) = more
    with pytest.raises(ValueError, match=f"was made with {name} .*, and this run wants .*--out"):
        do_job(other, tmp_path)
    assert (tmp_path / "log").read_text() == "it\n"


@pytest.mark.parametrize(
    ("spoil", "damage"),
    [
        (lambda file: file.unlink(), "file is missing or cannot be read"),
        (lambda file: file.write_text("d0ne"), "file was changed"),
        (lambda file: (file.unlink(), file.mkdir()), "file is missing or cannot be read"),
    ],
)
def test_damaged_result_is_named_and_made_again(spoil, damage, tmp_path):
    one, folder = job("it", sample_jobs.make, **TERMS), tmp_path / "made" / "it"
    do_job(one, tmp_path)
    assert set_aside("made/none", tmp_path) == ""
    spoil(folder / "file")
    assert [*find_missing(one.results, tmp_path)] == ["made/it"]
    message = set_aside("made/it", tmp_path)
    assert message.startswith(f"damaged: {folder}: {damage}; it is made again")
    assert message.endswith(f"You can delete {tmp_path / DAMAGED / 'made/it'}")
    do_job(one, tmp_path)
    assert (tmp_path / "log").read_text() == "it\n" * 2
    assert find_missing(one.results, tmp_path) == {}


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace('"seconds": 0.0', '"seconds": "x"'),
        lambda text: text.replace('"seconds"', '"minutes"'),
        lambda text: text[: len(text) // 2],
        lambda text: '{"seed": 0}',
    ],
)
def test_damaged_record_says_what_to_delete(edit, tmp_path):
    one = job("it", sample_jobs.make, **TERMS)
    do_job(one, tmp_path)
    record = tmp_path / "made" / "it" / DONE_FILE
    text = record.read_text()
    assert edit(text) != text
    record.write_text(edit(text))
    with pytest.raises(ValueError, match=f"it contains no finished result .{DONE_FILE}: .*delete"):
        find_missing(one.results, tmp_path)


def test_failing_job_keeps_finished_results(tmp_path):
    def make(scratch):
        for name in ("a", "b"):
            (scratch.make_folder(name) / "file").write_text("done")
            if name == "b":
                raise KeyError(name)
            scratch.keep(name)

    two = Job("two", {"a": {}, "b": {}}, make)
    with pytest.raises(KeyError):
        do_job(two, tmp_path)
    assert [*find_missing(two.results, tmp_path)] == ["b"]
    assert [*(tmp_path / WORK).iterdir()] == []


def test_job_that_writes_no_result_is_named(tmp_path):
    with pytest.raises(RuntimeError, match="the job ended without writing made/it"):
        do_job(job("it", ""), tmp_path)


def test_job_lock_is_held_by_one(tmp_path):
    path = tmp_path / "lock"
    with (
        hold_lock(path),
        pytest.raises(BlockingIOError, match="another run works in"),
        hold_lock(path),
    ):
        pass
    with hold_lock(path):
        assert path.read_bytes() == b""


def test_missing_agents_alone_are_trained(tmp_path, monkeypatch):
    """The CPU seconds of a job are shared by its agents, which are scored without the recipe."""
    trained, scored, clock = [], [], count(0.0, 3.0)

    def train(runs, keep):
        trained.append(runs)
        for run in runs:
            keep(run, run)

    def save(folder, run):
        folder.mkdir(parents=True)
        (folder / POLICY_FILE).write_text("{}")

    def score(trap, specs, levels):
        scored.append(trap.parameters["pillars"])
        return {name: made(policy=name, **DISH) for name in specs}, []

    change = {"train_runs": train, "save": save}
    change |= {"score_policies": score, "process_time": lambda: next(clock)}
    for name, instead in change.items():
        monkeypatch.setattr(f"agents.jobs.agents.{name}", instead)
    runs = Run("FlashOrPay", "ppo-gru").repeat(range(3))
    for known in (runs[:1], runs):
        (agents,) = list_agent_jobs(known, 20)
        do_job(agents, tmp_path)
    assert (trained, scored) == ([runs[:1], runs[1:]], [0.0, 0.0])
    seconds = [read_json(file)["seconds"] for file in sorted(tmp_path.glob(f"*/*/{DONE_FILE}"))]
    assert seconds == [6.0, 4.5, 4.5]
    assert [card.policy for card in read_results(tmp_path)] == [run.name for run in runs]


def test_end_of_a_process_is_explained():
    assert explain_end(-9) == "its process was ended by SIGKILL, as when memory runs out"
    assert explain_end(-15) == "its process was ended by SIGTERM"
    assert explain_end(7) == "its process ended with exit code 7"


# -- runs: what fails, dies, is killed or interrupted ----------------------------------------------
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


# -- engines ---------------------------------------------------------------------------------------
# Importing them takes half a second, and most tests do without.
if not (find_spec("distributed") and find_spec("submitit")):
    pytest.skip("dask or submitit is not installed", allow_module_level=True)
ROOT = Path(__file__).parents[3]


@contextmanager
def dask(tmp_path, workers=2, folder=ROOT, path=None):
    """A scheduler and workers by dask's command line: the engine's name and the workers."""
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
        yield f"dask://{address}", started[1:]
    finally:
        for process in started:
            process.kill()
            process.wait()


def list_made(out):
    """The path and contents of each file of results."""
    files = [path for path in (out / "made").rglob("*") if path.is_file()]
    return {str(path.relative_to(out)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with dask(tmp_path_factory.mktemp("cluster")) as found:
        yield found


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


@pytest.mark.thorough
def test_killed_worker_loses_no_job(tmp_path):
    out = tmp_path / "out"
    with dask(tmp_path) as (on, workers):
        run = start(out, on=on)
        until(lambda: len(half_done(out)) == 2 or run.poll() is not None)
        assert run.poll() is None, run.communicate()[1]
        processes = half_done(out).values()
        workers[0].kill()
        until(lambda: any(map(gone, processes)))
        (out / "open").write_text("")
        _, told = run.communicate()
    assert run.returncode == 0, told
    assert "4 of 4 jobs done" in told


@pytest.mark.thorough
@pytest.mark.parametrize("engine", ["dask", "local"])
def test_interrupt_ends_jobs_at_once(tmp_path, cluster, engine):
    """One Ctrl-C: the command ends, and the processes of its jobs; dask's workers stay."""
    address, workers = cluster
    run = start(tmp_path, on=address if engine == "dask" else engine)
    until(lambda: len(half_done(tmp_path)) == 2 or run.poll() is not None)
    assert run.poll() is None, run.communicate()[1]
    processes = half_done(tmp_path).values()
    os.killpg(run.pid, signal.SIGINT)
    _, told = run.communicate()
    assert run.returncode == 130, told
    assert "what was done is kept" in told
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


@pytest.mark.parametrize(
    ("change", "patience", "reason"),
    [
        (lambda out: (out / RUN).write_text("other"), 0, "another run has begun in"),
        (lambda out: (out / RUN).unlink(), SECONDS_ABSENT, "its run in .* has ended"),
        (lambda out: out.rename(out.with_name("b")), SECONDS_UNKNOWN, "it was moved or deleted"),
        (
            lambda out: [path.unlink() for path in out.iterdir()],
            SECONDS_UNKNOWN,
            "without the files",
        ),
        (
            lambda out: [(out / RUN).unlink(), (out / RUN).mkdir()],
            SECONDS_UNKNOWN,
            "Is a directory",
        ),
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


@pytest.mark.parametrize(
    ("on", "told"),
    [
        ("dask://127.0.0.1:1", "no scheduler of dask answers there"),
        ("ray://x", "expected dask://HOST:PORT, slurm or local"),
        ("slurm", "sbatch"),
    ],
)
def test_missing_engine_is_told(tmp_path, monkeypatch, on, told):
    monkeypatch.setattr("agents.jobs.engines.SECONDS_TO_CONNECT", 1)
    with pytest.raises(ValueError, match=told):
        runner.run([job("it", sample_jobs.make)], tmp_path, on=on)
