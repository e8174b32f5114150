"""Checks of the shapes of authors' arguments to builder and paths; errors name the argument."""

from __future__ import annotations

from typing import Any

import numpy as np

from mesa_gym.engine.state import Bools, Ints


def describe_array(value: object) -> str:
    """Return dtype and shape of an array as text, ``bool (16, 81)``; the type of another value."""
    if isinstance(value, np.ndarray | np.generic):
        return f"{value.dtype} {value.shape}"
    return type(value).__name__


def as_cell_mask(call: str, name: str, value: Any, n: int, size: tuple[int, int]) -> Bools:
    """Return a mask of cells as bool (n, cells).

    Args:
        call: the name of the called method.
        name: the name of the argument.
        value: bool (n, cells) or (n, height, width); for all levels (cells,) or (height, width).
        n: the number of levels.
        size: height and width.

    Raises:
        ValueError: the mask has another dtype or shape.
    """
    height, width = size
    flat = n, height * width
    is_mask = isinstance(value, np.ndarray) and value.dtype == np.bool_
    if is_mask and value.shape in (flat, (n, height, width)):
        mask: Bools = value.reshape(flat)
        return mask
    if is_mask and value.shape in (flat[1:], (height, width)):
        return np.broadcast_to(value.ravel(), flat)
    raise ValueError(
        f"{call}: `{name}` must be a Mask, bool {flat} or {(n, height, width)}, or {flat[1:]} for"
        f" all levels; got {describe_array(value)}"
    )


def require_one_each(call: str, name: str, value: Any, n: int, dtype: str = "int64") -> None:
    """Raise ValueError unless a value is an array (n,) of ``int64`` or ``bool``."""
    kinds = "b" if dtype == "bool" else "iu"
    if not isinstance(value, np.ndarray) or value.dtype.kind not in kinds or value.shape != (n,):
        rows = f"; take one row, such as `{name}[0]`" if np.ndim(value) == 2 else ""
        raise ValueError(
            f"{call}: `{name}` must be {dtype} {(n,)}, one per level; got"
            f" {describe_array(value)}{rows}"
        )


def require_grids(call: str, open_cells: object) -> tuple[int, int, int]:
    """Return the shape of open cells, bool (n, height, width), or raise ValueError."""
    if not isinstance(open_cells, np.ndarray) or open_cells.ndim != 3:
        raise ValueError(
            f"{call}: `open_cells` must be bool (n, height, width), such as `level.open_cells` or"
            f" `level.passable(kind)`; got {describe_array(open_cells)}"
        )
    n, height, width = open_cells.shape
    return n, height, width


def require_places(call: str, name: str, value: Ints, n: int) -> None:
    """Raise ValueError unless ``value`` is int64 (m, n), m places per level."""
    if not isinstance(value, np.ndarray) or value.ndim != 2 or value.shape[1] != n:
        raise ValueError(
            f"{call}: `{name}` must be int64 (m, {n}), m places per level, as `scatter` returns"
            f" them; got {describe_array(value)}"
        )
