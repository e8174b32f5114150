"""Units of work for tests of the runner, and a command that runs some: ``units.py OUT WORKERS``."""

import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.runs import runner
from benchmarks.runs.processes import Scratch, Unit
from benchmarks.runs.results import Results
from mesa_gym.command import DONE, FAILED, run_command

QUICK, SLOW = {"quick-0", "quick-1"}, {"slow-0", "slow-1"}


def made(name: str, results: Results) -> bool:
    """A ``Unit.done``."""
    return (results.folder / "made" / name).exists()


def make(name: str, scratch: Scratch) -> None:
    """Works, and adds a line to the folder's log."""
    print("what a library prints")
    folder = scratch.folder / "made"
    folder.mkdir()
    (folder / name).write_text("done")
    with (scratch.results.folder / "log").open("a") as file:
        file.write(f"{name}\n")
    scratch.keep(Path("made", name))


def make_slowly(name: str, scratch: Scratch) -> None:
    """Works once there is a file ``open``."""
    scratch.progress(30)
    # Renamed when it is written: a reader who finds it gets the whole number.
    written = scratch.folder / "half.part"
    written.write_text(str(os.getpid()))
    written.rename(scratch.folder / "half")
    while not (scratch.results.folder / "open").exists():
        time.sleep(0.05)
    make(name, scratch)


def fail(code: str, name: str, scratch: Scratch) -> None:
    """Makes a part, and does what lines of code say."""
    (scratch.folder / "half").write_text("")
    exec(code)


def unit(name: str, work: str | Callable[[str, Scratch], None], seconds: float = 1.0) -> Unit:
    """One that is done once there is ``made/NAME``; of lines of code it fails."""
    call = partial(fail, work) if isinstance(work, str) else work
    return Unit(name, partial(made, name), partial(call, name), seconds)


def main(out: str, workers: str) -> int:
    found = [unit(name, make) for name in sorted(QUICK)]
    found += [unit(name, make_slowly) for name in sorted(SLOW)]

    def work() -> int:
        return FAILED if runner.run(found, Path(out), int(workers)) else DONE

    return run_command("units", work, "what was done is kept")


if __name__ == "__main__":
    import units  # they are pickled by their module's name

    # A shell starts its background jobs, and so the tests in one, with Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(units.main(*sys.argv[1:]))
