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
# (good, message of a failure), or (good, message, states) with good bool (n,), one per row.
Finding = tuple[Any, ...]
Findings = Iterable[Finding]

# Levels of each split for checks of the mechanics, which read all states of each level.
SAMPLED = 16


class ConformanceError(AssertionError):
    """A trap breaks the contract.

    Attributes:
        check: name of the check, such as ``purity`` for ``check_purity``.
        trap: the trap.
        what: the fault, with a fix if a property fails; for an error that the trap's own code
            raised, the error alone.
        split: the split; None if the fault concerns the whole trap.
        level: the level's number, or None.
        line: file, line and text of the trap's own code that raised an error; "" without one.
        others: the other failures, in order, if all checks ran. One fault may fail several checks.
    """

    def __init__(
        self, check: str, trap: Trap, message: str, split: Split | None = None, level: object = None
    ) -> None:
        where = "" if split is None else f", split {split.value!r}"
        where += "" if level is None else f", level {level}"
        super().__init__(f"check {check!r}: {trap!r}{where}: {message}")
        self.check, self.trap, self.what = check, trap, message
        self.split, self.level = split, level
        self.line = ""
        self.others: tuple[ConformanceError, ...] = ()

    def __str__(self) -> str:
        """Return all failures as text, each with the line that raised it."""
        lines = [
            f"{e.args[0]}\n    {e.line}" if e.line else e.args[0] for e in (self, *self.others)
        ]
        if self.others:
            lines.insert(1, f"{1 + len(self.others)} checks failed; the first may be the cause.")
        return "\n".join(lines)


class ShapeError(ValueError):
    """An author's method returned a wrong kind of array; errors name the method's last line."""

    def __init__(self, message: str, function: Callable[..., object]) -> None:
        super().__init__(message)
        self.function = function


def check(
    *splits: Split, solvable: bool | None = None, fix: str = ""
) -> Callable[[Callable[..., Findings]], Check]:
    """Turn a function ``check_<name>``, which yields findings, into a check.

    The first bad finding is raised, and any error of the trap as well.

    Args:
        *splits: the function receives the ``Sample`` of each of these splits; without splits, it
            receives (trap, levels).
        solvable: True checks only traps with an exact solver, False only traps without a solver.
        fix: the remedy, which is appended to messages and to the check's docstring.
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
                    # Leave out the remedy, which is for a failed property and not for an error.
                    notes = getattr(error, "__notes__", [])  # such as "on torch"
                    message = ": ".join([*notes, type(error).__name__, ""])
                    message += explain_error(instance, error)
                    failed = ConformanceError(check_name(run), instance, message, split)
                    failed.line = find_own_line(instance, error)
                    raise failed from error

        vars(run).pop("__wrapped__")  # the wrapped function takes other arguments
        run.__doc__ = (inspect.getdoc(function) or "") + (fix and f"\n\nFix: {fix}.")
        return run

    return decorate


# Part of an array library's error message -> the fix for a trap's author.
REMEDIES = {
    "truth value of an": "take `|`, `&`, `~` and `self.where(mask, a, b)` in place of `or`, `and`,"
    " `not` and `if`",
    "read-only": "rules write by the move's methods alone (`move.clear`, `put`, `set`), never into"
    " an array",
    "broadcast": "masks of a move are (n,), things (slots, n); in `draw` bring masks of cells to"
    " (n, cells) by `mask.reshape(len(level), -1)`",
}


def explain_error(trap: Trap, error: Exception) -> str:
    """Return an error's message, with the known names for an unknown name, or with a remedy."""
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
            end = "" if "; fix: " in message else end  # the message contains its own remedy
            raise ConformanceError(check_name(run), trap, message + end, split, level)


def same(message: str, ours: object, expected: object, *states: State) -> Finding:
    """Return a finding: whether nested results are equal in values, types and dtypes.

    Results are nested dicts and tuples. The message ends with the name and row of the first
    difference. ``states`` are the states of the rows, if each row is a level.
    """
    differs = difference(ours, expected)
    if differs is None:
        return True, message
    name, row = differs
    good = np.arange(states[0].n) != row if states else False
    return good, f"{message} (`{name}`, row {row})", *states


def check_name(run: Check) -> str:
    """Return the name of a check in messages: ``purity`` for ``check_purity``."""
    return run.__name__.removeprefix("check_")
