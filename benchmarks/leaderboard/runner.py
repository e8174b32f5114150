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
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.leaderboard.locks import shares, tidy
from benchmarks.leaderboard.processes import Outcome, Unit, do_in_process, end_all
from benchmarks.leaderboard.results import Results
from benchmarks.options import say
from mesa_gym.errors import missing_extra

TICK_SECONDS = 1.0


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
        backend: one of ``benchmarks.leaderboard.backends.BACKENDS``.

    Returns:
        Name of a unit that failed -> why, in a line.

    Raises:
        ImportError: an extra is not installed; the message names it.
        UnknownNameError: there is no such backend.
    """
    from benchmarks.leaderboard.backends import ready  # joblib is an extra

    began, out = time.monotonic(), out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    tidy(out)
    left = {unit.name: unit for unit in units if not unit.done(Results(out))}
    total, failed = len(left), dict[str, str]()
    try:
        if left:
            with ready(backend, workers), _watched(left, out) as bar:
                _do_all(left, out, bar, failed)
    finally:
        end_all()
        tidy(out)
    for name, reason in failed.items():  # again, as the traceback may stand far above
        say(f"not done: {name}: {reason}")
    minutes, seconds = divmod(round(time.monotonic() - began), 60)
    say(f"{total - len(failed)} of {total} units done in {minutes}:{seconds:02}, under {out}")
    if failed:
        say("the same command tries the others again")
    return failed


def _do_all(left: dict[str, Unit], out: Path, bar: Bar, failed: dict[str, str]) -> None:
    """Do units, and at last those that another run was doing; what fails is entered."""
    for wait in (False, True):
        with closing(_outcomes([*left.values()], out, wait)) as outcomes:
            for outcome in outcomes:
                if outcome.held:
                    continue
                del left[outcome.name]
                if outcome.reason:
                    failed[outcome.name] = outcome.reason
                    bar.note(f"failed: {outcome.name}: {outcome.reason}\n{outcome.said}".rstrip())
                else:
                    bar.note(f"{outcome.said}\ndone: {outcome.name}".lstrip())
        if left and not wait:
            bar.note(f"another run is doing {len(left)} of the units: waiting for it")


def _outcomes(units: Iterable[Unit], out: Path, wait: bool) -> Generator[Outcome]:
    """Yield the outcomes of units, as they finish."""
    from joblib import Parallel, delayed

    path = os.pathsep.join(sys.path)
    parallel = Parallel(return_as="generator_unordered", pre_dispatch="all", batch_size=1)
    outcomes: Generator[Outcome] = parallel(
        delayed(do_in_process)(unit.name, pickle.dumps((unit, out, wait)), path) for unit in units
    )
    return outcomes


@contextmanager
def _watched(left: Mapping[str, Unit], out: Path) -> Iterator[Bar]:
    """Show how far units are; those that are over are struck from ``left`` meanwhile."""
    total, over = sum(unit.seconds for unit in left.values()), threading.Event()

    def watch(bar: Bar) -> None:
        while not over.wait(TICK_SECONDS):
            now = shares(out)
            to_come = (u.seconds * (1 - now.get(u.name, 0)) for u in [*left.values()])
            bar.show(total - sum(to_come), ", ".join(sorted(now.keys() & left.keys())))

    with Bar(total) as bar:
        thread = threading.Thread(target=watch, args=[bar], daemon=True)
        thread.start()
        try:
            yield bar
        finally:
            over.set()
            thread.join()


class Bar:
    """A progress bar on standard error under the lines that are told; elsewhere lines alone.

    Args:
        total: of work, in any unit.
    """

    def __init__(self, total: float) -> None:
        try:
            from tqdm import tqdm
        except ImportError:
            raise missing_extra("tqdm", "sb3") from None
        shape = "{percentage:3.0f}% |{bar:20}| {elapsed}<{remaining} {desc}"
        self._bar: Any = tqdm(
            total=total, bar_format=shape, leave=False, dynamic_ncols=True, disable=None
        )

    def show(self, done: float, what: str) -> None:
        """Show how much is done, never less than before, and what is being done."""
        self._bar.n = max(self._bar.n, done)
        self._bar.set_description_str(what)

    def note(self, line: str) -> None:
        """Tell something that happened."""
        self._bar.write(line, file=sys.stderr)

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()
