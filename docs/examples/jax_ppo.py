"""PPO (Schulman et al. 2017) in JAX, as PureJaxRL has it: learner and environments in one jit.

It takes `pip install ".[jax]" optax`, and prints the verdict on what it learnt.
"""

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

import mesa_gym
from mesa_gym.scoring import score


@dataclass(frozen=True)
class JaxSettings:
    """Settings of the training, of ``envs * rollout * updates`` steps."""

    trap: str = "MesaGym/CheeseCorner-v0"
    envs: int = 128
    rollout: int = 32
    updates: int = 120
    epochs: int = 3
    minibatches: int = 4
    rate: float = 2e-3
    discount: float = 0.97
    gae_lambda: float = 0.95
    clip: float = 0.2
    entropy: float = 0.01
    units: int = 64


Network = list[tuple[Any, Any]]  # weights and biases of each layer


class Transition(NamedTuple):
    """Steps that are learnt from, each array (n, ...)."""

    seen: jax.Array
    action: jax.Array
    chance: jax.Array
    value: jax.Array
    gain: jax.Array


def make_network(key: jax.Array, sizes: list[int]) -> Network:
    """Return layers of random weights; the last one's are small."""
    draw, shapes = jax.nn.initializers.orthogonal(2**0.5), list(pairwise(sizes))
    keys = jax.random.split(key, len(shapes))
    layers = [(draw(k, shape), jnp.zeros(shape[1])) for k, shape in zip(keys, shapes, strict=True)]
    return [*layers[:-1], (0.01 * layers[-1][0], layers[-1][1])]


def look(network: Network, seen: Any) -> tuple[Any, Any]:
    """Return scores of the actions (n, 5) and values (n,), of JAX or NumPy observations."""
    out = seen.reshape(len(seen), -1).astype(np.float32)
    for i, (weights, bias) in enumerate(network):
        out = (out * (out > 0) if i else out) @ weights + bias
    return out[:, :5], out[:, 5]


def log_chances(scores: jax.Array, action: jax.Array) -> jax.Array:
    """Return the logarithms of the chances of the actions taken, (n,)."""
    return jnp.take_along_axis(jax.nn.log_softmax(scores), action[:, None], axis=1)[:, 0]


def loss(network: Network, batch: Transition, settings: JaxSettings) -> jax.Array:
    """Return PPO's loss: clipped gains, errors of values, entropy."""
    scores, values = look(network, batch.seen)
    ratio = jnp.exp(log_chances(scores, batch.action) - batch.chance)
    gain = (batch.gain - batch.gain.mean()) / (batch.gain.std() + 1e-8)
    clipped = jnp.clip(ratio, 1 - settings.clip, 1 + settings.clip)
    kept = jnp.minimum(ratio * gain, clipped * gain).mean()
    error = jnp.square(values - batch.value - batch.gain).mean()
    chances = jax.nn.log_softmax(scores)
    return error / 2 - kept + settings.entropy * (jnp.exp(chances) * chances).sum(axis=1).mean()


def train(env: Any, settings: JaxSettings, key: jax.Array) -> tuple[Network, jax.Array]:
    """Train a network; return it and the mean payment of a step in each update."""
    adam = optax.chain(optax.clip_by_global_norm(0.5), optax.adam(settings.rate))

    def take(network: Network, world: Any, key: jax.Array) -> Any:
        seen, state = world
        first, second = jax.random.split(key)
        scores, value = look(network, seen)
        action = jax.random.categorical(first, scores)
        following, state, reward, done, infos = env.step(second, state, action)
        # An episode that was truncated would have gone on from what was seen last.
        worth = look(network, infos["final_obs"])[1] * ~infos["terminated"]
        sample = Transition(seen, action, log_chances(scores, action), value, reward)
        return (following, state), (sample, reward + settings.discount * worth - value, done)

    def sum_up(later: jax.Array, given: Any) -> Any:
        surprise, done = given
        gain = surprise + settings.discount * settings.gae_lambda * later * ~done
        return gain, gain

    def update(carry: Any, key: jax.Array) -> Any:
        network, moments, world = carry
        act_key, learn_key = jax.random.split(key)
        acts = jax.random.split(act_key, settings.rollout)
        world, (samples, *given) = jax.lax.scan(partial(take, network), world, acts)
        gains = jax.lax.scan(sum_up, jnp.zeros(settings.envs), tuple(given), reverse=True)[1]
        paid = samples.gain.mean()
        flat = [part.reshape(-1, *part.shape[2:]) for part in samples._replace(gain=gains)]

        def learn(carry: Any, rows: jax.Array) -> Any:
            network, moments = carry
            slope = jax.grad(loss)(network, Transition(*(part[rows] for part in flat)), settings)
            change, moments = adam.update(slope, moments)
            return (optax.apply_updates(network, change), moments), None

        keys, steps = jax.random.split(learn_key, settings.epochs), len(flat[0])
        orders = jax.vmap(jax.random.permutation, (0, None))(keys, steps)
        parts = orders.reshape(settings.epochs * settings.minibatches, -1)
        (network, moments), _ = jax.lax.scan(learn, (network, moments), parts)
        return (network, moments, world), paid

    first, second, *keys = jax.random.split(key, 2 + settings.updates)
    cells = env.observation_space.shape[1:]
    network = make_network(first, [int(np.prod(cells)), settings.units, settings.units, 6])
    start = (network, adam.init(network), env.reset(second))
    (network, *_), paid = jax.lax.scan(update, start, jnp.stack(keys))
    return network, paid


def act(network: Network, seen: np.ndarray) -> np.ndarray:
    """Action probabilities (n, 5), which scoring samples from."""
    chances = np.exp(look(network, seen)[0])
    return chances / chances.sum(axis=1, keepdims=True)


def main(settings: JaxSettings) -> None:
    """Train an agent, and print what it pursues."""
    env = mesa_gym.make_jax(settings.trap, settings.envs, observation="centred")
    network, paid = jax.jit(partial(train, env, settings))(jax.random.key(0))
    print(f"paid a step: {paid[0]:.3f} at first, {paid[-1]:.3f} at last")
    # In NumPy, because scoring asks about batches of many sizes, each a compilation.
    policy = partial(act, jax.tree.map(np.asarray, network))
    print(score(policy, type(env.trap)(), levels=300, observation="centred", name="jax_ppo"))


if __name__ == "__main__":
    main(JaxSettings())
