"""A progress bar in a terminal, under the lines that are told; elsewhere there are lines alone."""

from __future__ import annotations

import sys
from typing import Any

from mesa_gym.errors import missing_extra


class Bar:
    """A bar on standard error; use it in a ``with``.

    Args:
        total: of work, in any unit.
    """

    def __init__(self, total: float) -> None:
        try:
            from tqdm import tqdm
        except ImportError:
            raise missing_extra("tqdm", "sb3") from None
        shape = "{percentage:3.0f}% |{bar:20}| {elapsed}<{remaining} {desc}"
        self._bar: Any = tqdm(
            total=total, bar_format=shape, leave=False, dynamic_ncols=True, disable=None
        )

    def show(self, done: float, what: str) -> None:
        """Show how much is done, never less than before, and what is being done."""
        self._bar.n = max(self._bar.n, done)
        self._bar.set_description_str(what)

    def note(self, line: str) -> None:
        """Tell something that happened."""
        self._bar.write(line, file=sys.stderr)

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()
