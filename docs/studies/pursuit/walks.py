"""Walks by policies, recorded actions and random moves, from states that may be changed."""

from __future__ import annotations

from itertools import count

import numpy as np

from docs.studies.pursuit.interventions import GoalStates
from mesa_gym.engine import STAY, Bools, Floats, Ints, State
from mesa_gym.policies import Policy, PolicySampler
from mesa_gym.traps import Trap

NO_STEP = np.iinfo(np.int64).max
# n start states, a play's actions and cells (n, steps), and its number of steps before the change.
Lead = tuple[State, Ints, Ints, Ints]


def find_first(cells: Ints, marks: Bools) -> Ints:
    """Return the index of the first step into a marked cell, or ``NO_STEP``."""
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
) -> tuple[Ints, Ints]:
    """Play from changed states; a policy with memory first repeats its actions of the first play.

    All rows keep their order, and the play has the first play's name, so that a policy makes equal
    random draws at its reset. Rows with a bound of 0 are not played.

    Args:
        policy: the policy that acts.
        trap: the trap.
        changed: n states.
        stops: bool (n, cells), the cells in which a row's play stops.
        bounds: int64 (n,), the most steps of each row.
        name: the policy's name, for messages.
        most: the largest possible bound.
        lead: the first play, which leads to the states; used for a policy with memory.
        first_draw: the index of the first random number for sampling actions. Plays after a change
            use new random numbers, because those of the first play determined the change.

    Returns:
        The actions, int64 (n, most), ``STAY`` after the last; the cells after each step, int64
        (n, most), 0 after the last.
    """
    rows, state, age = np.arange(changed.n), changed, np.zeros(changed.n, np.int64)
    remembers = getattr(policy, "memory", True) is not False
    if lead := lead if remembers else None:
        both = trap.joined([lead[0], changed])
        state, changed, age = both.take(rows), both.take(rows + len(rows)), -lead[3]
    sampler = PolicySampler(policy, trap, changed.level.key, 0, name)
    cells = np.zeros((len(rows), most), np.int64)
    actions, done = np.full_like(cells, STAY), bounds <= 0
    for t in count():
        if done.all():
            break
        if (begins := age == 0).any():
            state = state.replaced(begins, changed)
        active = rows if remembers else np.flatnonzero(~done)
        shares = sampler.probabilities(state if remembers else state.take(active), t)
        action = np.full(len(rows), STAY)
        action[active] = sampler.sample(shares, t + first_draw, active)
        if lead:  # repeat the recorded actions until each row reaches its changed state
            action = np.where(age < 0, lead[1][:, min(t, lead[1].shape[1] - 1)], action)
        step = trap.step(state, action)
        state = step.state.replaced(done, state)
        here = np.flatnonzero((age >= 0) & ~done)
        cells[here, age[here]], actions[here, age[here]] = state.agent[here], action[here]
        age = age + 1
        done |= (age > 0) & (step.ended | stops[rows, state.agent] | (age >= bounds))
    return actions, cells


def retrace(trap: Trap, state: State, actions: Ints, length: Ints) -> tuple[State, Ints]:
    """Return the states after ``length`` actions, and the cells after each, int64 (n, steps)."""
    cells = np.zeros_like(actions)
    for t in range(int(length.max(initial=0))):
        state = trap.step(state, actions[:, t]).state.replaced(t >= length, state)
        cells[:, t] = np.where(t < length, state.agent, 0)
    return state, cells


def arrive_at_random(
    trap: Trap, scene: GoalStates, bounds: Ints, often: Floats | None = None
) -> Floats:
    """Return the exact probability that random moves reach the goal first, float64 (n,).

    Args:
        trap: the trap.
        scene: the start states and goals.
        bounds: int64 (n,), the most steps.
        often: the probability of each action (5,); None for equally likely legal moves.
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
