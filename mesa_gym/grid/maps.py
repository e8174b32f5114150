"""ASCII maps: a level as text and back, for tests, bug reports and the terminal.

One character a cell: ``.`` where nothing is, a visible plane's glyph where only that plane is
set, and for anything else a digit or letter that a line below the grid explains::

    #########
    #..1...A#
    #########
    1 = door red
"""

from __future__ import annotations

import json
from string import ascii_letters, digits

import numpy as np

from mesa_gym.errors import unknown
from mesa_gym.grid.plane import AGENT, WALL
from mesa_gym.grid.schema import Schema
from mesa_gym.grid.state import State

EMPTY = "."
IS = " = "  # no glyph is a space, so a line that holds this is no row of the grid

# Symbols for the legend, in the order of their use; the last ones are for very crowded grids.
SYMBOLS = digits[1:] + ascii_letters + "".join(filter(str.isalpha, map(chr, range(0xC0, 0x250))))

Content = tuple[str, ...]


def to_map(state: State, row: int = 0, hidden: bool = False) -> str:
    """One level of a batch as text.

    Args:
        state: the batch.
        row: which of its levels.
        hidden: whether to write all that the state holds: hidden planes and the marks of
            ``once`` planes (``once:red``) in the legend, and above the grid whatever else is
            not zero (``clock = 3``, ``vars.phase = [1, 0]``).

    Returns:
        Lines joined by newlines; ``from_map`` reads them back, bit for bit if ``hidden``.
    """
    layers = {k: v for k, v in _layers(state.schema).items() if hidden or v[0] == "planes"}
    present = np.stack([getattr(state, array)[row, ..., i[0]] for array, i in layers.values()])
    symbols = {content: symbol for symbol, content in _glyphs(state.schema).items()}
    glyphs = set(symbols.values())
    spare = (symbol for symbol in SYMBOLS if symbol not in glyphs)
    lines, legend = [], []
    for cells in present.transpose(1, 2, 0):
        contents = [
            tuple(k for k, there in zip(layers, cell, strict=True) if there) for cell in cells
        ]
        for content in contents:
            if content not in symbols:
                symbols[content] = next(spare)
                legend.append(f"{symbols[content]}{IS}{' '.join(content)}")
        lines.append("".join(symbols[content] for content in contents))
    header = [
        f"{name}{IS}{json.dumps(array[row].tolist())}"
        for name, array in _others(state).items()
        if hidden and any(array[row].tobytes())
    ]
    return "\n".join([*header, *lines, *legend])


def from_map(text: str, schema: Schema) -> State:
    """The state that a map shows, a batch of one.

    What the map does not mention stays zero: a map without marks has no cell of a ``once``
    plane left to pay (``State.mark_once`` sets them, as at a level's start).

    Args:
        text: a map as ``to_map`` writes it; blank lines and indentation are ignored.
        schema: of the trap, at the map's size.

    Raises:
        ValueError: the map is not one of a state of this schema; the message says where.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    definitions = dict(_definition(line) for line in lines if IS in line)
    grid = [line for line in lines if IS not in line]
    _check_size(grid, schema)
    state = State(schema, 1)
    others = _others(state)
    for name, value in definitions.items():
        if len(name) > 1:
            _read(others, name, value)
    legend = {name: value for name, value in definitions.items() if len(name) == 1}
    _fill(state, grid, _glyphs(schema) | _contents(legend, grid, schema))
    _check_agent(state)
    _check_border(state)
    state.cell[:] = state.layer(AGENT).argmax()
    state.recount()
    return state


def _layers(schema: Schema) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Name of a plane or of its marks -> the state's array and the channels in it."""
    return {
        **{p.name: ("planes", channels) for p, channels in schema.channels.items()},
        **{p.name: ("hidden", (channel,)) for p, channel in schema.hidden_channel.items()},
        **{f"once:{p.name}": ("hidden", (c,)) for p, c in schema.once_channel.items()},
    }


def _glyphs(schema: Schema) -> dict[str, Content]:
    return {EMPTY: (), **{plane.glyph: (plane.name,) for plane in schema.channels}}


def _others(state: State) -> dict[str, np.ndarray]:
    """What a state holds besides the grid, by the name that a map gives it."""
    return {
        **{name: getattr(state, name) for name in ("clock", "level", "key")},
        **{f"vars.{name}": array for name, array in state.vars.items()},
        **{f"const.{name}": array for name, array in state.const.items()},
    }


def _definition(line: str) -> tuple[str, str]:
    name, _, value = line.partition(IS)
    return name.strip(), value.strip()


def _read(others: dict[str, np.ndarray], name: str, value: str) -> None:
    """Put the value of a header line where it belongs."""
    if name not in others:
        raise unknown("name in a map", name, others)
    array = others[name]
    try:
        read = np.array(json.loads(value), dtype=array.dtype)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"{name}{IS}{value}: expected {array.dtype} numbers ({error})") from None
    if read.shape != array.shape[1:]:
        raise ValueError(f"{name}{IS}{value}: expected an array of shape {array.shape[1:]}")
    array[0] = read


def _contents(legend: dict[str, str], grid: list[str], schema: Schema) -> dict[str, Content]:
    """What each symbol of the legend stands for."""
    glyphs, layers = _glyphs(schema), _layers(schema)
    for symbol, value in legend.items():
        if symbol in glyphs:
            raise ValueError(
                f"the legend explains {symbol!r}, {_where(symbol, grid)}, which stands for"
                f" {' '.join(glyphs[symbol]) or 'nothing'} already; choose another symbol"
            )
        for name in value.split():
            if name not in layers:
                raise unknown(f"plane for {symbol!r}, {_where(symbol, grid)},", name, layers)
    return {symbol: tuple(value.split()) for symbol, value in legend.items()}


def _where(symbol: str, grid: list[str]) -> str:
    """The first place of a symbol, in words."""
    for y, line in enumerate(grid):
        if symbol in line:
            return f"at row {y}, column {line.index(symbol)}"
    return "nowhere on the map"


def _check_size(grid: list[str], schema: Schema) -> None:
    for y, line in enumerate(grid):
        if len(line) != len(grid[0]):
            raise ValueError(
                f"row {y} ends at column {len(line) - 1}, row 0 at column {len(grid[0]) - 1};"
                " all rows of a map are equally long"
            )
    size = len(grid), len(grid[0]) if grid else 0
    if size != (schema.height, schema.width):
        raise ValueError(
            f"the map has {size[0]} rows and {size[1]} columns; expected {schema.height} rows and"
            f" {schema.width} columns, border walls included"
        )


def _fill(state: State, grid: list[str], contents: dict[str, Content]) -> None:
    layers = _layers(state.schema)
    for y, line in enumerate(grid):
        for x, symbol in enumerate(line):
            if symbol not in contents:
                raise ValueError(
                    f"{symbol!r} at row {y}, column {x} means nothing; expected one of"
                    f" {' '.join(contents)} or a line below the grid such as '{symbol} = door red'"
                )
            for name in contents[symbol]:
                array, channels = layers[name]
                getattr(state, array)[0, y, x, channels] = 1


def _check_agent(state: State) -> None:
    places = [f"row {y}, column {x}" for y, x in np.argwhere(state.layer(AGENT)[0]).tolist()]
    if len(places) != 1:
        found = f"{len(places)} agents, at {' and at '.join(places)}" if places else "no agent"
        raise ValueError(f"the map has {found}; expected exactly one {AGENT.glyph!r}")


def _check_border(state: State) -> None:
    inside = np.zeros((state.schema.height, state.schema.width), dtype=np.bool_)
    inside[1:-1, 1:-1] = True
    gaps = np.argwhere(~(state.layer(WALL)[0] | inside)).tolist()
    if gaps:
        raise ValueError(
            f"the border is open at row {gaps[0][0]}, column {gaps[0][1]}; expected"
            f" {WALL.glyph!r} on all outermost cells"
        )
