"""Jobs for tests of runs, and a command that runs some: ``sample_jobs.py OUT WORKERS [ON]``."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from agents.jobs import runner
from agents.jobs.job import Job
from mesa_gym.command import DONE, FAILED, run_command

QUICK, SLOW = {"quick-0", "quick-1"}, {"slow-0", "slow-1"}


def make(name, scratch):
    """Make a result, and add a line to the folder's log."""
    print("what a library prints", file=sys.stderr)
    (scratch.make_folder(f"made/{name}") / "file").write_text("done")
    with (scratch.out / "log").open("a") as file:
        file.write(f"{name}\n")
    scratch.keep(f"made/{name}")


def make_slowly(name, scratch):
    """Make a result once the file ``open`` exists."""
    # Renamed when it is written: a reader who finds it gets the whole number.
    written = scratch.folder / "half.part"
    written.write_text(f"{name} {os.getpid()}")
    written.rename(scratch.folder / "half")
    while not (scratch.out / "open").exists():
        time.sleep(0.05)
    make(name, scratch)


def fail(code, name, scratch):
    """Make a part of a result, and run lines of code."""
    (scratch.make_folder(f"made/{name}") / "half").write_text("")
    exec(code)


def job(name, work, **terms):
    """A job that makes ``made/NAME``; with lines of code it fails."""
    call = partial(fail, work) if isinstance(work, str) else work
    return Job(name, {f"made/{name}": terms}, partial(call, name))


def start(out, workers=2, on=None):
    """Run quick and slow jobs in a session of its own, as in a terminal."""
    command = [sys.executable, __file__, str(out), str(workers), *([on] if on else [])]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    options = {"stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    return subprocess.Popen(command, env=env, **options)


def until(holds):
    while not holds():
        time.sleep(0.02)


def half_done(out):
    """Job that is half done -> its process."""
    return dict(path.read_text().split() for path in out.glob(".work/*/half"))


def gone(process):
    """True if a process has ended; it may stay listed until its new parent reaps it."""
    try:
        stat = Path("/proc", process, "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


def left(out):
    """The files that a run leaves, without its lock file, which must be free."""
    return {path.name for path in out.iterdir()} - {runner.LOCK}


def main(out, workers, on=None):
    jobs = [job(name, make) for name in sorted(QUICK)]
    jobs += [job(name, make_slowly) for name in sorted(SLOW)]

    def work():
        return FAILED if runner.run(jobs, Path(out), int(workers), on) else DONE

    return run_command("jobs", work, "what was done is kept")


if __name__ == "__main__":
    from tests.agents.jobs import sample_jobs  # they are pickled by their module's name

    # A shell starts its background jobs, and so the tests in one, with Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(sample_jobs.main(*sys.argv[1:]))
