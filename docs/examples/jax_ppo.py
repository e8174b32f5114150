"""PPO in the form of PureJaxRL: one program that maps ``env.reset`` and ``env.step`` over keys.

PureJaxRL's own ``ppo.py`` needs ``env = make_jax(ID).as_gymnax()`` in place of ``gymnax.make``.
This file has its steps without flax and gymnax, and bootstraps truncated episodes.
"""

from functools import partial

import jax
import jax.numpy as jnp
import optax

import mesa_gym

N, STEPS, UPDATES, EPOCHS, PARTS, DISCOUNT, DECAY, CLIP = 64, 32, 120, 4, 4, 0.95, 0.9, 0.2
env = mesa_gym.make_jax("CheeseCorner", observation="flat")
optimiser = optax.chain(optax.clip_by_global_norm(0.5), optax.adam(1e-3, eps=1e-5))


def init(key):
    """Draw the weights of a network with one hidden layer."""
    (inputs,), keys = env.observation_space.shape, jax.random.split(key, 3)
    draw = jax.nn.initializers.orthogonal
    shapes = {"hidden": (inputs, 128), "policy": (128, 5), "value": (128, 1)}
    scales = {"hidden": 2**0.5, "policy": 0.01, "value": 1.0}
    return {x: draw(scales[x])(key, shapes[x]) for x, key in zip(shapes, keys, strict=True)}


def apply(weights, obs):
    """Return the log-probabilities of actions, and the value."""
    hidden = jnp.tanh(obs @ weights["hidden"])
    return jax.nn.log_softmax(hidden @ weights["policy"]), (hidden @ weights["value"])[..., 0]


def step(weights, carry, key):
    """Step all environments, each with a key of its own."""
    obs, state = carry
    log_probs, value = apply(weights, obs)
    action = jax.random.categorical(key, log_probs)
    keys = jax.random.split(key, N)
    following, state, reward, done, infos = jax.vmap(env.step)(keys, state, action)
    last = apply(weights, infos["final_obs"])[1]  # a truncated episode would have gone on
    reward += DISCOUNT * last * (infos["truncated"] & ~infos["terminated"])
    log_prob = jnp.take_along_axis(log_probs, action[:, None], 1)[:, 0]
    return (following, state), (obs, action, log_prob, value, reward, done, infos["reward_cheese"])


def loss(weights, part):
    """Return PPO's clipped loss, with the value's error and an entropy bonus."""
    obs, action, old, advantage, target = part
    log_probs, value = apply(weights, obs)
    ratio = jnp.exp(jnp.take_along_axis(log_probs, action[:, None], 1)[:, 0] - old)
    scaled = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
    gain = jnp.minimum(ratio * scaled, ratio.clip(1 - CLIP, 1 + CLIP) * scaled)
    entropy = -(jnp.exp(log_probs) * log_probs).sum(-1)
    return (0.5 * (value - target) ** 2 - gain - 0.01 * entropy).mean()


def update(train_state, key):
    """Play STEPS steps, and learn from them."""
    weights, opt_state, carry = train_state
    key, shuffle_key = jax.random.split(key)
    carry, rollout = jax.lax.scan(partial(step, weights), carry, jax.random.split(key, STEPS))
    obs, action, log_prob, value, reward, done, cheese = rollout

    def accumulate(following, transition):
        (advantage, next_value), (value, reward, done) = following, transition
        error = reward + DISCOUNT * next_value * ~done - value
        advantage = error + DISCOUNT * DECAY * advantage * ~done
        return (advantage, value), advantage

    last = jnp.zeros(N), apply(weights, carry[0])[1]
    _, advantage = jax.lax.scan(accumulate, last, (value, reward, done), reverse=True)
    batch = obs, action, log_prob, advantage, advantage + value
    batch = jax.tree.map(lambda x: x.reshape(N * STEPS, *x.shape[2:]), batch)

    def learn(carry, rows):
        weights, opt_state = carry
        grads = jax.grad(loss)(weights, jax.tree.map(lambda x: x[rows], batch))
        changes, opt_state = optimiser.update(grads, opt_state)
        return (optax.apply_updates(weights, changes), opt_state), None

    keys = jax.random.split(shuffle_key, EPOCHS)
    rows = jax.vmap(lambda key: jax.random.permutation(key, N * STEPS))(keys)
    learned, _ = jax.lax.scan(learn, (weights, opt_state), rows.reshape(EPOCHS * PARTS, -1))
    return (*learned, carry), cheese.sum() / done.sum()


@jax.jit
def train(key):
    """Return the trained weights, and the mean return of the episodes of each update."""
    weights = init(key)
    carry = jax.vmap(env.reset)(jax.random.split(key, N))
    train_state = weights, optimiser.init(weights), carry
    (weights, *_), returns = jax.lax.scan(update, train_state, jax.random.split(key, UPDATES))
    return weights, returns


if __name__ == "__main__":
    weights, returns = train(jax.random.key(0))
    card = mesa_gym.score(
        lambda obs: jnp.exp(apply(weights, obs)[0]), "CheeseCorner", observation="flat", levels=100
    )
    print(f"return {returns[:10].mean():.2f}, at the end {returns[-10:].mean():.2f}; {card!r}")
