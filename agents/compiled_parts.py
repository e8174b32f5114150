"""Parts of networks whose JAX version differs from the NumPy version.

The first layer of most networks sums rows of a table. Inputs are 0 or 1, and only the indices of
the ones are listed. A CPU adds the rows in a loop over the columns of the lists. A GPU multiplies
the table by a 0/1 matrix, which takes a tenth of the time, because matrix products are fast and
the loop would launch a kernel for each column.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from agents.compiling import Array, is_for_cpu, jax, jnp

# Columns that a turn of the loop adds: with one column, the loop costs more than the additions.
UNROLLED = 10


def sum_rows_fast(xp: Any, table: Array, listed: Array) -> Array:
    """Return the result of ``mesa_gym.trained.mlp.sum_rows``, with a faster gradient."""
    filled = jnp.concat([table, jnp.zeros_like(table[:1])])
    flat = listed.reshape(-1, listed.shape[-1])
    compute = add_columns if is_for_cpu() else multiply_by_ones
    return compute(filled, flat).reshape(*listed.shape[:-1], table.shape[1])


@jax.custom_vjp
def add_columns(table: Array, listed: Array) -> Array:
    """Return the sums of table rows by list, (n, units), added column by column of the lists.

    Without the loop, the compiled code takes several times as long on a CPU, because it computes a
    gradient for each row. A turn of the loop adds ``UNROLLED`` columns, in the same order.
    """
    columns = listed.T

    def add(i: Array, total: Array) -> Array:
        return total + table[columns[i]]

    total: Array = jax.lax.fori_loop(1, len(columns), add, table[columns[0]], unroll=UNROLLED)
    return total


def _add_forward(table: Array, listed: Array) -> tuple[Array, tuple[Array, int]]:
    return add_columns(table, listed), (listed, len(table))


def _add_backward(kept: tuple[Array, int], gradient: Array) -> tuple[Array, Any]:
    """Return the gradient of the table, added column by column; the lists have no gradient."""
    listed, rows = kept
    columns = listed.T

    def add(i: Array, table: Array) -> Array:
        return table.at[columns[i]].add(gradient, mode="promise_in_bounds")

    zeros = jnp.zeros((rows, gradient.shape[-1]))
    table: Array = jax.lax.fori_loop(0, len(columns), add, zeros)
    return table, np.zeros(listed.shape, jax.dtypes.float0)


add_columns.defvjp(_add_forward, _add_backward)


def multiply_by_ones(table: Array, listed: Array) -> Array:
    """Return the sums of table rows by list, as a product with a 0/1 matrix.

    A list may only repeat the index of the table's last row, which is 0.
    """
    rows = jnp.arange(len(listed))[:, None]
    ones = jnp.zeros((len(listed), len(table)))
    return ones.at[rows, listed].set(1, mode="promise_in_bounds") @ table


def repeat_steps(steps: int) -> Callable[..., Any]:
    """Return a ``mesa_gym.trained.planning.Loop`` with at most ``steps`` steps.

    A sweep (a carry of one array) ends when the array stops changing, and only its last step has a
    gradient. Gradients flow to the ends of paths and to the costs along paths.
    """

    def loop(xp: Any, step: Callable[[Any], Any], carry: Any) -> Any:
        if len(carry) > 1:
            return jax.lax.fori_loop(0, steps, lambda _, carry: step(carry), carry)
        worth = jax.lax.stop_gradient(carry[0])

        def changes(now: tuple[Array, Array]) -> Array:
            return jnp.any(now[0] != now[1])

        def sweep(now: tuple[Array, Array]) -> tuple[Array, Array]:
            return now[1], step((now[1],))[0]

        return (jax.lax.while_loop(changes, sweep, (worth, step((worth,))[0]))[1],)

    return loop
