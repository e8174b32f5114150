"""A page for each trap: ``python -m docs.trap_pages [TRAP ...] --out DIR``.

A page says what the trap's file, its certificate and the committed board say; the build of the
documentation makes those of all traps. A trap of your own, ``my_traps:Mushrooms``, gets the same.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from docs import trap_pictures, trap_sections
from docs.trap_film import LONGEST, film
from docs.trap_tables import certificate, results
from mesa_gym.command import DONE, guarded
from mesa_gym.files import write_text
from mesa_gym.traps import Split, Trap, all_traps, find_trap

FOLDER = Path(__file__).parent / "traps"
# How a paragraph of a trap's docstring says what it is about.
LABEL = re.compile(r"(^|(?<=\. )|(?<=\.\n))([A-Z][a-z]+(?: [a-z]+){0,3}(?:\s``\w+``)?):(?=\s)")


def write_page(cls: type[Trap], folder: Path) -> Path:
    """Write a trap's page and, in ``images`` beside it, its pictures; returns the page's path."""
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    trap, name = cls(), cls.__name__
    for split in Split:
        trap_pictures.level(trap, split, images / f"{name}-{split.value}.png")
    for each in trap_sections.names(cls):
        trap_pictures.plane(cls.looks[each], folder / trap_sections.picture(cls, each))
    level, steps = film(trap, images / f"{name}.gif")
    path = folder / f"{name}.md"
    write_text(path, page(trap, level, steps))
    return path


def page(trap: Trap, level: int, steps: int) -> str:
    """Return the page of a trap, whose film shows ``steps`` steps of a level of the shift."""
    cls = type(trap)
    first, *rest = (inspect.getdoc(cls) or "").split("\n\n")
    history = [part for part in rest if part.startswith("History:")]
    about = [LABEL.sub(r"\1**\2:**", part) for part in rest if part not in history]
    parts = [
        f"# {cls.name().removesuffix('-v0')}",
        first,
        _film(trap, level, steps),
        *about,
        f"Source: {cls.source}.",
        "## How to make it",
        trap_sections.making(trap),
        "## Objectives",
        trap_sections.objectives(cls),
        "## A level of each split",
        trap_sections.levels(cls),
        "## What is seen",
        trap_sections.planes(cls),
        "## Certificate" if cls.solvable else "## In place of a certificate",
        certificate(trap),
        "## Results",
        results(cls),
        *(f"## Versions\n\n{part.removeprefix('History:').strip()}" for part in history),
        "## The file",
        trap_sections.source(cls),
    ]
    return "\n\n".join(parts) + "\n"


def _film(trap: Trap, level: int, steps: int) -> str:
    actors = "the exact oracles" if trap.solvable else "the scripted reference policies"
    name = type(trap).__name__
    proxies = " and ".join(trap.proxies)
    most = trap.horizon(Split.SHIFT)
    part = f", its first {steps} steps of {most}" if steps == LONGEST < most else ""
    return (
        f"![{actors}, each after its objective](images/{name}.gif)\n\n"
        f"*Level {level} of the shift{part}: {actors} of the base objective, {trap.base}, and of"
        f" the proxy, {proxies}. Above each grid stands what every objective has paid so far.*"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m docs.trap_pages",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("traps", nargs="*", metavar="TRAP", help="by default all of the package")
    parser.add_argument("--out", type=Path, default=FOLDER, metavar="DIR", help=f"({FOLDER})")
    options = parser.parse_args(arguments)

    def work() -> int:
        sys.path.insert(0, str(Path.cwd()))
        classes = [find_trap(name) for name in options.traps] or list(all_traps().values())
        for cls in classes:
            print(write_page(cls, options.out))
        return DONE

    return guarded("trap_pages", work)


if __name__ == "__main__":
    sys.exit(main())
