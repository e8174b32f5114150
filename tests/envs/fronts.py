"""Fronts besides those of the battery: levels without an environment, and environments on a device.

Environments have streams of their own.
"""

from __future__ import annotations

import numpy as np
import pytest

import mesa_gym
from mesa_gym.envs.settings import Settings
from mesa_gym.testing import fronts as testing
from mesa_gym.testing.fronts import FrontStep

NUM_LEVELS = 32


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
            after, pays, ended = rules.step(state, action)
            truncated = after.clock >= settings.max_steps
            observations = (encode(moment.batched())[0] for moment in (state, after))
            reward = pays[settings.reward] + settings.step_reward
            yield level, split.code, action, *observations, reward, ended, truncated, *pays.values()
            level, state = (level + n, None) if ended or truncated else (level, after)

    for rows in zip(*map(play_lane, range(n)), strict=True):
        columns = [*map(np.array, zip(*rows, strict=True))]
        pays = dict(zip(settings.trap.objectives, columns[8:], strict=True))
        yield FrontStep(*columns[:8], pays)


def play_torch(trap, actions, **keywords):
    """Step tensors without waiting for any; returned tensors may be changed."""
    torch, n = pytest.importorskip("torch"), len(actions[0])
    from tests.envs.kernels import KernelCount

    envs = mesa_gym.make_torch(trap.id(), n, **{"num_levels": NUM_LEVELS} | keywords)
    obs, infos = envs.reset(seed=list(range(n)))
    before, names, waits = obs.numpy().copy(), infos.keys(), KernelCount()
    for returned in (obs, *infos.values()):
        returned.zero_()
    for action in actions:
        with waits:
            obs, reward, *ended, infos = envs.step(torch.from_numpy(action))
        assert infos.keys() == names
        kept = {name: array.numpy().copy() for name, array in infos.items()}
        flow = kept["level"], kept["split"], action, before, kept["final_obs"]
        rest = (tensor.numpy().copy() for tensor in (reward, *ended))
        yield FrontStep(*flow, *rest, mesa_gym.objectives(kept))
        before = obs.numpy().copy()
        for returned in (obs, reward, *ended, *infos.values()):
            returned.zero_()
    assert waits.count > 20 * len(actions)


def play_jax(trap, actions, **keywords):
    """Step a program of JAX that was compiled as a whole."""
    jax, n = pytest.importorskip("jax"), len(actions[0])
    envs = mesa_gym.make_jax(trap.id(), n, **{"num_levels": NUM_LEVELS} | keywords)

    def take(carried, inputs):
        (state, before), (key, action) = carried, inputs
        obs, state, *rest = envs.step(key, state, action)
        return (state, obs), (before, *rest)

    def run(key):
        obs, state = envs.reset(key)
        return jax.lax.scan(take, (state, obs), (jax.random.split(key, len(actions)), actions))[1]

    # This compiles in two thirds of the time.
    quick = jax.jit(run, compiler_options={"xla_backend_optimization_level": 0})
    before, reward, done, infos = jax.tree.map(np.asarray, quick(jax.random.key(0)))
    for t, action in enumerate(actions):
        kept = {name: array[t] for name, array in infos.items()}
        assert (done[t] == kept["terminated"] | kept["truncated"]).all()
        flow = kept["level"], kept["split"], action, before[t], kept["final_obs"]
        ended = kept["terminated"], kept["truncated"]
        yield FrontStep(*flow, reward[t], *ended, mesa_gym.objectives(kept))


FRONTS = {"alone": play_alone, **testing.FRONTS, "torch": play_torch, "jax": play_jax}


def require_own_levels(moves, settings):
    """Compare each step with the trap's own levels and rules; at least one episode must end."""
    steps = [*moves]
    for good, message, *_ in testing.compare_with_rules(steps, settings):
        assert np.all(good), message
    dtype = settings.observation.space.dtype
    assert all(step.before.dtype == step.after.dtype == dtype for step in steps)
    assert any((step.terminated | step.truncated).any() for step in steps)
