"""Checks: public functions of a trap that raise ``ConformanceError``."""

from __future__ import annotations

import functools
import inspect
import traceback
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from mesa_gym.engine import Level, State
from mesa_gym.errors import unknown
from mesa_gym.testing.sample import difference, sample_of
from mesa_gym.traps import Split, Trap, as_trap

TrapLike = str | type[Trap] | Trap
Check = Callable[..., None]
# (good, what is wrong otherwise), or (good, what, states) with good for each row, bool (n,).
Finding = tuple[Any, ...]
Findings = Iterable[Finding]

# Levels of each split that a check of the mechanics reads: each is seen in all of its states.
SAMPLED = 16


class ConformanceError(AssertionError):
    """A trap breaks the contract.

    Attributes:
        check: name of the check, such as ``purity`` for ``check_purity``.
        trap: the trap.
        what: what is wrong, and how to fix it if a property fails: of an error that the trap's own
            code raised only the error itself is known.
        split: the split; None if the fault is of the whole trap.
        level: its number, or None.
        line: file, line and text of the trap's own code that raised an error; "" without one.
        others: the other failures, in order, if all checks were run. One fault of a trap may break
            several checks.
    """

    def __init__(
        self, check: str, trap: Trap, message: str, split: Split | None = None, level: Any = None
    ) -> None:
        where = "" if split is None else f", split {split.value!r}"
        where += "" if level is None else f", level {level}"
        super().__init__(f"check {check!r}: {trap!r}{where}: {message}")
        self.check, self.trap, self.what, self.split, self.level = (
            check,
            trap,
            message,
            split,
            level,
        )
        self.line = ""
        self.others: tuple[ConformanceError, ...] = ()

    def __str__(self) -> str:
        """Return all failures as text, each with the line that it comes from."""
        lines = [
            f"{e.args[0]}\n    {e.line}" if e.line else e.args[0] for e in (self, *self.others)
        ]
        if self.others:
            lines.insert(1, f"{1 + len(self.others)} checks failed; the first may be the cause.")
        return "\n".join(lines)


class ShapeError(ValueError):
    """An author's method, whose last line errors name, gave another kind of array."""

    def __init__(self, message: str, function: Callable[..., Any]) -> None:
        super().__init__(message)
        self.function = function


def check(
    *splits: Split, solvable: bool | None = None, fix: str = ""
) -> Callable[[Callable[..., Findings]], Check]:
    """Make a check of a function ``check_<name>`` that yields its findings.

    The first bad finding is raised, and any error of the trap as well.

    Args:
        *splits: the function is given the ``Sample`` of each of these; without splits it is given
            (trap, levels).
        solvable: only traps with an exact solver are checked (True), or only those without.
        fix: the remedy, with which messages and the check's docstring end.
    """

    def decorate(function: Callable[..., Findings]) -> Check:
        hint = fix and f"; fix: {fix}"

        @functools.wraps(function, assigned=("__module__", "__name__", "__qualname__"))
        def run(trap: TrapLike, levels: int = SAMPLED) -> None:
            instance = as_trap(trap)
            if solvable not in (None, instance.solvable):
                return
            for split in splits or (None,):
                args = (sample_of(instance, split, levels),) if split else (instance, levels)
                try:
                    demand(run, instance, split, function(*args), hint)
                except ConformanceError:
                    raise
                except Exception as error:
                    # No remedy: that of a property is not the error's.
                    message = ": ".join([*list_notes(error), type(error).__name__, ""])
                    message += explain_error(instance, error)
                    failed = ConformanceError(check_name(run), instance, message, split)
                    failed.line = find_own_line(instance, error)
                    raise failed from error

        vars(run).pop("__wrapped__")  # it takes other arguments
        run.__doc__ = (inspect.getdoc(function) or "") + (fix and f"\n\nFix: {fix}.")
        return run

    return decorate


# A part of what an array library says -> what a trap's author can do about it.
REMEDIES = {
    "truth value of an": "take `|`, `&`, `~` and `self.where(mask, a, b)` in place of `or`, `and`,"
    " `not` and `if`",
    "read-only": "rules write by the move's methods alone (`move.clear`, `put`, `set`), never into"
    " an array",
    "broadcast": "masks of a move are (n,), things (slots, n); in `draw` bring masks of cells to"
    " (n, cells) by `mask.reshape(len(level), -1)`",
}


def list_notes(error: Exception) -> list[str]:
    """Return what was added to an error on its way: where it was met, such as "on torch"."""
    return list(getattr(error, "__notes__", []))


def explain_error(trap: Trap, error: Exception) -> str:
    """Return an error's message; for an unknown name, with the known ones; with what helps."""
    if isinstance(error, AttributeError) and isinstance(error.obj, State | Level):
        holder = type(error.obj)
        return str(unknown(f"attribute of a {holder.__name__}", error.name, holder._fields))
    name = error.args[0] if isinstance(error, KeyError) and error.args else None
    declared = [*trap.looks, *trap.vars, *trap.const]
    if name in declared:
        return (
            f"{name!r} is declared, but not as what is asked for: `move.take`, `hold`, `holds` and"
            " `had` need it in `held`, `was` and `set` in `vars`, `move.at` and `there` in `things`"
        )
    if isinstance(name, str):
        return str(unknown("name", name, declared))
    helps = [f"; {remedy}" for phrase, remedy in REMEDIES.items() if phrase in str(error)]
    return f"{error}{''.join(helps[:1])}"


def find_own_line(trap: Trap, error: BaseException) -> str:
    """Return the line in a trap's own files that raised an error; "" if no such line did."""
    family = type(trap).__mro__
    members = [member for cls in family[: family.index(Trap)] for member in vars(cls).values()]
    files = {member.__code__.co_filename for member in members if inspect.isfunction(member)}
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename in files:
            return f"{frame.filename}:{frame.lineno}, in {frame.name}: {frame.line}"
    if isinstance(error, ShapeError) and inspect.getsourcefile(error.function) in files:
        lines, first = inspect.getsourcelines(error.function)
        place = f"{inspect.getsourcefile(error.function)}:{first + len(lines) - 1}"
        return f"{place}, in {error.function.__name__}: {lines[-1].strip()}"
    return ""


def demand(run: Check, trap: Trap, split: Split | None, findings: Findings, fix: str = "") -> None:
    """Raise ConformanceError for the first finding that is not good."""
    for good, message, *states in findings:
        if good is not True and not np.all(good):
            level = int(states[0].level.number[np.argmin(good)]) if states else None
            end = fix.removeprefix("; ") if message.endswith("\n") else fix
            end = "" if "; fix: " in message else end  # this finding has a remedy of its own
            raise ConformanceError(check_name(run), trap, message + end, split, level)


def same(message: str, ours: Any, expected: Any, *states: State) -> Finding:
    """Return the finding whether nested results are the same, in types and dtypes too.

    The values are in dicts and tuples. Name and row of the first difference follow the message.
    ``states`` are those of the rows, if a row belongs to a level.
    """
    differs = difference(ours, expected)
    if differs is None:
        return True, message
    name, row = differs
    good = np.arange(states[0].n) != row if states else False
    return good, f"{message} (`{name}`, row {row})", *states


def check_name(run: Check) -> str:
    """Return the name of a check as messages write it: ``purity`` for ``check_purity``."""
    return run.__name__.removeprefix("check_")
