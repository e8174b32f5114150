"""Rollouts: what a policy does on given levels, and what that paid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Ints, State
from mesa_gym.policies import Policy
from mesa_gym.scoring.asking import Asking
from mesa_gym.traps import Step, Trap

# In the actions of a record: the episode has ended.
ENDED = -1
Actions = NDArray[np.int8]


class Going(NamedTuple):
    """One step of recorded episodes: those that go on.

    Attributes:
        t: the step, counted from 0.
        rows: int64 (m,), the levels whose episode goes on.
        state: their states before the step.
        chosen: int64 (m,), their actions.
        step: what these lead to.
    """

    t: int
    rows: Ints
    state: State
    chosen: Ints
    step: Step


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
        starts: the levels' start states, n of them.
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
    state = starts
    asking = Asking(policy, trap, starts.level.key, seed, name)
    asking.begin()
    actions = np.full((starts.n, horizon), ENDED, dtype=np.int8)
    alive = np.ones(starts.n, dtype=np.bool_)
    for t in range(horizon):
        chosen = asking.sampled(asking.probabilities(state, t), t)
        actions[alive, t] = chosen[alive]
        state, _, ended = trap.step(state, chosen)
        alive &= ~ended
        if not alive.any():
            break
        # Rows whose episode is over go on from their start, unrecorded: all states stay valid.
        state = state.replaced(~alive, starts)
    return actions


def going(trap: Trap, starts: State, actions: Actions) -> Iterator[Going]:
    """Follow recorded actions step by step, leaving out the rows whose episode is over.

    Rules are asked of no state after an episode's end, which may be one that they do not allow.

    Args:
        trap: the rules.
        starts: the levels' start states, n of them.
        actions: int8 (n, horizon) of ``rollout``.

    Yields:
        each step, until no episode goes on.
    """
    state, rows = starts, np.arange(starts.n)
    for t in range(actions.shape[1]):
        on = actions[rows, t] != ENDED
        if not on.all():
            state, rows = state.take(on), rows[on]
        if not rows.size:
            return
        chosen = actions[rows, t].astype(np.int64)
        step = trap.step(state, chosen)
        yield Going(t, rows, state, chosen, step)
        state = step.state


def replay(trap: Trap, starts: State, actions: Actions) -> dict[str, NDArray[np.float64]]:
    """Return what recorded actions paid.

    Args:
        trap: the rules.
        starts: the levels' start states, n of them.
        actions: int8 (n, horizon) of ``rollout``.

    Returns:
        objective name -> float64 (horizon, n), 0 after an episode's end.
    """
    n, horizon = actions.shape
    paid = {x: np.zeros((horizon, n)) for x in trap.objectives}
    for now in going(trap, starts, actions):
        for x, pay in now.step.paid.items():
            paid[x][now.t, now.rows] = pay
    return paid
