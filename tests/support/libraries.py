"""A small library of trained agents: two, and what one of them was at a checkpoint."""

from pathlib import Path

from agents.run import Run
from benchmarks.runs.library import AgentBatch
from benchmarks.runs.processes import do_unit

BOTH = AgentBatch(Run("CheeseCorner-v0", steps=10_000), (0, 1), levels=10)
EARLY = AgentBatch(Run("CheeseCorner-v0", steps=10_000, checkpoints=2), (0,), levels=10)
NAMES = ["ppo-s0", "ppo-s0-at-5000", "ppo-s1"]


def make_library(folder: Path) -> Path:
    """Make it in a folder, in this process."""
    for batch in (BOTH, EARLY):
        assert do_unit(batch.unit(), folder, False, print)
    return folder
