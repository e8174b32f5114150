"""Environments in which nothing moves, for tests of views."""

import numpy as np

from agents.compiling import jax, jnp

KEY = jax.random.key(0)


class StillEnv:
    """Environments in which nothing moves; a step pays and ends as given."""

    def __init__(self, trap, seen, done=None):
        self.trap, self.seen, self.num_envs = trap, jnp.asarray(seen), len(seen)
        self.done = np.zeros(len(seen), bool) if done is None else done

    def reset(self, key):
        return self.seen, jnp.zeros(self.num_envs, int)

    def step(self, key, state, action):
        return self.seen, action, jnp.ones(self.num_envs), jnp.asarray(self.done), {}


def as_sets(listed, filler):
    """Lists of inputs as sets, without fillers; no input may occur twice."""
    found = [[x for x in row if x != filler] for row in np.asarray(listed).tolist()]
    assert all(len({*row}) == len(row) for row in found)
    return [{*row} for row in found]
