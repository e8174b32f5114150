"""Targets: the cells where objectives can be contacted, found by trial.

From every side, with empty and with full hands, the agent of a start state enters every cell, and
what pays more than half of the objective's largest payment is a target.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Bools, Ints, State
from mesa_gym.traps import Trap

Floats = NDArray[np.float64]


def targets(trap: Trap, state: State) -> dict[str, Bools]:
    """Return where each objective can be contacted, as the start states stand.

    Args:
        trap: whose objectives.
        state: start states of n levels.

    Returns:
        objective -> bool (n, cells): entering the cell pays more than half of the largest payment
        found. Cells that cannot be entered yet are targets if they can with one item of
        everything in hand.
    """
    found = [entry_payments(trap, state, np.full(state.n, cell)) for cell in range(trap.cells)]
    best = {x: np.stack([pays[x] for pays in found], axis=1) for x in trap.objectives}
    return {x: pay > max(pay.max(initial=0) / 2, 1e-9) for x, pay in best.items()}


def entry_payments(trap: Trap, state: State, cells: Ints) -> dict[str, Floats]:
    """Return the most that entering one cell of each level can pay, as the start states stand.

    Args:
        trap: whose objectives.
        state: start states of n levels.
        cells: int64 (n,).

    Returns:
        objective -> float64 (n,): the greatest payment over the sides to enter from and over
        empty hands and hands with one item of everything, as far as there is room; 0 where
        none is greater.
    """
    walls, rows = trap.layer(state, "wall"), np.arange(state.n)
    best = {x: np.zeros(state.n) for x in trap.objectives}
    for action in range(4):
        # Cell 0 is wall.
        origin = np.where(walls[rows, cells], 0, cells - trap.offsets[action])
        open_rows = (~walls[rows, origin]).nonzero()[0]
        if not open_rows.size:
            continue
        empty = state._replace(agent=origin).take(open_rows)
        full = [_with_full_hands(trap, empty, cells[open_rows])] if trap.held else []
        for trial in (empty, *full):
            for x, pay in trap.step(trial, np.full(trial.n, action)).paid.items():
                best[x][open_rows] = np.maximum(best[x][open_rows], pay)
    return best


def _with_full_hands(trap: Trap, state: State, cells: Ints) -> State:
    """Return states in which the agent holds one item of everything.

    A kind that lies in the cell to be entered is left out where there is room for one only, since
    a rule may take it.
    """
    held = {}
    for kind, most in trap.held.items():
        lies = (state.there[kind] & (state.at[kind] == cells)).any(axis=0)
        held[kind] = np.maximum(state.held[kind], 1 if most > 1 else ~lies)
    return state._replace(held=held)
