"""Targets: the cells where objectives can be contacted, determined by trying each cell.

The agent enters every cell from every side, with empty and with full hands. A cell that pays more
than half of the objective's largest payment is a target.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from mesa_gym.engine import STAY, Bools, Move, State
from mesa_gym.traps import Trap


def targets(trap: Trap, state: State) -> dict[str, Bools]:
    """Return the cells where each objective can be contacted in the start states.

    Args:
        trap: the trap.
        state: start states of n levels.

    Returns:
        objective -> bool (n, cells): entering the cell pays more than half of the largest payment
        in all cells and levels. Cells that cannot be entered yet count if they pay an agent that
        holds one thing of each kind.
    """
    walls, (actions, outcomes) = trap.layer(state, "wall"), trap.branches()
    best = {x: np.zeros((state.n, trap.cells)) for x in trap.objectives}
    for cell, branch in product(range(trap.cells), np.flatnonzero(actions < STAY)):
        action = actions[branch]
        # Cell 0 is wall.
        origin = np.where(walls[:, cell], 0, cell - trap.offsets[action])
        rows = (~walls[np.arange(state.n), origin]).nonzero()[0]
        if not rows.size:
            continue
        empty = state._replace(agent=origin).take(rows)
        for trial in (empty, _with_full_hands(trap, empty, cell)) if trap.held else (empty,):
            branch_outcomes = {
                name: np.full(trial.n, values[branch]) for name, values in outcomes.items()
            }
            move = Move(trap, trial, np.full(trial.n, action), branch_outcomes)
            rewards = trap.complete(move).paid
            # The outcome may be impossible, or the action may be redirected to another cell.
            entered = (move.likelihood > 0) & (move.target == cell)
            for x, pay in rewards.items():
                best[x][rows, cell] = np.maximum(best[x][rows, cell], np.where(entered, pay, 0))
    return {x: pay > max(pay.max(initial=0) / 2, 1e-9) for x, pay in best.items()}


def _with_full_hands(trap: Trap, state: State, cell: int) -> State:
    """Return states in which the agent holds one thing of each kind.

    A kind in the entered cell is left out if the agent can hold only one, because a rule may take
    it from the cell.
    """
    held = {}
    for kind, most in trap.held.items():
        lies = (state.there[kind] & (state.at[kind] == cell)).any(axis=0)
        held[kind] = np.maximum(state.held[kind], 1 if most > 1 else ~lies)
    return state._replace(held=held)
