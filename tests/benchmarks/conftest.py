"""Results that several tests read, made once, and jobs that are done in this process."""

from contextlib import nullcontext

import pytest

from benchmarks.jobs import runner
from benchmarks.jobs.job import do_job
from benchmarks.jobs.store import Results
from benchmarks.options import say
from benchmarks.tracks import commands
from benchmarks.tracks.evaluation import Evaluator
from benchmarks.tracks.tasks import find_task
from benchmarks.tracks.wall import Wall


def run_here(jobs, out, workers=None, backend="local"):
    """Do the jobs of ``runner.run`` one after another; errors are raised."""
    for job in jobs:
        if Results(out).find_missing(job.files):
            assert do_job(job, out, False, say)
            say(f"done: {job.name}")
    return {}


@pytest.fixture
def jobs_run_here(monkeypatch):
    """Starting a process that imports torch takes seconds."""
    monkeypatch.setattr(runner, "run", run_here)


@pytest.fixture(scope="session")
def evaluator():
    """Of the tracks, on 60 levels."""
    return Evaluator(find_task("CheeseDish", 0), "a secret", 60)


@pytest.fixture(scope="session")
def wall():
    """The source of locked children, which takes seconds to start."""
    with Wall() as wall:
        yield wall


@pytest.fixture
def commands_share_a_wall(wall, monkeypatch):
    """Commands of the tracks take the wall that is up, and leave it."""
    monkeypatch.setattr(commands, "Wall", lambda: nullcontext(wall))
