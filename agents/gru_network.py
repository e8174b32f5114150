"""The network of ``mesa_gym.trained.gru`` in JAX, as ``agents.gru`` trains it.

Its functions are those of the agent by the same names; a test compares their numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mesa_gym.engine import ACTIONS
from mesa_gym.errors import missing_extra
from mesa_gym.trained.agent import Agent
from mesa_gym.trained.inputs import CentredInputs
from mesa_gym.trained.loading import make_agent, make_network
from mesa_gym.traps import Split, Trap

try:
    import jax
    import jax.numpy as jnp
    from jax import Array
except ImportError:
    raise missing_extra("jax", "jax") from None

WeightsByName = dict[str, Array]  # by their names in the agent; matrices from inputs to outputs
KEEPS = 2.0  # at first the memory is renewed by a sigmoid of minus this
FIRST_SIZE = 0.5  # of the first layer's weights at first, as a standard deviation


def export_agent(trap: Trap, weights: WeightsByName) -> Agent:
    """Return the agent of a trap with some weights, in half precision, in which it is saved."""
    halves = {name: np.asarray(each.T).astype(np.float16) for name, each in weights.items()}
    net = make_network("gru", trap)
    return make_agent(net, {name: each.astype(np.float32) for name, each in halves.items()})


def draw_weights(key: Array, inputs: ListedInputs, units: int) -> WeightsByName:
    """Draw the first weights.

    Args:
        key: of the draw.
        inputs: those of the first layer.
        units: of each layer.
    """
    keys = iter(jax.random.split(key, 7))

    def draw(rows: int, columns: int, size: float = 1.0) -> Array:
        return jax.random.normal(next(keys), (rows, columns)) * size / math.sqrt(rows)

    first = draw(inputs.count, units, FIRST_SIZE * math.sqrt(inputs.count))
    outputs = draw(units, len(ACTIONS) + 1, 0.1)
    return {
        "first.weight": first.at[inputs.plain].set(0),
        "first.bias": jnp.zeros(units),
        "sees.weight": draw(units, 3 * units),
        "sees.bias": jnp.zeros(3 * units).at[:units].set(-KEEPS),
        "recalls.weight": draw(units, 3 * units),
        "joins.weight": draw(2 * units, units, math.sqrt(2)),
        "joins.bias": jnp.zeros(units),
        "seen_factor.weight": draw(units, units),
        "kept_factor.weight": draw(units, units, 2.0),
        "policy.weight": outputs[:, :-1],
        "policy.bias": jnp.zeros(len(ACTIONS)),
        "value.weight": outputs[:, -1:],
        "value.bias": jnp.zeros(1),
    }


def see(weights: WeightsByName, listed: Array) -> tuple[Array, Array]:
    """Return what is made of lists of inputs (..., most): (..., units), and gates of it."""
    table = jnp.pad(weights["first.weight"], ((0, 1), (0, 0)))
    seen = jax.nn.relu(table[listed].sum(axis=-2) + weights["first.bias"])
    return seen, seen @ weights["sees.weight"] + weights["sees.bias"]


def remember(weights: WeightsByName, gates: Array, memory: Array) -> Array:
    """Return the memory after a step, float32 (n, units)."""
    renew, admit, new = jnp.split(gates, 3, axis=-1)
    old_renew, old_admit, old = jnp.split(memory @ weights["recalls.weight"], 3, axis=-1)
    share = jax.nn.sigmoid(renew + old_renew)
    candidate = jnp.tanh(new + jax.nn.sigmoid(admit + old_admit) * old)
    return (1 - share) * memory + share * candidate


def evaluate(weights: WeightsByName, seen: Array, memory: Array) -> tuple[Array, Array]:
    """Return logarithms of the actions' probabilities, (..., 5), and values, (...)."""
    product = (seen @ weights["seen_factor.weight"]) * (memory @ weights["kept_factor.weight"])
    both = jnp.concatenate([seen, memory], axis=-1) @ weights["joins.weight"]
    both = jax.nn.relu(both + weights["joins.bias"] + product)
    scores = both @ weights["policy.weight"] + weights["policy.bias"]
    values = both @ weights["value.weight"] + weights["value.bias"]
    return jax.nn.log_softmax(scores), values[..., 0]


class ListedInputs:
    """The inputs of ``CentredInputs`` in JAX: lists of those that are 1, all of one length.

    Args:
        env: of ``mesa_gym.make_jax``, which shows planes.

    Attributes:
        count: how many inputs there are, which also fills up lists.
        plain: inputs that do nothing at first, int64 (m,): walls and where the agent stands. Each
            observation may have many of them, beside few of what an episode is about.
        most: how long lists are: no observation has more.
    """

    def __init__(self, env: Any) -> None:
        trap: Trap = env.trap
        view, channels = CentredInputs(trap), trap.channels
        self.count, self._agent = view.count, channels.index("agent")
        wall, inner = channels.index("wall"), (trap.height - 2) * (trap.width - 2)
        self.plain = np.union1d(view.of([wall]), np.arange(view.count - inner, view.count))
        self._columns, self._shift = view.columns, jnp.asarray(view.shift)
        self._stands = jnp.asarray(view.stands)
        # Behind the last column stands what fills up lists.
        self._first = jnp.asarray(np.append(view.first, view.count))
        self._moves = jnp.asarray(np.append(view.moves, 0))
        dots = trap.dots(trap.levels(Split.TRAIN, [0]))
        drawn = sum(len(cells) * channels.count(plane) for plane, cells, _ in dots)
        self.most = drawn + count_walls(env, wall)

    def list(self, planes: Array) -> Array:
        """Return the inputs that are 1, int32 (n, most), of planes (n, height, width, channels)."""
        cell = planes[..., self._agent].reshape(len(planes), -1).argmax(axis=1)
        shown = planes.reshape(len(planes), -1)[:, self._columns] > 0
        last = shown.shape[1]
        order = jnp.where(shown, last - jnp.arange(last), 0)

        def find_next(above: Array, _: None) -> tuple[Array, Array]:
            found = jnp.where(order < above[:, None], order, 0).max(axis=1)
            return found, found

        start = jnp.full(len(planes), last + 1)
        _, found = jax.lax.scan(find_next, start, length=self.most - 1)
        column = last - found.T
        listed = self._first[column] + self._moves[column] * self._shift[cell][:, None]
        return jnp.concatenate([listed, self._stands[cell][:, None]], axis=1)


def count_walls(env: Any, wall: int) -> int:
    """Return how many walls the level of an environment has inside of its border, at most.

    Args:
        env: of ``mesa_gym.make_jax``.
        wall: the channel of walls.
    """
    levels = env.num_levels * (2 if env.settings.alpha else 1)
    rows = jnp.arange(-(-levels // env.num_envs) * env.num_envs).reshape(-1, env.num_envs)

    def count(row: Array) -> Array:
        planes, _ = env.reset_to_level(row)
        walls: Array = planes[:, 1:-1, 1:-1, wall].sum(axis=(1, 2), dtype=jnp.int32).max()
        return walls

    return int(jax.jit(lambda rows: jax.lax.map(count, rows).max())(rows))
