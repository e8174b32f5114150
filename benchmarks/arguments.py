"""Common parts of the benchmarks' commands: their subcommands and shared options."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from agents.train import read_count
from mesa_gym.errors import shorten
from mesa_gym.files import locate_path


class Action(NamedTuple):
    """A subcommand.

    Attributes:
        about: the subcommand's effect, in one line.
        add_arguments: adds its arguments to a parser.
        run: runs the subcommand, and returns an exit code.
        find_folder: returns the folder that keeps results after Ctrl-C; None for no results.
    """

    about: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    find_folder: Callable[[argparse.Namespace], Path] | None = None


def folder(text: str) -> Path:
    """Parse the path of a folder, which need not exist."""
    path = locate_path(text)
    if path.exists() and not path.is_dir():
        raise argparse.ArgumentTypeError(f"{shorten(text)} is a file; expected a folder")
    return path


def add_workers_option(parser: argparse.ArgumentParser) -> None:
    """Add the option for the number of parallel jobs."""
    parser.add_argument(
        "--workers", type=read_count, help="jobs done at a time (as many as there are cores)"
    )
