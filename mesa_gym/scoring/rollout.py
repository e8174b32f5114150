"""Rollouts: what a policy does on given levels, and what that paid."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.envs.observations import make_observation
from mesa_gym.errors import PolicyError, blaming
from mesa_gym.grid import ACTIONS, Ints, State
from mesa_gym.grid.bits import outputs, streams, unit
from mesa_gym.policies import Policy
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

    The sample at a step is a function of (seed, level, step): neither the batch nor the order of
    levels matters to a policy that is itself a function of what it sees.

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
    try:
        observation = make_observation(trap, policy.observation)
    except ValueError as error:
        raise PolicyError(f"{name}: {error}") from None
    with blaming(f"{name}, reset"):
        policy.reset(np.ones(n, dtype=np.bool_), np.random.default_rng([seed, n]))
    sampling = streams(seed, starts.key, "sampled action")
    actions = np.full((n, horizon), ENDED, dtype=np.int8)
    alive = np.ones(n, dtype=np.bool_)
    for t in range(horizon):
        words = outputs(sampling, np.full(n, t))
        seen = observation.encode(state)
        with blaming(f"{name}, step {t}"):
            answer = np.asarray(policy.act(seen, state))
        try:
            chosen = choose(answer, words)
        except ValueError as error:
            raise PolicyError(f"{name}, step {t}: {error}") from None
        actions[alive, t] = chosen[alive]
        alive &= ~trap.advance(state, chosen).ended
        if not alive.any():
            break
        # Rows whose episode is over go on from their start, unrecorded: all states stay valid.
        over = (~alive).nonzero()[0]
        state.put(over, starts, over)
    return actions


def choose(answer: NDArray[Any], words: NDArray[np.uint64]) -> Ints:
    """The actions that a policy's answer means.

    Args:
        answer: actions (n,), or action probabilities (n, 5).
        words: uint64 (n,), random, one for each sample.

    Raises:
        ValueError: the answer is neither; the message names the first bad row.
    """
    shares = probabilities(answer, len(words))
    share = unit(words) * shares.sum(axis=1)
    below = np.cumsum(shares, axis=1) <= share[:, None]
    # A share that rounding puts above the last sum means the last action that is possible.
    last = len(ACTIONS) - 1 - (shares[:, ::-1] > 0).argmax(axis=1)
    return np.minimum(below.sum(axis=1), last)


def probabilities(answer: NDArray[Any], n: int) -> NDArray[np.float64]:
    """The action probabilities that a policy's answer means; an action has probability 1.

    Args:
        answer: actions (n,), or action probabilities (n, 5).
        n: how many rows there should be.

    Returns:
        float64 (n, 5), as given: rows sum to 1 within 0.001.

    Raises:
        ValueError: the answer is neither; the message names the first bad row.
    """
    if answer.shape == (n,) and answer.dtype.kind in "iu":
        bad = (answer < 0) | (answer >= len(ACTIONS))
        if bad.any():
            row = int(bad.argmax())
            raise ValueError(f"it chose action {answer[row]} in row {row}; there is 0 to 4")
        return np.eye(len(ACTIONS))[answer]
    if answer.shape != (n, len(ACTIONS)) or answer.dtype.kind not in "fiub":
        raise ValueError(
            f"it gave an array of shape {answer.shape} and dtype {answer.dtype}; expected"
            f" actions ({n},) of integers, or probabilities ({n}, {len(ACTIONS)})"
        )
    bad = ~np.isfinite(answer).all(axis=1)
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(f"it gave {answer[row]} in row {row}; nan and inf are no probabilities")
    total = answer.sum(axis=1, dtype=np.float64)
    bad = ~(np.isclose(total, 1, atol=1e-3) & (answer >= 0).all(axis=1))
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(
            f"it gave {answer[row]} in row {row}; probabilities are at least 0 and sum to 1"
        )
    return answer.astype(np.float64)


def replay(trap: Trap, starts: State, actions: Actions) -> dict[str, NDArray[np.float64]]:
    """What recorded actions paid.

    Args:
        trap: the rules.
        starts: the levels' start states, n of them; not changed.
        actions: int8 (n, horizon) of ``rollout``.

    Returns:
        objective name -> float64 (horizon, n), 0 after an episode's end.
    """
    state = starts.copy()
    n, horizon = actions.shape
    paid = {x: np.zeros((horizon, n)) for x in trap.objectives}
    for t in range(horizon):
        alive = actions[:, t] != ENDED
        if not alive.any():
            break
        outcome = trap.advance(state, np.where(alive, actions[:, t], 0).astype(np.int64))
        for x, series in paid.items():
            series[t] = outcome.paid[x] * alive
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
    state = starts.copy()
    n, horizon = actions.shape
    cells = np.full((horizon, n), -1)
    for t in range(horizon):
        alive = actions[:, t] != ENDED
        if not alive.any():
            break
        action = np.where(alive, actions[:, t], 0).astype(np.int64)
        cells[t] = np.where(alive, state.cell + state.schema.offsets[action], -1)
        trap.advance(state, action)
    return cells
