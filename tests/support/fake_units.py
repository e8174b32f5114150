"""Units that do what is said of them; a command to run some: ``fake_units.py OUT WORKERS``."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.leaderboard import runner
from benchmarks.leaderboard.processes import Scratch, Unit
from benchmarks.leaderboard.results import Results
from mesa_gym.command import DONE, FAILED, guarded

MANY = 2


def unit(name: str, work: Callable[[str, Scratch], None], seconds: float = 1.0) -> Unit:
    """One that is done once there is ``made/NAME``."""
    return Unit(name, partial(made, name), partial(work, name), seconds)


def made(name: str, results: Results) -> bool:
    """A ``Unit.done``."""
    return (results.folder / "made" / name).exists()


def make(name: str, scratch: Scratch) -> None:
    """Works, and logs that it did."""
    print("what a library prints")
    folder = scratch.folder / "made"
    folder.mkdir()
    (folder / name).write_text("done")
    log(name, scratch)
    scratch.keep(Path("made", name))


def log(name: str, scratch: Scratch) -> None:
    """Add a line to the folder's log: who did what."""
    with (scratch.results.folder / "log").open("a") as file:
        file.write(f"{name} {os.getpid()} {os.getppid()}\n")


def make_slowly(name: str, scratch: Scratch) -> None:
    """Works once there is a file ``open``."""
    scratch.progress(30)
    (scratch.folder / "half").write_text(str(os.getpid()))
    while not (scratch.results.folder / "open").exists():
        time.sleep(0.05)
    make(name, scratch)


def make_half(name: str, scratch: Scratch) -> None:
    """Makes a part, and raises."""
    (scratch.folder / "half").write_text("")
    raise KeyError(name)


def promise(name: str, scratch: Scratch) -> None:
    """Makes nothing."""


def leave(name: str, scratch: Scratch) -> None:
    sys.exit(0)


def quit(name: str, scratch: Scratch) -> None:
    """Ends as if all were well."""
    os._exit(0)


def vanish(name: str, scratch: Scratch) -> None:
    os._exit(7)


def run_out(name: str, scratch: Scratch) -> None:
    """Ends as a process does for which there is no memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def main(out: str, workers: str) -> int:
    """Run quick units and slow ones."""
    quick = [unit(f"quick-{number}", make) for number in range(MANY)]
    slow = [unit(f"slow-{number}", make_slowly) for number in range(2)]

    def work() -> int:
        return FAILED if runner.run([*quick, *slow], Path(out), int(workers)) else DONE

    return guarded("fake", work, "what was done is kept")


if __name__ == "__main__":
    import fake_units  # units are pickled by their module's name

    # A shell starts its background jobs, and so the tests in one, with Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(fake_units.main(*sys.argv[1:]))
