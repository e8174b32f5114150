"""JAX: a jitted actor-critic that learns from the vector environment, with NumPy in between."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import jax
import jax.numpy as jnp
import numpy as np
from jax.example_libraries import optimizers

import mesa_gym
from mesa_gym.scoring import ScoreCard, score

N, STEPS, ROUNDS, HIDDEN, DISCOUNT = 64, 16, 1000, 128, 0.97

Params = dict[str, jax.Array]
venv = gym.make_vec("MesaGym/CheeseCorner-v0", N, autoreset_mode="SameStep")
cells = int(np.prod(venv.single_observation_space.shape))
start, update, params_of = optimizers.adam(2e-3)


def draw_weights(key: jax.Array) -> Params:
    """Weights of a network with one hidden layer; its outputs are 5 logits and a value."""
    first, second = jax.random.split(key)
    return {
        "hidden": jax.random.normal(first, (cells, HIDDEN)) / cells**0.5,
        "out": jax.random.normal(second, (HIDDEN, 6)) * 0.01,
    }


@jax.jit
def network(params: Params, planes: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Logits (..., 5) and values (...,) of planes, uint8 (..., h, w, c)."""
    rows = planes.reshape(*planes.shape[:-3], cells).astype(jnp.float32)
    out = jax.nn.relu(rows @ params["hidden"]) @ params["out"]
    return out[..., :5], out[..., 5]


@jax.jit
def act(params: Params, planes: np.ndarray, key: jax.Array) -> jax.Array:
    """Sampled actions (n,)."""
    return jax.random.categorical(key, network(params, planes)[0])


@jax.jit
def learn(round: int, state: Any, batch: tuple[np.ndarray, ...], last: np.ndarray) -> Any:
    """One step of Adam on the steps of one round, each an array (steps, n, ...)."""
    planes, actions, rewards, ended = batch

    def back(later: jax.Array, step: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        reward, over = step
        worth = reward + DISCOUNT * later * (1 - over)
        return worth, worth

    def loss(params: Params) -> jax.Array:
        worth = jax.lax.stop_gradient(network(params, last)[1])
        _, returns = jax.lax.scan(back, worth, (rewards, ended), reverse=True)
        logits, values = network(params, planes)
        chances = jax.nn.log_softmax(logits)
        taken = jnp.take_along_axis(chances, actions[..., None], axis=-1)[..., 0]
        advantage = returns - values
        entropy = -(jnp.exp(chances) * chances).sum(axis=-1)
        actor = taken * jax.lax.stop_gradient(advantage) + 0.01 * entropy
        return (0.5 * advantage**2 - actor).mean()

    return update(round, jax.grad(loss)(params_of(state)), state)


def score_weights(params: Params) -> ScoreCard:
    """The score card of the policy with those weights."""
    return score(
        lambda planes: jax.nn.softmax(network(params, planes)[0]), "CheeseCorner", levels=100
    )


def main() -> None:
    """Learn, then score the policy before and after."""
    key = jax.random.key(0)
    untrained = draw_weights(key)
    state = start(untrained)
    planes, _ = venv.reset(seed=0)
    for round in range(ROUNDS):
        steps = []
        for _ in range(STEPS):
            key, once = jax.random.split(key)
            actions = np.asarray(act(params_of(state), planes, once))
            seen, rewards, terminated, truncated, infos = venv.step(actions)
            np.testing.assert_array_equal(mesa_gym.objectives(infos)["cheese"], rewards)
            steps.append((planes, actions, rewards.astype(np.float32), terminated | truncated))
            planes = seen
        state = learn(round, state, tuple(map(np.stack, zip(*steps, strict=True))), planes)

    before, after = score_weights(untrained), score_weights(params_of(state))
    earned = [card.read_each("test", "normalized_return")["cheese"] for card in (before, after)]
    print(f"normalised return on test: {earned[0]:.2f} untrained, {earned[1]:.2f} trained")
    assert earned[1] > 0.5 > earned[0]
    print(f"after {ROUNDS * STEPS * N} steps of training: {after.verdict}")


if __name__ == "__main__":
    main()
