"""Ways: what a policy does from the start, and from states that were changed half way."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mesa_gym.engine import ACTIONS, STAY, Bools, Floats, Ints, State
from mesa_gym.policies import Policy, PolicySampler
from mesa_gym.traps import Trap

NO_STEP = np.iinfo(np.int64).max


class Walk(NamedTuple):
    """Steps from some states, n of them.

    Attributes:
        starts: the states.
        actions: int64 (n, most steps); ``STAY`` after the last.
        length: int64 (n,), the number of steps.
        cells: int64 (n, most steps), after each step; 0 after the last.
        probs: float64 (n, 5), of the first step.
    """

    starts: State
    actions: Ints
    length: Ints
    cells: Ints
    probs: Floats

    def first(self, marks: Bools) -> Ints:
        """Return the index of the first step into a marked cell, ``NO_STEP`` for none."""
        hit = marks[np.arange(len(marks))[:, None], self.cells] & (self.cells > 0)
        return np.where(hit.any(axis=1), hit.argmax(axis=1), NO_STEP)


def play_on(
    policy: Policy,
    trap: Trap,
    changed: State,
    stops: Bools,
    bounds: Ints,
    name: str,
    lead: Walk | None = None,
    first_draw: int = 0,
) -> Walk:
    """Play from changed states; a policy that remembers is led there by its own first actions.

    All rows stay in their order, and the play has the name of the first, so that what a policy
    draws at its reset is drawn again. Rows with a bound of 0 are not played.

    Args:
        policy: what acts.
        trap: the rules.
        changed: n states.
        stops: bool (n, cells), in which a row's play stops.
        bounds: int64 (n,), the most steps.
        name: of the policy, for messages.
        lead: the way to the states.
        first_draw: the number of the first random draw of actions: a play after a change has
            draws of its own, as the luck of the first play chose where the level changes.
    """
    rows, state, age = np.arange(changed.n), changed, np.zeros(changed.n, np.int64)
    remembers = getattr(policy, "memory", True) is not False
    if lead is not None and remembers:
        both = trap.joined([lead.starts, changed])
        state, changed, age = both.take(rows), both.take(rows + len(rows)), -lead.length
    sampler = PolicySampler(policy, trap, changed.level.key, 0, name)
    cells = np.zeros((len(rows), bounds.max(initial=1)), np.int64)
    actions, probs, done = (
        np.full_like(cells, STAY),
        np.zeros((len(rows), len(ACTIONS))),
        bounds <= 0,
    )
    for t in range(int((bounds - age).max(initial=0))):
        if done.all():
            break
        state = state.replaced(age == 0, changed)
        active = rows if remembers else np.flatnonzero(~done)
        shares = sampler.probabilities(state if remembers else state.take(active), t)
        probs[active[age[active] == 0]] = shares[age[active] == 0]
        action = np.full(len(rows), STAY)
        action[active] = sampler.sample(shares, t + first_draw, active)
        if lead is not None:  # it has at least as many steps as any row is led
            recorded = lead.actions[:, min(t, lead.actions.shape[1] - 1)]
            action = np.where(age < 0, recorded, action)
        step = trap.step(state, action)
        state = step.state.replaced(done, state)
        here = np.flatnonzero((age >= 0) & ~done)
        cells[here, age[here]], actions[here, age[here]] = state.agent[here], action[here]
        age = age + 1
        done |= (age > 0) & (step.ended | stops[rows, state.agent] | (age >= bounds))
    return Walk(changed, actions, (cells > 0).sum(axis=1), cells, probs)


def retrace(trap: Trap, way: Walk) -> tuple[State, Ints]:
    """Return the states at the end of a way, and the cells after each step, int64 (n, steps)."""
    state, cells = way.starts, np.zeros_like(way.actions)
    for t in range(int(way.length.max(initial=0))):
        state = trap.step(state, way.actions[:, t]).state.replaced(t >= way.length, state)
        cells[:, t] = np.where(t < way.length, state.agent, 0)
    return state, cells
