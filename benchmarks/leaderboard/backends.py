"""Backends of joblib, on which units run: this machine (local), or a cluster (dask, ray).

A cluster's machines need this checkout, its packages and the results' folder at the same paths.
``DASK_SCHEDULER_ADDRESS`` and ``RAY_ADDRESS`` say where the cluster is; without, one is started
on this machine.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from mesa_gym.errors import missing_extra, unknown

try:
    import joblib
except ImportError:
    raise missing_extra("joblib", "leaderboard") from None


def _local(workers: int) -> AbstractContextManager[None]:
    # Each thread waits for the process of a unit.
    config: AbstractContextManager[None] = joblib.parallel_config("threading", n_jobs=workers)
    return config


@contextmanager
def _dask(workers: int) -> Iterator[None]:
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
    with here or nullcontext(), Client(here or address), joblib.parallel_config("dask"):
        yield


@contextmanager
def _ray(workers: int) -> Iterator[None]:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # else it tells its makers
    try:
        import ray
    except ImportError:
        raise missing_extra("ray", "cluster") from None
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if "RAY_ADDRESS" not in os.environ:
        options |= {"num_cpus": workers, "include_dashboard": False}
    ray.init(**options)
    joblib.register_parallel_backend("ray", _Ray)
    try:
        with joblib.parallel_config("ray"):
            yield
    finally:
        ray.shutdown()


class _Ray(joblib.parallel.ParallelBackendBase):  # type: ignore[misc]
    """Units as tasks of ray.

    Ray's own backend for joblib deals units out before any is done, however long they take, and
    gives no outcome before it has all.
    """

    supports_retrieve_callback = True

    def effective_n_jobs(self, n_jobs: int) -> int:
        """Any number above 1; ray knows how many tasks its machines do at a time."""
        return 2

    def submit(self, func: Callable[[], Any], callback: Callable[[Future[Any]], None]) -> Any:
        """Send a task."""
        import ray

        future = ray.remote(num_cpus=1)(_call).remote(func).future()
        future.add_done_callback(callback)
        return future

    def retrieve_result_callback(self, future: Future[Any]) -> Any:
        """Return what the task returned."""
        return future.result()


def _call(batch: Callable[[], Any]) -> Any:
    return batch()


BACKENDS: dict[str, Callable[[int], AbstractContextManager[None]]] = {
    "local": _local,
    "dask": _dask,
    "ray": _ray,
}


def ready(backend: str, workers: int | None) -> AbstractContextManager[None]:
    """Have joblib's units run by a backend.

    Args:
        backend: one of ``BACKENDS``.
        workers: how many, on this machine; None for the number of cores.

    Raises:
        ImportError: the backend is not installed; the message names the extra.
        UnknownNameError: there is no such backend.
    """
    if backend not in BACKENDS:
        raise unknown("backend", backend, BACKENDS)
    return BACKENDS[backend](workers or joblib.cpu_count())
