"""Reports of work that goes on: a bar in a terminal, else one line for each unit that is done."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from mesa_gym.errors import missing_extra


class Report:
    """Lines on standard error."""

    def show(self, share: float, running: Sequence[str]) -> None:
        """Show what share of all work is done, and what is being done."""

    def note(self, line: str) -> None:
        """Tell something that happened."""
        print(line, file=sys.stderr, flush=True)


class Bar(Report):
    """A bar under the lines."""

    def __init__(self, bar: Any) -> None:
        self.bar = bar

    def show(self, share: float, running: Sequence[str]) -> None:
        self.bar.n = share
        self.bar.set_description_str(", ".join(running), refresh=False)
        self.bar.refresh()

    def note(self, line: str) -> None:
        self.bar.write(line, file=sys.stderr)


@contextmanager
def reporting() -> Iterator[Report]:
    """Give the report that suits standard error."""
    if not sys.stderr.isatty():
        yield Report()
        return
    try:
        from tqdm import tqdm
    except ImportError:
        raise missing_extra("tqdm", "sb3") from None
    shape = "{percentage:3.0f}% |{bar:20}| {elapsed}<{remaining} {desc}"
    with tqdm(total=1.0, bar_format=shape, leave=False, dynamic_ncols=True) as bar:
        yield Bar(bar)
