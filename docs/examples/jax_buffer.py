"""A buffer of states (flashbax): episodes go on from states that were visited before."""

import flashbax
import jax
import jax.numpy as jnp

import mesa_gym

N, STEPS = 32, 40
env = mesa_gym.make_jax("MonsterWorld", N, num_levels=64)
buffer = flashbax.make_item_buffer(
    max_length=1024, min_length=N, sample_batch_size=N, add_batches=True
)


def step(carry, key):
    """Take a random step, and store the states in the buffer."""
    state, stored = carry
    action = jax.random.randint(key, (N,), 0, 5)
    _, state, *_ = env.step(key, state, action)
    return (state, buffer.add(stored, state)), None


if __name__ == "__main__":
    _, state = env.reset(jax.random.key(0))
    stored = buffer.init(jax.tree.map(lambda array: array[0], state))  # the state of one
    keys = jax.random.split(jax.random.key(1), STEPS)
    (_, stored), _ = jax.jit(lambda carry: jax.lax.scan(step, carry, keys))((state, stored))
    states = buffer.sample(stored, jax.random.key(2)).experience
    _, after, _, _, infos = env.step_env(states, jnp.full(N, 4))
    goes_on = bool((after.clock == states.clock + 1).all())
    ages = f"{states.clock.min()} to {states.clock.max()} steps old"
    print(
        f"{N} states of {len(set(infos['level'].tolist()))} levels, {ages}; each goes on: {goes_on}"
    )
