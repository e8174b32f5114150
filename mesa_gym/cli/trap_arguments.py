"""Traps on the command line: ``CheeseCorner``, ``Attributes rho=0.9``, or after ``--trap``."""

from __future__ import annotations

import argparse
import re
from typing import Any

from mesa_gym.traps import Trap, find_trap

_KEYWORD = re.compile(r"(?P<name>[a-z]\w*)=(?P<value>.*)")
ABOUT = "such as RedBlueDoors, an id or my_traps.py:Mushrooms; then its keywords, as rho=0.9"


def declare_trap(parser: argparse.ArgumentParser, more: str = "", many: bool = False) -> None:
    """Declare a trap's name, with or without ``--trap`` before it, and keywords behind it.

    Args:
        parser: of the command.
        more: a further part of the help text.
        many: whether several traps can be named.
    """
    told = f"{ABOUT}{more}"
    parser.add_argument("words", nargs="*", metavar="TRAP [KEYWORD=VALUE]", help=told)
    parser.add_argument("--trap", nargs="+", metavar="TRAP", help="same as TRAP", action="extend")
    parser.set_defaults(many_traps=many)


def read_traps(options: argparse.Namespace) -> list[Trap]:
    """Return the traps that a command line names, each once; [] for none.

    Raises:
        UnknownNameError: the trap or keyword is unknown; the message names the nearest.
        ValueError: a value does not fit, or there are several traps and the command takes one.
    """
    words = [*options.words, *(options.trap or [])]
    given = {word: _KEYWORD.fullmatch(word) for word in words}
    named = [(each["name"], _read(each["value"])) for each in given.values() if each]
    keywords = dict(named)
    classes = dict.fromkeys(find_trap(word) for word, each in given.items() if not each)
    if len(keywords) < len(named):
        raise ValueError(f"a keyword stands twice: {', '.join(x for x in given if given[x])}")
    if keywords and not classes:
        raise ValueError(f"{', '.join(keywords)}: name the trap before its keywords")
    if len(classes) > 1 and not options.many_traps:
        names = " and ".join(each.name() for each in classes)
        raise ValueError(f"expected one trap, got {names}")
    return [each(**keywords) for each in classes]


def read_trap(options: argparse.Namespace, why: str = "which trap?") -> Trap:
    """Return the one trap that a command line names; ValueError for none or several."""
    traps = read_traps(options)
    if not traps:
        raise ValueError(f"{why} Name it, such as `mesa-gym {options.command} CheeseCorner`")
    return traps[0]


def _read(value: str) -> Any:
    """Return a keyword's value, as a number if its text is one."""
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return None if value.lower() == "none" else value
