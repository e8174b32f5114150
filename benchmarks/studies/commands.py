"""The command ``python -m benchmarks study``, and what the studies' own commands share."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from benchmarks import studies
from benchmarks.options import add_runner_options, count, folder, tell_kept
from benchmarks.runs import runner
from benchmarks.runs.processes import Unit
from mesa_gym.command import FAILED, run_command
from mesa_gym.errors import unknown
from mesa_gym.files import write_text

END = "<!-- until here -->"
# Modules that studies share; every other one of the package is a study, with a ``main``.
SHARED = {"commands", "groups", "probes", "variance"}


def list_studies() -> list[str]:
    """Return the names of all studies."""
    return [each.name for each in iter_modules(studies.__path__) if each.name not in SHARED]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a study by its name: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    names, given = list_studies(), [*(sys.argv[1:] if arguments is None else arguments)]
    if given and given[0] in names:
        code: int = import_module(f"{studies.__name__}.{given[0]}").main(given[1:])
        return code
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks study", usage="%(prog)s STUDY ...", description=__doc__
    )
    parser.add_argument("study", help=", ".join(names))
    parser.error(str(unknown("study", parser.parse_args(given[:1]).study, names)))


def make_parser(name: str, about: str | None) -> argparse.ArgumentParser:
    """Return the parser of a study, which can put its tables into a page."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks study {name}",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--page", type=Path, help="a page to put the tables into, at their marks")
    return parser


def make_runner_parser(
    name: str, about: str | None, out: Path, levels: int
) -> argparse.ArgumentParser:
    """Return the parser of a study that trains or scores, with a folder and levels by default."""
    parser = make_parser(name, about)
    parser.add_argument("--out", type=folder, default=out, help=f"({out})")
    parser.add_argument("--levels", type=count, default=levels, help=f"of each split ({levels})")
    add_runner_options(parser)
    return parser


def run_units(
    name: str,
    options: argparse.Namespace,
    units: Callable[[], Sequence[Unit]],
    finish: Callable[[], int],
) -> int:
    """Do the units that are not done yet, and then what is to be done with all.

    Args:
        name: of the study.
        options: of ``make_runner_parser``.
        units: makes them; an error in an option is one in a line.
        finish: returns an exit code.

    Returns:
        0 done, 1 the work failed, 2 bad usage, 130 interrupted, or what ``finish`` returned.
    """

    def work() -> int:
        failed = runner.run(units(), options.out, options.workers, options.backend)
        return FAILED if failed else finish()

    return run_command(name, work, tell_kept(options))


def show(name: str, text: str, page: Path | None) -> None:
    """Print a table, and put it into the page, if there is to be one."""
    print(f"{text}\n")
    if page:
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
