"""PPO (Schulman et al. 2017) of networks with and without a memory, compiled by JAX.

One update (a rollout and the epochs on it) is one program, which a loop calls. The remaining share
of the training is an argument, so that one program serves every seed and number of steps. Random
numbers depend only on the seed and on the update's number.

The settings differ from the usual ones in these points, which were tuned on base return only: two
epochs per rollout, Muon on the square hidden layer, and a learning rate and entropy bonus that both
anneal to 0. At a time limit the environment has already reset, so the value before the last step
replaces the value after it. On levels with several trials and a hidden reward, agents learn to use
memory only with the settings of ``ppo-gru``: a high learning rate and entropy bonus, and gates that
initially keep the memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from agents.algorithms import USUAL_SETTINGS, PPOSettings
from agents.compiling import AgentBatch, Array, find_devices, jax, jnp, optax
from agents.loop import Keep, Report, TrainedAgent, TrainingProgram, make_judge, run_training
from agents.networks import LEARNERS, Learner, MakeLearner, Params
from agents.run import AgentNumbers, Run, list_numbers
from mesa_gym.errors import shorten


class RolloutState(NamedTuple):
    """The state of n environments and of their agent between two steps.

    Attributes:
        obs: the network's input, (n, ...).
        env_state: the environments' state.
        memory: float32 (n, numbers); (n, 0) for a network without memory.
        episode_start: bool (n,), whether an episode starts with ``obs``.
        returns: float32 (n,), the undiscounted return of the running episodes so far.
    """

    obs: Array
    env_state: Any
    memory: Array
    episode_start: Array
    returns: Array


class Transition(NamedTuple):
    """A step of n environments, (n, ...); a rollout has the steps as its first axis.

    Attributes:
        obs, episode_start: as in ``RolloutState``.
        action: int (n,).
        log_prob: float32 (n,), the log-probability of the action.
        value: float32 (n,), the value estimate before the step.
        reward: float32 (n,); at a time limit, it includes the discounted ``value``.
        done: bool (n,), whether the episode ended.
        episode_return: float32 (n,), the undiscounted return of an episode that ended, else 0.
        labels: bool (n, 5), the optimal actions; None if the training uses rewards.
        play: the levels that are played, for ``record_levels``; None if it does not read them.
    """

    obs: Array
    episode_start: Array
    action: Array
    log_prob: Array
    value: Array
    reward: Array
    done: Array
    episode_return: Array
    labels: Array | None = None
    play: Any = None


class Minibatch(NamedTuple):
    """The input of a loss; steps and environments are the first two axes.

    Attributes:
        transitions: the steps.
        advantages: float32 (steps, n), normalized to mean 0 and standard deviation 1.
        log_probs: float32 (steps, n, 5), log-probabilities of actions under the current weights.
        values: float32 (steps, n), value estimates with the current weights.
        remaining: the remaining share of the training, from 1 down to 0.
    """

    transitions: Transition
    advantages: Array
    log_probs: Array
    values: Array
    remaining: Array


class TrainState(NamedTuple):
    """The state of one agent's training between two updates.

    ``levels`` is a record of the levels that were played; None without such a record.
    """

    weights: Params
    opt_state: Any
    rollout_state: Any
    levels: Any = None


# The diagnostics of an update, in the order in which it returns them.
DIAGNOSTICS: tuple[str, ...] = ("explained_variance", "approx_kl", "clip_fraction", "entropy")
LOSS_SIZES: tuple[str, ...] = ("loss", "own_term")  # the diagnostics of an added loss term
# (weights, minibatch) -> a number that is added to the loss.
LossTerm = Callable[[Params, Minibatch], Array]
# (state before the step, actions (n,), rewards (n,)) -> the rewards for training (n,).
ShapeReward = Callable[[Any, Array, Array], Array]


class PPO:
    """The training of one agent, as functions to compile.

    Args:
        learner: the network.
        env: the training environments.
        settings: the settings of PPO.
        loss: computes a term that is added to PPO's loss.
        reward: computes the rewards for training from the environments' rewards.

    Attributes:
        diagnostics: the names of an update's statistics after the first two.
    """

    def __init__(
        self, learner: Learner, env: Any, settings: PPOSettings,
        loss: LossTerm | None = None, reward: ShapeReward | None = None,
    ) -> None:  # fmt: skip
        self.learner, self.env, self.settings = learner, env, settings
        self._loss_term, self._shape_reward = loss, reward
        self.diagnostics = DIAGNOSTICS if loss is None else DIAGNOSTICS + LOSS_SIZES
        self._optimiser = optax.chain(
            optax.clip_by_global_norm(settings.gradient_norm), learner.make_optimiser()
        )

    def begin(self, numbers: AgentNumbers) -> TrainState:
        """Return an untrained agent at the start of its first episodes."""
        n = self.settings.environments
        init_key, reset_key = jax.random.split(jax.random.key(numbers.seed))
        weights = self.learner.start or self.learner.draw(init_key)
        obs, env_state = self.env.reset(reset_key, numbers.alpha)
        memory, episode_start = jnp.zeros((n, self.learner.memory)), jnp.ones(n, bool)
        rollout_state = RolloutState(obs, env_state, memory, episode_start, jnp.zeros(n))
        return TrainState(weights, self._optimiser.init(weights), rollout_state)

    def update(
        self, train_state: TrainState, numbers: AgentNumbers, iteration: Array, remaining: Array
    ) -> tuple[TrainState, Array]:
        """Play a rollout and learn from it.

        Args:
            train_state: the state before the update.
            numbers: the agent's seed, learning rate, entropy bonus, discount and alpha. They are
                traced, so that one program serves all values.
            iteration: uint32, from 1 on.
            remaining: float32, the remaining share of the training, from 1 down to 0.

        Returns:
            The state after the update; and statistics, float32 (2 or more,): the summed return and
            the number of the episodes that ended, and the ``diagnostics``.
        """
        key = jax.random.fold_in(jax.random.key(numbers.seed), iteration)
        rollout_key, shuffle_key = jax.random.split(key)
        weights, opt_state, rollout_state, levels = train_state
        chosen = self.choose_levels(levels, numbers, key)
        next_state, rollout = self.play(weights, chosen, rollout_state, rollout_key)
        advantages = self.estimate_advantages(weights, numbers, next_state, rollout)
        levels, level_stats = self.record_levels(levels, rollout, advantages)
        batch = rollout._replace(play=None), advantages
        memory = rollout_state.memory
        if not self.learner.memory:  # steps and environments become one axis of the batch
            batch = jax.tree.map(lambda x: x.reshape(1, -1, *x.shape[2:]), batch)
            memory = jnp.zeros((self.settings.rollout_steps, 0))

        def update_minibatch(
            carry: tuple[Params, Any], indices: Array
        ) -> tuple[tuple[Params, Any], Any]:
            weights, opt_state = carry
            minibatch = jax.tree.map(lambda x: x[:, indices], batch)
            compute = jax.grad(self.compute_loss, has_aux=True)
            grads, means = compute(weights, memory[indices], *minibatch, numbers, remaining)
            updates, opt_state = self._optimiser.update(grads, opt_state, weights)
            rate = -numbers.learning_rate * remaining
            updates = jax.tree.map(lambda x: rate * x, updates)
            return (optax.apply_updates(weights, updates), opt_state), means

        # One scan over all epochs and minibatches: the loop is compiled once.
        indices = self.draw_minibatches(shuffle_key, len(memory))
        carry, means = jax.lax.scan(update_minibatch, (weights, opt_state), indices)
        stats = jnp.stack([rollout.episode_return.sum(), rollout.done.sum(), *level_stats])
        if means is not None:
            explained = explain_variance(*batch)
            stats = jnp.concatenate([stats, explained[None], means.mean(axis=0)])
        return TrainState(*carry, next_state, levels), stats

    def prepare(self, train_state: TrainState, numbers: AgentNumbers, number: int) -> TrainState:
        """Return the states of agents before update ``number``; a subclass can change levels.

        It is not compiled. Agents are the first axis of all arrays.
        """
        return train_state

    def choose_levels(self, levels: Any, numbers: AgentNumbers, key: Array) -> AgentNumbers:
        """Return the numbers for a rollout; a subclass can add levels to ``alpha``."""
        return numbers

    def record_levels(
        self, levels: Any, rollout: Transition, advantages: Array
    ) -> tuple[Any, Sequence[Array]]:
        """Return the record of levels after a rollout, and diagnostics, a scalar each."""
        return levels, ()

    def play(
        self, weights: Params, numbers: AgentNumbers, carry: RolloutState, key: Array
    ) -> tuple[RolloutState, Transition]:
        """Play a rollout with the weights, from the states in ``carry``."""
        keys = jax.random.split(key, self.settings.rollout_length)
        carry_and_steps: tuple[RolloutState, Transition]
        carry_and_steps = jax.lax.scan(
            lambda carry, key: self.step(weights, numbers, carry, key), carry, keys
        )
        return carry_and_steps

    def step(
        self, weights: Params, numbers: AgentNumbers, carry: RolloutState, key: Array
    ) -> tuple[RolloutState, Transition]:
        """Take one step of a rollout in every environment."""
        action_key, step_key = jax.random.split(key)
        log_probs, value, memory = self.forward(weights, carry)
        action = jax.random.categorical(action_key, log_probs)
        obs, env_state, reward, done, infos = self.env.step(
            step_key, carry.env_state, action, numbers.alpha
        )
        truncated = infos["truncated"] & ~infos["terminated"]
        returns = carry.returns + reward
        if self._shape_reward is not None:
            reward = self._shape_reward(carry.env_state, action, reward)
        transition = Transition(
            carry.obs, carry.episode_start, action, pick_entry(log_probs, action), value,
            reward + numbers.discount * value * truncated, done, returns * done,
        )  # fmt: skip
        next_state = RolloutState(obs, env_state, memory, done, jnp.where(done, 0, returns))
        return next_state, transition

    def forward(self, weights: Params, carry: RolloutState) -> tuple[Array, Array, Array]:
        """Return log-probabilities of actions (n, 5), value estimates (n,) and the next memory."""
        outputs = self.learner.apply(
            weights, carry.obs[None], carry.episode_start[None], carry.memory
        )
        return jax.nn.log_softmax(outputs.logits[0]), outputs.values[0], outputs.memory

    def estimate_advantages(
        self,
        weights: Params,
        numbers: AgentNumbers,
        rollout_state: RolloutState,
        rollout: Transition,
    ) -> Array:
        """Return generalised advantage estimates (Schulman et al. 2016), float32 (steps, n)."""

        def gae_step(carry: Any, step: Transition) -> tuple[Any, Array]:
            advantage, next_value = carry
            beyond = next_value + self.settings.gae_lambda * advantage
            advantage = step.reward + numbers.discount * ~step.done * beyond - step.value
            return (advantage, step.value), advantage

        last_value = self.forward(weights, rollout_state)[1]
        start = (jnp.zeros_like(last_value), last_value)
        advantages: Array = jax.lax.scan(gae_step, start, rollout, reverse=True)[1]
        return advantages

    def draw_minibatches(self, key: Array, count: int) -> Array:
        """Draw the indices of each minibatch, int (minibatches, size).

        If ``minibatches`` does not divide ``count``, each epoch drops a few random indices.
        """
        size = count // self.settings.minibatches
        keys = jax.random.split(key, self.settings.epochs)
        # Sorting random bits is faster than ``jax.random.permutation``.
        random_bits = jax.vmap(lambda key: jax.random.bits(key, (count,)))(keys)
        indices = jnp.argsort(random_bits, axis=1)[:, : size * self.settings.minibatches]
        return indices.reshape(-1, size)

    def compute_loss(
        self,
        weights: Params,
        memory: Array,
        transitions: Transition,
        advantages: Array,
        numbers: AgentNumbers,
        remaining: Array,
    ) -> tuple[Array, Array | None]:
        """Return the loss on a minibatch, and its diagnostics.

        Args:
            weights: the network's weights.
            memory: float32 (n, memory size), the memory before the first step.
            transitions: the minibatch.
            advantages: float32 (steps, n), not normalized.
            numbers: the agent's hyperparameters.
            remaining: the remaining share of the training.

        Returns:
            The loss, a scalar; and means over the minibatch, float32 (3 or 5,): ``approx_kl``,
            ``clip_fraction`` and ``entropy``, and with an added loss term the absolute values of
            PPO's loss and of the term. A subclass may return None, for no diagnostics.
        """
        settings = self.settings
        outputs = self.learner.apply(weights, transitions.obs, transitions.episode_start, memory)
        log_probs = jax.nn.log_softmax(outputs.logits)
        log_ratio = pick_entry(log_probs, transitions.action) - transitions.log_prob
        ratio = jnp.exp(log_ratio)
        normalized = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
        clipped = jnp.clip(ratio, 1 - settings.clip, 1 + settings.clip)
        surrogate = jnp.minimum(ratio * normalized, clipped * normalized)
        entropy = -(jnp.exp(log_probs) * log_probs).sum(axis=-1)
        value_error = jnp.square(outputs.values - transitions.value - advantages)
        bonus = numbers.entropy * remaining * entropy
        loss = settings.value_loss * value_error - surrogate - bonus
        is_clipped = jnp.abs(ratio - 1) > settings.clip
        means = [x.mean() for x in (ratio - 1 - log_ratio, is_clipped, entropy)]
        if self._loss_term is None:
            return loss.mean(), jnp.stack(means)
        added = self._loss_term(
            weights, Minibatch(transitions, normalized, log_probs, outputs.values, remaining)
        )
        shape = getattr(added, "shape", () if isinstance(added, int | float) else None)
        if shape != ():
            description = shorten(added) if shape is None else f"an array {shape}"
            raise ValueError(
                f"the loss term gives {description}; expected one number, such as a mean"
            )
        return loss.mean() + added, jnp.stack([*means, *jnp.abs(jnp.array([loss.mean(), added]))])


def pick_entry(log_probs: Array, action: Array) -> Array:
    """Return the log-probability of each action: (..., 5) -> (...)."""
    return jnp.take_along_axis(log_probs, action[..., None], axis=-1)[..., 0]


def explain_variance(rollout: Transition, advantages: Array) -> Array:
    """Return the share of the variance of returns that the value estimates explain, at most 1.

    Returns are the estimates plus the advantage estimates. The share is 0 if returns are equal.
    """
    variance = (rollout.value + advantages).var()
    return jnp.where(variance > 0, 1 - advantages.var() / jnp.where(variance > 0, variance, 1), 0)


def train(
    runs: Sequence[Run],
    report: Report | None = None,
    device: str | None = None,
    *,
    keep: Keep | None = None,
    loss: LossTerm | None = None,
    reward: ShapeReward | None = None,
    make_learner: MakeLearner | None = None,
    trainer: Callable[..., PPO] = PPO,
    settings: PPOSettings | None = None,
) -> list[TrainedAgent]:
    """Train one agent per run: on a CPU one after another, on a GPU many at once.

    Args:
        runs: the trainings, which differ only in their ``AgentNumbers``.
        report: called with an evaluation after each tenth of the training; None for no evaluation.
        device: JAX's name of a device, such as ``cpu`` or ``cuda:0``; by default all devices.
        keep: called with each agent as soon as it is trained.
        loss: computes a term that is added to PPO's loss.
        reward: computes the rewards for training from the environments' rewards.
        make_learner: makes a learner from a trap and a number of units; by default for the
            algorithm's kind of network.
        trainer: makes the training of one agent; by default ``PPO``.
        settings: the settings of PPO; by default the run's. An agent's record contains them.

    Raises:
        ValueError: the device is not available, a minibatch would be empty, or the start weights
            have other shapes than the network's.
    """
    run, numbers, override = runs[0], list_numbers(runs, settings), settings
    agent_batch = AgentBatch(find_devices(device)[: len(runs)])
    settings = settings or run.settings or USUAL_SETTINGS
    with jax.default_device(agent_batch.devices[0]):
        make_learner = make_learner or LEARNERS[run.algorithm.kind]
        learner = make_learner(run.environment().trap, settings.units)
        if agent := run.load_start():
            learner.start = dict(agent.weights)
            drawn = jax.eval_shape(learner.draw, jax.random.key(0))
            if any(drawn[x].shape != initial.shape for x, initial in learner.start.items()):
                raise ValueError(f"{run.algo} trains weights of other shapes than {run.start} has")
        if learner.memory and settings.minibatches > settings.environments:
            raise ValueError(
                "a minibatch of a network with memory needs a whole environment; minibatches must"
                f" be at most {settings.environments} (environments), got {settings.minibatches}"
            )
        # Shift levels exist if any agent needs them; each agent draws its own share of them.
        alpha = max(run.alpha for run in runs)
        env = learner.make_env(settings.environments, **run.env_keywords | {"alpha": alpha})
        settings = replace(settings, discount=run.find_discount(settings))
        ppo = trainer(learner, env, settings, loss, reward)

        program = TrainingProgram(
            settings.rollout_steps,
            math.ceil(run.steps / settings.rollout_steps),
            agent_batch.compile(ppo.begin, brief=True),
            agent_batch.compile(ppo.update, shared=(2, 3), donate_argnums=0),
            learner.export,
            None if report is None else make_judge(learner, agent_batch),
            ppo.diagnostics,
            ppo.prepare,
        )
        agents = list[TrainedAgent]()
        for part, part_numbers in agent_batch.split(numbers):
            agents += (trained_part := run_training(program, runs[part], part_numbers, report))
            for trained in trained_part:
                trained.settings = override
                if keep:
                    keep(trained.run, trained)
        return agents
