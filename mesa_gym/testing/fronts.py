"""Fronts: interfaces of a trap, such as one environment, which must show the trap's own steps.

A *front* is a function of a trap, actions (steps, n) and keywords of environments. It yields a
``FrontStep`` for each step. ``compare_with_rules`` compares any front with the trap's levels and
rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from gymnasium.vector import AutoresetMode

from mesa_gym.engine import Array, Bools, State
from mesa_gym.envs.base import objectives
from mesa_gym.envs.settings import Settings
from mesa_gym.envs.single import TrapEnv
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.testing.check import Findings, same
from mesa_gym.testing.drawn import inspect_states
from mesa_gym.testing.sample import name_arrays
from mesa_gym.traps import LEVELS, Split, Trap


class FrontStep(NamedTuple):
    """A step of n environments, arrays of n rows.

    Attributes:
        level, split: of the episode that took the step.
        action: the action that was taken.
        before: the observation before the step.
        after: the observation after the step; at an end, the episode's last.
        reward, terminated, truncated: as the environment gives them.
        paid: objective -> its payment.
        state: the environment's state before the step, if it has one.
    """

    level: Array
    split: Array
    action: Array
    before: Array
    after: Array
    reward: Array
    terminated: Array
    truncated: Array
    paid: dict[str, Array]
    state: State | None = None


def play_single(trap: Trap, actions: Array, **keywords: Any) -> Iterator[FrontStep]:
    """Step environments one by one, and reset each at its episode's end; overwrite observations."""
    envs = [TrapEnv(trap, **keywords) for _ in actions[0]]
    starts = [env.reset(seed=seed) for seed, env in enumerate(envs)]
    for action in actions:
        results = [env.step(a) for env, a in zip(envs, action.tolist(), strict=True)]
        after, reward, terminated, truncated, infos = zip(*results, strict=True)
        before, previous = zip(*starts, strict=True)
        level, split = ([info[name] for info in previous] for name in ("level", "split"))
        payments = [objectives(info) for info in infos]
        by_objective = {x: np.array([row[x] for row in payments]) for x in payments[0]}
        columns = (level, split, action, before, after, reward, terminated, truncated)
        yield FrontStep._make([*map(np.array, columns), by_objective, None])
        for row, env in enumerate(envs):
            over = terminated[row] or truncated[row]
            starts[row] = env.reset() if over else (after[row].copy(), infos[row])
            after[row].fill(0)


def play_vector(trap: Trap, actions: Array, **keywords: Any) -> Iterator[FrontStep]:
    """Step a vector environment that resets in the same step; overwrite its observations."""
    n = len(actions[0])
    envs = TrapVectorEnv(trap, n, autoreset_mode=AutoresetMode.SAME_STEP, **keywords)
    before, previous = envs.reset(seed=[*range(n)])
    for action in actions:
        state = envs.state
        obs, reward, terminated, truncated, infos = envs.step(action)
        after, episode = obs.copy(), (previous["level"], previous["split"])
        for row in (terminated | truncated).nonzero()[0]:
            after[row] = infos["final_obs"][row]
        ends = terminated, truncated
        yield FrontStep(*episode, action, before, after, reward, *ends, objectives(infos), state)
        before, previous = obs.copy(), infos
        obs.fill(0)


Front = Callable[..., Iterator[FrontStep]]
FRONTS: dict[str, Front] = {"single": play_single, "vector": play_vector}


def compare_with_rules(steps: Iterable[FrontStep], settings: Settings) -> Findings:
    """Yield findings: each step shows the trap's own level, observations, payments and end.

    Args:
        steps: the steps of a front.
        settings: the settings of an environment with the front's keywords.
    """
    trap, encode = settings.trap, settings.observation.encode
    splits = [settings.split, *[Split.SHIFT] * bool(settings.alpha)]
    state, over, previous = None, np.array(True), None
    for step in steps:
        state = _draw_starts(settings, state, over, step)
        expected = trap.step(state, step.action)
        places = np.divmod([state.agent, expected.state.agent], trap.width)
        near = abs(np.diff(places, axis=1)).sum(axis=(0, 1)) <= 1
        yield near | trap.carries, "the agent jumps, and `carries` is not set", state
        if step.state is not None:
            yield from inspect_states(trap, step.state)
            ours, rules_arrays = (name_arrays(trap, x) for x in (step.state, state))
            message = "an environment's state is not the trap's"
            yield same(message, ours, rules_arrays, state)
        previous = previous or step
        level, split = (np.where(over, x, y) for x, y in zip(step[:2], previous[:2], strict=True))
        possible = np.isin(step.split, [x.code for x in splits])
        truncated = expected.state.clock >= settings.max_steps
        reward = expected.paid[settings.reward] + settings.step_reward
        for message, good in (
            ("another observation before a step", _equal_rows(step.before, encode(state))),
            ("another level", _equal_rows(step.level, level)),
            ("another split", _equal_rows(step.split, split) & possible),
            (f"another reward than {settings.reward!r}", _equal_rows(step.reward, reward)),
            ("another end", _equal_rows(step.terminated, expected.ended)),
            (
                f"a truncation elsewhere than after {settings.max_steps} steps",
                _equal_rows(step.truncated, truncated),
            ),
            ("another observation after it", _equal_rows(step.after, encode(expected.state))),
            ("other objectives", step.paid.keys() == expected.paid.keys()),
            *(
                (f"another {x!r}", _equal_rows(step.paid.get(x), payment))
                for x, payment in expected.paid.items()
            ),
        ):
            yield good, f"an environment reports {message}", state
        state, over, previous = expected.state, expected.ended | truncated, step


def _equal_rows(array: object, expected: Array) -> Bools:
    """Return whether rows are equal, bool (n,); False for another shape or kind of number.

    A device has 32 bits, so other dtypes of a kind are compared in their own precision.
    """
    if not isinstance(array, np.ndarray) or array.shape != expected.shape:
        return np.array(False)
    good = (array == expected.astype(array.dtype)) & (array.dtype.kind == expected.dtype.kind)
    return good.reshape(len(good), -1).all(axis=1)


def _draw_starts(settings: Settings, state: State | None, over: Array, step: FrontStep) -> State:
    """Return the states with new levels where an episode is over; all levels at first."""
    trap, n = settings.trap, len(step.level)
    parts, at = ([], np.full(n, -1)) if state is None else ([state], np.arange(n))
    for split in Split:
        rows = np.flatnonzero((step.split == split.code) & over)
        if rows.size:
            numbers = step.level[rows].astype(np.int64) % LEVELS
            numbers += LEVELS * bool(settings.alpha and split.shifted)
            at[rows] = sum(part.n for part in parts) + np.arange(rows.size)
            parts.append(trap.levels(split, numbers, settings.salt))
    return trap.joined(parts).take(at)
