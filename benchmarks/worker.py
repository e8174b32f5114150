"""A unit, done in a process of its own: what ``benchmarks.supervisor`` starts."""

from __future__ import annotations

import os
import pickle
import sys
import threading
import traceback

from benchmarks.claims import claimed
from benchmarks.jobs import DONE, FAILED, HELD, Job, Outcome, Scratch, Unit
from benchmarks.results import Note, Results


def main() -> None:
    """Read a job from standard input, do it, and write its outcome to standard output."""
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is not an answer
    job: Job = pickle.load(sys.stdin.buffer)
    threading.Thread(target=_end_with_supervisor, daemon=True).start()
    notes: list[str] = []
    try:
        outcome = Outcome(job.name, do(job, notes.append), notes=tuple(notes))
    except (Exception, SystemExit) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        outcome = Outcome(job.name, FAILED, reason, traceback.format_exc(), tuple(notes))
    sys.stdout.flush()
    with answer:
        pickle.dump(outcome, answer)


def _end_with_supervisor() -> None:
    """It keeps the other end of standard input open, until it has the outcome or dies."""
    os.read(0, 1)
    os._exit(1)


def do(job: Job, note: Note) -> str:
    """Do a job in this process, unless it is done or another process is doing it.

    Args:
        job: what to do.
        note: called with what a person should know.

    Returns:
        ``DONE`` or ``HELD``.
    """
    results = Results(job.out, note)
    unit: Unit = pickle.loads(job.pickled)
    with claimed(job.out, job.name, job.wait) as claim:
        if claim is None:
            return HELD
        if unit.done(results):
            return DONE
        claim.clear()
        unit.work(Scratch(claim.folder, results, claim.tell))
        if not unit.done(results):
            raise RuntimeError("it came to its end, and yet not all that it makes is there")
        return DONE


if __name__ == "__main__":
    main()
