"""A state as a text file that a person can read, change and load again.

The file names its kind and its trap, holds the map (``mesa_gym.engine.maps``), and ends::

    mesa-gym map 1
    trap = RedBlueDoors-v0
    size = [9, 9]
    parameters = {"colour_planes": 1}
    split = shift

    level = 17
    ...
    end

A person may change it, to ask "what if the door were red?"; the result is checked.
Nothing in the file is executed.
"""

from __future__ import annotations

import json
from itertools import takewhile
from pathlib import Path
from typing import Any

from mesa_gym.engine import State
from mesa_gym.engine.maps import IS, from_map, to_map
from mesa_gym.errors import shorten_text
from mesa_gym.files import read_bytes, write_text
from mesa_gym.json_data import parse_json
from mesa_gym.logs.episodes import trap_of
from mesa_gym.policies import as_policy, name_pursuer
from mesa_gym.scoring.record import rollout
from mesa_gym.traps import LEVELS, Split, Trap

SCHEMA = 1
_MAGIC, _END = "mesa-gym map", "end"
_NAMES = ("trap", "size", "parameters", "split")
_AGAIN = "save it again with the viewer"


def save_map(path: str | Path, trap: Trap, split: Split, state: State) -> None:
    """Write a state, whole or not at all; ``load_map`` reads it back bit for bit.

    Args:
        path: the file, which is replaced.
        trap: the rules.
        split: whose time limit holds.
        state: a batch of one.

    Raises:
        ValueError: the trap keeps numbers beside the grid.
        OSError: the file cannot be written.
    """
    _require_whole(trap)
    texts = trap.name(), json.dumps(trap.size), json.dumps(trap.parameters), split.value
    head = [f"{name}{IS}{text}" for name, text in zip(_NAMES, texts, strict=True)]
    lines = to_map(trap, state, hidden=True).splitlines()
    whole = [f"{_MAGIC} {SCHEMA}", *head, "", *lines, _END, ""]
    write_text(Path(path), "\n".join(whole))


def load_map(path: str | Path) -> tuple[Trap, Split, State]:
    """Read a map that ``save_map`` wrote and a person may have changed.

    Returns:
        The trap, the split whose time limit holds, and a batch of one.

    Raises:
        ValueError: the file is not a map, of another schema, damaged or cut short, or its state is
            not one that the trap can have; the message names the file and says how to correct it.
        OSError: the file cannot be read.
    """
    path = Path(path)
    lines = _lines(path)
    head = list(takewhile(lambda line: _entry(line)[0] in _NAMES, lines))
    given = dict(map(_entry, head))
    try:
        trap, split = _of_what(given)
        _require_whole(trap)
        state = from_map(trap, "\n".join(lines[len(head) :]))
        ranges = (state.level.number, LEVELS), (state.clock, trap.horizon(split))
        for name, (value, end) in zip(("level", "clock"), ranges, strict=True):
            fits = 0 <= value[0] < end
            _require(fits, f"{name}{IS}{value[0]}: expected 0 to {end - 1}")
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"{path} cannot be played: {error}. Correct it, or {_AGAIN}") from None
    return trap, split, state


def is_drawing(path: Path) -> bool:
    """Return whether a file is a drawing without a header, such as what a model was shown."""
    return not read_bytes(path).decode("utf-8-sig", "replace").lstrip().startswith(_MAGIC)


def load_drawing(path: Path, trap: Trap) -> State:
    """Return the state of a drawing, in a form that ``from_map`` reads; a batch of one.

    Raises:
        ValueError: the drawing is not one of a level of the trap; the message names the file.
    """
    try:
        return from_map(trap, read_bytes(path).decode("utf-8-sig"))
    except ValueError as error:
        raise ValueError(f"{path} cannot be played: {error}") from None


def can_reach_target(trap: Trap, state: State, horizon: int) -> bool:
    """Return whether one who pursues an objective from a state is ever paid for it."""
    for objective in trap.objectives:
        walker = as_policy(name_pursuer(trap, objective), trap, horizon)
        if rollout(walker, trap, state, horizon).paid[objective].any():
            return True
    return False


def _require(holds: object, reason: str) -> None:
    """Raise ValueError with ``reason`` if ``holds`` is false."""
    if not holds:
        raise ValueError(reason)


def _require_whole(trap: Trap) -> None:
    """Raise ValueError if a level of the trap holds more than a grid, such as hidden numbers."""
    names = " and ".join(trap.const)
    reason = f"{trap.name()} has no maps: it keeps {names} beside the grid, which may name cells"
    _require(not trap.const, reason)


def _lines(path: Path) -> list[str]:
    """Return the stripped, non-blank lines of a map file between its first and last line."""
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        reason = f"{path} is not a map, or damaged: it is not UTF-8 text; {_AGAIN}"
        raise ValueError(reason) from None
    lines = [line.strip() for line in text.splitlines() if line.strip()] or [""]
    drawing = "or name the trap of a drawing"
    reason = f"{path} is not a map: it does not begin with {_MAGIC!r}; {_AGAIN}, {drawing}"
    _require(lines[0].startswith(_MAGIC), reason)
    schema = lines[0].removeprefix(_MAGIC).strip()[:20]
    reason = (
        f"{path} has schema {schema!r}; this version of mesa_gym reads {SCHEMA}: install the"
        f" version that the map is for, or {_AGAIN}"
    )
    _require(lines[0] == f"{_MAGIC} {SCHEMA}", reason)
    reason = f"{path} was cut short: its last line is not {_END!r}; {_AGAIN}"
    _require(lines[-1] == _END, reason)
    return lines[1:-1]


def _entry(line: str) -> tuple[str, str]:
    name, _, value = line.partition(IS)
    return name.strip(), value.strip()


def _of_what(given: dict[str, str]) -> tuple[Trap, Split]:
    """Return the trap and the split that a map's header names."""
    for name in _NAMES:
        _require(name in given, f"it has no line '{name}{IS}...' before the map")
    trap = trap_of(given["trap"], _json(given, "size"), _json(given, "parameters"))
    return trap, Split.of(given["split"])


def _json(given: dict[str, str], name: str) -> Any:
    try:
        return parse_json(given[name])
    except ValueError as error:
        text = shorten_text(given[name])
        raise ValueError(f"'{name}{IS}{text}' cannot be read ({error})") from None
