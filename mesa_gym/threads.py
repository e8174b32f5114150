"""Work in threads: for a window that stays responsive, and for code in C that no signal stops."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError, wait
from contextlib import suppress
from threading import Thread
from typing import TypeVar

T = TypeVar("T")
MOST_SECONDS = 30.0
GRACE_SECONDS = 2.0  # that the code has to end after it was told to stop


def start_work(work: Callable[[], T], threaded: bool = True) -> Future[T]:
    """Run work in a new thread, or in this one if not ``threaded``.

    The process can end while the thread runs, unlike with an executor's threads.
    """
    future: Future[T] = Future()

    def run() -> None:
        with suppress(InvalidStateError):  # it was cancelled
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)

    if threaded:
        Thread(target=run, daemon=True).start()
    else:
        run()
    return future


def run_within(name: str, work: Callable[[], T], stop: Callable[[], object]) -> T:
    """Return ``work()``, which runs in a thread, so that a timer and signals can end it.

    Args:
        name: the subject of the message.
        work: code that releases the interpreter's lock.
        stop: tells the code to end. If it does not, its thread is left behind.

    Raises:
        TimeoutError: the work took longer than ``MOST_SECONDS``.
    """
    future = start_work(work)
    try:
        if not wait([future], MOST_SECONDS).done:  # signals interrupt it
            raise TimeoutError(f"{name} took more than {MOST_SECONDS:.0f} seconds, and was stopped")
    except BaseException:
        stop()
        wait([future], GRACE_SECONDS)
        raise
    return future.result()
