"""The CPU seconds of this process by phase of a training: import, trace, compile, learn, judge."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import process_time

# The first lasts until another begins.
NAMES = ("import", "trace", "compile or load", "learn", "judge")


class Phases:
    """A clock that is always in one phase: the innermost of those that are open."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(NAMES, 0.0)
        self._open, self._counted = [NAMES[0]], 0.0

    @contextmanager
    def spend(self, name: str) -> Iterator[None]:
        """Count what is done within to a phase of ``NAMES``."""
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
        told = ", ".join(f"{name} {spent:.1f}" for name, spent in self.seconds.items())
        return f"{sum(self.seconds.values()):.1f} CPU seconds: {told}"


PHASES = Phases()  # of this process
