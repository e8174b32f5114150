"""Jobs: results are complete or absent, and no run loses a finished one."""

import re
import shutil
from itertools import count
from pathlib import Path

import pytest

from agents.jobs import runner
from agents.jobs.agents import list_agent_jobs, read_results
from agents.jobs.apart import explain_end
from agents.jobs.job import (
    DAMAGED,
    DONE_FILE,
    TRACEBACKS,
    WAITING_AGENTS,
    WORK,
    Job,
    do_job,
    find_missing,
    hold_lock,
    set_aside,
)
from agents.run import Run
from mesa_gym.files import read_json, write_json
from mesa_gym.policies import POLICY_FILE
from mesa_gym.scoring.card_fields import CARD_SCHEMA
from tests.agents.jobs import sample_jobs
from tests.agents.jobs.sample_jobs import QUICK, SLOW, gone, half_done, job, left, start, until
from tests.support.cards import DISH, HALF, made
from tests.support.refusals import refusals

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
    spoil(folder / "file")
    assert set_aside("made/it", tmp_path) == message  # the second time too


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


def test_job_lock_is_held_by_one(tmp_path):
    path = tmp_path / "lock"
    refused = pytest.raises(BlockingIOError, match="another run works in")
    with hold_lock(path), refused, hold_lock(path):
        pass
    with hold_lock(path):
        assert path.read_bytes() == b""


@pytest.fixture
def calls(monkeypatch):
    """The trainings and scorings that jobs do, without training or scoring."""
    calls = {"trained": [], "scored": []}
    clock = count(0.0, 3.0)

    def train(runs, keep):
        calls["trained"].append(runs)
        for run in runs:
            keep(run, run)

    def save(folder, run):
        folder.mkdir(parents=True)
        (folder / POLICY_FILE).write_text("{}")

    def score(trap, specs, levels):
        calls["scored"].append(trap.parameters["pillars"])
        return {name: made(HALF, HALF, policy=name, **DISH) for name in specs}, []

    change = {"train_runs": train, "save": save}
    change |= {"score_policies": score, "process_time": lambda: next(clock)}
    for name, instead in change.items():
        monkeypatch.setattr(f"agents.jobs.agents.{name}", instead)
    return calls


def test_missing_agents_alone_are_trained(tmp_path, calls):
    """The CPU seconds of a job are shared by its agents, which are scored without the recipe."""
    runs = Run("FlashOrPay", "ppo-gru").repeat(range(3))
    for part in (runs[:1], runs):
        (agents,) = list_agent_jobs(part, 20)
        do_job(agents, tmp_path)
    assert calls == {"trained": [runs[:1], runs[1:]], "scored": [0.0, 0.0]}
    seconds = [read_json(file)["seconds"] for file in sorted(tmp_path.glob(f"*/*/{DONE_FILE}"))]
    assert seconds == [6.0, 4.5, 4.5]
    assert [card.policy for card in read_results(tmp_path)] == [run.name for run in runs]


def test_card_of_other_schema_is_scored_again(tmp_path, calls, monkeypatch):
    """The agent is not trained again, and each of its files but the card and record stays."""
    runs = Run("FlashOrPay", "ppo-gru").repeat(range(2))
    (agents,) = list_agent_jobs(runs, 20)
    do_job(agents, tmp_path)
    shutil.rmtree(tmp_path / WAITING_AGENTS)  # as at the end of a run
    monkeypatch.setattr("agents.jobs.agents.CARD_SCHEMA", CARD_SCHEMA + 1)
    (again,) = list_agent_jobs(runs, 20)
    assert find_missing(again.results, tmp_path) == again.results
    (damaged, intact) = again.results
    (tmp_path / damaged / POLICY_FILE).unlink()
    messages = [set_aside(result, tmp_path) for result in again.results]
    assert [message.partition(":")[0] for message in messages] == ["damaged", "scored again"]
    assert [path.parent.name for path in tmp_path.rglob(POLICY_FILE)] == [Path(intact).name]
    do_job(again, tmp_path)
    assert find_missing(again.results, tmp_path) == {}
    assert calls == {"trained": [runs, runs[:1]], "scored": [0.0, 0.0]}


@pytest.mark.parametrize("spoil", ["file", "terms"])
def test_spoilt_waiting_agent_is_trained_again(spoil, tmp_path, calls):
    """A waiting agent that was changed, or trained with other terms, leaves and the job ends."""
    runs = Run("FlashOrPay", "ppo-gru").repeat(range(2))
    (agents,) = list_agent_jobs(runs, 20)
    do_job(agents, tmp_path)
    first = min(agents.results)
    waiting = tmp_path / WAITING_AGENTS / first
    if spoil == "file":
        (waiting / POLICY_FILE).write_text("changed")
    else:
        record = read_json(waiting / DONE_FILE)
        record["terms"]["seed"] = 99
        write_json(waiting / DONE_FILE, record)
    for place in agents.results:
        shutil.rmtree(tmp_path / place)
    do_job(agents, tmp_path)
    assert find_missing(agents.results, tmp_path) == {}
    assert calls["trained"] == [runs, runs[:1]]


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
    _, stderr = again.communicate()
    assert again.returncode == 0, stderr
    assert "2 of 2 jobs done" in stderr
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert sorted((tmp_path / "log").read_text().split()) == sorted(QUICK | SLOW)
    assert left(tmp_path) == {"log", "made", "open"}


def make_in(folder):
    """Run a job in a folder of the current one, which must leave all files and folders there."""
    before = [*Path().rglob("*")]
    try:
        runner.run([job("it", sample_jobs.make)], Path(folder))
    finally:
        assert [*Path().rglob("*")] == before


test_jobs_without_folder_or_result_are_refused = refusals("agents", "jobs", globals())


def test_plan_counts_what_is_missing():
    agents = Job("a", {"a": {}, "b": {}, "c": {}}, print, 90.0)
    plan = [(agents, ["a", "c"]), (job("it", print), ["made/it"])]
    line = runner.describe_plan(plan[:1], "2 workers")
    assert line == "2 agents in 1 job, about 60 CPU seconds, 2 workers"
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
