"""Where objectives can be contacted, found by trial.

From every side, with empty and with full hands, the agent of a start state enters every cell, and
what pays more than half of the objective's largest payment is a target.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesa_gym.grid import WALL, Bools, Ints, State
from mesa_gym.traps import Trap

Floats = NDArray[np.float64]


def targets(trap: Trap, state: State) -> dict[str, Bools]:
    """Where each objective can be contacted, as the start states stand.

    Args:
        trap: whose objectives.
        state: start states of n levels.

    Returns:
        objective -> bool (n, cells): entering the cell pays more than half of the largest payment
        found. Cells that cannot be entered yet are targets if they can with one item of
        everything in hand.
    """
    n, cells = len(state), state.schema.cells
    best = {x: np.zeros((n, cells)) for x in trap.objectives}
    for cell in range(cells):
        for x, pay in entry_payments(trap, state, np.full(n, cell)).items():
            best[x][:, cell] = pay
    return {x: pay > max(pay.max(initial=0) / 2, 1e-9) for x, pay in best.items()}


def entry_payments(trap: Trap, state: State, cells: Ints) -> dict[str, Floats]:
    """The most that entering one cell of each level can pay, as the start states stand.

    Args:
        trap: whose objectives.
        state: start states of n levels; not changed.
        cells: int64 (n,), flat cell indices.

    Returns:
        objective -> float64 (n,): the greatest payment over the sides to enter from and over
        empty hands and hands with one item of everything, as far as there is room; 0 where
        none is greater.
    """
    rows = np.arange(len(state))
    walls = state.layer(WALL).reshape(len(state), state.schema.cells)
    best = {x: np.zeros(len(state)) for x in trap.objectives}
    enterable = (~walls[rows, cells]).nonzero()[0]
    for action in range(4):
        origin = cells - state.schema.offsets[action]
        open_rows = enterable[~walls[enterable, origin[enterable]]]
        if not open_rows.size:
            continue
        for full in (False, True) if state.schema.slots else (False,):
            trial = state.take(open_rows)
            if full:
                _fill_hands(trial, cells[open_rows])
            trial.stand(origin[open_rows])
            paid = trap.advance(trial, np.full(open_rows.size, action)).paid
            for x, pay in paid.items():
                best[x][open_rows] = np.maximum(best[x][open_rows], pay)
    return best


def _fill_hands(state: State, cells: Ints) -> None:
    """Let the agent hold one item of everything.

    But not of a kind that lies in the cell to be entered, if there is room for one only: a rule
    may take it.
    """
    at = state.first + cells
    for plane, (start, stop) in state.schema.slots.items():
        channels = state.schema.channels[plane]
        room = state.flat[at, channels[0]] == 0 if stop - start == 1 else np.ones(len(at), np.bool_)
        for channel in channels:
            state.planes[room, 0, start, channel] = 1
