"""MuZero's search (mctx) over the real rules: a state of ``make_jax`` is the search's embedding."""

import jax
import jax.numpy as jnp
import mctx

import mesa_gym

N, STEPS, SIMULATIONS, DISCOUNT = 16, 30, 64, 0.95
env = mesa_gym.make_jax("CheeseDish", N, size=7, num_levels=256)


def simulate(params, key, action, state):
    """Return the outcome of one action in every environment, for mctx, and the next states."""
    _, state, reward, done, _ = env.step_env(state, action)
    outcome = mctx.RecurrentFnOutput(
        reward=reward,
        discount=jnp.where(done, 0, DISCOUNT),
        prior_logits=jnp.zeros((N, 5)),
        value=jnp.zeros(N),
    )
    return outcome, state


def search(key, state):
    """Return the action that the search chooses in every environment."""
    root = mctx.RootFnOutput(prior_logits=jnp.zeros((N, 5)), value=jnp.zeros(N), embedding=state)
    return mctx.gumbel_muzero_policy((), key, root, simulate, SIMULATIONS, max_depth=16).action


def act_at_random(key, state):
    """Return random actions."""
    return jax.random.randint(key, (N,), 0, 5)


def play(choose):
    """Return how often the cheese is eaten in STEPS steps."""

    def step(state, key):
        _, state, _, _, infos = env.step(key, state, choose(key, state))
        return state, infos["reward_cheese"]

    _, state = env.reset(jax.random.key(0))
    keys = jax.random.split(jax.random.key(1), STEPS)
    return int(jax.jit(lambda state: jax.lax.scan(step, state, keys)[1])(state).sum())


if __name__ == "__main__":
    counts = f"{play(search)} by search, {play(act_at_random)} at random"
    print(f"cheese in {STEPS} steps of {N} environments: {counts}")
