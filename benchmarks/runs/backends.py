"""Backends on which units run: threads of this machine (local), or a cluster (dask, ray).

A cluster's machines need this checkout, its packages and the results' folder at the same paths.
``DASK_SCHEDULER_ADDRESS`` and ``RAY_ADDRESS`` say where the cluster is; without, one is started
on this machine.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, as_completed
from contextlib import AbstractContextManager, contextmanager, nullcontext
from multiprocessing.pool import ThreadPool
from typing import Any

from mesa_gym.errors import missing_extra, unknown

# Calls a function with each of some arguments, and yields what it returns as soon as it does.
Each = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]


@contextmanager
def _local(workers: int | None) -> Iterator[Each]:
    with ThreadPool(workers) as pool:  # each thread waits for the process of a unit
        yield pool.imap_unordered


@contextmanager
def _dask(workers: int | None) -> Iterator[Each]:
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise missing_extra(error.name or "dask", "cluster") from None
    address = dask.config.get("scheduler-address", None)
    # Ctrl-C reaches all of a terminal's processes: the cluster's are to leave it to this one.
    heard = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        here = (
            None
            if address
            else LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None)
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, heard)
    with here or nullcontext(), Client(here or address) as client:
        yield _each(client.get_executor(pure=False).submit)


@contextmanager
def _ray(workers: int | None) -> Iterator[Each]:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # else it tells its makers
    try:
        import ray
    except ImportError:
        raise missing_extra("ray", "cluster") from None
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if "RAY_ADDRESS" not in os.environ:
        options |= {"num_cpus": workers, "include_dashboard": False}
    ray.init(**options)
    try:
        yield _each(lambda function, x: ray.remote(num_cpus=1)(function).remote(x).future())
    finally:
        ray.shutdown()


def _each(submit: Callable[[Callable[[Any], Any], Any], Future[Any]]) -> Each:
    def each(function: Callable[[Any], Any], arguments: Iterable[Any]) -> Iterator[Any]:
        futures = [submit(function, argument) for argument in arguments]
        return (future.result() for future in as_completed(futures))

    return each


BACKENDS: dict[str, Callable[[int | None], AbstractContextManager[Each]]] = {
    "local": _local,
    "dask": _dask,
    "ray": _ray,
}


def ready(backend: str, workers: int | None) -> AbstractContextManager[Each]:
    """Have a backend ready, which then does the calls that it is given.

    Args:
        backend: one of ``BACKENDS``.
        workers: how many, on this machine; None for the number of cores.

    Raises:
        ImportError: the backend is not installed; the message names the extra.
        UnknownNameError: there is no such backend.
    """
    if backend not in BACKENDS:
        raise unknown("backend", backend, BACKENDS)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return BACKENDS[backend](workers or cores)
