"""The grid of a map: the meaning of its symbols, and checks that the map is a valid level."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mesa_gym.engine.building import LevelBuilder
from mesa_gym.engine.looks import EMPTY
from mesa_gym.engine.typed_maps import make_speller
from mesa_gym.engine.world import World
from mesa_gym.errors import UnknownNameError, offer, shorten


class MapEntry(NamedTuple):
    """One thing, ground or mark that a map places on a cell."""

    cell: int
    name: str
    slot: int | None = None
    there: bool = True
    traits: Sequence[str] = ()

    def __str__(self) -> str:
        name = self.name if self.slot is None else f"{self.name}:{self.slot}"
        return " ".join([name if self.there else f"-{name}", *self.traits])


def glyphs(trap: World) -> dict[str, str]:
    """Return name -> glyph of everything that can be alone in a cell (not traits)."""
    names = ["agent", *trap.ground, *trap.things, *trap.marks]
    return {name: trap.looks[name].glyph for name in names}


def check_size(trap: World, grid: list[list[str]]) -> None:
    """Raise ValueError if the numbers of rows or columns of a grid differ from the world's."""
    short = [y for y, line in enumerate(grid) if len(line) != trap.width]
    if short or len(grid) != trap.height:
        wrong = f", and row {short[0]} has {len(grid[short[0]])} columns" if short else ""
        raise ValueError(
            f"the map has {len(grid)} rows{wrong}; expected {trap.height} rows of {trap.width}"
            " columns, border walls included"
        )


def entries_of(trap: World, grid: list[list[str]], legend: Mapping[str, str]) -> Iterator[MapEntry]:
    """Yield the contents of a map's cells, in reading order."""
    meanings = {EMPTY: ""} | {glyph: name for name, glyph in glyphs(trap).items()}
    symbols = [symbol for row in grid for symbol in row]
    spell = make_speller(trap)
    for symbol in legend:
        if symbol in meanings:
            raise ValueError(
                f"the legend explains {symbol!r}, {_first_place(trap, symbol, symbols)}, which"
                f" stands for {meanings[symbol] or 'nothing'} already; choose another symbol"
            )
    meanings |= legend
    signs = [*meanings]
    unlisted = {symbol: spell(symbol) for symbol in {*symbols} - {*meanings}}
    meanings |= {symbol: meaning for symbol, meaning in unlisted.items() if meaning}
    read: dict[str, list[MapEntry]] = {}
    for symbol, value in meanings.items():
        where = f"symbol {symbol!r} {_first_place(trap, symbol, symbols)}"
        words = [phrase.split() for phrase in value.split(",") if phrase.strip()]
        read[symbol] = [_read_entry(trap, where, name, traits) for name, *traits in words]
    for cell, symbol in enumerate(symbols):
        if symbol not in read:
            raise ValueError(
                f"{symbol!r} at {coord(trap, cell)} has no meaning; expected one of"
                f" {' '.join(signs)} or a line below the grid such as '{symbol} = door red'"
            )
        for occupant in read[symbol]:
            yield occupant._replace(cell=cell)


def _read_entry(trap: World, where: str, word: str, traits: list[str]) -> MapEntry:
    """Read one part of an explanation, such as ``-tree:3 red``."""
    match = re.fullmatch(r"(-?)(\w+)(?::(\d{1,9}))?", word)
    gone, name, slot = match.groups() if match else ("", word, None)
    names = glyphs(trap)
    if name not in names:
        raise UnknownNameError(
            f"{where} has the unknown name {shorten(name)}; {offer(name, names)}"
        )
    allowed = [trait for trait, kinds in trap.traits.items() if name in kinds]
    for trait in traits:
        if trait not in allowed:
            advice = offer(trait, allowed) if allowed else "a comma separates two things"
            raise ValueError(f"{where}: {name!r} has no trait {shorten(trait)}; {advice}")
    if name not in trap.things and (gone or slot):
        raise ValueError(f"{where}: {word!r} is wrong, as a layer has no slot; write {name!r}")
    return MapEntry(0, name, int(slot) if slot else None, not gone, traits)


def fill(trap: World, builder: LevelBuilder, occupants: list[MapEntry]) -> None:
    """Write the contents of a map into a level."""
    for occupant in occupants:
        if occupant.name in trap.ground:
            builder.ground[occupant.name][0, occupant.cell] = True
    walls = builder.ground["wall"][0]
    inside = np.zeros(trap.size, dtype=np.bool_)
    inside[1:-1, 1:-1] = True
    gaps = np.flatnonzero(~walls & ~inside.ravel())
    if gaps.size:
        raise ValueError(
            f"the border is open at {coord(trap, gaps[0])}; expected"
            f" {trap.looks['wall'].glyph!r} on all outermost cells"
        )
    agents = [occupant.cell for occupant in occupants if occupant.name == "agent"]
    if len(agents) != 1:
        places = " and at ".join(coord(trap, cell) for cell in agents)
        agents_text = f"{len(agents)} agents, at {places}" if agents else "no agent"
        glyph = trap.looks["agent"].glyph
        raise ValueError(f"the map has {agents_text}; expected exactly one {glyph!r}")
    builder.start[0] = agents[0]
    for occupant in occupants:
        is_thing = occupant.name in trap.things
        stands = occupant.there if is_thing else occupant.name == "agent"
        # Lamps and signs are on walls of the top row.
        if stands and walls[occupant.cell] and not (is_thing and occupant.cell < trap.width):
            raise ValueError(
                f"{occupant.name!r} at {coord(trap, occupant.cell)} stands in a wall; only things"
                " in the top row may"
            )
    for kind in trap.things:
        for occupant, slot in _slots(
            trap, kind, [occupant for occupant in occupants if occupant.name == kind]
        ):
            builder.at[kind][slot, 0], builder.there[kind][slot, 0] = occupant.cell, occupant.there
            for trait in occupant.traits:
                builder.traits[trait][kind][slot, 0] = True


def _slots(trap: World, kind: str, occupants: list[MapEntry]) -> Iterator[tuple[MapEntry, int]]:
    """Yield (entry, slot) for each thing of a kind: the slot it names, or the next free one."""
    slots, named = trap.things[kind], [occupant.slot for occupant in occupants]
    left = [slot for slot in range(slots) if slot not in named]
    for occupant in occupants:
        here, slot = f"{kind!r} at {coord(trap, occupant.cell)}", occupant.slot
        if slot is None and not left:
            raise ValueError(f"{here} is one too many; a level has at most {slots}")
        if slot is not None and (slot >= slots or named.count(slot) > 1):
            raise ValueError(
                f"{here} cannot be in slot {slot}: each of 0 to {slots - 1} may be used once"
            )
        yield occupant, left.pop(0) if slot is None else slot


def coord(trap: World, cell: int) -> str:
    """Return the row and column of a cell, in words."""
    return f"row {cell // trap.width}, column {cell % trap.width}"


def _first_place(trap: World, symbol: str, symbols: list[str]) -> str:
    """Describe the first place of a symbol on a map."""
    return f"at {coord(trap, symbols.index(symbol))}" if symbol in symbols else "nowhere on the map"
