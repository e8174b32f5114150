"""Maps: conversion of a level to text and back, for tests, bug reports, files and the terminal.

Each cell is one character: ``.`` if the cell is empty, a glyph if it contains only that thing or
ground, and otherwise a digit or letter that a line below the grid explains::

    held.key = 2
    #########
    #..1.k.A#
    #########
    1 = door red, -dust

Things in one cell are separated by commas, and each is followed by its traits. ``-dust`` is gone
and keeps its cell. ``tree:3`` is in slot 3 of its kind. Things without a slot take the free slots
in reading order. Lines above the grid list the numbers that are not zero.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from string import ascii_letters, digits

import numpy as np

from mesa_gym.engine.building import LevelBuilder
from mesa_gym.engine.looks import EMPTY
from mesa_gym.engine.map_grid import MapEntry, check_size, coord, entries_of, fill, glyphs
from mesa_gym.engine.state import Ints, State
from mesa_gym.engine.typed_maps import list_lines, part_cells
from mesa_gym.engine.world import World
from mesa_gym.errors import shorten_text, unknown
from mesa_gym.json_data import parse_json

IS = " = "  # no glyph is a space, so a line that contains this is not a row of the grid
# Symbols for the legend, in order of use; the last ones are needed only for very crowded grids.
SYMBOLS = digits[1:] + ascii_letters + "".join(filter(str.isalpha, map(chr, range(0xC0, 0x250))))


def to_map(trap: World, state: State, row: int = 0, hidden: bool = False) -> str:
    """Return one level of a batch as text.

    Args:
        trap: the world of the state.
        state: a NumPy batch (n,).
        row: the index of the level in the batch.
        hidden: whether to write the whole state instead of the agent's view. The agent's view
            leaves out hidden kinds and traits, things that are gone, slots, and all numbers except
            the held things. It contains marks, which are computed from the state.

    Returns:
        Lines joined by newlines. ``from_map`` reads them, and restores every bit if ``hidden``.
    """
    state = trap.joined([state.take(np.array([row]))])
    contents: list[list[str]] = [[] for _ in range(trap.cells)]
    for occupant in _list_entries(trap, state, hidden):
        contents[occupant.cell].append(str(occupant))
    symbols = {"": EMPTY} | glyphs(trap)
    used_glyphs = {look.glyph for look in trap.looks.values()}
    spare = (symbol for symbol in SYMBOLS if symbol not in used_glyphs)
    text, legend = "", []
    for content in map(", ".join, contents):
        if content not in symbols:
            symbols[content] = next(spare)
            legend.append(symbols[content] + IS + content)
        text += symbols[content]
    lines = [text[first : first + trap.width] for first in range(0, trap.cells, trap.width)]
    header = [
        name + IS + json.dumps(array.tolist() if name.startswith("const.") else array.item())
        for name, (array, _, _) in _list_numbers(trap, state).items()
        if array.any() and (hidden or name.startswith("held."))
    ]
    return "\n".join([*header, *lines, *legend])


def from_map(trap: World, drawing: object) -> State:
    """Return the state of a map, as a batch of one level.

    Everything that the map does not mention is absent or 0.

    Args:
        trap: the world of the state, of the map's size.
        drawing: a map as ``to_map`` writes it, or in another form (see ``typed_maps``), such as
            the observation ``text``; blank lines and indentation are ignored.

    Raises:
        ValueError: the map is not a state of this world; the message names the place.
    """
    lines, legend_text = list_lines(drawing)
    grid = part_cells(trap, [line for line in lines if IS not in line])
    parts = [line.partition(IS) for line in lines if IS in line]
    defined = {name.strip(): value.strip() for name, _, value in parts}
    check_size(trap, grid)
    legend = {name: value for name, value in defined.items() if len(name) == 1}
    occupants = list(entries_of(trap, grid, legend))
    if legend_text:  # held things are shown in the top row
        held = [x for x in occupants if x.name in trap.held and x.cell < trap.width]
        occupants = [occupant for occupant in occupants if occupant not in held]
        counts = Counter(occupant.name for occupant in held)
        defined |= {f"held.{kind}": str(count) for kind, count in counts.items()}
    builder = LevelBuilder(trap, 0, np.zeros(1, dtype=np.int64))
    fill(trap, builder, occupants)
    state = builder.states()
    numbers = _list_numbers(trap, state)
    for array, _, _ in numbers.values():
        array[:] = 0
    for name, value in defined.items():
        if name not in numbers and name not in legend:
            raise unknown("name in a map", name, numbers)
        if name in numbers:
            _read_number(name, value, *numbers[name])
    for occupant in occupants:
        if occupant.name in trap.marks and not trap.layer(state, occupant.name)[0, occupant.cell]:
            raise ValueError(
                f"{coord(trap, occupant.cell)}: {occupant.name!r} conflicts with the hidden state;"
                " leave it out, or write the map with hidden=True"
            )
    return state


def _list_numbers(trap: World, state: State) -> dict[str, tuple[Ints, int, int]]:
    """Return name -> (array, least, greatest) for the numbers that a map has beside its grid."""
    tables, most = state.level.tables, int(np.iinfo(np.int64).max)
    words = (-most - 1, most)
    return {
        "clock": (state.clock, 0, most),
        "level": (state.level.number, 0, most),
        "level.key": (state.level.key, *words),
        **{f"held.{kind}": (state.held[kind], 0, limit) for kind, limit in trap.held.items()},
        **{f"vars.{name}": (state.vars[name], 0, limit - 1) for name, limit in trap.vars.items()},
        **{f"const.{name}": (tables[name], *words) for name in trap.const},
        **{f"seed.{name}": (tables[name], *words) for name in trap.seeds},
    }


def _list_entries(trap: World, state: State, hidden: bool) -> Iterator[MapEntry]:
    """Yield the contents of a level's cells: ground, things, marks, the agent."""

    def is_shown(name: str) -> bool:
        return hidden or trap.shown_as.get(name, name) is not None

    for name in filter(is_shown, trap.ground):
        for cell in np.flatnonzero(state.level.tables[name]).tolist():
            yield MapEntry(cell, name)
    for kind in trap.things:
        at, there = state.at[kind][:, 0], state.there[kind][:, 0]
        having = [
            (trait, kinds[kind])
            for trait, kinds in state.level.traits.items()
            if kind in kinds and is_shown(trait)
        ]
        traits = [[trait for trait, has in having if has[slot, 0]] for slot in range(len(at))]
        used = [
            slot
            for slot in range(len(at))
            if (hidden and (at[slot] or traits[slot]))
            or (there[slot] and (is_shown(kind) or traits[slot]))
        ]
        # Reading order determines the slots if they are the first ones and their cells ascend.
        plain = used == list(range(len(used))) and bool(np.all(np.diff(at[used]) >= 0))
        for slot in used:
            named = None if plain or not hidden else slot
            yield MapEntry(at[slot], kind, named, there[slot], traits[slot])
    for mark, where in () if hidden else trap.show(state):
        if mark in trap.marks and where[0] > 0:
            yield MapEntry(where[0], mark)
    yield MapEntry(state.agent[0], "agent")


def _read_number(name: str, text: str, array: Ints, least: int, most: int) -> None:
    """Read the numbers of a line ``name = text`` above the grid into an array (entries,)."""
    listed = name.startswith("const.")
    try:
        value = np.asarray(parse_json(text))
    except ValueError:
        value = np.zeros(0)
    fits = value.dtype.kind in "bi" and value.shape == (array.shape if listed else ())
    if not fits or np.any((value < least) | (value > most)):
        expected = f"{len(array)} numbers, such as {[0] * len(array)}," if listed else "a number"
        raise ValueError(
            f"{name}{IS}{shorten_text(text)}: expected {expected} from {least} to {most}"
        )
    array[:] = value
