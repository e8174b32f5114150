"""Array functions of a world, for NumPy, torch and JAX, and for one level without a batch."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from functools import reduce
from importlib import import_module
from operator import add
from typing import Any, Self

import numpy as np

from mesa_gym.engine.state import Amounts, Array, Level, Mask, Numbers, Payment

_TRUE = np.True_
_FALSE = np.False_
_PAID = np.float64(1)
_UNPAID = np.float64(0)
_PYTHON = {bool, int, float}


class Arrays:
    """An array library, for batches of levels or for one level without a batch axis.

    Attributes:
        xp: the array library, ``numpy`` unless ``bound`` chose another one.
        scalar: whether states have no batch axis and contain NumPy scalars instead of arrays.
        numbers: integers from -width to width - 1, in the form that is fastest in arithmetic with
            states; ``unpaid`` is 0.0 in this form.
        unhit: kind -> an empty mask (slots,), for scalar states.
    """

    things: Mapping[str, int]
    width: int
    cells: int
    entries: dict[str, int]
    xp: Any = np
    scalar = False
    _numpy = True
    _integers = "int64"
    _place: Mapping[str, Any] = {}
    # Declared here, so that a trap's own names cannot hide them.
    _strides: dict[str, Any]
    _slots: Array

    def make_tables(self) -> None:
        """Make the tables that rules read, in this array library; a subclass can add its own."""
        self.offsets = self.asarray([-1, self.width, 1, -self.width, 0])
        # NumPy needs as long to convert a Python number as to compute with an array.
        quick = np.asarray if self._numpy and not self.scalar else int
        self.numbers = {number: quick(number) for number in range(-self.width, self.width)}
        self.unpaid = np.asarray(0.0) if quick is np.asarray else 0
        self._strides = {name: quick(entries) for name, entries in self.entries.items()}
        self._slots = self.asarray(np.arange(max(self.cells, 64)))
        self.unhit = {kind: np.zeros(slots, dtype=np.bool_) for kind, slots in self.things.items()}

    def bound(
        self, xp: Any = None, batched: bool = True, integers: str = "int64", **place: Any
    ) -> Self:
        """Return this world for another array library, or for levels without a batch axis.

        Args:
            xp: a namespace of the array API standard, such as ``array_api_compat.torch`` or
                ``jax.numpy``; NumPy by default.
            batched: False for states without a batch axis, on NumPy scalars.
            integers: the dtype of cells, slots and numbers. In traps with random numbers, seeds
                and clocks of states must be int64 in any case.
            **place: keywords for new arrays, such as ``device``.
        """
        other, xp = copy(self), xp or np
        other.xp, other._integers, other._place = xp, integers, place
        other._numpy, other.scalar = xp is np, not batched
        other.make_tables()
        return other

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "xp": self.xp.__name__}  # modules cannot be pickled

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, xp=import_module(state["xp"]))

    def asarray(self, values: Any, dtype: str | None = None) -> Array:
        """Return ``values`` as an array (n, ...) of type ``dtype``, in this array library."""
        dtype = dtype or self._integers
        return self.xp.asarray(values, dtype=getattr(self.xp, dtype), **self._place)

    def arange(self, count: int) -> Numbers:
        """Return 0 .. count - 1, int64 (count,)."""
        return self.xp.arange(count, dtype=getattr(self.xp, self._integers), **self._place)

    def any(self, slots: Mask) -> Mask:
        """Return whether any slot is set: bool (slots, ...) -> bool (...)."""
        if not self._numpy:
            return slots[0, ...] if slots.shape[0] == 1 else self.xp.any(slots, axis=0)
        if slots.ndim == 1:  # a level without a batch
            return _TRUE if True in slots.tolist() else _FALSE
        if len(slots) > 2:
            return np.logical_or.reduce(slots)
        return slots[0] | slots[1] if len(slots) == 2 else slots[0]  # a reduction is slower

    def negate(self, mask: Mask) -> Mask:
        """Return the inverse of a mask, (n,)."""
        if self.scalar:  # NumPy's ``~`` takes half a microsecond for a scalar
            return _FALSE if mask else _TRUE
        return ~mask

    def sum(self, slots: Mask) -> Numbers:
        """Count the slots that are set: bool (slots, ...) -> int64 (...)."""
        if self._numpy:
            return np.add.reduce(slots, dtype=np.int64)
        # The array API standard sums numbers only. Without a dtype, JAX and torch would count in
        # int64 and need at least twice the memory.
        integers = getattr(self.xp, self._integers)
        return self.xp.sum(self.xp.astype(slots, integers), axis=0, dtype=integers)

    def where(self, mask: Mask, a: Array, b: Array) -> Array:
        """Return ``a`` where ``mask`` is set, else ``b``, (n,); a NumPy scalar without a batch."""
        if not self.scalar or (mask is not True and mask is not False and mask.ndim):
            if not self._numpy and type(a) in _PYTHON and type(b) in _PYTHON:
                both_ints = (
                    type(a) is int and type(b) is int
                )  # the standard requires at least one array
                a = self.asarray(a) if both_ints else self.xp.asarray(a, **self._place)
            return self.xp.where(mask, a, b)
        chosen = a if mask else b
        # A Python number would stay one in later computations, where `~True` is -2.
        return np.asarray(chosen)[()] if type(chosen) in _PYTHON else chosen

    def never(self, mask: Mask) -> bool:
        """Return whether a mask is known to be empty, so that work can be skipped.

        Only NumPy masks are checked; with other libraries, the host would wait for the device.
        """
        if not self._numpy:
            return False
        return not (mask if self.scalar else np.count_nonzero(mask))

    def column(self, count: int, like: Array) -> Numbers:
        """Return 0 to count - 1, int64 (count, 1, ...), in a shape to broadcast with ``like``."""
        return self._slots[(slice(count), *(None,) * like.ndim)]

    def amounts(self, payment: Payment) -> Amounts:
        """Return payments: 1 where a mask is set, or the sum of the amounts whose masks are set.

        The result is float64 (n,), float32 (n,) without NumPy, or a NumPy scalar without a batch.
        """
        if isinstance(payment, dict):
            if self.scalar:
                return np.float64(sum([amount for amount, mask in payment.items() if mask]))
            amounts = [(float(amount), self.amounts(mask)) for amount, mask in payment.items()]
            return reduce(add, [pay if amount == 1 else pay * amount for amount, pay in amounts])
        mask: Mask = payment
        if self.scalar:
            return _PAID if mask else _UNPAID
        return mask.astype(np.float64) if self._numpy else self.xp.astype(mask, self.xp.float32)

    def read(self, level: Level, name: str, index: Numbers | int) -> Array:
        """Return entry ``index`` of table ``name`` (a ground layer or constant) by level, (n,)."""
        return level.tables[name][level.row * self._strides[name] + index]

    def read_run(self, level: Level, name: str, first: Numbers | int, count: int) -> list[Array]:
        """Return ``count`` entries of table ``name`` from ``first`` on, by level, each (n,)."""
        table, start = level.tables[name], level.row * self._strides[name] + first
        if self.scalar:
            return [table[start + index] for index in range(count)]
        return unstack(table[start + self.column(count, start)])  # one gather

    def concat(self, arrays: list[Array]) -> Array:
        """Join arrays (n_i, ...) along their first axis, as one (sum of n_i, ...)."""
        return np.concatenate(arrays) if self._numpy else self.xp.concat(arrays)


def unstack(slots: Array) -> list[Array]:
    """Return a list of the slots of an array (slots, ...); NumPy scalars without a batch."""
    if isinstance(slots, np.ndarray):
        return list(slots)
    return [slots[index, ...] for index in range(slots.shape[0])]


def set_true(canvas: Array, where: Numbers) -> Array:
    """Set entries of a fresh array (m,) to 1, in place for NumPy and torch, else in a copy."""
    if isinstance(canvas, np.ndarray):
        canvas[where] = 1
        return canvas
    if hasattr(canvas, "at"):
        return canvas.at[where].set(True)
    # Assignment by index would copy the 1 from the CPU, which a CUDA graph cannot capture.
    return canvas.index_fill_(0, where, 1)
