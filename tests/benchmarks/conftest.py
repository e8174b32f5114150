"""Jobs that are done in this process."""

import pytest

from agents.jobs import runner
from agents.jobs.job import do_job, find_missing
from mesa_gym.terminal import say


def run_here(jobs, out, workers=None):
    """Do the jobs of ``runner.run`` one after another; errors are raised."""
    for job in jobs:
        if find_missing(job.results, out):
            do_job(job, out)
            say(f"done: {job.name}")
    return {}


@pytest.fixture
def jobs_run_here(monkeypatch):
    """Starting a process that imports torch takes seconds."""
    monkeypatch.setattr(runner, "run", run_here)
