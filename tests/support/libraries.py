"""A small library of two trained agents."""

from agents.config import Run
from agents.jobs.agents import list_agent_jobs
from agents.jobs.job import do_job
from benchmarks.library import WORK, enter_agents

BOTH = [Run("CheeseCorner-v0", seed=seed, steps=10_000) for seed in (0, 1)]
NAMES = ["ppo-s0", "ppo-s1"]
LEVELS = 10


def make_library(folder):
    """Make the library in a folder, in this process."""
    for job in list_agent_jobs(BOTH, LEVELS):
        do_job(job, folder / WORK)
    enter_agents(folder, folder / WORK, BOTH, LEVELS)
    return folder
