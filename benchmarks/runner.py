"""A run: the units that are not done yet, so many at a time, whatever stops them.

Nothing that is done is lost or done again: a unit's own process moves what it made to its place,
each part only when whole, and holds the unit's lock meanwhile (``benchmarks.claims``). A kill at
any moment costs the units in flight, and other runs in the same folder do other units.
"""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.claims import shares, tidy
from benchmarks.jobs import FAILED, HELD, Job, Outcome, Unit
from benchmarks.options import say
from benchmarks.progress import Report, reporting
from benchmarks.results import Results
from benchmarks.supervisor import deaf, supervise

# How often a backend may lose workers before a run gives up.
LIVES = 3
TICK_SECONDS = 1.0


def run(
    units: Sequence[Unit], out: Path, workers: int | None = None, backend: str = "loky"
) -> dict[str, str]:
    """Do the units that are not done, and say how it went.

    Those that another run is doing are waited for. One that fails is told at once, with its
    traceback, and stops no other.

    Args:
        units: in order of preference.
        out: the results' folder.
        workers: how many units are done at a time, by one thread each; None for the number of
            cores. A cluster that runs already has its own.
        backend: one of ``benchmarks.backends.BACKENDS``.

    Returns:
        Name of a unit that failed -> why, in a line.

    Raises:
        ImportError: an extra is not installed; the message names it.
        UnknownNameError: there is no such backend.
    """
    from benchmarks.backends import ready  # joblib is an extra

    began, out = time.monotonic(), out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    tidy(out)
    todo = [unit for unit in units if not unit.done(Results(out))]
    failed: dict[str, str] = {}
    try:
        if todo:
            with ready(backend, workers), reporting() as report:
                _do_all(todo, out, report, failed)
    finally:
        tidy(out)
    for name, reason in failed.items():  # again, as the traceback may stand far above
        say(f"not done: {name}: {reason}")
    minutes, seconds = divmod(round(time.monotonic() - began), 60)
    done = len(todo) - len(failed)
    say(f"{done} of {len(todo)} units done in {minutes}:{seconds:02}, under {out}")
    if failed:
        say("the same command tries the others again")
    return failed


def _do_all(units: Sequence[Unit], out: Path, report: Report, failed: dict[str, str]) -> None:
    """Do units, and at last those that another run was doing; what fails is entered."""
    with _watched(units, out, report) as left:
        for wait in (False, True):
            jobs = {name: Job(name, pickle.dumps(left[name]), out, wait) for name in left}
            for outcome in _outcomes(jobs, report):
                for note in outcome.notes:
                    report.note(note)
                if outcome.state == HELD:
                    continue
                del left[outcome.name]
                if outcome.state == FAILED:
                    failed[outcome.name] = outcome.reason
                    report.note(
                        f"failed: {outcome.name}: {outcome.reason}\n{outcome.trace}".rstrip()
                    )
                else:
                    report.note(f"done: {outcome.name}")
            if left and not wait:
                report.note(f"another run is doing {len(left)} of the units: waiting for it")


def _outcomes(jobs: dict[str, Job], report: Report) -> Iterator[Outcome]:
    """Yield what becomes of jobs, as they finish."""
    from joblib import Parallel, delayed

    reason = ""
    for _ in range(LIVES if jobs else 0):
        parallel = Parallel(return_as="generator_unordered", pre_dispatch="all", batch_size=1)
        try:
            with deaf():
                finished = parallel(delayed(supervise)(job) for job in [*jobs.values()])
            for outcome in finished:
                del jobs[outcome.name]
                yield outcome
            return
        except Exception as error:  # of the backend, as a job's own is in its outcome
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            report.note(f"the workers were lost, and start again ({reason})")
    for name in jobs:
        yield Outcome(name, FAILED, f"the workers were lost {LIVES} times ({reason})")


@contextmanager
def _watched(units: Sequence[Unit], out: Path, report: Report) -> Iterator[dict[str, Unit]]:
    """Show how far units are; what is yielded are those to come, from which to strike them."""
    left = {unit.name: unit for unit in units}
    total = sum(unit.seconds for unit in units)
    over = threading.Event()

    def show() -> None:
        known: dict[str, float] = {}  # also of units that are over, and not yet struck
        while not over.wait(TICK_SECONDS):
            now = shares(out)
            known |= now
            seconds = [u.seconds * (1 - known.get(u.name, 0)) for u in [*left.values()]]
            report.show(1 - sum(seconds) / total, sorted(now.keys() & left.keys()))

    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield left
    finally:
        over.set()
        thread.join()
