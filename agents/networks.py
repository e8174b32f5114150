"""The networks in training: initial weights, and outputs for a whole rollout.

A learner applies a network of ``mesa_gym.trained``, which scoring runs in NumPy, to JAX arrays. The
names and shapes of weights are equal in both.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import copy
from functools import partial
from typing import Any, ClassVar, NamedTuple

import numpy as np

import mesa_gym
from agents.compiled_parts import repeat_steps, sum_rows_fast
from agents.compiling import Array, jax, jnp, optax
from mesa_gym.engine import ACTIONS, State
from mesa_gym.trained.agent import Agent, Network
from mesa_gym.trained.gru import GRU, remember
from mesa_gym.trained.loading import NETWORKS, make_agent
from mesa_gym.trained.mlp import MLP, UNITS
from mesa_gym.trained.planner_maps import PlannerNetwork
from mesa_gym.traps import Trap

Params = dict[str, Array]
DrawLevels = Callable[..., State]  # (split, numbers, salt) -> levels, like ``Trap.levels``
# Muon's learning rate in units of Adam's learning rate, coarsely tuned.
MUON_RATE = 8.0
# Optax's default coefficients, as a matrix: Optax then compiles one loop, which takes less time.
MUON_STEPS = ((3.4445, -4.775, 2.0315),) * 5
EPSILON = 1e-5  # Adam's epsilon
# The initializers of an MLP's square layers, and of its other layers.
draw_square = jax.nn.initializers.orthogonal(2**0.5)
DRAWN_OTHERWISE = {
    "first.weight": partial(jax.random.uniform, minval=-0.1, maxval=0.1),
    "policy.weight": jax.nn.initializers.orthogonal(0.01),
    "value.weight": jax.nn.initializers.orthogonal(1.0),
}
KEEPS = 2.0  # the initial bias of the GRU's update gate is -KEEPS, so that it keeps its memory
# A planner's initial costs of entering a free cell and a wall, and its initial sharpness. A wall
# costs more than any path around it, so that no plan enters a wall.
STEP_COST = 0.15
WALL_COST = 100.0
SHARPNESS = 7.4


class NetworkOutput(NamedTuple):
    """A network's output for steps (...): logits (..., 5), values (...), and the last memory."""

    logits: Array
    values: Array
    memory: Array


class Learner:
    """A network in training; subclasses draw its first weights.

    Attributes:
        start: the initial weights; None to draw them at random.

    Class attributes:
        network: the default class of the network.
        observation: the observation of ``JaxEnv`` that the network reads.
        memory: the number of units of its memory.

    Args:
        trap: the trap to act on.
        units: the units of a hidden layer; networks of fixed width ignore it.
        network: a subclass of the default network.
    """

    network: type[Any]
    observation: ClassVar[str] = "listed"
    memory: ClassVar[int] = 0
    net: Any
    start: Params | None = None

    def __init__(
        self, trap: Trap, units: int = UNITS, network: type[Network] | None = None
    ) -> None:
        self.trap, self.units, self.network = trap, units, network or self.network
        self.net = self.make_net()

    def make_net(self) -> Network:
        """Return the trap's network, whose row sums are computed by ``agents.compiled_parts``."""
        net: Network = self.network(self.trap, sum_rows_fast)
        return net

    def make_env(self, count: int, draw: DrawLevels | None = None, **keywords: Any) -> Any:
        """Make ``count`` JAX environments that the network reads, with levels drawn by ``draw``."""
        trap = copy(self.trap)
        if draw:
            trap.levels = draw  # type: ignore[method-assign]
        options = {"observation": self.observation, "final_obs": False} | keywords
        return mesa_gym.make_jax(trap, count, **options)

    def draw(self, key: Array) -> Params:
        """Draw the initial weights from a random key."""
        raise NotImplementedError

    def apply(
        self, weights: Params, obs: Array, episode_start: Array, memory: Array
    ) -> NetworkOutput:
        """Apply the network to observations (steps, n, ...), starting from a memory (n, numbers).

        ``episode_start`` is bool (steps, n).
        """
        outputs = self.net.compute(jnp, weights, obs, None)
        return NetworkOutput(outputs["scores"], outputs["value"], memory)

    def make_optimiser(self) -> optax.GradientTransformation:
        """Return the optimiser without a learning rate, which the caller applies."""
        return optax.scale_by_adam(eps=EPSILON)

    def export(self, weights: Params) -> Agent:
        """Return the agent, with weights rounded to half precision as on disk."""
        halves = {x: np.asarray(array).astype(np.float16) for x, array in weights.items()}
        weights32 = {name: array.astype(np.float32) for name, array in halves.items()}
        return make_agent(self.network(self.trap), weights32)


class LearningMLP(Learner):
    """An MLP whose square hidden layers are trained by Muon (Jordan et al. 2024).

    It also trains subclasses of ``MLP`` with more layers or another view.
    """

    network = MLP

    def make_env(self, count: int, draw: DrawLevels | None = None, **keywords: Any) -> Any:
        """Make ``count`` JAX environments with the network's view."""
        return super().make_env(count, draw, reach=self.network.reach, **keywords)

    def draw(self, key: Array) -> Params:
        """Draw the initial weights from a random key."""
        shapes = self.net.list_shapes({"second.weight": (self.units, self.units)})
        layers = [name for name in shapes if name.endswith(".weight")]
        keys = zip(layers, jax.random.split(key, len(layers)), strict=True)
        drawn = {x: DRAWN_OTHERWISE.get(x, draw_square)(key, shapes[x]) for x, key in keys}
        return {name: drawn.get(name, jnp.zeros(shape)) for name, shape in shapes.items()}

    def make_optimiser(self) -> optax.GradientTransformation:
        """Return the optimiser: Muon for the square layers, Adam for all other weights."""

        def label(weights: Params) -> dict[str, str]:
            square = {x for x in weights if x.endswith(".weight")} - DRAWN_OTHERWISE.keys()
            return {name: "muon" if name in square else "adam" for name in weights}

        def find_axes(weights: Any) -> Any:
            axes = optax.contrib.MuonDimensionNumbers(-2, -1)
            return jax.tree.map(lambda _: axes, weights)

        muon = optax.contrib.scale_by_muon(MUON_STEPS, weight_dimension_numbers=find_axes)
        muon = optax.chain(muon, optax.scale(MUON_RATE))
        return optax.multi_transform({"muon": muon, "adam": super().make_optimiser()}, label)


class LearningGRU(Learner):
    """A network with a memory, which learns within an episode (RL^2, Duan et al. 2016)."""

    network, memory = GRU, 64

    def draw(self, key: Array) -> Params:
        """Draw the initial weights from a random key."""
        trap, view, units, keys = self.trap, self.net.view, self.memory, jax.random.split(key, 7)

        def draw(i: int, rows: int, columns: int, size: float = 1.0) -> Array:
            return jax.random.normal(keys[i], (rows, columns)).T * size / math.sqrt(rows)

        first = draw(0, view.count, units, 0.5 * math.sqrt(view.count))
        # Initial weights of walls and of the agent's cell are 0: an observation may contain many
        # walls, but only few things that matter for the episode.
        wall, inner = trap.channels.index("wall"), (trap.height - 2) * (trap.width - 2)
        plain = np.union1d(view.of([wall]), np.arange(view.count - inner, view.count))
        outputs = draw(6, units, len(ACTIONS) + 1, 0.1)
        drawn = {
            "first.weight": first.at[:, plain].set(0),
            "sees.weight": draw(1, units, 3 * units),
            "sees.bias": jnp.zeros(3 * units).at[:units].set(-KEEPS),
            "recalls.weight": draw(2, units, 3 * units),
            "joins.weight": draw(3, 2 * units, units, math.sqrt(2)),
            "seen_factor.weight": draw(4, units, units),
            "kept_factor.weight": draw(5, units, units, 2.0),
            "policy.weight": outputs[:-1],
            "value.weight": outputs[-1:],
        }
        shapes = self.net.list_shapes({"recalls.weight": (3 * units, units)})
        return {name: drawn.get(name, jnp.zeros(shape)) for name, shape in shapes.items()}

    def apply(
        self, weights: Params, obs: Array, episode_start: Array, memory: Array
    ) -> NetworkOutput:
        """Apply the network to a rollout; layers before the memory run on all steps at once."""
        first, gates = self.net.look(jnp, weights, obs)

        def go_on(memory: Array, step: tuple[Array, Array]) -> tuple[Array, Array]:
            gates, episode_start = step
            memory = remember(jnp, weights, gates, jnp.where(episode_start[:, None], 0, memory))
            return memory, memory

        last, memories = jax.lax.scan(go_on, memory, (gates, episode_start))
        outputs = self.net.recall(jnp, weights, first, memories)
        return NetworkOutput(outputs["scores"], outputs["value"], last)

    def make_optimiser(self) -> optax.GradientTransformation:
        """Return Adam with a second-moment decay of 0.99 instead of 0.999."""
        return optax.scale_by_adam(b2=0.99, eps=EPSILON)


class LearningPlanner(Learner):
    """A network that plans by construction; its initial maps are flat."""

    network, observation = PlannerNetwork, "planes"

    def make_net(self) -> Network:
        """Return the trap's network, with one planning sweep for each inner cell."""
        cells = (self.trap.height - 2) * (self.trap.width - 2)
        net: Network = self.network(self.trap, loop=repeat_steps(cells))
        return net

    def draw(self, key: Array) -> Params:
        """Draw the initial weights from a random key."""
        net, (first_key, wants_key) = self.net, jax.random.split(key)
        count, window = len(net.names), net.side**2
        free = math.log(math.expm1(STEP_COST))
        dear = (math.log(math.expm1(WALL_COST)) - free) / net.gain
        size = ((count + 1) * window) ** -0.5
        first = jax.random.uniform(first_key, (1, count * window + 1, net.units), minval=-1) * size
        wants = jax.random.uniform(wants_key, (1, net.units, 1), minval=-1)
        return {
            "first": first[:, :-1],
            "first_bias": first[:, -1:],
            "held": jnp.zeros((1, count, net.units)),
            "wants": wants * 0.1 / net.gain * net.units**-0.5,
            "pays": jnp.zeros((1, count, 1)).at[:, net.wall].set(dear),
            "pays_bias": jnp.full((1, 1, 1), free / net.gain, jnp.float32),
            "head": jnp.array([[[math.log(SHARPNESS), STEP_COST, 0.0, 0.5, -1.1]]]),
        }


# (trap, units of a hidden layer) -> learner.
MakeLearner = Callable[..., Learner]
# GRU subclasses MLP, so the most specific learner must come last.
LEARNERS: dict[str, MakeLearner] = {
    kind: partial(learner, network=network)
    for kind, network in NETWORKS.items()
    for learner in (LearningMLP, LearningGRU, LearningPlanner)
    if issubclass(network, learner.network)
}
