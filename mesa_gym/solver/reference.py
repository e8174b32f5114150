"""Values of levels without an exact solver: returns of a trap's reference policies.

A trap whose world is random or whose states are too many (``solvable = False``) writes a scripted
policy for each objective. What these earn takes the place of the optimum, so it is a scale and no
bound: a policy may earn more, and its normalised return then exceeds 1. Optimal actions are not
known, and with them all that rests on them (conflict reliance, the recovered objective).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesa_gym.engine import ACTIONS, STAY, Ints, State
from mesa_gym.engine.chance import below, outputs, streams
from mesa_gym.solver.cache import cache_file, write
from mesa_gym.solver.values import LevelValues, Progress
from mesa_gym.traps import Split, Trap

Returns = dict[str, NDArray[np.float64]]
# Maps states, and the rows of the start states that they came from, to actions.
Act = Callable[[State, Ints], Ints]
# Random episodes a level, of which the floor takes the mean.
ROLLOUTS = 16
CHUNK_LEVELS = 256


def reference_actions(trap: Trap, objective: str, state: State) -> Ints:
    """Return what a trap's reference policy does, int64 (n,), checked.

    Args:
        trap: a trap without exact solver.
        objective: the name of one of its objectives.
        state: n states.

    Raises:
        ValueError: the trap's ``reference`` gave something else than n actions.
    """
    actions = np.asarray(trap.reference(objective, state))
    if actions.shape != (state.n,) or actions.dtype.kind not in "iu":
        raise ValueError(
            f"the reference of {objective!r} in {trap!r} gave an array of shape {actions.shape} and"
            f" dtype {actions.dtype} for {state.n} states; expected one integer for each"
        )
    bad = (actions < 0) | (actions >= len(ACTIONS))
    if bad.any():
        raise ValueError(
            f"the reference of {objective!r} in {trap!r} chose action {actions[bad.argmax()]};"
            f" there is 0 to {len(ACTIONS) - 1}"
        )
    return actions.astype(np.int64)


def reference_values(
    trap: Trap,
    split: Split,
    numbers: ArrayLike,
    horizon: int | None = None,
    salt: str = "",
    progress: Progress = lambda done: None,
) -> LevelValues:
    """Return the values of the given levels, from disk where they were computed before.

    V* of an objective is what its reference policy earns; the floor is the better of the mean of
    16 random episodes (a function of the level) and of staying for ever; the best and the worst
    return in y "among policies optimal for x" are both what the reference of x earns in y.

    Args:
        trap: a trap without exact solver.
        split: whose levels.
        numbers: int64 (n,), level numbers.
        horizon: the time limit; by default the trap's for the split.
        salt: an evaluator's secret.
        progress: called with the number of levels done since the last call.

    Raises:
        ValueError: the trap is solvable, or a reference policy gives no actions.
    """
    if trap.solvable:
        raise ValueError(f"{trap!r} has an exact solver, which is the scale (level_values)")
    numbers = np.asarray(numbers, dtype=np.int64)
    horizon = trap.horizon(split) if horizon is None else horizon
    path = cache_file(trap, split, numbers, horizon, salt)
    kept = LevelValues.kept(path, trap, numbers)
    if kept is not None:
        progress(len(numbers))
        return kept
    starts = trap.levels(split, numbers, salt)
    parts = []
    for first in range(0, len(numbers), CHUNK_LEVELS):
        chunk = slice(first, first + CHUNK_LEVELS)
        parts.append(_values(trap, numbers[chunk], starts.take(chunk), horizon))
        progress(len(numbers[chunk]))
    values = LevelValues.joined(parts)
    write(path, values.arrays())
    return values


def _values(trap: Trap, numbers: Ints, starts: State, horizon: int) -> LevelValues:
    earned = {x: _returns(trap, starts, horizon, _following(trap, x)) for x in trap.objectives}
    staying = _returns(trap, starts, horizon, lambda state, rows: np.full(state.n, STAY))
    random = _random_returns(trap, starts, horizon)
    cross = {(y, x): earned[x][y] for y, x in permutations(trap.objectives, 2)}
    return LevelValues(
        numbers,
        {x: earned[x][x] for x in trap.objectives},
        {x: np.maximum(random[x], staying[x]) for x in trap.objectives},
        cross,
        cross,
    )


def _following(trap: Trap, objective: str) -> Act:
    return lambda state, rows: reference_actions(trap, objective, state)


def _random_returns(trap: Trap, starts: State, horizon: int) -> Returns:
    """Return the mean returns of ``ROLLOUTS`` episodes a level of acting at random."""
    seeds = [streams(0, starts.level.key, f"random episode {k}") for k in range(ROLLOUTS)]
    stream = np.stack(seeds, axis=1).ravel()

    def act(state: State, rows: Ints) -> Ints:
        return below(outputs(stream[rows], state.clock), len(ACTIONS))

    many = starts.take(np.repeat(np.arange(starts.n), ROLLOUTS))
    returns = _returns(trap, many, horizon, act)
    return {x: earned.reshape(-1, ROLLOUTS).mean(axis=1) for x, earned in returns.items()}


def _returns(trap: Trap, starts: State, horizon: int, act: Act) -> Returns:
    """Return the discounted returns of one episode from each start, float64 (n,) by objective."""
    state, rows = starts, np.arange(starts.n)
    earned = {x: np.zeros(starts.n) for x in trap.objectives}
    for t in range(horizon):
        state, paid, ended = trap.step(state, act(state, rows))
        for x, pays in paid.items():
            earned[x][rows] += trap.discount(x) ** t * pays
        if ended.any():
            state, rows = state.take(~ended), rows[~ended]
            if not rows.size:
                break
    return earned
