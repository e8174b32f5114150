"""Parses traps on the command line, such as ``CheeseCorner`` or ``Attributes rho=0.9``."""

from __future__ import annotations

import argparse
import re
from typing import Any

from mesa_gym.errors import UnknownNameError, shorten, shorten_text
from mesa_gym.files import locate_path
from mesa_gym.traps import Trap, find_trap

_KEYWORD = re.compile(r"(?P<name>[a-z][\w-]*)=(?P<value>.*)")
ABOUT = "such as RedBlueDoors, an id or my_traps.py:Mushrooms; then its keywords, as rho=0.9"


def add_trap_argument(
    parser: argparse.ArgumentParser, more: str = "", multiple_traps: bool = False
) -> None:
    """Add the argument for traps and their keywords.

    Args:
        parser: the command's parser.
        more: text to append to the help text.
        multiple_traps: whether several traps can be named.
    """
    parser.add_argument("words", nargs="*", metavar="TRAP [KEYWORD=VALUE]", help=f"{ABOUT}{more}")
    parser.set_defaults(many_traps=multiple_traps)


def add_sampling_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the random choices of actions and of levels."""
    about = "seed for sampling actions (default: %(default)s)"
    parser.add_argument("--seed", type=int, default=0, help=about)
    parser.add_argument("--salt", default="", help="secret word that changes all levels")


def read_traps(options: argparse.Namespace) -> list[Trap]:
    """Return the different traps that a command line names; [] if it names none.

    Raises:
        UnknownNameError: the trap or keyword is unknown; the message suggests the nearest name.
        ValueError: a value is invalid, or there are several traps and the command takes one.
    """
    matches = {word: _KEYWORD.fullmatch(word) for word in options.words}
    named = [(match["name"], _read(match["value"])) for match in matches.values() if match]
    keywords = dict(named)
    classes = dict.fromkeys(_find(word, options) for word, match in matches.items() if not match)
    if len(keywords) < len(named):
        raise ValueError(f"a keyword stands twice: {', '.join(x for x in matches if matches[x])}")
    if keywords and not classes:
        raise ValueError(f"{', '.join(keywords)}: name the trap before its keywords")
    if len(classes) > 1 and not options.many_traps:
        names = " and ".join(cls.name() for cls in classes)
        raise ValueError(f"expected one trap, got {names}")
    return [cls(**keywords) for cls in classes]


def read_trap(options: argparse.Namespace) -> Trap:
    """Return the only trap that a command line names; ValueError for none or several."""
    traps = read_traps(options)
    if not traps:
        raise ValueError(f"which trap? Name it, such as `mesa-gym {options.command} CheeseCorner`")
    return traps[0]


def _find(word: str, options: argparse.Namespace) -> type[Trap]:
    """Return the trap with a name; the error for a policy's name suggests ``--policy``."""
    try:
        return find_trap(word)
    except ValueError as error:
        if "," in word:
            raise UnknownNameError(f"{error} Write a blank between traps.") from None
        if "policy" not in options or not _names_policy(word):
            raise
        message = f"{shorten(word)} is not a trap; did you mean --policy {shorten_text(word)}?"
        raise UnknownNameError(message) from None


def _names_policy(word: str) -> bool:
    from mesa_gym.policies.names import PLAYABLE, list_agents  # only for errors

    kind = word.partition(":")[0]
    return kind in (*PLAYABLE, "reference", *list_agents()) or locate_path(word).exists()


def _read(value: str) -> Any:
    """Parse a keyword's value: a number, None or a text."""
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return None if value.lower() == "none" else value
