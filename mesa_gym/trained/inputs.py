"""First layers of networks on lists of inputs, and the other products that NumPy plays.

Few of the inputs (``mesa_gym.envs.windows``) are 1, so a first layer adds up the weights of these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# Of an array namespace, a table and lists of its rows: the sums, as ``sum_rows`` returns them.
SumRows = Callable[[Any, Any, Any], Any]


def sum_rows(xp: Any, table: Any, listed: Any) -> Any:
    """Return a linear layer's output for inputs that are 1 where listed and 0 elsewhere.

    Args:
        xp: the array namespace.
        table: what each input adds, float32 (inputs, units).
        listed: int64 (..., most), filled up with the number of inputs.

    Returns:
        float32 (..., units); a row's result does not depend on other rows.
    """
    filled = xp.concat([table, xp.zeros_like(table[:1, :])])
    flat = xp.reshape(listed, (-1, listed.shape[-1]))
    # Gathers of a row each are quicker than one of all, which lies in memory before it is summed.
    total = xp.take(filled, flat[:, 0], axis=0)
    for column in range(1, flat.shape[1]):
        total = total + xp.take(filled, flat[:, column], axis=0)
    return xp.reshape(total, (*listed.shape[:-1], table.shape[1]))


def multiply(rows: Any, matrix: Any) -> Any:
    """Return each row (..., k) multiplied by a matrix (k, m).

    Rows are multiplied one at a time: a product of many rows may round by a row's place, and an
    agent must act independently of its batch.
    """
    return (rows[..., None, :] @ matrix)[..., 0, :]


def relu(xp: Any, sums: Any) -> Any:
    """Return an array with negative values replaced by 0."""
    return xp.where(sums > 0, sums, xp.zeros_like(sums))
