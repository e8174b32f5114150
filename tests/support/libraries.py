"""A small library of trained agents: two, and what one of them was at a checkpoint."""

from agents.run import Run
from benchmarks.jobs.agents import list_agent_jobs
from benchmarks.jobs.job import do_job
from benchmarks.library import WORK, enter_agents

BOTH = [Run("CheeseCorner-v0", seed=seed, steps=10_000) for seed in (0, 1)]
EARLY = Run("CheeseCorner-v0", steps=10_000, checkpoints=2)
NAMES = ["ppo-s0", "ppo-s0-at-5000", "ppo-s1"]
LEVELS = 10


def make_library(folder):
    """Make it in a folder, in this process."""
    for job in list_agent_jobs([*BOTH, EARLY], LEVELS):
        do_job(job, folder / WORK)
    enter_agents(folder, folder / WORK, [*BOTH, EARLY], LEVELS)
    return folder
