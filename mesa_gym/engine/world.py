"""Worlds: the contents and appearance of a trap's levels.

A world declares kinds of things, their traits, ground layers and variables, and draws planes from
a state.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from itertools import chain
from math import prod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine.arrays import Arrays, set_true
from mesa_gym.engine.looks import Look, complete_looks
from mesa_gym.engine.state import ACTIONS, Array, Bools, Cells, Ints, Level, Mask, Numbers, State

# A plane, cells (slots, n), and which of them are set (slots, n); None for all.
Dot = tuple[str, Cells, Mask | None]


class World(Arrays):
    """The possible contents of a trap's levels, for one size and one array library.

    A subclass declares class attributes. Names of kinds, traits, ground layers and marks are
    unique. Every name has its own plane unless ``shown_as`` says otherwise. Cell 0, a corner of
    the border, means "no cell".

    Class attributes:
        things: kind -> number of slots.
        traits: trait -> the kinds that can have it; a level decides which slots do.
        ground: layers that no step changes, besides ``wall``.
        held: kind -> the most that the agent can hold; drawn in the top wall row from the left.
        vars: name -> number of values, from 0; a variable with two values is a bool.
        const: name -> number of entries of a table, which a level fills with int64 numbers.
        chance: name -> random words per step, for rules with many possible outcomes.
        outcomes: name -> number of outcomes, for rules with few possible outcomes; the exact solver
            computes the expectation over them.
        shown_as: name -> the plane that shows it; None hides it from the agent.
        marks: planes that ``show`` computes from the state.
        layout_things: kinds that belong to the layout, which ``agents.crossed_levels`` exchanges
            with the walls; no objective pays for them. None if a layout can decide whether
            objectives agree: levels are then never crossed.
        looks: name -> its look, for names that ``mesa_gym.engine.looks.COMMON`` does not contain.
        planes: the names of the planes, in the order agent, wall, ground, things, traits, marks.

    Attributes:
        size: height and width in cells, border included; ``height``, ``width`` and ``cells``,
            their product, are attributes too.
        channel: plane -> its index in ``observe``.
        seeds: the names in ``chance`` and ``outcomes``; a level has a seed for each.
    """

    things: Mapping[str, int] = {}
    traits: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    ground: ClassVar[tuple[str, ...]] = ()
    held: ClassVar[Mapping[str, int]] = {}
    vars: ClassVar[Mapping[str, int]] = {}
    const: ClassVar[Mapping[str, int]] = {}
    chance: ClassVar[Mapping[str, int]] = {}
    outcomes: ClassVar[Mapping[str, int]] = {}
    shown_as: ClassVar[Mapping[str, str | None]] = {}
    marks: ClassVar[tuple[str, ...]] = ()
    layout_things: ClassVar[tuple[str, ...] | None] = None
    looks: Mapping[str, Look] = {}

    planes: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "wall" not in cls.ground:
            cls.ground = ("wall", *cls.ground)
        _check_declarations(cls)
        names = (*cls.ground, *cls.things, *cls.traits)
        planes = [cls.shown_as.get(name, name) for name in names]
        cls.planes = tuple(dict.fromkeys(["agent", *filter(None, planes), *cls.marks]))
        kinds = {*cls.planes, *cls.ground, *cls.things} - {*cls.traits}
        drawn_planes = {cls.shown_as.get(kind) or kind for kind in cls.things}
        cls.looks = complete_looks(
            (*cls.planes, *names), kinds, drawn_planes - {*cls.traits}, cls.looks
        )

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size
        self.height, self.width = size
        self.cells = self.height * self.width
        if sum(self.held.values()) > self.width - 2:
            raise ValueError(
                f"the agent of {type(self).__name__} may hold {sum(self.held.values())} things, but"
                f" the top row shows at most {self.width - 2}; choose a wider grid, or lower `held`"
            )
        self.seeds = (*self.chance, *self.outcomes)
        self.entries = dict.fromkeys(self.ground, self.cells) | dict.fromkeys(self.seeds, 1)
        self.entries |= self.const
        self.channel = {plane: index for index, plane in enumerate(self.planes)}
        self.make_tables()

    def branches(self) -> tuple[Ints, dict[str, Ints]]:
        """Return all branches of one step: each action with each combination of outcomes.

        Returns:
            int64 (5 * k,) the actions, and name -> int64 (5 * k,) the outcome of each branch.
        """
        count, branches = prod(self.outcomes.values()), {}
        left = np.tile(np.arange(count), len(ACTIONS))
        for name, values in self.outcomes.items():
            left, branches[name] = np.divmod(left, values)
        return np.repeat(np.arange(len(ACTIONS)), count), branches

    # -- planes ----------------------------------------------------------------------------------

    def show(self, state: State) -> Iterable[tuple[str, Cells]]:
        """Yield (plane, cell) for marks computed from the state; cell 0 means no mark."""
        return ()

    def dots(self, state: State, without: Container[str] = ()) -> Iterator[Dot]:
        """Yield changeable contents of planes, except kinds in ``without``: (plane, cells, set).

        Raises:
            ValueError: ``show`` yields more than one cell per level.
        """
        yield "agent", state.agent[None, ...], None
        for kind in self.things:
            if kind not in without:
                yield from self.thing_dots(state, kind)
        first = 1
        for kind, most in self.held.items():
            slot = self.column(most, state.agent)
            yield kind, first + slot + 0 * state.agent, state.held[kind] > slot
            first += most
        for plane, cell in self.show(state):
            cell = self.xp.asarray(cell)[None, ...]
            if cell.ndim > state.agent.ndim + 1:
                raise ValueError(
                    f"`show` yields {plane!r} with cells {tuple(cell.shape[1:])}; expected one a"
                    f" level, {tuple(state.agent.shape)}: yield each slot's cells separately"
                )
            yield plane, cell, cell > 0

    def thing_dots(self, state: State, kind: str) -> Iterator[tuple[str, Cells, Mask]]:
        """Yield (plane, cells, whether set) for each plane that shows a kind, (slots, n) each."""
        at, there = state.at[kind], state.there[kind]
        if plane := self.shown_as.get(kind, kind):
            yield plane, at, there
        for trait, kinds in state.level.traits.items():
            if kind in kinds and (plane := self.shown_as.get(trait, trait)):
                yield plane, at, there & kinds[kind]

    def observe(self, state: State) -> Array:
        """Draw the planes of a state, uint8 (n, height, width, planes), 0 or 1."""
        xp, count, n = self.xp, len(self.planes), prod(state.agent.shape)
        first = xp.reshape(self.arange(n) * (self.cells * count), state.agent.shape)
        where: list[Numbers] = []
        for plane, cell, there in self.dots(state):
            index = first + cell * count + self.channel[plane]
            # An absent thing points to the agent's dot, which comes first and is always set.
            where.append(index if there is None else xp.where(there, index, where[0]))
        flat = self.concat([xp.reshape(index, (-1,)) for index in where])
        canvas = set_true(self.draw_ground(state.level, n), flat)
        return xp.reshape(canvas, (n, self.height, self.width, count))

    def draw_ground(self, level: Level, n: int) -> Array:
        """Draw the ground layers of n levels, uint8 (n * cells * planes,), 0 or 1."""
        xp, row = self.xp, self.xp.reshape(level.row, (n,))
        layers: dict[str, Mask] = {}
        for name in self.ground:
            if plane := self.shown_as.get(name, name):
                table = xp.reshape(level.tables[name], (-1, self.cells))
                layers[plane] = xp.take(table, row, axis=0)
        empty = xp.zeros_like(layers["wall"])
        stack = xp.stack([layers.get(plane, empty) for plane in self.planes], axis=-1)
        flat = xp.reshape(stack, (-1,))
        return flat.astype(np.uint8) if self._numpy else xp.astype(flat, xp.uint8)

    # -- reading NumPy states ----------------------------------------------------------------------

    def layer(self, state: State, name: str) -> Bools:
        """Return the cells with ``name``, a kind, trait, ground layer or "agent", bool (n, cells).

        Hidden names are included, held things are not. The state is a NumPy batch (n,).
        """
        if name in self.ground:
            return self.table(state.level, name)
        rows = np.arange(state.n)
        mask = np.zeros((state.n, self.cells), dtype=np.bool_)
        if name == "agent":
            mask[rows, state.agent] = True
        elif name in self.things or name in self.traits:
            for kind, slots in self._find_things(state, name).items():
                for cells, there in zip(state.at[kind], slots, strict=True):
                    mask[rows[there], cells[there]] = True
        else:
            for cells in [cells for plane, cells in self.show(state) if plane == name]:
                mask[rows, cells] |= cells > 0
        return mask

    def _find_things(self, state: State, name: str) -> dict[str, Bools]:
        """Return kind -> the present things of kind or trait ``name``, bool (slots, n)."""
        kinds = state.level.traits.get(name) or {name: True}
        return {kind: state.there[kind] & has for kind, has in kinds.items()}

    def table(self, level: Level, name: str) -> NDArray[Any]:
        """Return the table ``name`` of each level of a NumPy batch, (n, entries)."""
        rows = level.tables[name].reshape(-1, self.entries[name])
        return rows[level.row]

    def joined(self, states: list[State]) -> State:
        """Return several NumPy batches concatenated into one, with its own copy of the tables."""
        joined = states[0].map(lambda *parts: np.concatenate(parts, axis=-1), *states[1:])
        tables = {
            name: np.concatenate([self.table(s.level, name) for s in states]).ravel()
            for name in self.entries
        }
        rows = np.arange(joined.n)
        return joined._replace(level=joined.level._replace(row=rows, tables=tables))


def _check_declarations(cls: type[World]) -> None:
    for name, count in cls.outcomes.items():
        if count < 2 or name in cls.chance:
            raise ValueError(
                f"{cls.__name__}: {name!r} in `outcomes` has {count}; expected two or more outcomes"
                " under a name that is not in `chance`"
            )
    names = [*cls.ground, *cls.things, *cls.traits]
    if double := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"{cls.__name__}: {sorted(double)[0]!r} is declared twice")
    if "agent" in names:
        raise ValueError(f"{cls.__name__}: the name 'agent' belongs to the engine; choose another")
    for kind in chain(cls.held, cls.layout_things or (), *cls.traits.values()):
        if kind not in cls.things:
            raise ValueError(
                f"{cls.__name__}: {kind!r} in `held`, `traits` or `layout_things` is not declared;"
                " add it to `things`"
            )
    for name in cls.shown_as:
        if name not in names:
            raise ValueError(f"{cls.__name__}: {name!r} in `shown_as` is not declared")
