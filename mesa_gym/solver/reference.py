"""Values of levels without an exact solver: returns of a trap's reference policies.

A trap with a random world or too many states defines a scripted policy for each objective. The
policies' returns replace the optimum as a scale and not as a bound: a policy may earn more, and its
normalised return then exceeds 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from mesa_gym.engine import ACTIONS, STAY, Floats, Ints, State
from mesa_gym.engine.chance import below, outputs, streams
from mesa_gym.traps import Trap

# Maps states, and the rows of the start states from which they were reached, to actions.
Act = Callable[[State, Ints], Ints]
# Random episodes per level; the floor uses their mean.
ROLLOUTS = 16
CHUNK_LEVELS = 500


def reference_actions(trap: Trap, objective: str, state: State) -> Ints:
    """Return the actions of a trap's reference policy, int64 (n,), checked.

    Args:
        trap: a trap without exact solver.
        objective: the name of one of its objectives.
        state: n states.

    Raises:
        ValueError: the trap's ``reference`` did not return n actions.
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
            f" expected 0 to {len(ACTIONS) - 1}"
        )
    return actions.astype(np.int64)


class References:
    """The returns of reference policies on some levels, with the methods of a ``Solution``.

    V* of an objective is its reference policy's return. The floor is the larger of two returns: the
    mean of 16 random episodes (determined by the level), and staying for ever. The best and the
    worst return in y "among policies optimal for x" are both the return in y of x's reference.
    """

    def __init__(self, trap: Trap, starts: State, horizon: int) -> None:
        """Play episodes from the start states."""
        self._trap, self._starts, self._horizon = trap, starts, horizon
        self._earned = {x: self._returns(starts, self._pursue(x)) for x in trap.objectives}
        self._staying = self._returns(starts, lambda state, rows: np.full(state.n, STAY))
        self._random = self._random_returns()

    def states(self) -> Ints:
        """Return 0 for each level: without a solver, states are not counted."""
        return np.zeros(self._starts.n, dtype=np.int64)

    def optimum(self, objective: str) -> Floats:
        """Return the return of the objective's own reference policy, float64 (levels,)."""
        return self._earned[objective][objective]

    def uniform(self, objective: str) -> Floats:
        """Return the mean of the random episodes, float64 (levels,)."""
        return self._random[objective]

    def floor(self, objective: str) -> Floats:
        """Return the larger return of random actions and of staying, float64 (levels,)."""
        return np.maximum(self._random[objective], self._staying[objective])

    def best(self, objective: str, among: str) -> Floats:
        """Return what the reference policy of ``among`` earns of ``objective``, (levels,)."""
        return self._earned[among][objective]

    worst = best

    def _pursue(self, objective: str) -> Act:
        return lambda state, rows: reference_actions(self._trap, objective, state)

    def _random_returns(self) -> dict[str, Floats]:
        """Return the mean returns of random actions over ``ROLLOUTS`` episodes per level."""
        key, rows = self._starts.level.key, np.arange(self._starts.n)
        seeds = [streams(0, key, f"random episode {k}") for k in range(ROLLOUTS)]
        stream = np.stack(seeds, axis=1).ravel()

        def act(state: State, rows: Ints) -> Ints:
            return below(outputs(stream[rows], state.clock), len(ACTIONS))

        returns = self._returns(self._starts.take(np.repeat(rows, ROLLOUTS)), act)
        return {x: earned.reshape(-1, ROLLOUTS).mean(axis=1) for x, earned in returns.items()}

    def _returns(self, starts: State, act: Act) -> dict[str, Floats]:
        """Return the discounted returns of one episode from each start, by objective."""
        state, rows, trap = starts, np.arange(starts.n), self._trap
        earned = {x: np.zeros(starts.n) for x in trap.objectives}
        for t in range(self._horizon):
            state, rewards, ended = trap.step(state, act(state, rows))
            for x, pays in rewards.items():
                earned[x][rows] += trap.discount(x) ** t * pays
            if ended.any():
                state, rows = state.take(~ended), rows[~ended]
                if not rows.size:
                    break
        return earned


def play_references(trap: Trap, starts: State, horizon: int) -> Iterator[tuple[slice, References]]:
    """Play the reference policies from many start states, chunk by chunk as ``solutions`` does."""
    for first in range(0, starts.n, CHUNK_LEVELS):
        chunk = slice(first, min(first + CHUNK_LEVELS, starts.n))
        yield chunk, References(trap, starts.take(chunk), horizon)
