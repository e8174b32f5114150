"""A job: its results are complete or absent, and state the terms they were made on."""

import pytest

from agents.jobs.job import DONE_FILE, WORK, Job, do_job, find_missing, hold_lock
from tests.agents.jobs import sample_jobs
from tests.agents.jobs.sample_jobs import job

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


def test_failing_job_keeps_finished_results(tmp_path):
    def make(scratch):
        for name in ("a", "b"):
            (scratch.place(name) / "file").write_text("done")
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
