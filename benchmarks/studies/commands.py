"""The common parts of the studies' commands: options, work that goes on, tables on disk."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.leaderboard import runner
from benchmarks.leaderboard.processes import Unit
from benchmarks.options import count, folder
from mesa_gym.command import FAILED, guarded
from mesa_gym.files import write_text


def parser_of(name: str, about: str | None, out: Path) -> argparse.ArgumentParser:
    """Return the parser of a module's command, with the option ``--out`` for its folder."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks.studies.{name}",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=folder, default=out, help=f"({out})")
    return parser


def add_levels(parser: argparse.ArgumentParser, levels: int) -> None:
    """Add the option ``--levels``."""
    parser.add_argument("--levels", type=count, default=levels, help=f"of each split ({levels})")


def finished(
    name: str,
    options: argparse.Namespace,
    units: Callable[[], Sequence[Unit]],
    finish: Callable[[], int],
) -> int:
    """Do the units that are not done yet, and then what is to be done with all.

    Args:
        name: of the module.
        options: ``out``, and those of ``benchmarks.options.add_running``.
        units: makes them; an error in an option is one in a line.
        finish: returns an exit code.

    Returns:
        0 done, 1 the work failed, 2 bad usage, 130 interrupted, or what ``finish`` returned.
    """

    def work() -> int:
        failed = runner.run(units(), options.out, options.workers, options.backend)
        return FAILED if failed else finish()

    kept = f"what was done is kept in {options.out}, and the same command goes on from there"
    return guarded(name, work, kept)


def show(path: Path, *parts: str) -> None:
    """Print parts of a page in Markdown, and write them to a file."""
    text = "\n\n".join(parts) + "\n"
    write_text(path, text)
    print(text)
