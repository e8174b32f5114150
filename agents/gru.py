"""PPO of a network with a memory, compiled by JAX: agents that learn within an episode (RL^2).

After Duan et al. 2016 and Wang et al. 2016. Environments, network and update are one program of
XLA, which is run once a rollout. Where a life has several trials and what pays is hidden, these
differences from the usual settings decide whether anything is remembered at all: a high learning
rate and entropy bonus that both fall to 0, gates that keep what is remembered at first, and a head
with a product of what is seen and what is remembered. At a time limit the value of the last
observation acted on stands for the next one's, as in ``agents.ppo``.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any, NamedTuple

import numpy as np

import mesa_gym
from agents.gru_network import (
    ListedInputs,
    WeightsByName,
    draw_weights,
    evaluate,
    export_agent,
    remember,
    see,
)
from agents.lesson import Lesson
from mesa_gym.errors import missing_extra
from mesa_gym.trained.agent import Agent

try:
    import jax
    import jax.numpy as jnp
    from jax import Array
except ImportError:
    raise missing_extra("jax", "jax") from None

# Of Adam (Kingma & Ba 2015): how much of earlier gradients, and of their squares, is kept.
MEAN_KEPT, SQUARE_KEPT, TINY = 0.9, 0.99, 1e-5
# One thread, so that sums are added up in the same order on any number of cores.
COMPILER: dict[str, Any] = {"xla_cpu_multi_thread_eigen": False}
ONCE: dict[str, Any] = {"xla_backend_optimization_level": 0}  # compiled sooner, for what runs once


def train(lesson: Lesson) -> list[Agent]:
    """Train one agent a seed, one after another, in environments in JAX on the CPU.

    Raises:
        ValueError: environments are made elsewhere, or are to be on a device.
    """
    if lesson.make_envs is not None or lesson.device is not None:
        raise ValueError("ppo-gru makes its environments itself, in JAX on the CPU; leave them out")
    with jax.default_device(jax.devices("cpu")[0]):
        learner = LifeTrainer(lesson)
        return [train_agent(alone, learner) for alone in lesson.each()]


def train_agent(lesson: Lesson, learner: LifeTrainer) -> Agent:
    """Train the agent of a lesson with one seed."""
    (seed,) = lesson.seeds
    training = learner.begin(jax.random.key(seed))
    due, rollout = list(lesson.checkpoints), lesson.settings.rollout_steps
    for number in range(learner.updates):
        training, earned, episodes = learner.update(training, np.float32(number))
        taken = (number + 1) * rollout
        lesson.note(0, taken, float(earned), float(episodes))
        while due and taken >= due[0]:
            lesson.keep(due.pop(0), seed, export_agent(lesson.trap, training.optimised.weights))
        lesson.progress(rollout)
    return export_agent(lesson.trap, training.optimised.weights)


class LifeNow(NamedTuple):
    """All that lasts from step to step, of n environments.

    Attributes:
        listed: inputs that are 1, int32 (n, most).
        state: of the environments.
        memory: float32 (n, units).
        begins: where an episode begins, bool (n,).
        returns: of the episodes so far, float32 (n,).
    """

    listed: Array
    state: Any
    memory: Array
    begins: Array
    returns: Array


class PlayedStep(NamedTuple):
    """A step of n environments, or with an axis in front a rollout; see ``LifeNow``.

    Attributes:
        action, likely: what was done, and the logarithm of its probability.
        value, reward: estimated before the step, and paid in it, with what a time limit cut off.
        done: where an episode ended.
        earned: the return of an episode that ended, else 0.
    """

    listed: Array
    begins: Array
    action: Array
    likely: Array
    value: Array
    reward: Array
    done: Array
    earned: Array


class Optimised(NamedTuple):
    """Weights, and the moving means of their gradients and of these squared."""

    weights: WeightsByName
    means: WeightsByName
    squares: WeightsByName


class Training(NamedTuple):
    """All that lasts from update to update."""

    optimised: Optimised
    playing: LifeNow
    key: Array


class LifeTrainer:
    """The compiled training of an agent, for any number of seeds one after another.

    Attributes:
        updates: how many there are in a training.
        begin: takes a key, and returns a ``Training``.
        update: takes a ``Training`` and the number of the update as float32, and returns the next
            one, the returns of the episodes that ended, summed, and how many these were.

    Raises:
        ValueError: there are more minibatches than environments.
    """

    def __init__(self, lesson: Lesson) -> None:
        settings = lesson.settings
        if settings.minibatches > settings.environments:
            raise ValueError(
                f"a minibatch has whole environments, so that minibatches must be at most"
                f" {settings.environments}, got {settings.minibatches}"
            )
        self.settings, self.discount = settings, lesson.discount
        self.updates = math.ceil(lesson.steps / settings.rollout_steps)
        given = {name: each for name, each in lesson.keywords().items() if each is not None}
        self.env = mesa_gym.make_jax(lesson.trap, settings.environments, final_obs=False, **given)
        self.inputs = ListedInputs(self.env)
        self.begin = jax.jit(self._begin, compiler_options=COMPILER | ONCE)
        self.update = jax.jit(self._update, donate_argnums=0, compiler_options=COMPILER)

    def _begin(self, key: Array) -> Training:
        n, units = self.settings.environments, self.settings.units
        weights_key, reset_key, key = jax.random.split(key, 3)
        weights = draw_weights(weights_key, self.inputs, units)
        planes, state = self.env.reset(reset_key)
        memory, begins = jnp.zeros((n, units)), jnp.ones(n, bool)
        playing = LifeNow(self.inputs.list(planes), state, memory, begins, jnp.zeros(n))
        zeros = [jax.tree.map(jnp.zeros_like, weights) for _ in range(2)]
        return Training(Optimised(weights, *zeros), playing, key)

    def _update(self, training: Training, number: Array) -> tuple[Training, Array, Array]:
        settings, before = self.settings, training.playing.memory
        key, play_key, order_key = jax.random.split(training.key, 3)
        weights = training.optimised.weights
        keys = jax.random.split(play_key, settings.rollout_length)
        playing, rollout = jax.lax.scan(partial(self._play, weights), training.playing, keys)
        played = (rollout, self._estimate_advantages(rollout, look(weights, playing)[2]))
        left = 1 - (1 - settings.rate_left) * number / self.updates

        def learn(optimised: Optimised, now: Any) -> tuple[Optimised, None]:
            rows, step = now
            part = jax.tree.map(lambda each: each[:, rows], played)
            found = jax.grad(self._loss)(optimised.weights, before[rows], *part, left)
            length = jnp.sqrt(sum(jnp.square(each).sum() for each in found.values()))
            cut = jnp.minimum(1, settings.gradient_norm / (length + 1e-6))
            found = jax.tree.map(lambda each: each * cut, found)
            return descend(optimised, found, settings.learning_rate * left, step), None

        count = settings.epochs * settings.minibatches
        # Minibatches are alike in size: of environments left over, each pass leaves out others.
        shared = settings.environments // settings.minibatches * settings.minibatches
        permute = jax.vmap(lambda key: jax.random.permutation(key, settings.environments)[:shared])
        orders = permute(jax.random.split(order_key, settings.epochs)).reshape(count, -1)
        steps = number * count + jnp.arange(1, count + 1)
        optimised, _ = jax.lax.scan(learn, training.optimised, (orders, steps))
        ended = rollout.done.sum()
        return Training(optimised, playing, key), rollout.earned.sum(), ended

    def _play(self, weights: WeightsByName, now: LifeNow, key: Array) -> tuple[LifeNow, PlayedStep]:
        """Take a step in every environment."""
        act_key, step_key = jax.random.split(key)
        memory, logs, value = look(weights, now)
        action = jax.random.categorical(act_key, logs)
        planes, state, paid, done, infos = self.env.step(step_key, now.state, action)
        late = infos["truncated"] & ~infos["terminated"]
        returns = now.returns + paid
        step = PlayedStep(
            now.listed, now.begins, action, take(logs, action), value,
            paid + self.discount * value * late, done, returns * done,
        )  # fmt: skip
        returns = jnp.where(done, 0, returns)
        return LifeNow(self.inputs.list(planes), state, memory, done, returns), step

    def _estimate_advantages(self, rollout: PlayedStep, last: Array) -> Array:
        """Return generalised advantage estimates, float32 (steps, n)."""

        def go_back(carry: Any, step: Any) -> tuple[Any, Array]:
            later, following = carry
            reward, value, done = step
            beyond = following + self.settings.gae_lambda * later
            later = reward + self.discount * ~done * beyond - value
            return (later, value), later

        begun = (jnp.zeros_like(last), last)
        steps = (rollout.reward, rollout.value, rollout.done)
        found: Array = jax.lax.scan(go_back, begun, steps, reverse=True)[1]
        return found

    def _loss(
        self,
        weights: WeightsByName,
        memory: Array,
        batch: PlayedStep,
        advantages: Array,
        left: Array,
    ) -> Array:
        """Return the loss on the rollouts of some environments, from their first memory on."""
        clip = self.settings.clip
        seen, gates = see(weights, batch.listed)

        def go_on(memory: Array, step: Any) -> tuple[Array, Array]:
            gates, begins = step
            memory = remember(weights, gates, jnp.where(begins[:, None], 0, memory))
            return memory, memory

        _, memories = jax.lax.scan(go_on, memory, (gates, batch.begins))
        logs, values = evaluate(weights, seen, memories)
        ratio = jnp.exp(take(logs, batch.action) - batch.likely)
        scaled = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
        gain = jnp.minimum(ratio * scaled, jnp.clip(ratio, 1 - clip, 1 + clip) * scaled)
        entropy = -(jnp.exp(logs) * logs).sum(axis=-1)
        error = jnp.square(values - batch.value - advantages)
        loss = self.settings.value_loss * error - gain - self.settings.entropy * left * entropy
        return loss.mean()


def descend(optimised: Optimised, found: WeightsByName, rate: Array, step: Array) -> Optimised:
    """Take a step of Adam.

    Args:
        optimised: before the step.
        found: the gradient.
        rate: the learning rate.
        step: the number of the step, from 1 on.
    """

    def lean(kept: float, mean: Array, new: Array) -> Array:
        return kept * mean + (1 - kept) * new

    weights, means, squares = optimised
    means = jax.tree.map(partial(lean, MEAN_KEPT), means, found)
    squares = jax.tree.map(partial(lean, SQUARE_KEPT), squares, jax.tree.map(jnp.square, found))
    rate, second = rate / (1 - MEAN_KEPT**step), 1 - SQUARE_KEPT**step

    def move(weight: Array, mean: Array, square: Array) -> Array:
        return weight - rate * mean / (jnp.sqrt(square / second) + TINY)

    return Optimised(jax.tree.map(move, weights, means, squares), means, squares)


def look(weights: WeightsByName, now: LifeNow) -> tuple[Array, Array, Array]:
    """Return the memory after what is seen now, (n, units), and what ``evaluate`` does."""
    seen, gates = see(weights, now.listed)
    memory = remember(weights, gates, jnp.where(now.begins[:, None], 0, now.memory))
    return memory, *evaluate(weights, seen, memory)


def take(logs: Array, action: Array) -> Array:
    """Return the numbers that belong to actions, (...), of (..., 5)."""
    return jnp.take_along_axis(logs, action[..., None], axis=-1)[..., 0]
