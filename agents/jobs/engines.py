"""Engines that run jobs: this machine, dask, Slurm, or any executor.

Results are written to the run's folder, which all machines must share. A job checks its run's token
in this folder each second (``RunWatch``), and ends when the run ends.
"""

from __future__ import annotations

import logging
import os
import pickle
import re
import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import CancelledError, Executor, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from agents.jobs.apart import SECONDS_BETWEEN_LOOKS, Outcome, do_apart, name_failure
from agents.jobs.job import Job
from mesa_gym.errors import require_extra, shorten

PACKAGE = "agents"
RUN = ".run"  # contains the token of the run that works in a folder
LOCK = ".lock"  # remains in a folder after its run
SECONDS_TO_CONNECT = 10
SECONDS_TO_JOIN = 60
# Seconds for which a job continues without the token of its run, and without its folder.
SECONDS_ABSENT = 5
SECONDS_UNKNOWN = 60
SLURM = ("slurm", "local")
MOST_JOBS = 256  # that run at a time in a Slurm array
# The message about workers that cannot unpickle a job.
LACKING = (
    "the workers lack the package {}; start them in the checkout's folder, with its environment"
)
OutcomeStream = Generator[Outcome, None, None]
# Jobs, the folder of results and the run's token -> outcomes, in any order.
DoJobs = Callable[[Sequence[Job], Path, str], OutcomeStream]


class JobLimits(NamedTuple):
    """The limits of a Slurm job: minutes, and gigabytes of memory."""

    minutes: int = 240
    gigabytes: int = 4


def load_engine(on: str | None) -> Any:
    """Import and return the module of an engine; None for an engine without a module.

    Raises:
        ImportError: the extra ``cluster`` is not installed.
    """
    slurm, dask = on in SLURM, (on or "").startswith("dask://")
    if not (slurm or dask):
        return None
    name = "submitit" if slurm else "distributed"
    with require_extra("cluster"):
        return import_module(name)


@contextmanager
def open_engine(
    on: str | Executor | None, workers: int, limits: JobLimits | None = None
) -> Iterator[DoJobs]:
    """Yield the function that runs jobs.

    Args:
        on: None for processes of this machine; ``dask://HOST:PORT`` for the workers of a dask
            scheduler; ``slurm`` for Slurm jobs, or ``local`` for submitit's local replacement; or
            an executor, such as the executors of mpi4py, loky, Parsl and Ray.
        workers: the number of jobs that this machine runs at a time.
        limits: the limits of each Slurm job.

    Raises:
        ImportError: the extra ``cluster`` is not installed.
        ValueError: no such engine, its scheduler does not answer, or it takes no limits.
    """
    if limits and on not in SLURM:
        raise ValueError("--minutes and --memory limit jobs of Slurm; give --on slurm too")
    if on is None:
        with ThreadPoolExecutor(workers) as threads:  # each waits for a process
            yield partial(submit_jobs, threads)
    elif isinstance(on, Executor):
        yield partial(submit_jobs, on)
    elif on.startswith("dask://"):
        with _connect(on) as client:
            yield partial(submit_jobs, client.get_executor(pure=False))
    elif on in SLURM:
        yield partial(_submit_to_slurm, on, limits or JobLimits())
    else:
        raise ValueError(f"--on {shorten(on)}: expected dask://HOST:PORT, slurm or local")


def submit_jobs(executor: Executor, jobs: Sequence[Job], out: Path, token: str) -> OutcomeStream:
    """Run jobs on an executor; pending jobs are cancelled if the generator is closed."""
    futures = {executor.submit(do_there, *args): args[0] for args in pack(jobs, out, token)}
    try:
        for future in as_completed(futures):
            try:
                yield future.result()
            except (Exception, CancelledError) as error:  # executors raise any type
                yield futures[future], _explain(error)
    finally:
        for future in futures:  # dask's shutdown does not cancel them
            future.cancel()


def pack(jobs: Sequence[Job], out: Path, token: str) -> list[tuple[str, bytes, Path, str]]:
    """Return the arguments of ``do_there`` for each job."""
    return [(job.name, pickle.dumps((job, out)), out, token) for job in jobs]


def do_there(name: str, work: bytes, out: Path, token: str) -> Outcome:
    """Do a job on the calling machine while its run lasts."""
    watch = RunWatch(out, token)
    while not watch.confirmed:  # a network file system can lag by a minute
        if reason := watch.find_end():
            return name, reason
        if not watch.confirmed:
            time.sleep(SECONDS_BETWEEN_LOOKS)
    return do_apart(name, work, watch.find_end)


class RunWatch:
    """Decides whether a job continues, from the file with its run's token.

    The job ends at once if the file contains another token. It ends after ``SECONDS_ABSENT`` if the
    folder has a lock but no token, and after ``SECONDS_UNKNOWN`` if the folder has neither or
    cannot be read.
    """

    def __init__(self, out: Path, token: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._out, self._token, self._clock = out, token, clock
        self.confirmed, self._last = False, clock()

    def find_end(self) -> str:
        """Return the reason to end the job; "" while it may continue."""
        reason, patience = self._look()
        if not reason:
            self.confirmed, self._last = True, self._clock()
        return reason if reason and self._clock() - self._last >= patience else ""

    def _look(self) -> tuple[str, float]:
        """Return the reason to end the job, and the seconds for which it must persist."""
        out, machine = self._out, os.uname().nodename
        try:
            names = os.listdir(out)  # NFS caches lookups of paths, but not listings
            if RUN in names:
                if (out / RUN).read_text() == self._token:
                    return "", 0
                return f"another run has begun in {out}", 0
            if LOCK in names:
                return f"its run in {out} has ended", SECONDS_ABSENT
            problem = "it is there, without the files of the run"
        except FileNotFoundError:
            problem = "it was moved or deleted, or is not shared"
        except OSError as error:
            problem = str(error)
        return (
            f"the folder {out} of the run is not seen on {machine} for {SECONDS_UNKNOWN} seconds"
            f" ({problem}); choose an --out in a folder that all machines share"
        ), SECONDS_UNKNOWN


def _connect(on: str) -> Any:
    # Its log has a traceback if the scheduler ends, which each job reports in a line.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        client = load_engine(on).Client(on.replace("dask://", "tcp://"), timeout=SECONDS_TO_CONNECT)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"--on {on}: no Dask scheduler answers at this address ({name_failure(error)}); start"
            " one with `dask scheduler`, and workers with `dask worker HOST:PORT`"
        ) from None
    try:
        client.wait_for_workers(1, timeout=SECONDS_TO_JOIN)
        # A worker that cannot unpickle a message dies, and its job would wait forever.
        if None in client.run(find_spec, PACKAGE).values():
            raise ValueError(f"--on {on}: {LACKING.format(PACKAGE)}")
    except TimeoutError:
        client.close()
        raise ValueError(f"--on {on}: it has no workers; start some by `dask worker`") from None
    except ValueError:
        client.close()
        raise
    return client


def _submit_to_slurm(
    on: str, limits: JobLimits, jobs: Sequence[Job], out: Path, token: str
) -> OutcomeStream:
    """Run jobs as a Slurm array; running jobs are cancelled if the generator is closed."""
    submitit = load_engine(on)
    try:
        executor = submitit.AutoExecutor(out / ".submitit", cluster=on)
    except RuntimeError as error:
        raise ValueError(
            f"--on {on}: {error}; run it on a machine that has Slurm's sbatch"
        ) from None
    executor.update_parameters(
        timeout_min=limits.minutes,
        cpus_per_task=1,
        mem_gb=limits.gigabytes,
        slurm_array_parallelism=MOST_JOBS,
    )
    with _share_imports():
        sent = executor.map_array(do_there, *zip(*pack(jobs, out, token), strict=True))
    names = {handle.job_id: job.name for handle, job in zip(sent, jobs, strict=True)}
    if executor.cluster == "slurm":
        from agents.jobs.slurm import QueueWatcher

        watcher = QueueWatcher(names)
        for handle in sent:
            handle.watcher = watcher
    try:
        for done in submitit.helpers.as_completed(sent, poll_frequency=1):
            fault = done.exception()
            yield done.result() if fault is None else (names[done.job_id], _explain(fault))
    finally:
        for handle in sent:
            if not handle.done():
                handle.cancel()


@contextmanager
def _share_imports() -> Iterator[None]:
    """Let processes that start meanwhile import what this one does, and nothing from their folder.

    submitit's jobs get the variables of the process that submits them. What that process starts
    afterwards, such as a script that imports from its own folder, must not get them.
    """
    names = {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONSAFEPATH": "1"}
    before = {name: os.environ.get(name) for name in names}
    os.environ |= names
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _explain(error: BaseException) -> str:
    """Return one line on why an engine could not do a job; submitit's last line contains it."""
    if type(error).__name__ == "UncompletedJobError":
        return "it left Slurm without a result, as when it was killed or ran out of time or memory"
    if isinstance(error, CancelledError):
        return "its engine cancelled it, as when the scheduler ended or could not be reached"
    trace = type(error).__name__ == "FailedJobError"
    message = str(error).strip().rpartition("\n")[2] if trace else name_failure(error)
    lacking = re.search(r"ModuleNotFoundError: No module named '(\w+)", message)
    return LACKING.format(lacking[1]) if lacking else message
