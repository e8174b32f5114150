"""Doors: the ways in which other people's code plays a trap, each of which plays its games."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

from mesa_gym import cli

DOORS: list[TrapDoor] = []
# In the fast tests of slow doors these stand for all traps: a place, a life, and chance.
QUICK = ("CheeseCorner-v0", "Probation-v0", "MonsterWorld-v0")
REFUSED = Path(__file__).with_name("refused.txt")


class TrapDoor(NamedTuple):
    """A door.

    Attributes:
        name: its name in tests and in the table of refusals.
        enter: plays the games of a trap by the door, and yields what came out beside what the rules
            say: a name and two values.
        plays: whether it plays all plays of a trap; else the splits alone.
        quick: the traps of its fast tests; None for all.
    """

    name: str
    enter: Callable[..., Iterator[tuple[str, Any, Any]]]
    plays: bool
    quick: tuple[str, ...] | None


def door(
    *variants: Any, plays: bool = False, quick: tuple[str, ...] | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a function ``enter_NAME`` into the table, once for each value of its second argument.

    Each test of it compares what its docstring says.
    """

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        name = function.__name__.removeprefix("enter_")
        for variant in variants:
            part = f"{name}-{str(variant).rpartition('.')[2].lower()}"
            DOORS.append(TrapDoor(part, partial(function, variant=variant), plays, quick))
        if not variants:
            DOORS.append(TrapDoor(name, function, plays, quick))
        return function

    return enter


def import_doors() -> list[TrapDoor]:
    """Return the doors of all files beside this one."""
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if not path.name.startswith("test_"):
            import_module(f"{__package__}.{path.stem}")
    return DOORS


def find_refusal(door: TrapDoor, trap: Any) -> str:
    """Return the sentence with which a door refuses a trap, by the table; "" if it plays."""
    for line in REFUSED.read_text().splitlines():
        if line and not line.startswith("#"):
            names, _, rest = line.partition(": ")
            condition, _, sentence = rest.partition("  ->  ")
            if door.name in names.split(", ") and eval(condition, {"trap": trap}):
                return sentence.format(name=trap.name(), cls=type(trap).__name__, trap=repr(trap))
    return ""


def run_command(*words: object) -> str:
    """Return what a command prints; ValueError with its message if it is refused."""
    with redirect_stdout(StringIO()) as printed, redirect_stderr(StringIO()) as error:
        code = cli.main([*map(str, words)])
    if code:
        raise ValueError(error.getvalue().strip())
    return printed.getvalue()
