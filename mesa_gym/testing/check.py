"""Checks: public functions of a trap that raise ``ConformanceError``."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import gymnasium
import numpy as np

from mesa_gym.traps import Split, Trap, find_trap

TrapLike = str | type[Trap] | Trap
# (good, what is wrong otherwise), or (good, what, states) with good for each row, bool (n,).
Findings = Iterable[tuple[Any, ...]]

# Levels of each split that a check of the mechanics reads: each is seen in all of its states.
SAMPLE = 16


class ConformanceError(AssertionError):
    """A trap breaks the contract.

    Attributes:
        check: name of the check, such as ``purity`` for ``check_purity``.
        trap: the trap.
        what: what is wrong and how to fix it.
        split: where; None where it holds of the whole trap.
        level: its number, or None.
    """

    def __init__(
        self, check: str, trap: Trap, what: str, split: Split | None = None, level: Any = None
    ) -> None:
        where = "" if split is None else f", split {split.value!r}"
        where += "" if level is None else f", level {level}"
        super().__init__(f"check {check!r}: {trap!r}{where}: {what}")
        self.check, self.trap, self.what, self.split, self.level = check, trap, what, split, level


class Check(Protocol):
    """A check: returns None, or raises ``ConformanceError``."""

    __name__: str

    def __call__(self, trap: TrapLike, levels: int = SAMPLE) -> None:
        """Check one trap on levels 0 to ``levels`` - 1 of each split."""


def check(*splits: Split) -> Callable[[Callable[..., Findings]], Check]:
    """Make a check of a function ``check_<name>`` that yields its findings.

    The first that is not good is raised, as is whatever else goes wrong, with the last paragraph
    of the function's docstring, "Fix: ...".

    Args:
        *splits: the function is given (trap, split, levels) for each of these; for none of them
            it is given (trap, levels).
    """

    def decorate(function: Callable[..., Findings]) -> Check:
        _, _, fix = (function.__doc__ or "").partition("Fix: ")
        fix = f"; fix: {' '.join(fix.split())}" if fix else ""

        @functools.wraps(function, assigned=("__module__", "__name__", "__qualname__", "__doc__"))
        def run(trap: TrapLike, levels: int = SAMPLE) -> None:
            made = as_trap(trap)
            for split in splits or (None,):
                given = (made, levels) if split is None else (made, split, levels)
                try:
                    require(run, made, split, function(*given), fix)
                except ConformanceError:
                    raise
                except Exception as error:
                    what = f"{type(error).__name__}: {error}{fix}"
                    raise ConformanceError(check_name(run), made, what, split) from error

        vars(run).pop("__wrapped__")  # it takes other arguments
        return run

    return decorate


def require(run: Check, trap: Trap, split: Split | None, findings: Findings, fix: str = "") -> None:
    """Raise the first finding that is not good."""
    for good, what, *states in findings:
        if not np.all(good):
            level = int(states[0].level.number[np.argmin(good)]) if states else None
            raise ConformanceError(check_name(run), trap, what + fix, split, level)


def check_name(run: Check) -> str:
    """Return the name of a check as messages write it: ``purity`` for ``check_purity``."""
    return run.__name__.removeprefix("check_")


def as_trap(trap: TrapLike) -> Trap:
    """Return a trap at its default size from its name, an id or its class; or as it is.

    Raises:
        UnknownNameError: there is none of that name.
    """
    if isinstance(trap, str):
        spec = gymnasium.registry.get(trap)
        given = trap if spec is None else spec.kwargs.get("trap", trap)
        trap = find_trap(given) if isinstance(given, str) else given
    return trap if isinstance(trap, Trap) else trap()
