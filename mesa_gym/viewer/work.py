"""Work that takes longer than a frame: it is done in a thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from threading import Thread
from typing import Any

from mesa_gym.errors import PolicyError

PATIENCE = 0.03  # seconds for which a frame waits for work in a thread
FRAME_TURN = 0.001  # seconds that work in a thread leaves to frames, again and again
TOLD_ERRORS = (ValueError, ImportError, OSError, PolicyError)  # to be said, not to be raised


def start_work(work: Callable[[], Any], threaded: bool = True) -> Future[Any]:
    """Run work in a thread, so that the window stays alive; without a window in this one.

    The process can end while the thread runs, unlike with an executor's threads.

    Args:
        work: the function.
        threaded: whether in a thread.
    """
    future: Future[Any] = Future()

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
