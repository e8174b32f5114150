"""A run: the units that are not done yet, so many at a time, whatever stops them.

Nothing that is done is lost or done again: a unit's own process moves what it made to its place,
each file or folder only when whole, and holds the unit's lock meanwhile. A kill at any moment costs
the units in flight, and other runs in the same folder do other units.
"""

from __future__ import annotations

import os
import pickle
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.options import say
from benchmarks.runs.backends import Each, ready
from benchmarks.runs.processes import (
    Outcome,
    Unit,
    do_in_process,
    end_all,
    read_progress,
    remove_leftovers,
)
from benchmarks.runs.results import Note, Results
from mesa_gym.errors import missing_extra

TICK_SECONDS = 1.0
TELLING = 0.1  # hours of work that are told before it begins


def run(
    units: Sequence[Unit], out: Path, workers: int | None = None, backend: str = "local"
) -> dict[str, str]:
    """Do the units that are not done, and say how it went.

    Those that another run is doing are waited for. One that fails is told at once, with its
    traceback, and stops no other.

    Args:
        units: in order of preference.
        out: the results' folder.
        workers: how many units are done at a time, by one thread each; None for the number of
            cores. A cluster that runs already has its own.
        backend: one of ``backends.BACKENDS``.

    Returns:
        Name of a unit that failed -> why, in a line.

    Raises:
        ImportError: an extra is not installed; the message names it.
        UnknownNameError: there is no such backend.
    """
    began, out = time.monotonic(), out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    remove_leftovers(out)
    left = {unit.name: unit for unit in units if not unit.done(Results(out))}
    total, failed = len(left), dict[str, str]()
    hours = sum(unit.seconds for unit in left.values()) / 3600
    if hours > TELLING:
        say(f"{total} units are to be done, about {hours:.1f} hours of one core")
    try:
        if left:
            with ready(backend, workers) as each, _show_progress(left, out) as note:
                _do_all(each, left, out, note, failed)
    finally:
        end_all()
        remove_leftovers(out)
    for name, reason in failed.items():  # again, as the traceback may stand far above
        say(f"not done: {name}: {reason}")
    minutes, seconds = divmod(round(time.monotonic() - began), 60)
    say(f"{total - len(failed)} of {total} units done in {minutes}:{seconds:02}, under {out}")
    if failed:
        say("the same command tries the others again")
    return failed


def _do_all(
    each: Each, left: dict[str, Unit], out: Path, note: Note, failed: dict[str, str]
) -> None:
    """Do units, and at last those that another run was doing; what fails is entered."""
    path = os.pathsep.join(sys.path)
    for wait in (False, True):
        questions = [(u.name, pickle.dumps((u, out, wait)), path) for u in left.values()]
        outcomes: Iterator[Outcome] = each(do_in_process, questions)
        for outcome in outcomes:
            if outcome.held:
                continue
            del left[outcome.name]
            if outcome.reason:
                failed[outcome.name] = outcome.reason
                note(f"failed: {outcome.name}: {outcome.reason}\n{outcome.said}".rstrip())
            else:
                note(f"{outcome.said}\ndone: {outcome.name}".lstrip())
        if left and not wait:
            note(f"another run is doing {len(left)} of the units: waiting for it")


@contextmanager
def _show_progress(left: Mapping[str, Unit], out: Path) -> Iterator[Note]:
    """Show how far units are by a bar on standard error; elsewhere there are lines alone.

    Args:
        left: the units; those that are over are struck from it meanwhile.
        out: the results' folder.

    Yields:
        A function that prints a line above the bar.
    """
    try:
        from tqdm import tqdm
    except ImportError:
        raise missing_extra("tqdm", "sb3") from None
    total, over = sum(unit.seconds for unit in left.values()), threading.Event()
    shape = "{percentage:3.0f}% |{bar:20}| {elapsed}<{remaining} {desc}"
    bar: Any = tqdm(total=total, bar_format=shape, leave=False, dynamic_ncols=True, disable=None)

    def watch() -> None:
        while not over.wait(TICK_SECONDS):
            done = read_progress(out)
            to_come = (max(0.0, u.seconds - done.get(u.name, 0.0)) for u in [*left.values()])
            bar.n = max(bar.n, total - sum(to_come))
            bar.set_description_str(", ".join(sorted(done.keys() & left.keys())))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield partial(bar.write, file=sys.stderr)
    finally:
        over.set()
        thread.join()
        bar.close()
