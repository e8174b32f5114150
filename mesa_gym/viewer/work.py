"""Work that takes longer than a frame: it is done in a thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from concurrent.futures import wait as wait_for
from contextlib import suppress
from threading import Thread
from typing import Any

from mesa_gym.errors import PolicyError

PATIENCE = 0.03  # seconds for which a frame waits for work in a thread
FRAME_TURN = 0.001  # seconds that work in a thread leaves to frames, again and again
TOLD_ERRORS = (ValueError, ImportError, OSError, PolicyError)  # to be said, not to be raised


class SideWork:
    """Work of a session beside its frames, one task at a time.

    Args:
        tell: is told why work failed.

    Attributes:
        threaded: whether policies act, and tasks are done, in a thread, as a window needs it;
            errors are then told and not raised.
        doing: the task under way, for the status line; "" for none.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.tell, self.threaded, self.doing = tell, False, ""
        self._task: tuple[Future[Any], Callable[[Any], None]] | None = None

    @property
    def under_way(self) -> bool:
        """Return whether a task's result has not been taken yet."""
        return self._task is not None

    def start(
        self, doing: str, task: Callable[[Future[Any]], Any], then: Callable[[Any], None]
    ) -> None:
        """Begin a task, in place of any other, and hand its result to a function.

        Args:
            doing: the status line's words meanwhile.
            task: the work; its argument is the future, which is cancelled if the task is given up.
            then: takes the result, if the task has not been given up.
        """
        self.stop()
        self.doing = doing
        self._task = start_work(task, self.threaded), then
        self.fetch(PATIENCE)

    def stop(self) -> bool:
        """Stop the task; return whether one was under way."""
        there = self._task is not None
        if self._task is not None:
            self._task[0].cancel()
        self._task, self.doing = None, ""
        return there

    def fetch(self, patience: float = 0.0) -> None:
        """Take the task's result if it arrives within ``patience`` seconds."""
        if self._task is None or not wait_for([self._task[0]], patience).done:
            return
        (work, then), self._task, self.doing = self._task, None, ""
        error = work.exception()
        if error is None:
            then(work.result())
        elif self.threaded and isinstance(error, TOLD_ERRORS):
            self.tell(str(error))
        else:
            raise error


def start_work(work: Callable[[Future[Any]], Any], threaded: bool = True) -> Future[Any]:
    """Run work in a thread, so that the window stays alive; without a window in this one.

    The process can end while the thread runs, unlike with an executor's threads.

    Args:
        work: the function; its argument is the future, which tells whether it was cancelled.
        threaded: whether in a thread.
    """
    future: Future[Any] = Future()

    def run() -> None:
        with suppress(InvalidStateError):  # it was cancelled
            try:
                future.set_result(work(future))
            except BaseException as error:
                future.set_exception(error)

    if threaded:
        Thread(target=run, daemon=True).start()
    else:
        run()
    return future
