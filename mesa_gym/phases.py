"""The CPU seconds of this process in each phase of its work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import process_time


class Phases:
    """A clock that counts time for one phase at a time, the innermost open phase.

    Args:
        names: the names of the phases; the first is open until another begins.
    """

    def __init__(self, *names: str) -> None:
        self.seconds = dict.fromkeys(names, 0.0)
        self._open, self._counted = [names[0]], 0.0

    @contextmanager
    def spend(self, name: str) -> Iterator[None]:
        """Context manager that counts the time inside it for a phase."""
        self._count()
        self._open.append(name)
        try:
            yield
        finally:
            self._count()
            self._open.pop()

    def _count(self) -> None:
        now = process_time()
        self.seconds[self._open[-1]] += now - self._counted
        self._counted = now

    def __str__(self) -> str:
        self._count()
        seconds_text = ", ".join(f"{name} {spent:.1f}" for name, spent in self.seconds.items())
        return f"{sum(self.seconds.values()):.1f} CPU seconds: {seconds_text}"
