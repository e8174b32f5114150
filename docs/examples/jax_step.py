"""JAX: the rules of every trap under ``jax.jit``, equal to NumPy's step for step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mesa_gym.engine import State
from mesa_gym.traps import Split, Trap, all_traps

# Cells, level numbers and random words are 64-bit integers.
jax.config.update("jax_enable_x64", True)

LEVELS, STEPS = 64, 30


def copy_to_device(state: State) -> State:
    """Copy a batch of start states, tables included, to JAX arrays."""
    moved = state.map(jnp.asarray)
    tables = {name: jnp.asarray(table) for name, table in state.level.tables.items()}
    return moved._replace(level=moved.level._replace(tables=tables))


def compile_step(trap: Trap) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Compile the step and the planes of a trap."""
    bound = trap.bound(jnp)
    return jax.jit(lambda state, action: tuple(bound.step(state, action))), jax.jit(bound.observe)


def compare(trap: Trap) -> int:
    """Step NumPy and JAX side by side; return the number of steps that were compared."""
    step, observe = compile_step(trap)
    theirs, compared = trap.levels(Split.SHIFT, range(LEVELS)), 0
    ours = copy_to_device(theirs)
    running = np.ones(LEVELS, dtype=np.bool_)
    actions = np.random.default_rng(0)
    for _ in range(STEPS):
        action = actions.integers(0, 5, LEVELS)
        ours, paid, ended = step(ours, jnp.asarray(action))
        theirs, expected, over = trap.step(theirs, action)
        for name in trap.objectives:
            np.testing.assert_allclose(np.asarray(paid[name])[running], expected[name][running])
        np.testing.assert_array_equal(np.asarray(ended)[running], over[running])
        compared += int(running.sum())
        running &= ~over
        seen, wanted = np.asarray(observe(ours)), trap.observe(theirs)
        np.testing.assert_array_equal(seen[running], wanted[running])
    return compared


if __name__ == "__main__":
    for name, cls in all_traps().items():
        print(f"{name}: {compare(cls()):,} steps under jit equal NumPy's, planes included")
