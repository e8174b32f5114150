"""PPO: rollouts, advantages, losses and updates, each beside the same by hand."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest
import torch
from jax._src import monitoring  # the public one does not take a listener away

from agents import ppo
from agents.algorithms import SETTING_NAMES
from agents.compiling import AgentBatch, find_devices, jax, jnp, optax
from agents.networks import LearningMLP
from agents.ppo import PPO, Minibatch, explain_variance
from agents.run import strip_numbers
from agents.train import train_runs
from mesa_gym.trained.mlp import MLP
from mesa_gym.trained.weights_file import decode_weights
from tests.support.parameters import few
from tests.support.training import (
    CORNER,
    FEW,
    OTHER_SETTINGS,
    list_own_numbers,
    small,
    train_weights,
    write_update,
)

N, LENGTH = 400, FEW.rollout_length


class FixedEnv:
    """Environments whose rewards and ends were drawn beforehand.

    Their state is the time, and the key of the last step.
    """

    def __init__(self, envs=N):
        rng, shape = np.random.default_rng(0), (LENGTH, envs)
        inputs = MLP(CORNER).view.count
        self.seen = rng.integers(0, inputs, (LENGTH + 1, envs, 6), dtype=np.int32)
        self.paid = rng.random(shape, dtype=np.float32)
        self.done = rng.random(shape) < 0.2
        self.late = self.done & (rng.random(shape) < 0.5)

    def reset(self, key, alpha=None):
        return jnp.asarray(self.seen[0]), (jnp.int32(0), jax.random.key_data(key))

    def step(self, key, state, action, alpha=None):
        now = state[0]
        seen, paid, done, late = map(jnp.asarray, (self.seen, self.paid, self.done, self.late))
        # Some episodes end by their rules in the last step of the time limit.
        infos = {"truncated": done[now], "terminated": done[now] & ~late[now]}
        after = now + 1, jax.random.key_data(key)
        return seen[now + 1], after, paid[now], done[now], infos


def opinionated(key):
    """Initial weights with different outputs; those of a plain draw are nearly equal."""
    drawn = LearningMLP(CORNER).draw(jax.random.key(key))
    return {x: array * (300 if x.startswith("policy") else 1) for x, array in drawn.items()}


def answers(weights, inputs):
    """The answers of the agent, in NumPy: logarithms of probabilities, and values."""
    arrays = {name: np.asarray(x) for name, x in weights.items()}
    layers = MLP(CORNER).compute(np, arrays, inputs, None)
    scores = layers["scores"].astype(float)
    return scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True)), layers["value"]


@cache
def play_fixed():
    """A rollout in fixed environments: environments, steps, advantages and weights."""
    env = FixedEnv()
    algo = PPO(LearningMLP(CORNER), env, replace(FEW, environments=N))
    weights, state = opinionated(0), algo.begin(list_own_numbers(algo, 1)).rollout_state
    args = weights, list_own_numbers(algo), state, jax.random.key(3)
    playing, transitions = jax.jit(algo.play)(*args)
    advantages = algo.estimate_advantages(weights, list_own_numbers(algo), playing, transitions)
    return algo, jax.tree.map(np.asarray, transitions), np.asarray(advantages), weights


def test_advantages_and_returns_equal_a_loop():
    algo, transitions, estimates, weights = play_fixed()
    env, (logs, values) = algo.env, answers(weights, algo.env.seen)
    advantages, later, total = np.zeros(env.paid.shape), 0.0, 0.0
    earned = np.zeros(env.paid.shape)
    for t in reversed(range(LENGTH)):
        following = np.where(env.late[t], values[t], np.where(env.done[t], 0.0, values[t + 1]))
        delta = env.paid[t] + 0.95 * following - values[t]
        advantages[t] = later = delta + np.where(env.done[t], 0.0, 0.95 * 0.95 * later)
    for t in range(LENGTH):
        total += env.paid[t]
        earned[t], total = np.where(env.done[t], total, 0.0), np.where(env.done[t], 0.0, total)
    assert env.late.any()
    assert (env.done & ~env.late).any()
    np.testing.assert_allclose(estimates, advantages, atol=1e-4)
    np.testing.assert_allclose(transitions.episode_return, earned, atol=1e-5)
    np.testing.assert_array_equal(transitions.episode_start[1:], env.done[:-1])
    log_probs = np.take_along_axis(logs[:-1], transitions.action[..., None], axis=-1)[..., 0]
    np.testing.assert_allclose(transitions.log_prob, log_probs, atol=1e-4)


@pytest.mark.thorough
def test_sampled_actions_follow_their_probabilities():
    algo, transitions, _, weights = play_fixed()
    logs = answers(weights, algo.env.seen)[0][:-1]
    chances = np.exp(logs)
    assert chances.std(axis=(0, 1)).min() > 0.02
    shares = np.bincount(transitions.action.ravel(), minlength=5) / transitions.action.size
    np.testing.assert_allclose(shares, chances.mean(axis=(0, 1)), atol=0.02)
    entropy = -(chances * logs).sum(axis=-1)
    assert transitions.log_prob.mean() == pytest.approx(-entropy.mean(), abs=0.02)


@pytest.mark.thorough
def test_ppo_loss_equals_hand_computed_loss():
    """As Stable-Baselines3 writes it, except that advantages are divided by n, not n - 1."""
    algo, transitions, advantages, _ = play_fixed()
    weights = opinionated(1)
    logs, values = answers(weights, transitions.obs)
    scaled = (advantages - advantages.mean()) / advantages.std()
    log_probs = np.take_along_axis(logs, transitions.action[..., None], axis=-1)[..., 0]
    ratio = log_probs - transitions.log_prob
    ratio = np.exp(ratio)
    gain = np.minimum(scaled * ratio, scaled * np.clip(ratio, 0.8, 1.2))
    assert {*np.sign(ratio - np.clip(ratio, 0.8, 1.2)).ravel()} == {-1, 0, 1}
    error = (values - (transitions.value + advantages)) ** 2
    entropy = -(np.exp(logs) * logs).sum(axis=-1)
    expected = (0.5 * error - gain - 0.3 * 0.01 * entropy).mean()
    args = jax.tree.map(jnp.asarray, (weights, np.zeros((N, 0)), transitions, advantages))
    loss, means = algo.compute_loss(*args, list_own_numbers(algo), jnp.float32(0.3))
    assert float(loss) == pytest.approx(expected, rel=1e-4)
    clipped = np.abs(ratio - 1) > 0.2
    diagnosed = [np.mean(x) for x in (ratio - 1 - np.log(ratio), clipped, entropy)]
    np.testing.assert_allclose(means, diagnosed, rtol=1e-4)
    assert diagnosed[0] > 0
    assert 0.01 < diagnosed[1] < 0.99

    def add(params, batch):
        assert params.keys() == weights.keys()
        assert isinstance(batch, Minibatch)
        np.testing.assert_allclose(batch.log_probs, logs, atol=1e-4)
        np.testing.assert_allclose(batch.values, values, atol=1e-4)
        np.testing.assert_allclose(batch.advantages, scaled, atol=1e-4)
        return 7 * batch.remaining

    other = PPO(algo.learner, algo.env, algo.settings, loss=add)
    loss, means = other.compute_loss(*args, list_own_numbers(algo), jnp.float32(0.3))
    assert float(loss) == pytest.approx(expected + 2.1, rel=1e-4)
    np.testing.assert_allclose(means, [*diagnosed, abs(expected), 2.1], rtol=1e-4)


def test_explained_variance_is_share_of_returns():
    """With a value estimate that is half of each return, three quarters of the variance."""
    _, transitions, advantages, _ = play_fixed()
    returns = advantages - advantages.mean()
    for share, expected in ((0.5, 0.75), (1, 1), (0, 0), (-1, -3)):
        estimate = transitions._replace(value=share * returns)
        explained = explain_variance(estimate, (1 - share) * returns)
        assert float(explained) == pytest.approx(expected, abs=1e-4)
    assert float(explain_variance(transitions._replace(value=0 * returns), 0 * returns)) == 0


@pytest.mark.thorough
def test_ppo_learns_from_a_custom_reward():
    env = FixedEnv(3)
    settings = replace(FEW, environments=3, rollout_length=2, minibatches=1, discount=0)
    learner = LearningMLP(CORNER)
    algo = PPO(learner, env, settings, reward=lambda now, action, pay: now[0] + 2 * action)
    state = algo.begin(list_own_numbers(algo, 1)).rollout_state
    _, transitions = algo.play(opinionated(0), list_own_numbers(algo), state, jax.random.key(0))
    expected = 2 * transitions.action + np.arange(2)[:, None]
    np.testing.assert_array_equal(transitions.reward, expected)
    np.testing.assert_allclose(
        transitions.episode_return[0], env.paid[0] * env.done[0]
    )  # curves are paid


class NotingMLP(LearningMLP):
    """A network whose optimiser notes the norms of gradients, and steps by 1."""

    def make_optimiser(self):
        def update(gradient, state, weights=None):
            norms, step = state
            norms = norms.at[step].set(sum(jnp.sum(x**2) for x in jax.tree.leaves(gradient)) ** 0.5)
            return jax.tree.map(jnp.ones_like, gradient), (norms, step + 1)

        return optax.GradientTransformation(lambda _: (jnp.zeros(8), jnp.int32(0)), update)


@cache
def update_once(seed, iteration, left=1.0):
    """The state after an update in fixed environments, always from one state on."""
    algo, update, before = prepare_update()
    return update(before, list_own_numbers(algo, seed), np.uint32(iteration), np.float32(left))[0]


@cache
def prepare_update():
    algo = PPO(NotingMLP(CORNER), FixedEnv(16), replace(FEW, gradient_norm=1.6))
    return algo, jax.jit(algo.update), algo.begin(list_own_numbers(algo, 1))


@pytest.mark.thorough
def test_update_clips_gradients_and_lowers_learning_rate():
    before, after = prepare_update()[-1], update_once(1, 1, 0.75)
    for old, new in zip(*map(jax.tree.leaves, (before.weights, after.weights)), strict=True):
        np.testing.assert_allclose(old - new, 8 * 0.75 * 0.005, rtol=1e-3)
    norms = after.opt_state[1][0]
    assert norms.max() == pytest.approx(1.6, abs=1e-4)
    assert 0 < norms.min() < 1.59  # which is left alone


def test_rollout_draws_by_seed_and_iteration(monkeypatch):
    """Weights, first levels, steps and minibatches come from the seed; nothing is compiled."""
    algo, keys = PPO(LearningMLP(CORNER), FixedEnv(16), FEW), []

    def note(weights, numbers, carry, key):
        keys.append(bytes(np.asarray(jax.random.key_data(key))))
        raise EOFError

    monkeypatch.setattr(algo, "play", note)
    states = [algo.begin(list_own_numbers(algo, seed)) for seed in (0, 1)]
    for seed, iteration in product((0, 1), (1, 2)):
        with pytest.raises(EOFError):
            algo.update(states[0], list_own_numbers(algo, seed), np.uint32(iteration), 1.0)
    assert len({*keys}) == len(keys) == 4
    first, second = (state.rollout_state.env_state[1].tolist() for state in states)
    assert first != second
    first, second = (np.asarray(state.weights["first.weight"]) for state in states)
    assert (first != second).mean() > 0.99


def test_training_begins_with_given_weights():
    learner = LearningMLP(CORNER)
    learner.start = learner.draw(jax.random.key(7))
    algo = PPO(learner, FixedEnv(16), FEW)
    assert algo.begin(list_own_numbers(algo)).weights is learner.start


@pytest.mark.parametrize("name", ["seed", *SETTING_NAMES])
def test_setting_and_seed_change_the_update(name):
    assert [*OTHER_SETTINGS] == [*SETTING_NAMES]
    other = {} if name == "seed" else {name: OTHER_SETTINGS[name]}
    assert update_with(2 if name == "seed" else 1, **other) != update_with(1)


@cache
def update_with(seed, **settings):
    """Return the program of an update; the usual one is written once."""
    changed = replace(FEW, **settings)
    algo = PPO(LearningMLP(CORNER, changed.units), FixedEnv(changed.environments), changed)
    return write_update(algo, seed=seed)


def test_rate_and_bonus_fall_with_remaining_training():
    """Half of the training left is as much as half of both."""
    programs = []
    for remaining in (1, 0.5):
        numbers = {"learning_rate": 0.01 / remaining, "entropy": 0.02 / remaining}
        algo = PPO(LearningMLP(CORNER), FixedEnv(16), replace(FEW, **numbers))
        programs.append(write_update(algo, remaining=remaining))
    assert programs[0] == programs[1]


@pytest.mark.parametrize("parts", [1, 3, 7, 128])
def test_minibatches_split_the_rollout_evenly(parts):
    algo = PPO(LearningMLP(CORNER), FixedEnv(16), replace(FEW, minibatches=parts))
    orders = np.asarray(algo.draw_minibatches(jax.random.key(0), 256))
    assert orders.shape == (2 * parts, 256 // parts)
    first, second = orders.reshape(2, -1)
    for order in (first, second):
        assert len({*order.tolist()}) == len(order) > 256 - parts
    assert not np.array_equal(first, second)


@pytest.mark.thorough
def test_optimiser_is_muon_for_square_layers_only():
    rng = np.random.default_rng(0)
    now = {"first.weight": rng.normal(size=(9, 5)), "second.weight": rng.normal(size=(40, 40))}
    now = {name: z.astype(np.float32) for name, z in now.items()}
    tensors = {name: torch.from_numpy(z.copy()) for name, z in now.items()}
    optimiser = LearningMLP(CORNER).make_optimiser()
    optimisers = [
        torch.optim.Adam([tensors["first.weight"]], lr=0.01, eps=1e-5),
        torch.optim.Muon([tensors["second.weight"]], lr=0.08, weight_decay=0, momentum=0.95),
    ]
    state, update = optimiser.init(now), jax.jit(optimiser.update)
    # Means of gradients are scaled up at first, in ways that differ, and later agree.
    for count in range(80):
        gradient = {x: rng.normal(size=y.shape).astype(np.float32) for x, y in now.items()}
        steps, state = update(gradient, state, now)
        before = {name: z.clone() for name, z in tensors.items()}
        for name, z in tensors.items():
            z.grad = torch.from_numpy(gradient[name])
        for other in optimisers:
            other.step()
        for name, bound, first in (("first.weight", 1e-3, 0), ("second.weight", 0.03, 70)):
            expected = (tensors[name] - before[name]).numpy()
            missed = np.linalg.norm(-0.01 * steps[name] - expected) / np.linalg.norm(expected)
            assert count < first or missed < bound, (name, count)


@pytest.fixture
def events():
    """The names of what JAX does."""
    names = []

    def note(name, **_):
        names.append(name)

    monitoring.register_event_listener(note)
    yield names
    monitoring.unregister_event_listener(note)


@pytest.mark.thorough
def test_kept_program_serves_all_numbers(events):
    """Steps, seeds and numbers are arguments of the program, which is kept on disk."""
    other = small(alpha=0.1, steps=1024, seed=7)
    runs = [small(alpha=0.2), other.change(learning_rate=0.01, entropy=0.3, discount=0.5)]
    assert strip_numbers(runs[0]) == strip_numbers(replace(runs[1], steps=runs[0].steps))
    for run in runs:
        events.clear()
        train_runs([run])
    assert any(name.endswith("/cache_hits") for name in events)
    assert not any(name.endswith("/cache_misses") for name in events)


@pytest.mark.thorough
@pytest.mark.parametrize("alphas", few([(), (0.3, 0.9)], ()))
def test_cells_trained_together_equal_cells_alone(alphas):
    """Bit for bit, and each number makes a difference."""
    usual = small(steps=1024)
    changes = {}, {"learning_rate": 0.01}, {"entropy": 0.5}, {"discount": 0.5}
    runs = [usual.change(**x) for x in changes]
    runs += [replace(usual, alpha=alpha) for alpha in alphas] + [replace(usual, seed=1)]
    together = train_weights(*runs)
    assert together == [train_weights(run)[0] for run in runs]
    assert len({*together}) == len(runs)


@pytest.mark.thorough
def test_agents_on_four_devices_equal_one():
    """Five agents on four devices, in a process of its own: JAX counts its devices once."""
    environ = os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=4"}
    done = subprocess.run([sys.executable, "-c", SHARED], env=environ, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    alone = [hashlib.sha256(x).hexdigest() for x in train_weights(*small().repeat(range(5)))]
    assert done.stdout.decode().split() == ["4", *alone]


SHARED = """
import hashlib
from agents.compiling import jax
from tests.support.training import small, train_weights
found = train_weights(*small().repeat(range(5)))
print(len(jax.devices()), *(hashlib.sha256(each).hexdigest() for each in found))
"""


@pytest.mark.thorough
def test_agents_trained_together_equal_agents_alone(monkeypatch):
    """A GPU trains together; only the rounding of sums differs."""
    runs, batch = small().repeat((1, 2, 3)), AgentBatch(find_devices("cpu"))
    alone = train_weights(*runs)
    batch.vectorized, batch.most = True, 2
    monkeypatch.setattr(ppo, "AgentBatch", lambda devices: batch)
    together = train_weights(*runs)
    for one, other in zip(alone, together, strict=True):
        for name, x in decode_weights(one).items():
            np.testing.assert_allclose(decode_weights(other)[name], x, atol=5e-3)
    assert alone[0] != alone[1]


def test_discount_stays_below_that_of_objective():
    discounts = []

    def note(learner, env, settings, *rest):
        discounts.append(settings.discount)
        raise EOFError

    for reward in ("soon", "base"):
        run = small(trap="TreeFarm", reward=reward)
        with pytest.raises(EOFError):
            ppo.train(run.repeat((1,)), trainer=note)
    assert discounts == [0.8, 0.95]
