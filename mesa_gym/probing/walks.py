"""Walks of policies, of recorded actions and of chance, from states that may have been changed."""

from __future__ import annotations

from itertools import count

import numpy as np

from mesa_gym.engine import ACTIONS, STAY, Bools, Floats, Ints, State
from mesa_gym.policies import Policy, PolicySampler
from mesa_gym.probing.interventions import GoalStates
from mesa_gym.traps import Trap

NO_STEP = np.iinfo(np.int64).max
# n states, the actions and cells of plays from there (n, steps), and how many steps are taken (n,).
Lead = tuple[State, Ints, Ints, Ints]


def find_first(cells: Ints, marks: Bools) -> Ints:
    """Return the index of the first step into a marked cell, ``NO_STEP`` for none."""
    hit = np.take_along_axis(marks, cells, axis=1) & (cells > 0)
    return np.where(hit.any(axis=1), hit.argmax(axis=1), NO_STEP)


def play_on(
    policy: Policy,
    trap: Trap,
    changed: State,
    stops: Bools,
    bounds: Ints,
    name: str,
    most: int,
    lead: Lead | None = None,
    first_draw: int = 0,
) -> tuple[Ints, Ints, Floats]:
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
        most: the most steps that any bound allows.
        lead: the way to the states, for a policy that remembers.
        first_draw: the number of the first random draw of actions: a play after a change has
            draws of its own, as the luck of the first play chose where the level changes.

    Returns:
        The actions, int64 (n, most), ``STAY`` after the last; the cells after each step, int64
        (n, most), 0 after the last; the action probabilities of the first step, float64 (n, 5).
    """
    rows, state, age = np.arange(changed.n), changed, np.zeros(changed.n, np.int64)
    remembers = getattr(policy, "memory", True) is not False
    if lead := lead if remembers else None:
        both = trap.joined([lead[0], changed])
        state, changed, age = both.take(rows), both.take(rows + len(rows)), -lead[3]
    sampler = PolicySampler(policy, trap, changed.level.key, 0, name)
    cells, probs = np.zeros((len(rows), most), np.int64), np.zeros((len(rows), len(ACTIONS)))
    actions, done = np.full_like(cells, STAY), bounds <= 0
    for t in count():
        if done.all():
            break
        if (begins := age == 0).any():
            state = state.replaced(begins, changed)
        active = rows if remembers else np.flatnonzero(~done)
        shares = sampler.probabilities(state if remembers else state.take(active), t)
        probs[active[begins[active]]] = shares[begins[active]]
        action = np.full(len(rows), STAY)
        action[active] = sampler.sample(shares, t + first_draw, active)
        if lead:  # it has at least as many steps as any row is led
            action = np.where(age < 0, lead[1][:, min(t, lead[1].shape[1] - 1)], action)
        step = trap.step(state, action)
        state = step.state.replaced(done, state)
        here = np.flatnonzero((age >= 0) & ~done)
        cells[here, age[here]], actions[here, age[here]] = state.agent[here], action[here]
        age = age + 1
        done |= (age > 0) & (step.ended | stops[rows, state.agent] | (age >= bounds))
    return actions, cells, probs


def retrace(trap: Trap, state: State, actions: Ints, length: Ints) -> tuple[State, Ints]:
    """Return the states after a number of actions, and the cell after each, int64 (n, steps)."""
    cells = np.zeros_like(actions)
    for t in range(int(length.max(initial=0))):
        state = trap.step(state, actions[:, t]).state.replaced(t >= length, state)
        cells[:, t] = np.where(t < length, state.agent, 0)
    return state, cells


def arrive_at_random(
    trap: Trap, scene: GoalStates, bounds: Ints, often: Floats | None = None
) -> Floats:
    """Return the probability that random moves reach the goal first, exact, float64 (n,).

    Args:
        trap: the rules.
        scene: where.
        bounds: int64 (n,), the most steps.
        often: probability of each action (5,); None for legal moves alone, equally likely.
    """
    can = np.stack([np.roll(scene.entered, -move, axis=1) for move in trap.offsets[:STAY]])
    uniform = can / np.maximum(can.sum(axis=0), 1)
    weights = uniform if often is None else can * often[:STAY, None, None]
    stay, absorbing = 1 - weights.sum(axis=0), scene.stops | scene.final
    chance, arrived = np.zeros(stay.shape), np.zeros(scene.state.n)
    np.put_along_axis(chance, scene.state.agent[:, None], 1.0, axis=1)
    for t in range(int(bounds.max(initial=0))):
        moves = zip(trap.offsets[:STAY], weights, strict=True)
        chance = chance * stay + sum(np.roll(chance * w, move, axis=1) for move, w in moves)
        arrived += np.where(t < bounds, chance[np.arange(scene.state.n), scene.goal], 0)
        chance[absorbing] = 0
    return arrived
