"""What a check is: a public function of a trap that raises ``ConformanceError``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Protocol

import gymnasium

from mesa_gym.traps import Split, Trap, find_trap

TrapLike = str | type[Trap] | Trap

# Levels of each split that a check of the mechanics reads: each is seen in all of its states.
SAMPLE = 16


class ConformanceError(AssertionError):
    """A trap breaks the contract.

    Attributes:
        what: what is wrong and how to mend it.
        split: where; None where it holds of the whole trap.
        level: its number, or None.
        check: name of the check, such as ``purity`` for ``check_purity``.
        trap: the trap, as its ``repr`` writes it.
    """

    def __init__(self, what: str, split: Split | None = None, level: int | None = None) -> None:
        super().__init__(what)
        self.what, self.split, self.level = what, split, level
        self.check, self.trap = "", ""

    def __str__(self) -> str:
        where = "" if self.split is None else f", split {self.split.value!r}"
        where += "" if self.level is None else f", level {self.level}"
        return f"check {self.check!r}: {self.trap}{where}: {self.what}"


class Check(Protocol):
    """A check: returns None, or raises ``ConformanceError``."""

    __name__: str

    def __call__(self, trap: TrapLike, levels: int = SAMPLE) -> None:
        """Check one trap on levels 0 to ``levels`` - 1 of each split."""


def check(function: Callable[[Trap, int], None]) -> Check:
    """Make a check of a function ``check_<name>`` of a trap.

    The check also takes a trap's name, id or class. Whatever goes wrong is a ``ConformanceError``
    that says which check of which trap.
    """

    @functools.wraps(function)
    def run(trap: TrapLike, levels: int = SAMPLE) -> None:
        made = as_trap(trap)
        try:
            function(made, levels)
        except Exception as error:
            failure = error
            if not isinstance(failure, ConformanceError):
                failure = ConformanceError(f"{type(error).__name__}: {error}")
            failure.check, failure.trap = check_name(run), repr(made)
            if failure is error:
                raise
            raise failure from error

    return run


def check_name(run: Check) -> str:
    """The name of a check as messages write it: ``purity`` for ``check_purity``."""
    return run.__name__.removeprefix("check_")


def as_trap(trap: TrapLike) -> Trap:
    """A trap at its default size from its name, a registered id or its class; or as it is.

    Raises:
        UnknownNameError: there is none of that name.
    """
    if isinstance(trap, str):
        spec = gymnasium.registry.get(trap)
        given = trap if spec is None else spec.kwargs.get("trap", trap)
        trap = find_trap(given) if isinstance(given, str) else given
    return trap if isinstance(trap, Trap) else trap()
