"""Worlds: what the levels of one trap can hold, bound to an array library.

A world declares kinds of things, their traits, ground layers and variables, and draws planes from
a state. The few array helpers here are the only place that tells array libraries apart.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from copy import copy
from functools import reduce
from importlib import import_module
from itertools import chain
from math import prod
from operator import add
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine.looks import Look, complete_looks
from mesa_gym.engine.state import ACTIONS, Array, Bools, Ints, Level, State

# A plane, cells (slots, n), and which of them are set (slots, n); None for all.
Dot = tuple[str, Array, Array | None]
_TRUE, _FALSE, _PAID, _UNPAID = np.True_, np.False_, np.float64(1), np.float64(0)
_PYTHON = {bool, int, float}


class World:
    """The contents that a trap's levels can have, at one size and over one array library.

    A subclass declares class attributes. Names of kinds, traits, ground layers and marks are
    unique. Every name is shown by a plane of its own, unless ``shown_as`` says otherwise. Cell 0,
    a corner of the border, means nowhere.

    Class attributes:
        things: kind -> number of slots.
        traits: trait -> the kinds that can have it; a level decides which slots do.
        ground: layers that no step changes, besides ``wall``.
        held: kind -> the most that the agent can hold; drawn in the top wall row from the left.
        vars: name -> number of values, from 0; a variable of two values is a bool.
        const: name -> entries of a table that a level fills with int64 numbers.
        chance: name -> random words a step, of rules that draw from many outcomes.
        outcomes: name -> how many outcomes it has, of rules that draw from few; the exact solver
            takes the expectation over them.
        shown_as: name -> the plane that shows it; None hides it from the agent.
        marks: planes that ``show`` computes from the state.
        looks: name -> its look, where ``mesa_gym.engine.looks.COMMON`` has none.
        planes: the names of the planes, in the order agent, wall, ground, things, traits, marks.

    Attributes:
        size: height and width in cells, border included; ``height`` and ``width`` are attributes
            too, and ``cells``, their product.
        xp: the array library, ``numpy`` unless ``bound`` chose another one.
        channel: plane -> its index in ``observe``.
        seeds: the names of ``chance`` and ``outcomes``, for each of which a level has a seed.
        scalar: whether states have no batch axis, and NumPy scalars stand for arrays.
        unhit: kind -> an empty mask (slots,), for such states.
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
        seen = {cls.shown_as.get(kind) or kind for kind in cls.things}
        cls.looks = complete_looks((*cls.planes, *names), kinds, seen - {*cls.traits}, cls.looks)

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size
        self.height, self.width = size
        self.cells = self.height * self.width
        if sum(self.held.values()) > self.width - 2:
            raise ValueError(
                f"{type(self).__name__} holds up to {sum(self.held.values())} things, which do not"
                f" fit the top row's {self.width - 2} cells"
            )
        self.seeds = (*self.chance, *self.outcomes)
        self.entries = dict.fromkeys(self.ground, self.cells) | dict.fromkeys(self.seeds, 1)
        self.entries |= self.const
        self.channel = {plane: index for index, plane in enumerate(self.planes)}
        self.xp: Any = np
        self._integers = "int64"
        self._place: dict[str, Any] = {}
        self._numpy, self._batched = True, True
        self._make_tables()

    def _make_tables(self) -> None:
        self.offsets = self.asarray([-1, self.width, 1, -self.width, 0])
        self.walks = self.offsets != 0
        # NumPy takes as long to convert a Python number as to compute with it.
        quick = np.asarray if self._numpy and self._batched else int
        self._zero, self._one = quick(0), quick(1)
        self._strides = {name: quick(entries) for name, entries in self.entries.items()}
        self._numbers = self.asarray(np.arange(max(self.cells, 64)))
        self.scalar = not self._batched
        self.unhit = {kind: np.zeros(slots, dtype=np.bool_) for kind, slots in self.things.items()}

    def bound(
        self, xp: Any = None, batched: bool = True, integers: str = "int64", **place: Any
    ) -> Self:
        """Return this world over another array library, or for levels without a batch axis.

        Args:
            xp: a namespace of the array API standard, such as ``array_api_compat.torch`` or
                ``jax.numpy``; NumPy by default.
            batched: False for states without a batch axis, on NumPy scalars.
            integers: the dtype of cells, slots and numbers. Where rules draw, seeds and clocks of
                states are int64 all the same.
            **place: keywords for new arrays, such as ``device``.
        """
        other, xp = copy(self), xp or np
        other.xp, other._integers, other._place = xp, integers, place
        other._numpy, other._batched = xp is np, batched
        other._make_tables()
        return other

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "xp": self.xp.__name__}  # modules cannot be pickled

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, xp=import_module(state["xp"]))

    def branches(self) -> tuple[Ints, dict[str, Ints]]:
        """Return all that may happen in one step: each action under each combination of outcomes.

        Returns:
            int64 (5 * k,) the actions, and for each name of ``outcomes`` int64 (5 * k,) which one.
        """
        count, given = prod(self.outcomes.values()), {}
        left = np.tile(np.arange(count), len(ACTIONS))
        for name, values in self.outcomes.items():
            left, given[name] = np.divmod(left, values)
        return np.repeat(np.arange(len(ACTIONS)), count), given

    # -- arrays ----------------------------------------------------------------------------------

    def asarray(self, values: Any, dtype: str | None = None) -> Array:
        """Return ``values`` as an array (n, ...) of a ``dtype``, of this world's library."""
        dtype = dtype or self._integers
        return self.xp.asarray(values, dtype=getattr(self.xp, dtype), **self._place)

    def arange(self, count: int) -> Array:
        """Return 0 .. count - 1, int64 (count,)."""
        return self.xp.arange(count, dtype=getattr(self.xp, self._integers), **self._place)

    def any(self, slots: Array) -> Array:
        """Return whether any slot is set: bool (slots, ...) -> bool (...)."""
        if not self._numpy:
            return self.xp.any(slots, axis=0)
        if slots.ndim == 1:  # a level without a batch
            return _TRUE if True in slots.tolist() else _FALSE
        if len(slots) > 2:
            return np.logical_or.reduce(slots)
        return slots[0] | slots[1] if len(slots) == 2 else slots[0]  # a reduction is slower

    def sum(self, slots: Array) -> Array:
        """Count the slots that are set: bool (slots, ...) -> int64 (...)."""
        if self._numpy:
            return np.add.reduce(slots, dtype=np.int64)
        return self.xp.sum(self.xp.astype(slots, getattr(self.xp, self._integers)), axis=0)

    def where(self, mask: Array, a: Array, b: Array) -> Array:
        """Return ``a`` where ``mask`` is set, else ``b``, (n,); a NumPy scalar without a batch."""
        if self._batched or (mask is not True and mask is not False and mask.ndim):
            return self.xp.where(mask, a, b)
        chosen = a if mask else b
        # A Python number would be one in all that follows from it, and `~True` is -2.
        return np.asarray(chosen)[()] if type(chosen) in _PYTHON else chosen

    def never(self, mask: Array) -> bool:
        """Return whether a mask is known to be empty, so that work can be spared.

        Only NumPy looks: elsewhere the answer would have to wait for the device.
        """
        if not self._numpy:
            return False
        return not (np.count_nonzero(mask) if self._batched else mask)

    def column(self, count: int, like: Array) -> Array:
        """Return 0 .. count - 1, int64 (count, 1, ...), to broadcast with an array ``like``."""
        return self._numbers[(slice(count), *(None,) * like.ndim)]

    def amounts(self, payment: Array | Mapping[float, Array]) -> Array:
        """Return what is paid: 1 where a mask is set, or the sum of amounts whose masks are set.

        Returns:
            float64 (n,), float32 off NumPy; a NumPy scalar without a batch.
        """
        if payment is _TRUE or payment is _FALSE:  # as of a level alone it nearly always is
            return _PAID if payment else _UNPAID
        if not isinstance(payment, dict):
            return self._pay_floats(payment)
        if self.scalar:
            return np.float64(sum([amount for amount, mask in payment.items() if mask]))
        return reduce(add, [self._pay_floats(mask, amount) for amount, mask in payment.items()])

    def _pay_floats(self, mask: Array, amount: float = 1) -> Array:
        if self.scalar:
            return np.float64(mask)
        paid = mask.astype(np.float64) if self._numpy else self.xp.astype(mask, self.xp.float32)
        return paid if amount == 1 else paid * amount

    def read(self, level: Level, name: str, index: Array | int) -> Array:
        """Return entry ``index`` of each level's table ``name``: of a ground or constant, (n,)."""
        return level.tables[name][level.row * self._strides[name] + index]

    def read_run(self, level: Level, name: str, first: Array | int, count: int) -> list[Array]:
        """Return some entries of each level's table.

        Args:
            level: whose tables.
            name: of a ground or constant.
            first: the first entry, or one for each level, (n,).
            count: how many, from there on.

        Returns:
            ``count`` arrays (n,).
        """
        table, start = level.tables[name], level.row * self._strides[name] + first
        if self.scalar:
            return [table[start + index] for index in range(count)]
        return each(table[start + self.column(count, start)])  # one gather

    # -- planes ----------------------------------------------------------------------------------

    def show(self, state: State) -> Iterable[tuple[str, Array]]:
        """Yield (plane, cell) for marks that follow from the state; cell 0 for none."""
        return ()

    def dots(self, state: State, without: Container[str] = ()) -> Iterator[Dot]:
        """Yield all that can change in the planes: (plane, cells, which are set).

        Args:
            state: what is drawn.
            without: kinds of things to leave out.

        Raises:
            ValueError: ``show`` yields more than one cell a level.
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
                    f" level, {tuple(state.agent.shape)}: yield those of each slot by themselves"
                )
            yield plane, cell, cell > 0

    def thing_dots(self, state: State, kind: str) -> Iterator[tuple[str, Array, Array]]:
        """Yield where the things of a kind show, as what they are and by their traits.

        Args:
            state: what is drawn.
            kind: their kind.

        Yields:
            (plane, cells int64 (slots, n), which are set, bool (slots, n)).
        """
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
        where: list[Array] = []
        for plane, cell, there in self.dots(state):
            index = first + cell * count + self.channel[plane]
            # What is not set points to the agent, whose dot comes first and is always set.
            where.append(index if there is None else xp.where(there, index, where[0]))
        flat = self.concat([xp.reshape(index, (-1,)) for index in where])
        canvas = set_true(self.draw_ground(state.level, n), flat)
        return xp.reshape(canvas, (n, self.height, self.width, count))

    def draw_ground(self, level: Level, n: int) -> Array:
        """Draw the ground alone.

        Args:
            level: of n states.
            n: how many.

        Returns:
            uint8 (n * cells * planes,), 0 or 1.
        """
        xp, row = self.xp, self.xp.reshape(level.row, (n,))
        layers: dict[str, Array] = {}
        for name in self.ground:
            if plane := self.shown_as.get(name, name):
                table = xp.reshape(level.tables[name], (-1, self.cells))
                layers[plane] = xp.take(table, row, axis=0)
        none = xp.zeros_like(layers["wall"])
        stack = xp.stack([layers.get(plane, none) for plane in self.planes], axis=-1)
        flat = xp.reshape(stack, (-1,))
        return flat.astype(np.uint8) if self._numpy else xp.astype(flat, xp.uint8)

    def concat(self, arrays: list[Array]) -> Array:
        """Join arrays (n_i, ...) along their first axis, as one (sum of n_i, ...)."""
        return np.concatenate(arrays) if self._numpy else self.xp.concat(arrays)

    # -- reading NumPy states ----------------------------------------------------------------------

    def layer(self, state: State, name: str) -> Bools:
        """Return the cells with ``name``, a kind, trait, ground layer or "agent", bool (n, cells).

        Hidden names count too; what the agent holds does not. The state is a NumPy batch (n,).
        """
        if name in self.ground:
            return self.table(state.level, name)
        every = np.arange(state.n)
        found = np.zeros((state.n, self.cells), dtype=np.bool_)
        if name == "agent":
            found[every, state.agent] = True
        elif name in self.things or name in self.traits:
            for kind, slots in self._find_things(state, name).items():
                for cells, there in zip(state.at[kind], slots, strict=True):
                    found[every[there], cells[there]] = True
        else:
            for cells in [cells for plane, cells in self.show(state) if plane == name]:
                found[every, cells] |= cells > 0
        return found

    def _find_things(self, state: State, name: str) -> dict[str, Bools]:
        """Return kind -> bool (slots, n), the things that are there with a kind or a trait."""
        kinds = state.level.traits.get(name) or {name: True}
        return {kind: state.there[kind] & has for kind, has in kinds.items()}

    def table(self, level: Level, name: str) -> NDArray[Any]:
        """Return the table ``name`` of each level of a NumPy batch, (n, entries)."""
        rows = level.tables[name].reshape(-1, self.entries[name])
        return rows[level.row]

    def joined(self, states: list[State]) -> State:
        """Return the rows of several NumPy batches as one batch with tables of its own."""
        whole = states[0].map(lambda *parts: np.concatenate(parts, axis=-1), *states[1:])
        tables = {
            name: np.concatenate([self.table(s.level, name) for s in states]).ravel()
            for name in self.entries
        }
        rows = np.arange(whole.n)
        return whole._replace(level=whole.level._replace(row=rows, tables=tables))


def each(slots: Array) -> list[Array]:
    """Return the slots of an array (slots, ...) one by one; NumPy scalars without a batch."""
    if isinstance(slots, np.ndarray):
        return list(slots)
    return [slots[index, ...] for index in range(slots.shape[0])]


def set_true(canvas: Array, where: Array) -> Array:
    """Set some entries of a fresh array (m,) to 1: in place where the library can, else a copy."""
    if isinstance(canvas, np.ndarray):
        canvas[where] = 1
        return canvas
    if hasattr(canvas, "at"):
        return canvas.at[where].set(True)
    # An index that is set to 1 would copy it from the CPU, which no CUDA graph can capture.
    return canvas.index_fill_(0, where, 1)


def _check_declarations(cls: type[World]) -> None:
    for name, count in cls.outcomes.items():
        if count < 2 or name in cls.chance:
            raise TypeError(
                f"{cls.__name__}: {name!r} in `outcomes` has {count}; it needs two at least, and a"
                " name that `chance` has not"
            )
    names = [*cls.ground, *cls.things, *cls.traits]
    if double := {name for name in names if names.count(name) > 1}:
        raise TypeError(f"{cls.__name__}: {sorted(double)[0]!r} is declared twice")
    if "agent" in names:
        raise TypeError(f"{cls.__name__}: the name 'agent' belongs to the engine; choose another")
    for kind in chain(cls.held, *cls.traits.values()):
        if kind not in cls.things:
            raise TypeError(
                f"{cls.__name__}: {kind!r} is held or has a trait; declare it in `things`"
            )
    for name in cls.shown_as:
        if name not in names:
            raise TypeError(f"{cls.__name__}: {name!r} in `shown_as` is not declared")
