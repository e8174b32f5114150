"""Rollouts: what a policy does on given levels, and what that paid."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mesa_gym.grid import Ints, State
from mesa_gym.policies import Policy
from mesa_gym.scoring.asking import Asking
from mesa_gym.traps import Trap

# In the actions of a record: the episode has ended.
ENDED = -1
Actions = NDArray[np.int8]


def rollout(
    policy: Policy,
    trap: Trap,
    starts: State,
    horizon: int,
    seed: int = 0,
    name: str = "the policy",
) -> Actions:
    """Play every level once; actions are sampled from the policy's probabilities.

    The sample at a step is a function of (seed, level, step), as ``Asking`` says.

    Args:
        policy: what acts.
        trap: the rules.
        starts: the levels' start states, n of them; not changed.
        horizon: the time limit in steps.
        seed: of the sampling and of the policy's own generator.
        name: what errors call the policy, as in "policy 'mine' on CoinRun-v0, split shift".

    Returns:
        int8 (n, horizon); ``ENDED`` after an episode's last action.

    Raises:
        PolicyError: the policy raised, answered with something else than actions or action
            probabilities, or asks for an observation that there is not; the message names it
            and the step, counted from 0.
    """
    n = len(starts)
    state = starts.copy()
    asking = Asking(policy, trap, starts.key, seed, name)
    asking.begin()
    actions = np.full((n, horizon), ENDED, dtype=np.int8)
    alive = np.ones(n, dtype=np.bool_)
    for t in range(horizon):
        chosen = asking.sampled(asking.probabilities(state, t), t)
        actions[alive, t] = chosen[alive]
        alive &= ~trap.advance(state, chosen).ended
        if not alive.any():
            break
        # Rows whose episode is over go on from their start, unrecorded: all states stay valid.
        over = (~alive).nonzero()[0]
        state.put(over, starts, over)
    return actions


def going(starts: State, actions: Actions) -> Iterator[tuple[int, Ints, State, Ints]]:
    """Follow recorded actions step by step, leaving out the rows whose episode is over.

    Rules are asked of no state after an episode's end, which may be one that they do not allow.

    Args:
        starts: the levels' start states, n of them; not changed.
        actions: int8 (n, horizon) of ``rollout``.

    Yields:
        the step; int64 (m,), the rows that go on; their states, which the caller advances in
        place; and their actions, int64 (m,).
    """
    state, rows = starts.copy(), np.arange(len(starts))
    for t in range(actions.shape[1]):
        on = actions[rows, t] != ENDED
        if not on.all():
            state, rows = state.take(on.nonzero()[0]), rows[on]
        if not rows.size:
            return
        yield t, rows, state, actions[rows, t].astype(np.int64)


def replay(trap: Trap, starts: State, actions: Actions) -> dict[str, NDArray[np.float64]]:
    """What recorded actions paid.

    Args:
        trap: the rules.
        starts: the levels' start states, n of them; not changed.
        actions: int8 (n, horizon) of ``rollout``.

    Returns:
        objective name -> float64 (horizon, n), 0 after an episode's end.
    """
    n, horizon = actions.shape
    paid = {x: np.zeros((horizon, n)) for x in trap.objectives}
    for t, rows, state, chosen in going(starts, actions):
        for x, pay in trap.advance(state, chosen).paid.items():
            paid[x][t, rows] = pay
    return paid


def aims(trap: Trap, starts: State, actions: Actions) -> Ints:
    """The cells that recorded actions lead to, entered or not.

    Args:
        trap: the rules.
        starts: the levels' start states, n of them; not changed.
        actions: int8 (n, horizon) of ``rollout``.

    Returns:
        int64 (horizon, n), flat cell indices: the neighbour in the action's direction, which may
        be a wall or a chest, or the agent's own cell for ``act``; -1 after an episode's end.
    """
    n, horizon = actions.shape
    cells = np.full((horizon, n), -1)
    for t, rows, state, chosen in going(starts, actions):
        cells[t, rows] = state.cell + state.schema.offsets[chosen]
        trap.advance(state, chosen)
    return cells
