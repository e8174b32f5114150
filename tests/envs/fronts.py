"""Interfaces of a trap, such as one environment or many on a device, and their results.

A *front* is a function of a trap, actions (steps, n) and keywords of environments, which yields a
``Shown`` for each step; environments have streams of their own.
"""

from __future__ import annotations

from typing import NamedTuple

import gymnasium as gym
import numpy as np
import pytest

import mesa_gym
from mesa_gym.envs.settings import Settings
from mesa_gym.traps import LEVELS, Split

NUM_LEVELS = 32


class Shown(NamedTuple):
    """A step of n environments, arrays of n rows.

    Attributes:
        level, split: of the episode that took the step.
        action: that was taken.
        before: the observation before it.
        after: the observation after it; at an end the episode's last.
        reward, terminated, truncated: as the environment gives them.
        paid: objective -> its payment.
    """

    level: np.ndarray
    split: np.ndarray
    action: np.ndarray
    before: np.ndarray
    after: np.ndarray
    reward: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    paid: dict[str, np.ndarray]


def play_alone(trap, actions, **keywords):
    """Step levels alone, without a batch or an environment, in an order of their own."""
    settings, n = Settings(trap, **keywords), len(actions[0])
    rules, encode = settings.trap.bound(batched=False), settings.observation.encode
    split, order = settings.split, np.random.default_rng(1).permutation(n)

    def play_lane(row):
        level, state = int(order[row]), None
        for action in actions[:, row].tolist():
            if state is None:
                state = settings.trap.levels(split, [level], settings.salt).single(0)
            after, paid, ended = rules.step(state, action)
            late = after.clock >= settings.max_steps
            seen = (encode(each.batched())[0] for each in (state, after))
            reward = paid[settings.reward] + settings.step_reward
            yield level, split.code, action, *seen, reward, ended, late, *paid.values()
            level, state = (level + n, None) if ended or late else (level, after)

    for rows in zip(*map(play_lane, range(n)), strict=True):
        columns = [*map(np.array, zip(*rows, strict=True))]
        paid = dict(zip(settings.trap.objectives, columns[8:], strict=True))
        yield Shown(*columns[:8], paid)


def play_single(trap, actions, **keywords):
    """Step environments one by one, and reset each at its episode's end; overwrite observations."""
    envs = [gym.make(trap.id(), **keywords) for _ in actions[0]]
    begun = [env.reset(seed=seed) for seed, env in enumerate(envs)]
    for action in actions:
        stepped = [env.step(each) for env, each in zip(envs, action.tolist(), strict=True)]
        after, reward, terminated, truncated, infos = zip(*stepped, strict=True)
        first = [info for _, info in begun]
        yield Shown(
            *(np.array([info[name] for info in first]) for name in ("level", "split")),
            action,
            *(np.array(each) for each in ([seen for seen, _ in begun], after, reward)),
            *(np.array(each) for each in (terminated, truncated)),
            {
                x: np.array([mesa_gym.objectives(each)[x] for each in infos])
                for x in trap.objectives
            },
        )
        for row, env in enumerate(envs):
            over = terminated[row] or truncated[row]
            begun[row] = env.reset() if over else (after[row].copy(), infos[row])
            after[row].fill(0)


def play_vector(trap, actions, **keywords):
    """Step a vector environment that resets in the same step; overwrite its observations."""
    n = len(actions[0])
    envs = gym.make_vec(trap.id(), n, autoreset_mode="SameStep", **keywords)
    before, begun = envs.reset(seed=list(range(n)))
    for action in actions:
        seen, reward, terminated, truncated, infos = envs.step(action)
        after = seen.copy()
        for row in (terminated | truncated).nonzero()[0]:
            after[row] = infos["final_obs"][row]
        paid = mesa_gym.objectives(infos)
        flow = begun["level"], begun["split"], action, before, after
        yield Shown(*flow, reward, terminated, truncated, paid)
        before, begun = seen.copy(), infos
        seen.fill(0)


def play_torch(trap, actions, **keywords):
    """Step tensors without waiting for any; returned tensors may be changed."""
    torch, n = pytest.importorskip("torch"), len(actions[0])
    from tests.envs.kernels import KernelCount

    envs = mesa_gym.make_torch(trap.id(), n, **{"num_levels": NUM_LEVELS} | keywords)
    seen, infos = envs.reset(seed=list(range(n)))
    before, names, waits = seen.numpy().copy(), infos.keys(), KernelCount()
    for action in actions:
        with waits:
            seen, reward, *ended, infos = envs.step(torch.from_numpy(action))
        assert infos.keys() == names
        kept = {name: array.numpy().copy() for name, array in infos.items()}
        flow = kept["level"], kept["split"], action, before, kept["final_obs"]
        rest = (each.numpy().copy() for each in (reward, *ended))
        yield Shown(*flow, *rest, mesa_gym.objectives(kept))
        before = seen.numpy().copy()
        for given in (seen, reward, *ended, *infos.values()):
            given.zero_()
    assert waits.count > 20 * len(actions)


def play_jax(trap, actions, **keywords):
    """Step a program of JAX that was compiled as a whole."""
    jax, n = pytest.importorskip("jax"), len(actions[0])
    envs = mesa_gym.make_jax(trap.id(), n, **{"num_levels": NUM_LEVELS} | keywords)

    def take(carried, given):
        (state, before), (key, action) = carried, given
        seen, state, *rest = envs.step(key, state, action)
        return (state, seen), (before, *rest)

    def run(key):
        seen, state = envs.reset(key)
        return jax.lax.scan(take, (state, seen), (jax.random.split(key, len(actions)), actions))[1]

    # This compiles in two thirds of the time.
    quick = jax.jit(run, compiler_options={"xla_backend_optimization_level": 0})
    before, reward, done, infos = jax.tree.map(np.asarray, quick(jax.random.key(0)))
    for t, action in enumerate(actions):
        kept = {name: array[t] for name, array in infos.items()}
        assert (done[t] == kept["terminated"] | kept["truncated"]).all()
        flow = kept["level"], kept["split"], action, before[t], kept["final_obs"]
        ended = kept["terminated"], kept["truncated"]
        yield Shown(*flow, reward[t], *ended, mesa_gym.objectives(kept))


FRONTS = {"alone": play_alone, "single": play_single, "vector": play_vector}
FRONTS |= {"torch": play_torch, "jax": play_jax}


def require_own_levels(moves, settings):
    """Hold each step to the trap's own levels and step, in one batch of NumPy.

    Args:
        moves: an iterable of ``Shown``.
        settings: of an environment with the same keywords.
    """
    trap, kind, state, ends = settings.trap, settings.observation, None, 0
    begins = level = None
    for shown in moves:
        assert shown.before.dtype == shown.after.dtype == kind.space.dtype
        if state is None or begins.any():
            state = begin(settings, state, begins, shown)
        else:
            np.testing.assert_array_equal(shown.level, level)
        np.testing.assert_array_equal(shown.before, kind.encode(state))
        state, paid, ended = trap.step(state, shown.action)
        np.testing.assert_array_equal(shown.after, kind.encode(state))
        late = state.clock >= settings.max_steps
        np.testing.assert_array_equal(shown.terminated, ended)
        np.testing.assert_array_equal(shown.truncated, late)
        assert shown.paid.keys() == paid.keys()
        for x, pay in paid.items():  # on a device they have 32 bits
            np.testing.assert_array_equal(shown.paid[x], pay.astype(shown.paid[x].dtype))
        reward = paid[settings.reward] + settings.step_reward
        np.testing.assert_allclose(shown.reward, reward, atol=1e-6)
        begins, level = ended | late, shown.level
        ends += begins.sum()
    assert ends


def begin(settings, state, begins, shown):
    """Return the states with new levels in the rows that begin; all rows at first."""
    trap, n = settings.trap, len(shown.level)
    parts, at = ([], np.full(n, -1)) if state is None else ([state], np.arange(n))
    for split in Split:
        rows = np.flatnonzero((shown.split == split.code) & (True if state is None else begins))
        if rows.size:
            own = shown.level[rows].astype(np.int64) % LEVELS
            own += LEVELS * bool(settings.alpha and split.shifted)
            at[rows] = sum(part.n for part in parts) + np.arange(rows.size)
            parts.append(trap.levels(split, own, settings.salt))
    return trap.joined(parts).take(at)
