"""The common parts of the studies' commands: options, work that goes on, tables on disk."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from benchmarks.options import add_runner_options, count, folder
from benchmarks.runs import runner
from benchmarks.runs.processes import Unit
from mesa_gym.command import FAILED, run_command
from mesa_gym.files import write_text

END = "<!-- until here -->"
# Name -> its module, whose ``main`` it is.
STUDIES = {
    name: f"benchmarks.studies.{name}"
    for name in ("attributes", "calibrate", "findings", "intervals", "objective", "reproduction")
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a study by its name: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks study", add_help=False)
    parser.add_argument("name", choices=STUDIES)
    options, rest = parser.parse_known_args(arguments)
    code: int = import_module(STUDIES[options.name]).main(rest)
    return code


def make_parser(name: str, about: str | None, out: Path, levels: int) -> argparse.ArgumentParser:
    """Return the parser of a command that trains or scores, with a folder and levels by default."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks study {name}",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=folder, default=out, help=f"({out})")
    parser.add_argument("--levels", type=count, default=levels, help=f"of each split ({levels})")
    parser.add_argument("--page", type=Path, help="a page to put the tables into, at their marks")
    add_runner_options(parser)
    return parser


def run_study(
    name: str,
    options: argparse.Namespace,
    units: Callable[[], Sequence[Unit]],
    finish: Callable[[], int],
) -> int:
    """Do the units that are not done yet, and then what is to be done with all.

    Args:
        name: of the module.
        options: of ``make_parser``.
        units: makes them; an error in an option is one in a line.
        finish: returns an exit code.

    Returns:
        0 done, 1 the work failed, 2 bad usage, 130 interrupted, or what ``finish`` returned.
    """

    def work() -> int:
        failed = runner.run(units(), options.out, options.workers, options.backend)
        return FAILED if failed else finish()

    kept = f"what was done is kept in {options.out}, and the same command goes on from there"
    return run_command(name, work, kept)


def show(name: str, text: str, options: argparse.Namespace) -> None:
    """Print Markdown, and write it to ``name.md`` and to the page, if there is to be one."""
    print(text)
    write_text(options.out / f"{name}.md", text + "\n")
    if options.page:
        fill(options.page, name, text)


def fill(page: Path, name: str, text: str) -> None:
    """Put text between the marks of some tables; a ValueError as of ``around``."""
    before, after = around(page, name)
    write_text(page, f"{before}\n\n{text}\n\n{after}")


def around(page: Path, name: str) -> tuple[str, str]:
    """Return a page up to the mark ``<!-- name -->``, and from the next ``END`` on.

    Raises:
        ValueError: the page has no such marks.
    """
    before, begin, rest = page.read_text().partition(f"<!-- {name} -->")
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{page} has no place for the tables: <!-- {name} --> and then {END}")
    return before + begin, end + after
