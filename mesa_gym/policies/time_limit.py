"""A time limit for code written in C, which no signal and no exception can stop."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import TypeVar

T = TypeVar("T")
MOST_SECONDS = 30.0
GRACE_SECONDS = 2.0  # that the code has to end after it was told to stop


def run_within(
    name: str, work: Callable[[], T], stop: Callable[[], object], seconds: float = 0.0
) -> T:
    """Return ``work()``, which runs in a thread, so that a timer and signals can end it.

    Args:
        name: the subject of the message.
        work: code that releases the interpreter's lock.
        stop: tells the code to end. If it does not, its thread is left behind.
        seconds: the time limit; ``MOST_SECONDS`` by default.

    Raises:
        TimeoutError: the work took longer.
    """
    results, errors = list[T](), list[BaseException]()
    limit = seconds or MOST_SECONDS

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    try:
        thread.join(limit)  # signals interrupt it
        if thread.is_alive():
            raise TimeoutError(f"{name} took more than {limit:.0f} seconds, and was stopped")
    except BaseException:
        stop()
        thread.join(GRACE_SECONDS)
        raise
    if errors:
        raise errors[0]
    return results[0]
