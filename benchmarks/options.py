"""Options that the commands of the benchmarks share, checked as they are read."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mesa_gym.errors import shorten


def count(text: str) -> int:
    """Return a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{shorten(text)} is not a whole number of at least 1")
    return int(text)


def folder(text: str) -> Path:
    """Return a folder, which need not exist."""
    path = Path(text)
    if path.exists() and not path.is_dir():
        raise argparse.ArgumentTypeError(f"{shorten(text)} is a file; expected a folder")
    return path


def add_runner_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``benchmarks.leaderboard.runner.run``."""
    parser.add_argument(
        "--workers", type=count, help="units done at a time (as many as there are cores)"
    )
    parser.add_argument(
        "--backend",
        default="local",
        help="local: this machine; dask or ray: a cluster, which DASK_SCHEDULER_ADDRESS or"
        " RAY_ADDRESS names, or else one on this machine (local)",
    )


def say(line: str) -> None:
    """Print a line on standard error."""
    print(line, file=sys.stderr, flush=True)
